import type { Knex } from 'knex';

/**
 * Names and external ids of parties leave the log, which is never changed again: its events of parties are read with
 * what the party's row says, so that erasing a party erases it there, too.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table events disable trigger events_only_ever_inserted');
  await knex.raw(`update events set data = json_build_object('id', subject_id) where type = 'party.created'`);
  await knex.raw('alter table events enable trigger events_only_ever_inserted');
}

/** Earlier versions show what is there. */
export async function down(): Promise<void> {}
