import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import { runLedgerTransaction } from '../database/ledger-transaction.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { RefusalError } from '../errors/refusal.ts';
import { workMetrics } from '../metrics/work-metrics.ts';
import { claimWork } from './claim-work.ts';
import { forgetFailures, maxAttempts, noteFailure } from './failed-work.ts';
import { traceItems } from './trace-items.ts';
import type { Afterwards, WorkQueue } from './work-queue.ts';

export interface WorkContext {
  readonly database: Database;
  readonly logger: Logger;
}

/**
 * A worker waits for accounts as long as any caller does, and no longer. One that froze in the middle loses its claim,
 * and with it all it did.
 */
const limits = { lockTimeoutMs: 5_000, statementTimeoutMs: 15_000, idleTimeoutMs: 30_000 };
/** One by one, so that what is locked keeps the others of its batch waiting for a moment only. */
const limitsOfOne = { ...limits, lockTimeoutMs: 250 };

/**
 * Claims a batch of a queue in a ledger and works on it, in one transaction; answers how many items it was. When the
 * batch fails, its items are worked on one by one, so that what is wrong with one harms no other; those that fail again
 * are noted and tried later. Throws when it is the database that failed.
 *
 * @param onClaimed Called before the work begins, unless nothing is due.
 */
export async function runBatch(
  context: WorkContext,
  queue: WorkQueue,
  ledgerId: string,
  onClaimed: () => void = () => {},
): Promise<number> {
  let claimed: string[] = [];
  const note = (ids: string[]) => {
    claimed = ids;
    if (ids.length > 0) onClaimed();
  };
  try {
    return await claimAndWork(context, queue, ledgerId, { onClaimed: note });
  } catch (error) {
    if (isDatabaseAway(error) || claimed.length === 0) throw error;
    if (claimed.length === 1) return fail(context, { ledgerId, queue, itemId: claimed[0]!, error });
    context.logger.warn({ err: error, queue: queue.name, ledgerId, items: claimed.length }, 'a batch failed');
  }
  for (const itemId of claimed) {
    try {
      await claimAndWork(context, queue, ledgerId, { only: itemId });
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      await fail(context, { ledgerId, queue, itemId, error });
    }
  }
  return claimed.length;
}

async function claimAndWork(
  { database }: WorkContext,
  queue: WorkQueue,
  ledgerId: string,
  { only, onClaimed }: { only?: string; onClaimed?: (ids: string[]) => void },
): Promise<number> {
  const startedAt = performance.now();
  let afterwards: Afterwards | undefined;
  const limited = only === undefined ? limits : limitsOfOne;
  const count = await runLedgerTransaction(database, ledgerId, limited, async (transaction) => {
    // Perhaps of an earlier try, which was rolled back.
    afterwards = undefined;
    const ids = await claimWork(transaction, queue, only);
    onClaimed?.(ids);
    if (ids.length === 0) return 0;
    afterwards = await traceItems(queue.name, ids, () => queue.work(transaction, ids));
    await forgetFailures(transaction.knex, { ledgerId, queue: queue.name, itemIds: ids });
    return ids.length;
  });
  await afterwards?.(database);
  if (count > 0) {
    workMetrics.items.inc({ queue: queue.name }, count);
    workMetrics.batch.observe({ queue: queue.name }, (performance.now() - startedAt) / 1000);
  }
  return count;
}

async function fail(
  { database, logger }: WorkContext,
  { ledgerId, queue, itemId, error }: { ledgerId: string; queue: WorkQueue; itemId: string; error: unknown },
): Promise<number> {
  const isBusy = error instanceof RefusalError && sqlStateOf(error.cause) === sqlState.lockNotAvailable;
  const attempts = await noteFailure(database, { ledgerId, queue: queue.name, itemId }, error, isBusy);
  if (!isBusy) workMetrics.failures.inc({ queue: queue.name });
  const about = { err: error, queue: queue.name, ledgerId, itemId, attempts };
  if (isBusy || attempts < maxAttempts) logger.warn(about, 'an item of work failed and is tried again later');
  else logger.error(about, 'an item of work failed for the last time, and waits to be requeued');
  return 1;
}

/** A session that was ended because its transaction did nothing for too long is the work's own fault. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof RefusalError) || sqlStateOf(error.cause) === sqlState.idleInTransaction) return false;
  return ['database_unavailable', 'clock_unreliable', 'outcome_unknown'].includes(error.refusal.code);
}
