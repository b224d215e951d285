import type { Knex } from 'knex';

/**
 * Whose tokens a ledger takes from its parties: the issuer's keys, as a set (RFC 7517) or where it is published, and what its
 * tokens are for.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table token_issuers (
      ledger_id uuid not null,
      issuer text not null,
      jwks json,
      jwks_url text,
      algorithms text[] not null,
      leeway_seconds integer not null,
      scopes text[] not null,
      created_at timestamptz(3) not null,
      constraint token_issuers_pkey primary key (ledger_id, issuer),
      constraint token_issuers_ledger_fkey foreign key (ledger_id) references ledgers (id),
      constraint token_issuers_keys_once check ((jwks is null) <> (jwks_url is null)),
      constraint token_issuers_leeway_in_range check (leeway_seconds between 0 and 300)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table token_issuers');
}
