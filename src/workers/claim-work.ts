import type { Knex } from 'knex';
import { beginWithLimits, type LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { type LockMode, lockRefusal } from '../ledger/lock-accounts.ts';
import type { WorkQueue } from './work-queue.ts';

/**
 * Locks items that are due, soonest first, and answers their ids: at most a batch, none that another session has
 * locked, and none that failed and has to wait. Never waits itself, so that any number of workers take different items
 * at the same time (PostgreSQL manual, SELECT, "The Locking Clause": SKIP LOCKED is made for queues). The transaction
 * begins with this; its end is the end of the claim.
 *
 * @param only The one item to claim, if it is still due; any when left out.
 *
 * @example
 * const ids = await claimWork(transaction, queue);
 * if (ids.length > 0) await queue.work(transaction, ids);
 */
export async function claimWork(transaction: LedgerTransaction, queue: WorkQueue, only?: string): Promise<string[]> {
  const { knex, ledgerId } = transaction;
  await beginWithLimits(transaction);
  const query = dueItems(knex, queue)
    .select({ id: `item.${queue.idColumn}` })
    .where('item.ledger_id', ledgerId)
    .orderByRaw(queue.dueSince)
    .limit(queue.batchSize)
    .forUpdate('item')
    .skipLocked();
  if (only !== undefined) query.where(`item.${queue.idColumn}`, only);
  return (await query).map(({ id }: { id: string }) => id);
}

/**
 * SQL: whether the item of this queue that a row (`item`) names in a column failed and has to wait, or was given up.
 */
export function isSetAside(queue: string, row: string, idColumn: string): string {
  return `exists (select 1 from failed_work f
                  where f.ledger_id = ${row}.ledger_id and f.queue = '${queue}' and f.item_id = ${row}.${idColumn}::text
                    and (f.retry_at is null or f.retry_at > now()))`;
}

/**
 * Locks rows of a queue's table for a caller who is about to change them, in the order of their ids, waiting for the
 * worker that has claimed one, unless `mode` says `noWait`. Workers lock accounts after their items, so a caller that
 * locks both takes these first. Throws RefusalError as `lockAccounts` does.
 */
export async function lockClaimable(
  { knex, ledgerId }: LedgerTransaction,
  { table, idColumn }: Pick<WorkQueue, 'table' | 'idColumn'>,
  ids: readonly string[],
  mode: LockMode = 'lock',
): Promise<void> {
  const query = knex(table)
    .select(idColumn)
    .where('ledger_id', ledgerId)
    .whereIn(idColumn, [...new Set(ids)])
    .orderBy(idColumn)
    .forUpdate();
  if (mode === 'noWait') query.noWait();
  try {
    await query;
  } catch (error) {
    throw sqlStateOf(error) === sqlState.lockNotAvailable ? lockRefusal(mode, error) : error;
  }
}

/**
 * The ledgers that have work, in no particular order, so that workers do not all begin with the same one. The one
 * statement of a queue that names no ledger: it looks each of them up in the queue's index, and locks nothing.
 */
export async function findLedgersWithWork(knex: Knex, queue: WorkQueue): Promise<string[]> {
  return knex('ledgers as l')
    .whereExists(dueItems(knex, queue).select(knex.raw('1')).whereRaw('item.ledger_id = l.id'))
    .orderByRaw('random()')
    .options(prepared(knex, `ledgers-with-${queue.name}`))
    .pluck('l.id');
}

export interface QueueState {
  readonly due: number;
  /** For how long the oldest item has been due, in seconds; zero when none is. */
  readonly oldestSeconds: number;
}

/** More than this of a ledger are not counted: the reader of the figure knows enough. */
const maxCounted = 100_000;

/**
 * How much of a queue waits. Items that a worker has claimed at this moment count, because their work is not committed.
 * Looks each ledger up in the queue's index, because all that is not due yet would be read otherwise.
 */
export async function readQueueState(knex: Knex, queue: WorkQueue): Promise<QueueState> {
  const due = dueItems(knex, queue)
    .select(knex.raw(`${queue.dueSince} as due_since`))
    .whereRaw('item.ledger_id = l.id')
    .orderByRaw(queue.dueSince)
    .limit(maxCounted);
  const [row] = await knex('ledgers as l')
    .crossJoin(knex.raw('lateral ? as due', [due]))
    .select(knex.raw('count(*) as due, coalesce(extract(epoch from now() - min(due_since)), 0)::float8 as oldest'));
  return { due: row.due, oldestSeconds: row.oldest };
}

function dueItems(knex: Knex, queue: WorkQueue): Knex.QueryBuilder {
  return knex(`${queue.table} as item`).whereRaw(
    `(${queue.isDue}) and not ${isSetAside(queue.name, 'item', queue.idColumn)}`,
  );
}
