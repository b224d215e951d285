import type { Knex } from 'knex';

/**
 * What workers look for, soonest first, and the few items on which they failed: until `retry_at` nobody claims such an
 * item again, and with `retry_at` null nobody does before an operator says so.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table failed_work (
      ledger_id uuid not null,
      queue text not null,
      item_id text not null,
      attempts integer not null,
      retry_at timestamptz(3),
      error text not null,
      first_failed_at timestamptz(3) not null,
      last_failed_at timestamptz(3) not null,
      constraint failed_work_pkey primary key (ledger_id, queue, item_id),
      constraint failed_work_attempts_positive check (attempts > 0)
    )`);
  await knex.raw(`
    create index accounts_next_expiry on accounts (ledger_id, next_expiry) where next_expiry is not null`);
  await knex.raw('create index idempotency_keys_by_age on idempotency_keys (ledger_id, created_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index idempotency_keys_by_age, accounts_next_expiry');
  await knex.raw('drop table failed_work');
}
