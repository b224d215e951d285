import type { Knex } from 'knex';
import { RefusalError } from '../errors/refusal.ts';
import { availableBalance, type Ownership } from '../ledger/locked-account.ts';
import { accountNotFound } from '../ledger/refuse-account.ts';
import { Money } from '../money/money.ts';
import { bookedBalance, currentlyHeld } from './account-queries.ts';

/** What an account has at one moment. A clearing account has only a booked balance. */
export interface BalanceDocument {
  accountId: string;
  currency: string;
  booked: string;
  held: string | null;
  available: string | null;
}

interface BalanceRow {
  id: string;
  currency: string;
  ownership: Ownership;
  booked: string;
  held: string | null;
  overdraft_limit: string | null;
}

/**
 * The balances of several accounts in one snapshot: one statement sees every transaction whole or not at all
 * (PostgreSQL manual, chapter 13.2.1). Throws RefusalError `account_not_found` naming the first id that is not there.
 */
export async function getBalances(
  database: Knex,
  ledgerId: string,
  accountIds: readonly string[],
): Promise<BalanceDocument[]> {
  const rows = await database('accounts as a')
    .select<BalanceRow[]>(
      'a.id',
      'a.currency',
      'a.ownership',
      database.raw(`${currentlyHeld} as held`),
      'a.overdraft_limit',
      database.raw(`${bookedBalance} as booked`),
    )
    .where('a.ledger_id', ledgerId)
    .whereRaw('a.id = any(?::uuid[])', [[...accountIds]]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return accountIds.map((accountId) => {
    const row = byId.get(accountId);
    if (row === undefined) throw accountNotFound(accountId);
    return asBalance(row);
  });
}

/**
 * The balance of an account as it was booked at an instant. Versions have no gaps and booking times never go back
 * along them, so the last entry of that time is found by halving the range of versions: a handful of index look-ups
 * even for millions of entries, and no index on the time to keep while posting.
 */
export async function getBalanceAt(
  database: Knex,
  ledgerId: string,
  accountId: string,
  at: Date,
): Promise<BalanceDocument> {
  const [now] = await getBalances(database, ledgerId, [accountId]);
  if (now === undefined) throw accountNotFound(accountId);
  const clearing = now.held === null;
  const { rows } = await database.raw(clearing ? clearingBalanceAt : storedBalanceAt, { ledgerId, accountId, at });
  const [row] = rows as BalanceRow[];
  if (row === undefined) throw new RefusalError('internal_error', `The balance of ${accountId} could not be found.`);
  return asBalance(row);
}

const storedBalanceAt = `
  with recursive account as (
    select * from accounts where ledger_id = :ledgerId and id = :accountId),
  search (low, high) as (
    select 0::bigint, version from account
    union all
    select case when middle.booked_at <= :at then middle.version else low end,
           case when middle.booked_at <= :at then high else middle.version - 1 end
    from search
    join entries middle on middle.ledger_id = :ledgerId and middle.account_id = :accountId
                       and middle.version = (low + high + 1) / 2
    where low < high)
  select account.id, account.currency, account.ownership, account.overdraft_limit,
         coalesce(latest.balance_after, 0) as booked, 0::numeric as held
  from account
  join search on low = high
  left join entries latest on latest.ledger_id = :ledgerId and latest.account_id = :accountId and latest.version = low`;

const clearingBalanceAt = `
  select a.id, a.currency, a.ownership, a.overdraft_limit, a.held,
         (select coalesce(sum(e.amount), 0) from entries e
          where e.ledger_id = a.ledger_id and e.account_id = a.id and e.version is null and e.booked_at <= :at) as booked
  from accounts a where a.ledger_id = :ledgerId and a.id = :accountId`;

function asBalance(row: BalanceRow): BalanceDocument {
  const money = (numeric: string) => Money.fromDatabase(numeric, row.currency);
  const balance = money(row.booked);
  const document = { accountId: row.id, currency: row.currency, booked: balance.toString() };
  if (row.held === null || row.overdraft_limit === null) return { ...document, held: null, available: null };
  const held = money(row.held);
  const available = availableBalance({ balance, held, overdraftLimit: money(row.overdraft_limit) });
  return { ...document, held: held.toString(), available: available.toString() };
}
