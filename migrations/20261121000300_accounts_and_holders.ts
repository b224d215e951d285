import type { Knex } from 'knex';

/**
 * The account row is the lock of everything that hangs off the account, and holds what every movement must check.
 * `version` counts the account's entries; `last_booked_at` keeps booking times from going backwards when a clock does.
 *
 * A clearing account is the ledger's own counterpart of deposits and withdrawals, one a currency. It is never locked
 * and stores no balance, so it is never a bottleneck: its balance is the sum of its entries.
 *
 * The balance changes with every movement and stands in no index, so that PostgreSQL can update the row in place
 * (heap-only tuples); the fill factor leaves room for that.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table accounts (
      ledger_id uuid not null,
      id uuid not null,
      external_id text,
      name text not null,
      currency text not null,
      ownership text not null,
      status text not null default 'active',
      balance numeric(22, 4),
      held numeric(22, 4),
      overdraft_limit numeric(22, 4),
      version bigint,
      last_booked_at timestamptz(3),
      created_at timestamptz(3) not null default clock_timestamp(),
      closed_at timestamptz(3),
      constraint accounts_pkey primary key (ledger_id, id),
      constraint accounts_external_id_unique unique (ledger_id, external_id),
      constraint accounts_ledger_fkey foreign key (ledger_id) references ledgers (id),
      constraint accounts_currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
      constraint accounts_ownership_known check (ownership in ('sole', 'joint', 'clearing')),
      constraint accounts_status_known check (status in ('active', 'closed')),
      constraint accounts_only_clearing_without_balance check (
        (ownership = 'clearing') = (balance is null)
        and (ownership = 'clearing') = (held is null)
        and (ownership = 'clearing') = (overdraft_limit is null)
        and (ownership = 'clearing') = (version is null)),
      constraint accounts_available_not_negative check (balance - held + overdraft_limit >= 0),
      constraint accounts_held_not_negative check (held >= 0),
      constraint accounts_overdraft_limit_not_negative check (overdraft_limit >= 0),
      constraint accounts_version_not_negative check (version >= 0),
      constraint accounts_closed_with_nothing check (status = 'active' or (balance = 0 and held = 0)),
      constraint accounts_closed_at_matches_status check ((status = 'closed') = (closed_at is not null))
    ) with (fillfactor = 80)`);
  await knex.raw(`
    create unique index accounts_one_clearing_account_a_currency on accounts (ledger_id, currency)
      where ownership = 'clearing'`);
  await knex.raw(`
    create table holders (
      ledger_id uuid not null,
      account_id uuid not null,
      party_id uuid not null,
      rights text[] not null,
      created_at timestamptz(3) not null default clock_timestamp(),
      constraint holders_pkey primary key (ledger_id, account_id, party_id),
      constraint holders_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint holders_party_fkey foreign key (ledger_id, party_id) references parties (ledger_id, id),
      constraint holders_rights_known check (
        rights <@ array['view', 'deposit', 'withdraw', 'transfer', 'manage'] and cardinality(rights) > 0)
    )`);
  await knex.raw('create index holders_by_party on holders (ledger_id, party_id)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table holders, accounts');
}
