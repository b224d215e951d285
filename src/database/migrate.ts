import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import { OperatorError } from '../errors/operator-error.ts';
import type { Database } from './create-database.ts';
import { MigrationFailure, MigrationFiles } from './migration-files.ts';
import { serverMessage } from './server-message.ts';
import { isDatabaseUnavailable, isPoolExhausted, sqlStateOf } from './sqlstate.ts';

/** Any number that nothing else in the database uses. */
const migrationLock = 7_302_001;

/** Every SQL feature the service uses is there since this version (server_version_num). */
const oldestServer = 140_000;

/** A table was not to be had in time, or a migration and a movement waited for each other: SQLSTATEs. */
const inTheWay = ['55P03', '40P01'];
/** Between two tries the sessions that wait behind the migration go on. */
const pauseMs = 1_000;
const maxTries = 100;
const tableTaken = `\
The database could not be migrated: another session keeps a table locked. Find it among those in pg_stat_activity \
whose xact_start is oldest, end it, and start again.`;

/**
 * Brings the schema up to date. Safe when many processes start at once: knex's own lock does not cover the creation of
 * its tables, so one transaction-level advisory lock lets them through one after another. It works behind a
 * transaction pooler too and ends with its session, so a process killed in the middle leaves nothing behind, except
 * knex's own mark, which is cleared under the lock.
 *
 * Processes that are at work meanwhile go on: a migration waits for a table only for a moment, then lets them pass and
 * tries again.
 *
 * Returns the names of the migrations it ran. Throws OperatorError for a server older than PostgreSQL 14, when a
 * migration fails, and when a table is never to be had.
 */
export async function migrate(database: Database): Promise<string[]> {
  return database.transaction(async (lockHolder) => {
    const version = await lockHolder.raw("select current_setting('server_version_num')::int as number");
    if (version.rows[0].number < oldestServer) {
      throw new OperatorError('The database is older than PostgreSQL 14: upgrade it or name another one.');
    }
    await lockHolder.raw('select pg_advisory_xact_lock(?)', [migrationLock]);
    const { known, applied } = await readMigrations(database);
    const pending = known.filter((name) => !applied.has(name));
    if (pending.length > 0) await runPending(database, applied.size > 0 ? 'upgrade' : 'installation');
    return pending;
  });
}

type Occasion = 'installation' | 'upgrade';

/** What an operator can do when a migration failed, and what goes on meanwhile. */
const wayOut: Readonly<Record<Occasion, string>> = {
  installation:
    "The database must be joint-ledger's own: remove what is in the way, or name another one, and start again.",
  upgrade:
    'The version before goes on working on this database. Put right what is named here, or take a version that ' +
    'corrects it, and start again.',
};

/** Each migration is a transaction of its own; what was done before one that found a table taken stays done. */
async function runPending(database: Database, occasion: Occasion): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await database.migrate.forceFreeMigrationsLock();
      await database.migrate.latest();
      return;
    } catch (error) {
      const cause = error instanceof MigrationFailure ? error.cause : error;
      if (!inTheWay.includes(sqlStateOf(cause) ?? '')) throw explainFailure(error, occasion);
      if (tries === maxTries) throw new OperatorError(tableTaken);
      await sleep(pauseMs);
    }
  }
}

/**
 * An error in a migration, in a sentence with the server's own words: the statement would fill the screen, and the
 * stack is knex's. A database that went away has nothing to do with the migration.
 */
function explainFailure(error: unknown, occasion: Occasion): unknown {
  if (!(error instanceof MigrationFailure)) return error;
  const { migration, cause } = error;
  if (isDatabaseUnavailable(cause) || isPoolExhausted(cause)) return cause;
  const state = sqlStateOf(cause);
  const reason = state === undefined ? messageOf(cause) : `${serverMessage(cause as Error)} (SQLSTATE ${state})`;
  const failure = `The migration ${migration} failed: ${reason}.`;
  return new OperatorError(`${failure} Nothing of it was kept. ${wayOut[occasion]}`, { cause });
}

function messageOf(error: unknown): string {
  return (types.isNativeError(error) ? error.message : String(error)).replace(/\.$/, '');
}

/** The migrations of this build that the database has not seen. Empty when the schema is ready for this process. */
export async function pendingMigrations(database: Database): Promise<string[]> {
  const { known, applied } = await readMigrations(database);
  return known.filter((name) => !applied.has(name));
}

/** The names of the migrations of this build, and of those that the database has seen, of whichever build. */
async function readMigrations(database: Database): Promise<{ known: string[]; applied: ReadonlySet<string> }> {
  const source = new MigrationFiles();
  const known = (await source.getMigrations()).map((file) => source.getMigrationName(file));
  const table = await database.raw("select to_regclass('knex_migrations') as found");
  const applied = table.rows[0].found === null ? [] : await database('knex_migrations').pluck('name');
  return { known, applied: new Set<string>(applied) };
}
