import type { Knex } from 'knex';

/**
 * What every movement must check beside the balance stands on the account row: which directions are stopped, and when
 * the first of the holds runs out, so that an account without such costs no look at its holds. `revision` counts the
 * changes that are no entries; with `version` it makes the account's entity tag.
 *
 * New rules are NOT VALID here, so that no existing row is read while a table is locked; the next migration reads them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table accounts
      add column revision bigint not null default 0,
      add column debits_stopped boolean not null default false,
      add column credits_stopped boolean not null default false,
      add column next_expiry timestamptz(3),
      add column time_zone text not null default 'UTC',
      add column survivorship text not null default 'survivors',
      add constraint accounts_survivorship_known check (survivorship in ('survivors', 'estate')) not valid`);
  await knex.raw(`
    alter table holders
      add column status text not null default 'active',
      add column limit_per_movement numeric(22, 4),
      add column limit_per_day numeric(22, 4),
      add column limit_per_month numeric(22, 4),
      add column invited_by uuid,
      add column invitation_expires_at timestamptz(3),
      add column joined_at timestamptz(3),
      add column ended_at timestamptz(3),
      drop constraint holders_rights_known,
      add constraint holders_rights_known check (
        rights <@ array['view', 'deposit', 'withdraw', 'transfer', 'manage', 'delegate'] and cardinality(rights) > 0)
        not valid,
      add constraint holders_status_known
        check (status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased')) not valid`);
  await knex.raw('alter table api_keys add column party_id uuid');
  // Who signed a movement, and what it came out of: a payment order, a hold, a proposal, another transaction.
  await knex.raw(`
    alter table transactions
      add column signed_by uuid[],
      add column origin text,
      add column origin_id uuid,
      drop constraint transactions_type_known,
      add constraint transactions_type_known check (
        type in ('deposit', 'withdrawal', 'transfer', 'multi_leg', 'capture', 'reversal')) not valid,
      add constraint transactions_origin_known check (
        origin in ('payment_order', 'hold', 'proposal', 'reversal')) not valid,
      add constraint transactions_origin_with_id check ((origin is null) = (origin_id is null)) not valid,
      drop constraint transactions_only_multi_leg_without_amount,
      add constraint transactions_only_multi_leg_without_amount check (
        amount is not null or type in ('multi_leg', 'reversal')) not valid`);
  // Orders, proposals and reversals are booked once, whatever the code above does. A hold may be captured in parts.
  await knex.raw(`
    create unique index transactions_of_origin_once on transactions (ledger_id, origin_id) where origin <> 'hold'`);
  await knex.raw(`
    create index transactions_of_holds on transactions (ledger_id, origin_id) where origin = 'hold'`);
  // What a holder took out of an account today and this month is summed from these.
  await knex.raw(`
    create index transactions_by_initiator on transactions (ledger_id, initiated_by, booked_at)
      where initiated_by is not null`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index transactions_by_initiator, transactions_of_holds, transactions_of_origin_once');
  await knex.raw(`
    alter table transactions
      drop column signed_by, drop column origin, drop column origin_id,
      drop constraint transactions_type_known,
      add constraint transactions_type_known check (type in ('deposit', 'withdrawal', 'transfer', 'multi_leg')),
      drop constraint transactions_only_multi_leg_without_amount,
      add constraint transactions_only_multi_leg_without_amount check (amount is not null or type = 'multi_leg')`);
  await knex.raw('alter table api_keys drop column party_id');
  await knex.raw(`
    alter table holders
      drop column status, drop column limit_per_movement, drop column limit_per_day, drop column limit_per_month,
      drop column invited_by, drop column invitation_expires_at, drop column joined_at, drop column ended_at,
      drop constraint holders_rights_known,
      add constraint holders_rights_known check (
        rights <@ array['view', 'deposit', 'withdraw', 'transfer', 'manage'] and cardinality(rights) > 0)`);
  await knex.raw(`
    alter table accounts
      drop column revision, drop column debits_stopped, drop column credits_stopped, drop column next_expiry,
      drop column time_zone, drop column survivorship`);
}
