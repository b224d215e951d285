import type { Knex } from 'knex';

/**
 * What workers look for, soonest first, and the few items on which they failed: until `retry_at` nobody claims such an
 * item again, and with `retry_at` null nobody does before an operator says so.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table failed_work (
      ledger_id uuid not null,
      queue text not null,
      item_id text not null,
      attempts integer not null,
      retry_at timestamptz(3),
      error text not null,
      first_failed_at timestamptz(3) not null,
      last_failed_at timestamptz(3) not null,
      constraint failed_work_pkey primary key (ledger_id, queue, item_id),
      constraint failed_work_attempts_positive check (attempts > 0)
    )`);
  await knex.raw(`
    create index accounts_next_expiry on accounts (ledger_id, next_expiry) where next_expiry is not null`);
  await knex.raw('create index idempotency_keys_by_age on idempotency_keys (ledger_id, created_at)');
  await knex.raw(`
    create index holders_invited on holders (ledger_id, invitation_expires_at) where status = 'invited'`);
  await knex.raw(`
    create index account_changes_waiting on account_changes (ledger_id, expires_at) where status = 'waiting'`);
  await knex.raw(`
    alter table projects
      add column expires_at timestamptz(3),
      drop constraint projects_status_known,
      add constraint projects_status_known check (status in ('open', 'assigned', 'closed', 'expired')) not valid`);
  await knex.raw(`
    create index projects_open on projects (ledger_id, expires_at) where status = 'open' and expires_at is not null`);
  await knex.raw(`
    alter table holders
      drop constraint holders_status_known,
      add constraint holders_status_known
        check (status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased', 'expired')) not valid`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw("update holders set status = 'declined' where status = 'expired'");
  await knex.raw("update projects set status = 'closed' where status = 'expired'");
  await knex.raw(`
    alter table holders
      drop constraint holders_status_known,
      add constraint holders_status_known
        check (status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased'))`);
  await knex.raw(`
    alter table projects
      drop column expires_at,
      drop constraint projects_status_known,
      add constraint projects_status_known check (status in ('open', 'assigned', 'closed'))`);
  await knex.raw('drop index account_changes_waiting, holders_invited, idempotency_keys_by_age, accounts_next_expiry');
  await knex.raw('drop table failed_work');
}
