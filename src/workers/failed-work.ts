import type { Knex } from 'knex';
import { z } from 'zod';
import { behind, type Order } from '../database/bounded-scan.ts';
import { readLedgerClock } from '../database/ledger-transaction.ts';
import { onOneServer } from '../database/server-kind.ts';
import { count, instantText } from '../ledger/document-fields.ts';
import { backoffMs } from './backoff.ts';

/** An item that could not be worked on, as operators see it. */
export const failedWorkDocument = z
  .strictObject({
    queue: z.string(),
    itemId: z.string(),
    attempts: count,
    /** Null: it failed so often that it is not tried again before it is requeued. */
    retryAt: instantText.nullable(),
    error: z.string(),
    firstFailedAt: instantText,
    lastFailedAt: instantText,
  })
  .meta({ id: 'FailedWork' });

export type FailedWorkDocument = z.output<typeof failedWorkDocument>;

interface FailedWorkRow {
  queue: string;
  item_id: string;
  attempts: number;
  retry_at: Date | null;
  error: string;
  first_failed_at: Date;
  last_failed_at: Date;
}

export interface ItemOfWork {
  readonly ledgerId: string;
  readonly queue: string;
  readonly itemId: string;
}

/** With these pauses the last of twelve tries comes about an hour after the first. */
const pauses = { firstMs: 2_000, maxMs: 1_800_000 };
export const maxAttempts = 12;
const maxErrorLength = 500;

/**
 * Notes that an item failed, and until when (by the database's clock) nobody shall try it again: longer each time, and
 * after the last try until an operator asks for it (`retry_at` null). That what it needs was locked by another session
 * (`isBusy`) says nothing about the item: such a try is noted and does not count. Answers how often it has failed.
 */
export async function noteFailure(
  knex: Knex,
  { ledgerId, queue, itemId }: ItemOfWork,
  error: unknown,
  isBusy = false,
): Promise<number> {
  const item = { ledger_id: ledgerId, queue, item_id: itemId };
  const before = await knex<FailedWorkRow>('failed_work').where(item).first('attempts');
  const failed = before?.attempts ?? 0;
  const attempts = isBusy ? Math.max(failed, 1) : failed + 1;
  const isLast = !isBusy && attempts >= maxAttempts;
  const now = await readLedgerClock({ knex, ledgerId });
  if (now === undefined) throw new Error(`there is no ledger ${ledgerId}`);
  const failure = {
    attempts,
    retry_at: isLast ? null : new Date(now.getTime() + backoffMs(isBusy ? 1 : attempts, pauses)),
    error: `${error instanceof Error ? error.message : error}`.replaceAll('\0', '').slice(0, maxErrorLength),
    last_failed_at: now,
  };
  await knex('failed_work')
    .insert({ ...item, ...failure, first_failed_at: now })
    .onConflict(['ledger_id', 'queue', 'item_id'])
    .merge(failure);
  return attempts;
}

/** Forgets that these items failed: they have been worked on, or an operator wants them to be tried at once. */
export async function forgetFailures(
  knex: Knex,
  { ledgerId, queue, itemIds }: { ledgerId: string; queue: string; itemIds: readonly string[] },
): Promise<number> {
  return knex('failed_work')
    .where({ ledger_id: ledgerId, queue })
    .whereIn('item_id', [...itemIds])
    .delete();
}

interface PageOfFailedWork {
  readonly ledgerId: string;
  readonly after: readonly [queue: string, itemId: string] | null;
  readonly limit: number;
  readonly order: Order;
}

/** A page of what failed, in the order of queues and items. */
export async function listFailedWork(
  knex: Knex,
  { ledgerId, after, limit, order }: PageOfFailedWork,
): Promise<FailedWorkDocument[]> {
  const query = knex<FailedWorkRow>('failed_work')
    .where('ledger_id', ledgerId)
    .orderBy([
      { column: 'queue', order },
      { column: 'item_id', order },
    ])
    .limit(limit);
  if (after !== null) query.whereRaw(`(queue, item_id) ${behind[order]} (?, ?)`, [...after]);
  return (await query).map((row) => ({
    queue: row.queue,
    itemId: row.item_id,
    attempts: row.attempts,
    retryAt: row.retry_at?.toISOString() ?? null,
    error: row.error,
    firstFailedAt: row.first_failed_at.toISOString(),
    lastFailedAt: row.last_failed_at.toISOString(),
  }));
}

/** How many items of each queue wait for an operator to requeue them, in all ledgers; for a single server only. */
export async function countGivenUp(knex: Knex): Promise<Map<string, number>> {
  return countByQueue(knex('failed_work').comment(onOneServer));
}

/** The same in one ledger. */
export async function countGivenUpIn(knex: Knex, ledgerId: string): Promise<Map<string, number>> {
  return countByQueue(knex('failed_work').where('ledger_id', ledgerId));
}

async function countByQueue(failed: Knex.QueryBuilder): Promise<Map<string, number>> {
  const rows: Array<{ queue: string; items: number }> = await failed
    .whereNull('retry_at')
    .groupBy('queue')
    .select('queue')
    .count('* as items');
  return new Map(rows.map(({ queue, items }) => [queue, items]));
}
