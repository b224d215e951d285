import type { Knex } from 'knex';

/**
 * What callers keep with parties and accounts. That of an account has a table of its own: every booking writes the
 * account's row anew, and would write its metadata along.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table parties add column metadata jsonb, add column erased_at timestamptz(3)');
  await knex.raw(`
    create table account_metadata (
      ledger_id uuid not null,
      account_id uuid not null,
      metadata jsonb not null,
      constraint account_metadata_pkey primary key (ledger_id, account_id),
      constraint account_metadata_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table account_metadata');
  await knex.raw('alter table parties drop column metadata, drop column erased_at');
}
