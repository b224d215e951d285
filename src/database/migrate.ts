import { OperatorError } from '../errors/operator-error.ts';
import type { Database } from './create-database.ts';
import { MigrationFiles } from './migration-files.ts';

/** Any number that nothing else in the database uses. */
const migrationLock = 7_302_001;

/** Every SQL feature the service uses is there since this version (server_version_num). */
const oldestServer = 140_000;

/**
 * Brings the schema up to date. Safe when many processes start at once: knex's own lock does not cover the creation of
 * its tables, so one transaction-level advisory lock lets them through one after another. It works behind a
 * transaction pooler too and ends with its session, so a process killed in the middle leaves nothing behind, except
 * knex's own mark, which is cleared under the lock.
 *
 * Returns the names of the migrations it ran. Throws OperatorError for a server older than PostgreSQL 14.
 */
export async function migrate(database: Database): Promise<string[]> {
  return database.transaction(async (lockHolder) => {
    const version = await lockHolder.raw("select current_setting('server_version_num')::int as number");
    if (version.rows[0].number < oldestServer) {
      throw new OperatorError('The database is older than PostgreSQL 14: upgrade it or name another one.');
    }
    await lockHolder.raw('select pg_advisory_xact_lock(?)', [migrationLock]);
    if ((await pendingMigrations(database)).length === 0) return [];
    await database.migrate.forceFreeMigrationsLock();
    const [, names] = await database.migrate.latest();
    return names;
  });
}

/** The migrations of this build that the database has not seen. Empty when the schema is ready for this process. */
export async function pendingMigrations(database: Database): Promise<string[]> {
  const source = new MigrationFiles();
  const known = (await source.getMigrations()).map((file) => source.getMigrationName(file));
  const table = await database.raw("select to_regclass('knex_migrations') as found");
  if (table.rows[0].found === null) return known;
  const applied = new Set<string>(await database('knex_migrations').pluck('name'));
  return known.filter((name) => !applied.has(name));
}
