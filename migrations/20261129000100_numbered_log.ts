import type { Knex } from 'knex';

/**
 * What was committed gets positions 0, 1, 2, ... in a log of its own, so that nothing depends on the transaction ids of
 * one database cluster any more. What a transaction did stands in `log_inbox` from its commit until a worker has
 * appended it to `log_blocks`. A booking has no event row: the log names the entry, and the journal has the rest.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table events rename to events_by_xid');
  await knex.raw('alter table events_by_xid rename constraint events_pkey to events_by_xid_pkey');
  await knex.raw('alter index events_of_account rename to events_by_xid_of_account');
  // No foreign keys, as in the journal: these are written with every movement.
  await knex.raw(`
    create table events (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid,
      sequence bigint,
      type text not null,
      subject_id uuid not null,
      occurred_at timestamptz(3) not null,
      data json not null,
      constraint events_pkey primary key (ledger_id, id),
      constraint events_sequence_with_account check ((account_id is null) = (sequence is null))
    )`);
  await knex.raw(`
    create unique index events_of_account on events (ledger_id, account_id, sequence) where account_id is not null`);
  await onlyEverInserted(knex, 'events');

  await knex.raw('alter table accounts add column last_event_stamp bigint not null default 0');
  // Rows that are soon gone: space is used again early.
  await knex.raw(`
    create table log_inbox (
      ledger_id uuid not null,
      stamp bigint not null,
      salt integer not null,
      account_ids uuid[] not null,
      sequences bigint[] not null,
      versions bigint[],
      event_ids uuid[],
      constraint log_inbox_pkey primary key (ledger_id, stamp, salt)
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`);

  await knex.raw(`
    create table logs (
      ledger_id uuid not null,
      number integer not null default 0,
      server_life text,
      constraint logs_pkey primary key (ledger_id),
      constraint logs_ledger_fkey foreign key (ledger_id) references ledgers (id)
    )`);
  await knex.raw(`
    create table log_numbers (
      ledger_id uuid not null,
      number integer not null,
      first_position bigint not null,
      lineage text not null,
      constraint log_numbers_pkey primary key (ledger_id, number)
    )`);
  await onlyEverInserted(knex, 'log_numbers');
  await knex.raw(`
    create table log_blocks (
      ledger_id uuid not null,
      last_position bigint not null,
      first_position bigint not null,
      number integer not null,
      appended_at timestamptz(3) not null,
      hash bytea not null,
      account_ids uuid[] not null,
      sequences bigint[] not null,
      versions bigint[],
      event_ids uuid[],
      constraint log_blocks_pkey primary key (ledger_id, last_position),
      constraint log_blocks_positions_in_order check (first_position <= last_position)
    )`);
  await onlyEverInserted(knex, 'log_blocks');

  await knex.raw('alter table webhook_endpoints add column log_position bigint not null default -1');
  await knex.raw('alter table webhook_deliveries add column log_position bigint, add column webhook_id text');
}

async function onlyEverInserted(knex: Knex, table: string): Promise<void> {
  await knex.raw(`
    create trigger ${table}_only_ever_inserted before update or delete or truncate on ${table}
      for each statement execute function refuse_change()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table webhook_deliveries drop column log_position, drop column webhook_id');
  await knex.raw('alter table webhook_endpoints drop column log_position');
  await knex.raw('drop table log_blocks, log_numbers, logs, log_inbox, events');
  await knex.raw('alter table accounts drop column last_event_stamp');
  await knex.raw('alter table events_by_xid rename to events');
  await knex.raw('alter table events rename constraint events_by_xid_pkey to events_pkey');
  await knex.raw('alter index events_by_xid_of_account rename to events_of_account');
}
