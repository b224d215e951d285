import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import { KnownLedgers } from '../ledger/known-ledgers.ts';

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

/** The ledgers whose point is behind the clock, with their points as they were left. */
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
  const known = new KnownLedgers(options.database);
  let seen: Points = new Map();
  while (!signal.aborted) {
    try {
      seen = await moveOn({ ...options, known }, seen, stepMs);
    } catch (error) {
      logger.debug({ err: error }, 'the point from which idempotency keys are kept could not be moved');
    }
    await sleep(stepMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

interface MovingOn extends Pick<KeyRetentionOptions, 'database' | 'retentionHours'> {
  readonly known: KnownLedgers;
  readonly logger: Logger;
}

/**
 * Moves the points that stand where they were seen, `elapsedMs` ago, and answers those that are behind now. A ledger
 * that does not answer keeps its keys.
 */
export async function moveOn(options: MovingOn, seen: Points, elapsedMs: number): Promise<Points> {
  const behind = new Map<string, string>();
  for (const ledgerId of await options.known.read()) {
    try {
      const point = await movePoint(options, ledgerId, { seen: seen.get(ledgerId), elapsedMs });
      if (point !== undefined) behind.set(ledgerId, point);
    } catch (error) {
      options.logger.debug({ err: error, ledgerId }, 'the point of a ledger could not be moved');
    }
  }
  return behind;
}

/** Answers where the point stands if that is behind the clock. */
async function movePoint(
  { database, retentionHours }: MovingOn,
  ledgerId: string,
  { seen, elapsedMs }: { seen: string | undefined; elapsedMs: number },
): Promise<string | undefined> {
  const { rows } = await database.raw(
    `select keys_kept_from::text as point, goal::text as goal,
            least(goal, keys_kept_from + ? * interval '1 ms')::text as next
     from ledgers, lateral (select (clock_timestamp() - interval '${retentionHours} hours')::timestamptz(3) as goal) g
     where id = ? and keys_kept_from < goal`,
    [elapsedMs * catchUpFactor, ledgerId],
  );
  const found: { point: string; goal: string; next: string } | undefined = rows[0];
  if (found === undefined || found.point !== seen) return found?.point;
  const moved = await database('ledgers')
    .where({ id: ledgerId, keys_kept_from: found.point })
    .update({ keys_kept_from: found.next });
  return moved === 1 && found.next !== found.goal ? found.next : undefined;
}
