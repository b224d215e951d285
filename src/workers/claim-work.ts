import type { Knex } from 'knex';
import { type LedgerTransaction, openLedger } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { onOneServer } from '../database/server-kind.ts';
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
  await openLedger(transaction);
  const query = dueItems(knex, queue, ledgerId)
    .select({ id: `item.${queue.idColumn}` })
    .orderByRaw(queue.dueSince, { ledgerId })
    .limit(queue.batchSize)
    .forUpdate('item')
    .skipLocked();
  if (only !== undefined) query.where(`item.${queue.idColumn}`, only);
  return (await query).map(({ id }: { id: string }) => id);
}

/**
 * SQL: whether the item of this queue that a row (`item`) names in a column failed and has to wait, or was given up.
 * Names the ledger as a queue's own SQL does (`work-queue.ts`).
 */
export function isSetAside(queue: string, row: string, idColumn: string): string {
  return `exists (select 1 from failed_work f
                  where f.ledger_id = :ledgerId and f.queue = '${queue}' and f.item_id = ${row}.${idColumn}::text
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
 * The ledgers that have work, in no particular order, so that workers do not all begin with the same one. One question
 * for all of them, which locks nothing: it looks each of them up in the queue's index. For a single server only; where
 * ledgers live on several, each is asked by itself (`ledger-survey.ts`).
 */
export async function findLedgersWithWork(knex: Knex, queue: WorkQueue): Promise<string[]> {
  return knex('ledgers as l')
    .comment(onOneServer)
    .whereExists(hasWork(knex, queue, eachLedger(knex)))
    .orderByRaw('random()')
    .options(prepared(knex, `ledgers-with-${queue.name}`))
    .pluck('l.id');
}

/** Stands for the ledger in a statement that is made once and sent for many. */
const anyLedger = '00000000-0000-0000-0000-000000000000';

/** Makes what answers which of these queues have work in a ledger, by one statement of this name. */
export function lookForWork(
  knex: Knex,
  name: string,
  queues: readonly WorkQueue[],
): (ledgerId: string) => Promise<string[]> {
  const looks = queues.map((queue) => knex.raw('exists ? as ??', [hasWork(knex, queue, anyLedger), queue.name]));
  const { sql, bindings } = knex('ledgers').where('id', anyLedger).select(looks).toSQL();
  return async (ledgerId) => {
    const ofLedger = bindings.map((bound) => (bound === anyLedger ? ledgerId : bound));
    const { rows } = await knex.raw(sql, ofLedger).options(prepared(knex, name));
    return queues.map((queue) => queue.name).filter((queue) => rows[0]?.[queue]);
  };
}

export interface QueueState {
  readonly due: number;
  /** For how long the oldest item has been due, in seconds; zero when none is. */
  readonly oldestSeconds: number;
}

/** More than this of a ledger are not counted: the reader of the figure knows enough. */
const maxCounted = 100_000;

const measures = 'count(*) as due, coalesce(extract(epoch from now() - min(due_since)), 0)::float8 as oldest';

/**
 * How much of a queue waits. Items that a worker has claimed at this moment count, because their work is not committed.
 * Looks each ledger up in the queue's index, because all that is not due yet would be read otherwise. For a single
 * server only, as `findLedgersWithWork`.
 */
export async function readQueueState(knex: Knex, queue: WorkQueue): Promise<QueueState> {
  const [row] = await knex('ledgers as l')
    .comment(onOneServer)
    .crossJoin(knex.raw('lateral ? as due', [waiting(knex, queue, eachLedger(knex))]))
    .select(knex.raw(measures));
  return { due: row.due, oldestSeconds: row.oldest };
}

/** How much of a queue waits in this ledger. */
export async function readQueueStateOf(knex: Knex, queue: WorkQueue, ledgerId: string): Promise<QueueState> {
  const [row] = await knex.select(knex.raw(measures)).from(waiting(knex, queue, ledgerId).as('due'));
  return { due: row.due, oldestSeconds: row.oldest };
}

/** In a question about all ledgers: the one that is looked at, `l`. */
const eachLedger = (knex: Knex) => knex.raw('l.id');

/** Has a row where a queue has work in a ledger. */
function hasWork(knex: Knex, queue: WorkQueue, ledger: string | Knex.Raw): Knex.QueryBuilder {
  const due = queue.waiting === undefined ? dueItems(knex, queue, ledger) : waitingItems(knex, queue.waiting, ledger);
  return due.select(knex.raw('1'));
}

function waiting(knex: Knex, queue: WorkQueue, ledger: string | Knex.Raw): Knex.QueryBuilder {
  if (queue.waiting !== undefined) {
    return waitingItems(knex, queue.waiting, ledger).select('due_since').orderBy('due_since').limit(maxCounted);
  }
  return dueItems(knex, queue, ledger)
    .select(knex.raw(`${queue.dueSince} as due_since`, { ledgerId: ledger }))
    .orderByRaw(queue.dueSince, { ledgerId: ledger })
    .limit(maxCounted);
}

function waitingItems(knex: Knex, waiting: string, ledger: string | Knex.Raw): Knex.QueryBuilder {
  return knex.queryBuilder().from(knex.raw(`(${waiting}) as waiting`, { ledgerId: ledger }));
}

function dueItems(knex: Knex, queue: WorkQueue, ledger: string | Knex.Raw): Knex.QueryBuilder {
  const isSet = isSetAside(queue.name, 'item', queue.idColumn);
  return knex(`${queue.table} as item`).whereRaw(`item.ledger_id = :ledgerId and (${queue.isDue}) and not ${isSet}`, {
    ledgerId: ledger,
  });
}
