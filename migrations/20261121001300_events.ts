import type { Knex } from 'knex';

/**
 * What happened, written in the transaction that made it so. Events are read in the order of `(epoch, xid, position)`.
 * `xid` is the transaction's id, or that of the last event of one of its accounts where that is later: so the log has
 * the events of an account in their sequence, and what is older than every running transaction can't get company any
 * more. Ids start anew in another database cluster; `event_epoch` moves on when that is noticed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table ledgers add column event_epoch integer not null default 0');
  await knex.raw(`
    alter table accounts add column event_count bigint not null default 0, add column last_event_xid xid8`);
  await knex.raw('create sequence event_positions');
  // No foreign keys, as in the journal: these are written with every movement.
  await knex.raw(`
    create table events (
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
      constraint events_pkey primary key (ledger_id, epoch, xid, position),
      constraint events_sequence_with_account check ((account_id is null) = (sequence is null))
    )`);
  await knex.raw(`
    create unique index events_of_account on events (ledger_id, account_id, sequence) where account_id is not null`);
  await knex.raw(`
    create trigger events_only_ever_inserted before update or delete or truncate on events
      for each statement execute function refuse_change()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table events');
  await knex.raw('drop sequence event_positions');
  await knex.raw('alter table accounts drop column event_count, drop column last_event_xid');
  await knex.raw('alter table ledgers drop column event_epoch');
}
