import type { Knex } from 'knex';

/**
 * Invitations, changes and projects whose time is over are noted as such by workers. The indexes hold only what is still
 * open. A project without a time of its own stays open until somebody ends it, as all have until now.
 *
 * New rules are NOT VALID here, so that no existing row is read while a table is locked; the next migration reads them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table holders
      drop constraint holders_status_known,
      add constraint holders_status_known
        check (status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased', 'expired')) not valid`);
  await knex.raw(`
    alter table projects
      add column expires_at timestamptz(3),
      drop constraint projects_status_known,
      add constraint projects_status_known check (status in ('open', 'assigned', 'closed', 'expired')) not valid,
      add constraint projects_assigned_in_time check (status <> 'assigned' or finished_at < expires_at) not valid`);
  await knex.raw(`
    create index holders_invited on holders (ledger_id, invitation_expires_at, account_id) where status = 'invited'`);
  await knex.raw(`
    create index account_changes_waiting on account_changes (ledger_id, expires_at, account_id)
      where status = 'waiting'`);
  await knex.raw(`
    create index projects_expiring on projects (ledger_id, expires_at, account_id)
      where status = 'open' and expires_at is not null`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index projects_expiring, account_changes_waiting, holders_invited');
  await knex.raw("update projects set status = 'closed' where status = 'expired'");
  await knex.raw("update holders set status = 'declined' where status = 'expired'");
  await knex.raw(`
    alter table projects
      drop constraint projects_assigned_in_time,
      drop column expires_at,
      drop constraint projects_status_known,
      add constraint projects_status_known check (status in ('open', 'assigned', 'closed'))`);
  await knex.raw(`
    alter table holders
      drop constraint holders_status_known,
      add constraint holders_status_known
        check (status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased'))`);
}
