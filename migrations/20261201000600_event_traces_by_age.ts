import type { Knex } from 'knex';

/** Traces are needed until the webhooks of their events are sent: workers find by this which are older than that. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table event_traces add column created_at timestamptz(3) not null default now()');
  await knex.raw('create index event_traces_by_age on event_traces (ledger_id, created_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index event_traces_by_age');
  await knex.raw('alter table event_traces drop column created_at');
}
