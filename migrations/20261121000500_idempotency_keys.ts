import type { Knex } from 'knex';

/**
 * One row for each request that changed something or was refused after it was understood. The row is inserted before
 * the accounts are locked and receives the outcome in the same database transaction, so a committed row always has one.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table idempotency_keys (
      ledger_id uuid not null,
      key text not null,
      request_hash bytea not null,
      outcome json,
      created_at timestamptz(3) not null default clock_timestamp(),
      constraint idempotency_keys_pkey primary key (ledger_id, key),
      constraint idempotency_keys_request_hash_is_sha256 check (octet_length(request_hash) = 32)
    ) with (fillfactor = 50)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table idempotency_keys');
}
