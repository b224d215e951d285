import type { Knex } from 'knex';

/** Takes away what the order of transaction ids needed. An earlier version can't run on this. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('drop table events_by_xid');
  await knex.raw('drop sequence event_positions');
  await knex.raw('alter table accounts drop column last_event_xid');
  await knex.raw('alter table ledgers drop column event_epoch');
  await knex.raw(`
    alter table webhook_endpoints drop column cursor_epoch, drop column cursor_xid, drop column cursor_position`);
  // With the columns go their indexes.
  await knex.raw(`
    alter table webhook_deliveries
      drop column event_epoch, drop column event_xid, drop column event_position,
      alter column webhook_id set not null`);
  // Each event once for each endpoint. A test call is about no event.
  await knex.raw(`
    create unique index webhook_deliveries_of_event on webhook_deliveries (ledger_id, endpoint_id, log_position)
      where log_position is not null`);
  // What is still to be delivered before another event of the same account.
  await knex.raw(`
    create index webhook_deliveries_in_order on webhook_deliveries
      (ledger_id, endpoint_id, account_id, log_position) where status = 'pending'`);
}

/** Fails where anything has happened, because the order of transaction ids can't be had again. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    do $$ begin
      if exists (select from log_blocks) or exists (select from log_inbox) then
        raise exception 'the log has events; go back to a backup from before the migration instead';
      end if;
    end $$`);
  await knex.raw('drop index webhook_deliveries_in_order, webhook_deliveries_of_event');
  await knex.raw(`
    alter table webhook_deliveries
      alter column webhook_id drop not null,
      add column event_epoch integer, add column event_xid xid8, add column event_position bigint`);
  await knex.raw(`
    create unique index webhook_deliveries_of_event on webhook_deliveries
      (ledger_id, endpoint_id, event_epoch, event_xid, event_position) where event_xid is not null`);
  await knex.raw(`
    create index webhook_deliveries_in_order on webhook_deliveries
      (ledger_id, endpoint_id, account_id, event_epoch, event_xid, event_position) where status = 'pending'`);
  await knex.raw(`
    alter table webhook_endpoints
      add column cursor_epoch integer not null default 0, add column cursor_xid xid8 not null default '0',
      add column cursor_position bigint not null default 0`);
  await knex.raw(`
    alter table webhook_endpoints alter column cursor_epoch drop default, alter column cursor_xid drop default,
      alter column cursor_position drop default`);
  await knex.raw('alter table ledgers add column event_epoch integer not null default 0');
  await knex.raw('alter table accounts add column last_event_xid xid8');
  await knex.raw('create sequence event_positions');
  await knex.raw(`
    create table events_by_xid (
      ledger_id uuid not null,
      epoch integer not null,
      xid xid8 not null,
      position bigint not null default nextval('event_positions'),
      account_id uuid,
      sequence bigint,
      type text not null,
      subject_id uuid not null,
      occurred_at timestamptz(3) not null,
      data json,
      constraint events_by_xid_pkey primary key (ledger_id, epoch, xid, position),
      constraint events_sequence_with_account check ((account_id is null) = (sequence is null))
    )`);
  await knex.raw(`
    create unique index events_by_xid_of_account on events_by_xid (ledger_id, account_id, sequence)
      where account_id is not null`);
  await knex.raw(`
    create trigger events_only_ever_inserted before update or delete or truncate on events_by_xid
      for each statement execute function refuse_change()`);
}
