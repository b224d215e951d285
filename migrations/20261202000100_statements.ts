import type { Knex } from 'knex';

/**
 * Statements of accounts: each begins with the version, the balance and the instant that the one before ends with. The
 * foreign key to the one before says so, and leaves out the first, which has none. They are only ever inserted.
 *
 * What an account's owner wants by itself stands in the account; when the next one is due, in a row that workers claim.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table statements (
      ledger_id uuid not null,
      account_id uuid not null,
      number bigint not null,
      id uuid not null,
      previous_number bigint,
      previous_version bigint not null,
      from_version bigint not null,
      to_version bigint not null,
      opening numeric(22, 4) not null,
      closing numeric(22, 4) not null,
      period_from timestamptz(3) not null,
      period_to timestamptz(3) not null,
      time_zone text not null,
      currency text not null,
      credit_count bigint not null,
      credit_sum numeric not null,
      debit_count bigint not null,
      debit_sum numeric not null,
      initiators json not null,
      issued_at timestamptz(3) not null,
      hash bytea not null,
      constraint statements_pkey primary key (ledger_id, account_id, number),
      constraint statements_id_unique unique (ledger_id, id),
      constraint statements_end_unique unique (ledger_id, account_id, number, to_version, closing, period_to),
      constraint statements_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint statements_previous_fkey
        foreign key (ledger_id, account_id, previous_number, previous_version, opening, period_from)
        references statements (ledger_id, account_id, number, to_version, closing, period_to),
      constraint statements_numbered check (
        number > 0 and previous_number is not distinct from nullif(number - 1, 0)),
      constraint statements_first_from_the_beginning check (number > 1 or from_version = 1 and opening = 0),
      constraint statements_versions_follow check (previous_version = from_version - 1 and to_version >= previous_version),
      constraint statements_period_in_order check (period_to > period_from and issued_at >= period_to),
      constraint statements_count_all check (credit_count + debit_count = to_version - previous_version),
      constraint statements_sum_up check (
        credit_sum >= 0 and debit_sum >= 0 and closing = opening + credit_sum - debit_sum),
      constraint statements_hash_is_sha256 check (octet_length(hash) = 32)
    )`);
  await knex.raw(`
    create trigger statements_only_ever_inserted before update or delete or truncate on statements
      for each statement execute function refuse_rewriting()`);
  await knex.raw(`
    create table statement_schedules (
      ledger_id uuid not null,
      account_id uuid not null,
      next_at timestamptz(3) not null,
      constraint statement_schedules_pkey primary key (ledger_id, account_id),
      constraint statement_schedules_account_fkey
        foreign key (ledger_id, account_id) references accounts (ledger_id, id)
    )`);
  await knex.raw('create index statement_schedules_due on statement_schedules (ledger_id, next_at)');
  await knex.raw(`
    alter table accounts
      add column statements text not null default 'none',
      add constraint accounts_statements_known check (
        statements in ('none', 'daily', 'weekly', 'monthly', 'quarterly')) not valid`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table accounts drop column statements');
  await knex.raw('drop table statement_schedules, statements');
}
