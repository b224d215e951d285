import type { LedgerSource } from '../database/ledger-transaction.ts';
import { Money } from '../money/money.ts';
import { type Moved, Tally } from './tally.ts';

/** Versions of an account, both ends included; none where the last is before the first. */
export interface VersionRange {
  readonly accountId: string;
  readonly currency: string;
  readonly fromVersion: number;
  readonly toVersion: number;
}

/** What the entries of a range come to. */
export interface Counted extends VersionRange {
  readonly tally: Tally;
}

interface CountedRow {
  account_id: string;
  /** Whether everybody who may read the account may know who initiated it. */
  is_told: boolean;
  party_id: string | null;
  credit_count: number;
  credit_sum: string;
  debit_count: number;
  debit_sum: string;
}

/** One statement reads so many entries: a part of a second. */
const countedAtOnce = 50_000;

/** Counts the entries of a range, part by part, so that any number of them takes no statement long. */
export async function countEntries(source: LedgerSource, range: VersionRange): Promise<Counted> {
  let { tally } = none(range);
  for (let first = range.fromVersion; first <= range.toVersion; first += countedAtOnce) {
    const last = Math.min(range.toVersion, first + countedAtOnce - 1);
    const part = { ...range, fromVersion: first, toVersion: last, tally };
    [{ tally }] = (await countMore(source, [part])) as [Counted];
  }
  return { ...range, tally };
}

/** Nothing counted of a range yet. */
export function none(range: VersionRange): Counted {
  return { ...range, toVersion: range.fromVersion - 1, tally: Tally.empty(range.currency) };
}

/** Adds the entries of each range to its tally. One statement, none where the ranges are empty. */
export async function countMore({ knex, ledgerId }: LedgerSource, ranges: readonly Counted[]): Promise<Counted[]> {
  const wanted = ranges.filter(({ fromVersion, toVersion }) => fromVersion <= toVersion);
  if (wanted.length === 0) return [...ranges];
  const { rows } = await knex.raw(countByInitiator, {
    ledgerId,
    accountIds: wanted.map(({ accountId }) => accountId),
    firsts: wanted.map(({ fromVersion }) => fromVersion),
    lasts: wanted.map(({ toVersion }) => toVersion),
  });
  return ranges.map((range) => {
    const own = (rows as CountedRow[]).filter(({ account_id }) => account_id === range.accountId);
    const tally = own.reduce(
      (sum, row) => sum.plus(row.is_told ? row.party_id : undefined, movedOf(row, range.currency)),
      range.tally,
    );
    return { ...range, tally };
  });
}

function movedOf(row: CountedRow, currency: string): Moved {
  const money = (numeric: string) => Money.fromDatabase(numeric, currency);
  return {
    credits: { count: row.credit_count, sum: money(row.credit_sum) },
    debits: { count: row.debit_count, sum: money(row.debit_sum) },
  };
}

/** Who initiated what came from another account is for the payer to know (`present-movement.ts`). */
const countByInitiator = `
  select r.account_id, c.*
  from unnest(:accountIds::uuid[], :firsts::bigint[], :lasts::bigint[]) as r (account_id, first, last)
  cross join lateral (
    select e.amount < 0 or t.type = 'deposit' as is_told,
           case when e.amount < 0 or t.type = 'deposit' then t.initiated_by end as party_id,
           count(*) filter (where e.amount > 0) as credit_count,
           coalesce(sum(e.amount) filter (where e.amount > 0), 0) as credit_sum,
           count(*) filter (where e.amount < 0) as debit_count,
           coalesce(-sum(e.amount) filter (where e.amount < 0), 0) as debit_sum
    from entries e
    join transactions t on t.ledger_id = :ledgerId and t.id = e.transaction_id
    where e.ledger_id = :ledgerId and e.account_id = r.account_id and e.version between r.first and r.last
    group by 1, 2) c`;
