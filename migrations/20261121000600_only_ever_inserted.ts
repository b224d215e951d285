import type { Knex } from 'knex';

/**
 * A backstop against hands, not a mechanism: the service never updates or deletes these rows. Statement triggers cost
 * inserts nothing. Where triggers are not to be had, revoking UPDATE, DELETE and TRUNCATE from the service's database
 * user does the same.
 */
const journal = ['transactions', 'entries'];
const registers = ['ledgers', 'parties', 'accounts'];

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% on % is not allowed: correct the books with a new transaction', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $$`);
  for (const table of journal) {
    await knex.raw(`
      create trigger ${table}_only_ever_inserted before update or delete or truncate on ${table}
        for each statement execute function refuse_change()`);
  }
  for (const table of registers) {
    await knex.raw(`
      create trigger ${table}_never_deleted before delete or truncate on ${table}
        for each statement execute function refuse_change()`);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of journal) await knex.raw(`drop trigger ${table}_only_ever_inserted on ${table}`);
  for (const table of registers) await knex.raw(`drop trigger ${table}_never_deleted on ${table}`);
  await knex.raw('drop function refuse_change()');
}
