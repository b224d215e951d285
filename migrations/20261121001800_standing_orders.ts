import type { Knex } from 'knex';

/**
 * Transfers that are made once at a time or again and again. The row is what workers claim: it says when it is next to
 * be looked at. A run has the occurrence of the schedule in its key, so none can happen twice.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table standing_orders (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      to_account_id uuid not null,
      status text not null,
      currency text not null,
      amount numeric(22, 4),
      keep numeric(22, 4),
      top_up_to numeric(22, 4),
      most numeric(22, 4),
      starts_at text not null,
      time_zone text not null,
      recurrence text,
      weekends text not null,
      catch_up text not null,
      retry_times integer not null,
      retry_minutes integer not null,
      initiated_by uuid,
      description text,
      reference text,
      metadata json,
      mandate_version bigint not null,
      instruction_hash bytea not null,
      signed_by uuid[],
      handled_until timestamptz(3),
      next_occurrence_at timestamptz(3),
      next_due_at timestamptz(3),
      next_attempt_at timestamptz(3),
      attempts integer not null default 0,
      created_at timestamptz(3) not null,
      expires_at timestamptz(3),
      finished_at timestamptz(3),
      constraint standing_orders_pkey primary key (ledger_id, id),
      constraint standing_orders_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint standing_orders_to_account_fkey
        foreign key (ledger_id, to_account_id) references accounts (ledger_id, id),
      constraint standing_orders_status_known check (
        status in ('waiting', 'active', 'paused', 'completed', 'rejected', 'cancelled', 'expired')),
      constraint standing_orders_one_rule_of_amount check (num_nonnulls(amount, keep, top_up_to) = 1),
      constraint standing_orders_amounts_in_range check (amount > 0 and keep >= 0 and top_up_to > 0 and most > 0),
      constraint standing_orders_weekends_known check (weekends in ('keep', 'skip', 'next', 'previous')),
      constraint standing_orders_catch_up_known check (catch_up in ('all', 'latest', 'none')),
      constraint standing_orders_retries_in_range check (retry_times between 0 and 20 and retry_minutes > 0),
      constraint standing_orders_active_with_next check ((status = 'active') = (next_attempt_at is not null)),
      constraint standing_orders_finished_at_matches_status check (
        (status in ('waiting', 'active', 'paused')) = (finished_at is null)),
      constraint standing_orders_hash_is_sha256 check (octet_length(instruction_hash) = 32)
    )`);
  await knex.raw('create index standing_orders_of_account on standing_orders (ledger_id, account_id, id)');
  await knex.raw(`
    create index standing_orders_due on standing_orders (ledger_id, next_attempt_at) where status = 'active'`);
  await knex.raw(`
    create index standing_orders_waiting on standing_orders (ledger_id, expires_at) where status = 'waiting'`);
  await knex.raw(`
    create table standing_order_runs (
      ledger_id uuid not null,
      standing_order_id uuid not null,
      occurrence_at timestamptz(3) not null,
      id uuid not null,
      due_at timestamptz(3) not null,
      status text not null,
      attempts integer not null,
      amount numeric(22, 4),
      transaction_id uuid,
      refusal json,
      last_attempt_at timestamptz(3) not null,
      constraint standing_order_runs_pkey primary key (ledger_id, standing_order_id, occurrence_at),
      constraint standing_order_runs_order_fkey
        foreign key (ledger_id, standing_order_id) references standing_orders (ledger_id, id),
      constraint standing_order_runs_status_known check (
        status in ('booked', 'retrying', 'refused', 'nothing_to_do', 'missed')),
      constraint standing_order_runs_booked_with_transaction check ((status = 'booked') = (transaction_id is not null)),
      constraint standing_order_runs_refused_with_reason check (
        (status in ('retrying', 'refused')) = (refusal is not null))
    )`);
  await knex.raw(`
    alter table transactions
      drop constraint transactions_origin_known,
      add constraint transactions_origin_known check (
        origin in ('payment_order', 'hold', 'proposal', 'reversal', 'standing_order')) not valid`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table transactions
      drop constraint transactions_origin_known,
      add constraint transactions_origin_known check (
        origin in ('payment_order', 'hold', 'proposal', 'reversal'))`);
  await knex.raw('drop table standing_order_runs, standing_orders');
}
