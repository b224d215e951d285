import type { Knex } from 'knex';

/**
 * A ledger is an isolated set of books. Every other table starts its keys with `ledger_id`, so that the books of a
 * ledger can live together on one shard. API keys are found by their hash before the ledger is known: it is what
 * they tell.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table ledgers (
      id uuid not null,
      name text not null,
      created_at timestamptz(3) not null default clock_timestamp(),
      constraint ledgers_pkey primary key (id)
    )`);
  await knex.raw(`
    create table api_keys (
      ledger_id uuid not null,
      id uuid not null,
      name text not null,
      key_hash bytea not null,
      created_at timestamptz(3) not null default clock_timestamp(),
      revoked_at timestamptz(3),
      constraint api_keys_pkey primary key (ledger_id, id),
      constraint api_keys_key_hash_unique unique (ledger_id, key_hash),
      constraint api_keys_key_hash_is_sha256 check (octet_length(key_hash) = 32),
      constraint api_keys_ledger_fkey foreign key (ledger_id) references ledgers (id)
    )`);
  await knex.raw('create index api_keys_by_hash on api_keys (key_hash)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table api_keys, ledgers');
}
