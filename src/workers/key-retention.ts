import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';

export interface KeyRetentionOptions {
  readonly database: Database;
  readonly retentionHours: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** How often the point moves on from which keys are kept. */
const stepMs = 600_000;
/**
 * How much faster than time it may move, to make up for what it is behind: a stop of the workers, a shorter retention.
 */
const catchUpFactor = 2;

/** The ledgers whose point is behind the clock, with their points as they were read. */
type Points = ReadonlyMap<string, string>;

/**
 * Moves the point of time on from which each ledger keeps its idempotency keys: towards the clock less the retention,
 * but no faster than twice the time that passes for this process by a clock that nobody sets. So a clock that jumps
 * ahead by days does not make keys old, and a request that is repeated meanwhile is not booked again.
 *
 * Of several processes one moves it at a time, because it must stand where this one saw it a step ago.
 */
export async function keepKeys(options: KeyRetentionOptions): Promise<void> {
  const { logger, signal } = options;
  let seen: Points = new Map();
  while (!signal.aborted) {
    try {
      seen = await moveOn(options, seen, stepMs);
    } catch (error) {
      logger.debug({ err: error }, 'the point from which idempotency keys are kept could not be moved');
    }
    await sleep(stepMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

/**
 * Moves the points that stand where they were seen, `elapsedMs` ago, and answers those that are behind now.
 */
export async function moveOn(
  { database, retentionHours }: Pick<KeyRetentionOptions, 'database' | 'retentionHours'>,
  seen: Points,
  elapsedMs: number,
): Promise<Points> {
  const goal = `clock_timestamp() - interval '${retentionHours} hours'`;
  if (seen.size > 0) {
    await database.raw(
      `update ledgers l
       set keys_kept_from = least(${goal}, l.keys_kept_from + :step * interval '1 ms')
       from unnest(:ids::uuid[], :points::timestamptz[]) as seen (id, point)
       where l.id = seen.id and l.keys_kept_from = seen.point and l.keys_kept_from < ${goal}`,
      { ids: [...seen.keys()], points: [...seen.values()], step: elapsedMs * catchUpFactor },
    );
  }
  const behind = await database('ledgers')
    .whereRaw(`keys_kept_from < ${goal}`)
    .select<Array<{ id: string; point: string }>>('id', database.raw('keys_kept_from::text as point'));
  return new Map(behind.map(({ id, point }) => [id, point]));
}
