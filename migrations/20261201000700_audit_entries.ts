import type { Knex } from 'knex';

/**
 * Who did what, with which key, from where, and how it ended. Rows hold ids and codes only. Their ids are UUIDs of
 * version 7, which begin with the time in `at`, so the primary key leads to times as well. The trigger is a backstop
 * against hands, as those of the journal are; old rows are deleted by workers.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table audit_entries (
      ledger_id uuid not null,
      id uuid not null,
      at timestamptz(3) not null,
      key_id uuid,
      party_id uuid,
      channel text not null,
      action text,
      method text,
      path text,
      subject_id uuid,
      address text,
      status smallint,
      code text,
      request_id text,
      count int not null,
      constraint audit_entries_pkey primary key (ledger_id, id),
      constraint audit_entries_count_positive check (count > 0),
      constraint audit_entries_texts_short check (
        length(channel) <= 20 and length(action) <= 100 and length(method) <= 20 and length(path) <= 500
        and length(address) <= 100 and length(code) <= 100 and length(request_id) <= 128)
    )`);
  await knex.raw(`
    create function refuse_rewriting() returns trigger language plpgsql as $$
    begin
      raise exception '% on % is not allowed: what was recorded stays as it is', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $$`);
  await knex.raw(`
    create trigger audit_entries_never_rewritten before update or truncate on audit_entries
      for each statement execute function refuse_rewriting()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table audit_entries');
  await knex.raw('drop function refuse_rewriting()');
}
