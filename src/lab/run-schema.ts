import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import { createId } from '../ledger/create-id.ts';

/** Any number that nothing else in the database uses. Who holds it runs the lab, or sweeps up after a run. */
const labLock = 7_302_002;

/** A run that was just cancelled, or killed, takes a moment to leave. */
const patienceMs = 1_000;

/** What the sessions of callers are called, by which those of a killed run are found. */
export const callerSessions = 'joint-ledger lab caller';

/** The most sessions of the run itself: one has the lock, one does the work, and migrations take two more. */
const ownSessions = 4;

/** How long to wait for the sessions and the locks of what was killed. */
const sweepMs = 10_000;

/** The lab of a database, held by one run. */
export interface ClaimedLab {
  readonly runId: string;
  readonly schema: string;
  /** The address of the database, for sessions that see the tables of the run and no others. */
  readonly url: string;
  readonly serverVersion: string;
  /** The run's own sessions; they see the same tables. */
  readonly database: Database;
  /** Makes the schema, empty. */
  renewSchema(): Promise<void>;
  /** Ends the sessions of callers, drops the schema, and lets the next run in. */
  leave(): Promise<void>;
}

/**
 * Takes the lab of this database for a run, and puts away what killed runs have left. Nothing else can have it until
 * `leave`, or until this process ends in whatever way: it is a session's advisory lock. Throws RefusalError `lab_busy`.
 */
export async function claimLab(url: string): Promise<ClaimedLab> {
  const runId = createId().replaceAll('-', '');
  const schema = `race_lab_${runId}`;
  const inSchema = withSearchPath(url, schema);
  const database = createDatabase({
    ...{ url: inSchema, poolSize: ownSessions, applicationName: 'joint-ledger lab' },
    ...{ acquireTimeoutMs: 10_000, statementTimeoutMs: 30_000 },
  });
  let holder: unknown;
  const close = async () => {
    // The pool waits for what it has lent.
    if (holder !== undefined) await database.client.releaseConnection(holder);
    await database.destroy();
  };
  try {
    holder = await database.client.acquireConnection();
    const tryLock = `select pg_try_advisory_lock(?) as is_ours, current_setting('server_version') as version`;
    const ask = async () => (await database.raw(tryLock, [labLock]).connection(holder as never)).rows[0];
    const until = performance.now() + patienceMs;
    let answer = await ask();
    while (!answer.is_ours && performance.now() < until) {
      await sleep(50);
      answer = await ask();
    }
    if (!answer.is_ours) {
      throw new RefusalError('lab_busy', 'Another run of the race lab is going on; there is one at a time.', {
        retryAfterSeconds: 5,
      });
    }
    await sweep(database);
    return {
      ...{ runId, schema, url: inSchema, serverVersion: answer.version, database },
      async renewSchema() {
        await database.raw('drop schema if exists ?? cascade', [schema]);
        await database.raw('create schema ??', [schema]);
      },
      async leave() {
        try {
          await sweep(database);
        } finally {
          await close();
        }
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Puts away what a killed run has left; a run that has begun does so itself. `waits` for the killed run's own sessions
 * to end; otherwise nothing is done while another process has the lab.
 */
export async function sweepAbandoned(url: string, { waits }: { waits: boolean }): Promise<void> {
  const database = createDatabase({
    ...{ url, poolSize: 1, applicationName: 'joint-ledger lab sweep' },
    ...{ acquireTimeoutMs: 10_000, statementTimeoutMs: sweepMs },
  });
  try {
    const { rows } = await database.raw(
      waits ? 'select pg_advisory_lock(?), true as is_ours' : 'select pg_try_advisory_lock(?) as is_ours',
      [labLock],
    );
    if (rows[0].is_ours) await sweep(database);
  } finally {
    await database.destroy();
  }
}

/** For who has the lock: every schema of the lab is then one that is not needed any more. */
async function sweep(database: Database): Promise<void> {
  const callers = database('pg_stat_activity')
    .where('application_name', callerSessions)
    .whereRaw('datname = current_database() and usename = current_user');
  const until = performance.now() + sweepMs;
  while ((await callers.clone().select(database.raw('pg_terminate_backend(pid)'))).length > 0) {
    if (performance.now() > until) throw new Error('the sessions of a run of the race lab do not end');
    await sleep(5);
  }
  const schemas = await database('pg_namespace').whereLike('nspname', 'race\\_lab\\_%').pluck('nspname');
  for (const schema of schemas) await database.raw('drop schema if exists ?? cascade', [schema]);
}

/** The same address, for sessions that begin with this schema as the only one they see. */
function withSearchPath(url: string, schema: string): string {
  const [address, query] = url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('options', `${parameters.get('options') ?? ''} -c search_path=${schema}`.trim());
  return `${address}?${parameters}`;
}
