import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/create-database.ts';
import { callerSessions } from './run-schema.ts';
import { nowUs } from './shared-clock.ts';

/** Who waited for whom at a moment, by the process ids of backends. */
export interface BlockingSample {
  readonly atUs: number;
  readonly pid: number;
  readonly blockers: readonly number[];
}

/** Between two looks. What waits for less may not be seen. */
const restMs = 2;

/** Looks at which sessions wait for a lock, again and again until the signal is aborted; answers all it has seen. */
export async function sampleBlocking(
  database: Database,
  startUs: number,
  signal: AbortSignal,
): Promise<BlockingSample[]> {
  const samples: BlockingSample[] = [];
  while (!signal.aborted) {
    const askedUs = nowUs();
    const { rows } = await database.raw(
      `select pid, pg_blocking_pids(pid) as blockers from pg_stat_activity
       where application_name = ? and wait_event_type = 'Lock' and datname = current_database()`,
      [callerSessions],
    );
    const atUs = (askedUs + nowUs()) / 2 - startUs;
    for (const { pid, blockers } of rows) if (blockers.length > 0) samples.push({ atUs, pid, blockers });
    await sleep(restMs);
  }
  return samples;
}
