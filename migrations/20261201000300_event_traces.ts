import type { Knex } from 'knex';

/**
 * In which trace the events of an account were made, so that webhooks go on with it. Rows are written only where requests
 * are traced, which is why it is no column of the log: nothing is added to the log's rows, and nothing to their hashes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table event_traces (
      ledger_id uuid not null,
      account_id uuid not null,
      sequence bigint not null,
      traceparent text not null,
      constraint event_traces_pkey primary key (ledger_id, account_id, sequence),
      constraint event_traces_traceparent_length check (length(traceparent) <= 55)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table event_traces');
}
