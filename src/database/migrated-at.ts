import type { Knex } from 'knex';

/**
 * When a migration was applied to a database; undefined where it was there from the beginning, so that no version from
 * before it has ever worked on it.
 */
export async function migratedAt(database: Knex, migration: string): Promise<Date | undefined> {
  const row = await database('knex_migrations')
    .where('name', migration)
    .where('batch', '>', database('knex_migrations').min('batch'))
    .first('migration_time');
  return row?.migration_time;
}
