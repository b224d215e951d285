import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Database } from '../../src/database/create-database.ts';

/** Long: that a machine is slow is no failure. What never happens ends here before the test's own time is over. */
const patienceMs = 240_000;

/**
 * Waits until this many sessions of the service wait for row locks in this database, in the statement that takes them.
 */
export function untilLockWaiters(database: Database, count: number): Promise<void> {
  return untilWaiting(database, count, 'for update');
}

/** Waits until this many sessions of the service wait for what is being booked to be over. */
export function untilBookingsAwaited(database: Database, count: number): Promise<void> {
  return untilWaiting(database, count, 'for key share');
}

/** Waits until this many sessions of workers wait for row locks in this database. */
export function untilWorkersWait(database: Database, count: number): Promise<void> {
  return untilWaiting(database, count, 'for update', 'joint-ledger worker');
}

/** Waits until this many sessions of the service wait for an idempotency key that another transaction has claimed. */
export function untilKeyWaiters(database: Database, count: number): Promise<void> {
  return untilWaiting(database, count, 'insert into idempotency_keys');
}

/** Those that other test files use as well. */
export const sharedDatabases = new WeakSet<Database>();

/**
 * On a database that is shared others wait as well, and on several nodes it can't be seen who does: there some time has
 * to do. What the tests expect then holds whether or not it was enough.
 */
const sharedWaitMs = 1_000;

function untilWaiting(
  database: Database,
  count: number,
  statement: string,
  sessions = 'joint-ledger api',
): Promise<void> {
  if (sharedDatabases.has(database)) return sleep(sharedWaitMs);
  return until(async () => {
    const { rows } = await database.raw(
      `select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and application_name = ?
         and query like ?`,
      [sessions, `%${statement}%`],
    );
    return rows[0].waiting >= count;
  });
}

/** Asks again and again until the answer is yes. Throws when it stays no. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`nothing happened within ${patienceMs} ms: ${condition}`);
    await sleep(10);
  }
}

/** A session from outside the service that holds the row lock of an account until it is released. */
export async function holdAccountLock(database: Database, accountId: string): Promise<{ release(): Promise<void> }> {
  const session: Knex.Transaction = await database.transaction();
  const [account] = await session('accounts').select('ledger_id', 'id').where('id', accountId);
  await session('accounts').where(account).forUpdate();
  return {
    release: async () => {
      await session.rollback();
    },
  };
}

/** Waits until no session of the service is left in this database, so that all have reported their deadlocks. */
export function untilSessionsEnded(database: Database): Promise<void> {
  return until(async () => {
    const { rows } = await database.raw(
      `select count(*)::int as open from pg_stat_activity
       where datname = current_database() and application_name in ('joint-ledger api', 'joint-ledger worker')`,
    );
    return rows[0].open === 0;
  });
}

/** How many deadlocks PostgreSQL has found in this database. Sessions report theirs when they end. */
export async function countDeadlocks(database: Database): Promise<number> {
  const { rows } = await database.raw('select deadlocks from pg_stat_database where datname = current_database()');
  return rows[0].deadlocks;
}
