import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/create-database.ts';
import { isDistributed } from '../database/server-kind.ts';
import { KnownLedgers } from '../ledger/known-ledgers.ts';
import { workMetrics } from '../metrics/work-metrics.ts';
import { type QueueState, readQueueState, readQueueStateOf } from './claim-work.ts';
import { countGivenUp, countGivenUpIn } from './failed-work.ts';
import type { WorkContext } from './run-batch.ts';
import type { WorkQueue } from './work-queue.ts';

const everyMs = 5_000;
/** Where each ledger is asked by itself: how often, and the pause after each. */
const ofEachEveryMs = 60_000;
const pauseMs = 50;

interface Figures extends QueueState {
  readonly givenUp: number;
}

/** Keeps the figures of these queues up to date. */
export async function measureQueues(
  { database, logger }: WorkContext,
  queues: readonly WorkQueue[],
  signal: AbortSignal,
): Promise<void> {
  const known = new KnownLedgers(database);
  while (!signal.aborted) {
    try {
      const measured = isDistributed(database)
        ? await measureEachLedger(database, queues, known, signal)
        : await measureAtOnce(database, queues);
      for (const [queue, { due, oldestSeconds, givenUp }] of measured) {
        workMetrics.due.set({ queue }, due);
        workMetrics.oldest.set({ queue }, oldestSeconds);
        workMetrics.givenUp.set({ queue }, givenUp);
      }
    } catch (error) {
      logger.debug({ err: error }, 'the queues could not be measured');
    }
    await sleep(isDistributed(database) ? ofEachEveryMs : everyMs, undefined, { signal }).catch(() => {});
  }
}

async function measureAtOnce(database: Database, queues: readonly WorkQueue[]): Promise<Map<string, Figures>> {
  const givenUp = await countGivenUp(database);
  const measured = new Map<string, Figures>();
  for (const queue of queues) {
    measured.set(queue.name, {
      ...(await readQueueState(database, queue)),
      givenUp: givenUp.get(queue.name) ?? 0,
    });
  }
  return measured;
}

/** Of those ledgers that answer. */
async function measureEachLedger(
  database: Database,
  queues: readonly WorkQueue[],
  known: KnownLedgers,
  signal: AbortSignal,
): Promise<Map<string, Figures>> {
  const sums = new Map<string, Figures>(queues.map(({ name }) => [name, { due: 0, oldestSeconds: 0, givenUp: 0 }]));
  for (const ledgerId of await known.read()) {
    try {
      const givenUp = await countGivenUpIn(database, ledgerId);
      for (const queue of queues) {
        const before = sums.get(queue.name)!;
        const { due, oldestSeconds } = await readQueueStateOf(database, queue, ledgerId);
        sums.set(queue.name, {
          due: before.due + due,
          oldestSeconds: Math.max(before.oldestSeconds, oldestSeconds),
          givenUp: before.givenUp + (givenUp.get(queue.name) ?? 0),
        });
      }
    } catch {
      // Its node is away; the survey says so.
    }
    await sleep(pauseMs, undefined, { signal });
  }
  return sums;
}
