import type { FilledBook } from './filled-book.ts';

/** What a run claims to have done. */
export interface RunClaim {
  /** The ids of the transactions that were acknowledged, 36 ASCII characters each; null where a run tells no ids. */
  readonly transactionIds: Uint8Array | null;
  readonly acknowledged: number;
  /** Movements that may or may not have happened, because their answers never came. */
  readonly unacknowledged: number;
}

const idLength = 36;
const idsAtOnce = 20_000;

/** How many transactions the book has. Taken before a run, for `checkRun` after it. */
export async function countTransactions({ database, ledgerId }: FilledBook): Promise<number> {
  const { rows } = await database.raw('select count(*) from transactions where ledger_id = ?', [ledgerId]);
  return rows[0].count;
}

/**
 * Compares what a run claims with the book: money neither came from nothing nor went away, every acknowledged
 * transaction is there exactly once and with its two entries, every account was told of each of its entries, every
 * standing order was executed once, and nothing happened that nobody asked for. Answers a sentence for each thing that
 * is wrong.
 */
export async function checkRun(book: FilledBook, countBefore: number, claim: RunClaim): Promise<string[]> {
  return [
    ...(await checkMoney(book)),
    ...(await checkCount(book, countBefore, claim)),
    ...(await checkTold(book)),
    ...(await checkOrders(book)),
    ...(claim.transactionIds === null ? [] : await checkIds(book, claim.transactionIds)),
  ];
}

/** Customers' balances and the clearing account's entries cancel out in every currency. */
async function checkMoney({ database, ledgerId }: FilledBook): Promise<string[]> {
  const { rows } = await database.raw(
    `with owned as (
       select currency, sum(balance) as total from accounts
       where ledger_id = :ledgerId and balance is not null group by currency),
     cleared as (
       select a.currency, sum(e.amount) as total
       from entries e join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
       where e.ledger_id = :ledgerId and e.version is null group by a.currency)
     select currency, coalesce(owned.total, 0) + coalesce(cleared.total, 0) as difference
     from owned full join cleared using (currency)
     where coalesce(owned.total, 0) + coalesce(cleared.total, 0) <> 0`,
    { ledgerId },
  );
  return rows.map(
    (row: { currency: string; difference: string }) => `money was not conserved: ${row.difference} ${row.currency}`,
  );
}

async function checkCount(book: FilledBook, countBefore: number, claim: RunClaim): Promise<string[]> {
  const booked = (await countTransactions(book)) - countBefore;
  const { acknowledged, unacknowledged } = claim;
  if (booked >= acknowledged && booked <= acknowledged + unacknowledged) return [];
  return [
    `${booked} transactions were booked, ${acknowledged} were acknowledged and ${unacknowledged} may have been booked`,
  ];
}

/** That there are as many events as this counts, each of another entry, is for `verifyBooks` to find. */
async function checkTold({ database, ledgerId }: FilledBook): Promise<string[]> {
  const { rows } = await database.raw(
    'select count(*) from accounts where ledger_id = ? and event_count < version having count(*) > 0',
    [ledgerId],
  );
  return rows.map(({ count }: { count: number }) => `${count} accounts have fewer events than entries`);
}

/** Each order of a book had one occurrence due, so it has one run and one transaction. */
async function checkOrders({ database, ledgerId }: FilledBook): Promise<string[]> {
  const { rows } = await database.raw(
    `select count(*) from (
       select o.id from standing_orders o
       left join standing_order_runs r on r.ledger_id = o.ledger_id and r.standing_order_id = o.id
       left join transactions t on t.ledger_id = r.ledger_id and t.origin = 'standing_order' and t.origin_id = r.id
       where o.ledger_id = ? group by o.id having count(r.id) <> 1 or count(t.id) <> 1) as wrong
     having count(*) > 0`,
    [ledgerId],
  );
  return rows.map(({ count }: { count: number }) => `${count} standing orders were not executed exactly once`);
}

async function checkIds(book: FilledBook, transactionIds: Uint8Array): Promise<string[]> {
  const text = Buffer.from(transactionIds).toString('latin1');
  const ids: string[] = [];
  for (let start = 0; start < text.length; start += idLength) ids.push(text.slice(start, start + idLength));
  const twice = ids.length - new Set(ids).size;
  let complete = 0;
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    const { rows } = await book.database.raw(
      `select count(*) from (
         select t.id from transactions t join entries e on e.ledger_id = t.ledger_id and e.transaction_id = t.id
         where t.ledger_id = ? and t.id = any(?::uuid[])
         group by t.id having count(*) = 2 and sum(e.amount) = 0) as found`,
      [book.ledgerId, ids.slice(start, start + idsAtOnce)],
    );
    complete += rows[0].count;
  }
  const missing = ids.length - complete;
  return [
    ...(twice > 0 ? [`${twice} acknowledged transactions have the id of another one`] : []),
    ...(missing > 0 ? [`${missing} acknowledged transactions are not in the books with their two entries`] : []),
  ];
}
