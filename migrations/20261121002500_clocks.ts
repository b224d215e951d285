import type { Knex } from 'knex';

/**
 * For clocks that were wrong. What was booked under one that ran ahead can be given its right time, which leaves a row
 * here and is the one change of the journal that its backstop lets through. And idempotency keys are kept from a point of
 * time on that moves no faster than time passes for the workers, whatever the clock says; it begins behind the usual
 * retention, for ledgers that are there already and for new ones.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table ledgers
      add column keys_kept_from timestamptz(3) not null default clock_timestamp() - interval '168 hours'`);
  await knex.raw(`
    create table booking_time_corrections (
      ledger_id uuid not null,
      transaction_id uuid not null,
      booked_at_before timestamptz(3) not null,
      value_date_before date not null,
      corrected_at timestamptz(3) not null,
      constraint booking_time_corrections_pkey primary key (ledger_id, transaction_id, corrected_at)
    )`);
  await knex.raw(`
    create or replace function refuse_change() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and current_setting('joint_ledger.correcting_times', true) = 'on' then
        return null;
      end if;
      raise exception '% on % is not allowed: correct the books with a new transaction', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% on % is not allowed: correct the books with a new transaction', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $$`);
  await knex.raw('drop table booking_time_corrections');
  await knex.raw('alter table ledgers drop column keys_kept_from');
}
