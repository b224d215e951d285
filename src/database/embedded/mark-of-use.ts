import type pg from 'pg';
import type { Cluster } from './cluster-location.ts';
import { openSession } from './cluster-session.ts';

/** Any number will do, as long as no other advisory lock in the `postgres` database of the cluster has it. */
const useLock = 7_301_180_042;

/**
 * Opens the session by which others see that this process uses the server. It holds a shared advisory lock; who stops
 * the server holds the same lock exclusively while he does. So a newcomer either has its mark before that (and the
 * server stays) or is refused its mark by the server going down (and starts it again): none is attached in between.
 * However the process ends, the operating system closes the connection and the mark is gone.
 */
export async function markUse(cluster: Cluster, port: number): Promise<pg.Client> {
  const session = await openSession(cluster, port, 'joint-ledger supervisor');
  try {
    await session.query(`set lock_timeout = '10s'`);
    await session.query('select pg_advisory_lock_shared($1)', [useLock]);
    return session;
  } catch (error) {
    await session.end().catch(() => {});
    throw error;
  }
}

/**
 * Takes the mark away and tells whether it was the last one. If so, the session holds the lock exclusively until it
 * ends, and the caller must stop the server now or end the session.
 */
export async function withdrawMark(session: pg.Client): Promise<boolean> {
  // Unlock first, then try: of several that leave at once the last to unlock succeeds, so one of them does.
  await session.query('select pg_advisory_unlock_shared($1)', [useLock]);
  return await tryToBeLast(session);
}

/** Takes the lock exclusively unless a process uses the server. */
export async function tryToBeLast(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query<{ last: boolean }>('select pg_try_advisory_lock($1) as last', [useLock]);
  return rows[0]!.last;
}
