import type { Knex } from 'knex';

/**
 * Endpoints that are told of events, and what was sent to each. An endpoint knows up to which event its deliveries have
 * been written; a delivery knows when it is to be tried next, and while somebody sends it, until when nobody else does.
 * A deleted endpoint stays until its deliveries, which may be millions, are removed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table webhook_endpoints (
      ledger_id uuid not null,
      id uuid not null,
      url text not null,
      description text,
      event_types text[],
      account_ids uuid[],
      is_ordered boolean not null,
      status text not null default 'active',
      secret text not null,
      previous_secret text,
      previous_secret_until timestamptz(3),
      cursor_epoch integer not null,
      cursor_xid xid8 not null,
      cursor_position bigint not null,
      failing_since timestamptz(3),
      disabled_reason text,
      created_at timestamptz(3) not null,
      disabled_at timestamptz(3),
      constraint webhook_endpoints_pkey primary key (ledger_id, id),
      constraint webhook_endpoints_status_known check (status in ('active', 'disabled', 'deleted')),
      constraint webhook_endpoints_disabled_with_reason check (
        (status = 'disabled') = (disabled_at is not null) and (disabled_at is null) = (disabled_reason is null)),
      constraint webhook_endpoints_previous_secret_with_end check (
        (previous_secret is null) = (previous_secret_until is null))
    )`);
  await knex.raw(`
    create table webhook_deliveries (
      ledger_id uuid not null,
      id uuid not null,
      endpoint_id uuid not null,
      event_epoch integer,
      event_xid xid8,
      event_position bigint,
      account_id uuid,
      type text not null,
      status text not null default 'pending',
      attempts integer not null default 0,
      answers json[] not null default '{}',
      lease_id uuid,
      next_attempt_at timestamptz(3),
      pending_since timestamptz(3) not null,
      created_at timestamptz(3) not null,
      finished_at timestamptz(3),
      constraint webhook_deliveries_pkey primary key (ledger_id, id),
      constraint webhook_deliveries_endpoint_fkey
        foreign key (ledger_id, endpoint_id) references webhook_endpoints (ledger_id, id),
      constraint webhook_deliveries_status_known check (status in ('pending', 'delivered', 'failed')),
      constraint webhook_deliveries_pending_with_next check ((status = 'pending') = (next_attempt_at is not null)),
      constraint webhook_deliveries_finished_at_matches_status check ((status = 'pending') = (finished_at is null)),
      constraint webhook_deliveries_lease_while_pending check (status = 'pending' or lease_id is null)
    )`);
  // Each event once for each endpoint. A test call is about no event.
  await knex.raw(`
    create unique index webhook_deliveries_of_event on webhook_deliveries
      (ledger_id, endpoint_id, event_epoch, event_xid, event_position) where event_xid is not null`);
  await knex.raw(`
    create index webhook_deliveries_due on webhook_deliveries
      (ledger_id, endpoint_id, next_attempt_at) where status = 'pending'`);
  await knex.raw(`
    create index webhook_deliveries_leased on webhook_deliveries
      (ledger_id, endpoint_id) where lease_id is not null`);
  // What is still to be delivered before another event of the same account.
  await knex.raw(`
    create index webhook_deliveries_in_order on webhook_deliveries
      (ledger_id, endpoint_id, account_id, event_epoch, event_xid, event_position) where status = 'pending'`);
  await knex.raw(`
    create index webhook_deliveries_of_endpoint on webhook_deliveries (ledger_id, endpoint_id, id)`);
  await knex.raw(`
    create index webhook_deliveries_failed on webhook_deliveries (ledger_id, endpoint_id, id) where status = 'failed'`);
  await knex.raw(`
    create index webhook_deliveries_finished on webhook_deliveries (ledger_id, finished_at)
      where finished_at is not null`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table webhook_deliveries, webhook_endpoints');
}
