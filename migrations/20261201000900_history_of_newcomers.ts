import type { Knex } from 'knex';

/** From when on a holder with `view` sees what was booked: from the beginning, as all of before do, or from joining on. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table holders
      add column history text not null default 'all',
      add constraint holders_history_known check (history in ('all', 'joining')) not valid`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table holders drop column history');
}
