import type { Knex } from 'knex';

/**
 * The journal: transactions and their entries, inserted once and never changed.
 *
 * The journal has no foreign keys. What it refers to was read or locked in the same database transaction and can
 * never be deleted, and the check of the books proves that nothing dangles; a foreign key would cost a look-up for
 * each entry, would lock the shared clearing account's row, and keeps its query plan from the day the table was empty
 * (docs/adr/0004).
 *
 * Unlike a foreign key, the unique key of an entry's version can save the books: two writers that both read version 7
 * cannot both book version 8, even if the row lock were missing.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table transactions (
      ledger_id uuid not null,
      id uuid not null,
      type text not null,
      amount numeric(22, 4) not null,
      currency text not null,
      booked_at timestamptz(3) not null,
      value_date date not null,
      initiated_by uuid,
      description text,
      reference text,
      metadata jsonb,
      constraint transactions_pkey primary key (ledger_id, id),
      constraint transactions_type_known check (type in ('deposit', 'withdrawal', 'transfer')),
      constraint transactions_amount_positive check (amount > 0),
      constraint transactions_currency_is_a_code check (currency ~ '^[A-Z]{3}$')
    )`);
  await knex.raw(`
    create table entries (
      ledger_id uuid not null,
      transaction_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      amount numeric(22, 4) not null,
      balance_after numeric(22, 4),
      version bigint,
      booked_at timestamptz(3) not null,
      constraint entries_pkey primary key (ledger_id, transaction_id, id),
      constraint entries_version_unique unique (ledger_id, account_id, version),
      constraint entries_amount_not_zero check (amount <> 0),
      constraint entries_version_with_balance check ((version is null) = (balance_after is null)),
      constraint entries_version_positive check (version > 0)
    )`);
  await knex.raw(`
    create index entries_of_clearing_accounts on entries (ledger_id, account_id, id) include (amount, booked_at)
      where version is null`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table entries, transactions');
}
