import { z } from 'zod';
import type { Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import { amount, currencyCode, dayText, instantText, signedAmount, uuid } from '../ledger/document-fields.ts';
import { lastVersion } from '../ledger/last-version.ts';
import { Money } from '../money/money.ts';
import { awaitInstant } from './balance-at.ts';

export const seriesIntervals = ['day', 'week', 'month'] as const;

/** What became of a balance in one step: a day, a week from Monday on, a month; both of its days belong to it. */
const stepDocument = z
  .strictObject({
    from: dayText,
    to: dayText,
    opening: signedAmount,
    closing: signedAmount,
    lowest: signedAmount,
    in: amount,
    out: amount,
  })
  .meta({ id: 'BalanceStep' });

export const balanceSeriesDocument = z
  .strictObject({
    accountId: uuid,
    currency: currencyCode,
    timeZone: z.string(),
    interval: z.enum(seriesIntervals),
    /** Until when it is known; steps that begin later are left out. */
    at: instantText,
    data: z.array(stepDocument),
  })
  .meta({ id: 'BalanceSeries' });

export interface SeriesAsked {
  readonly from: string;
  readonly to: string;
  readonly interval: (typeof seriesIntervals)[number];
}

interface StepRow {
  first_day: string;
  last_day: string;
  opening: string;
  closing: string;
  lowest: string;
  came_in: string;
  went_out: string;
  entries: number;
}

/** So many entries are summed at most. */
export const maxSummed = 100_000;

/**
 * The balance of an account over the days from `from` to `to`, in steps that begin and end at midnight in the account's
 * time zone, the first and the last of them cut to these days. One statement: where each step begins is found by
 * versions, and all entries between are read once. What was answered of a time that has passed never changes.
 *
 * Throws RefusalError: `too_many_entries` where there are more than `maxSummed`, and `ledger_busy`.
 */
export async function getBalanceSeries(
  database: Database,
  ledgerId: string,
  account: { readonly id: string; readonly currency: string; readonly timeZone: string },
  { from, to, interval }: SeriesAsked,
): Promise<z.output<typeof balanceSeriesDocument>> {
  const { id: accountId, currency, timeZone } = account;
  const at = await awaitInstant(database, ledgerId, { accountIds: [accountId], hasClearing: false }, endOfTime);
  const { rows } = await database.raw(steps, {
    ...{ ledgerId, accountId, from, to, at, most: maxSummed },
    ...{ step: interval, length: `1 ${interval}` },
  });
  const found = rows as StepRow[];
  const [first] = found;
  if (first !== undefined && first.entries > maxSummed) {
    const many = `Account ${accountId} has ${first.entries} entries from ${from} to ${to}`;
    const detail = `${many}, at most ${maxSummed} are summed. Ask for fewer days.`;
    throw new RefusalError('too_many_entries', detail, { entries: first.entries, limit: maxSummed });
  }
  const money = (numeric: string) => Money.fromDatabase(numeric, currency).toString();
  const data = found.map((row) => ({
    from: row.first_day,
    to: row.last_day,
    opening: money(row.opening),
    closing: money(row.closing),
    lowest: money(row.lowest),
    in: money(row.came_in),
    out: money(row.went_out),
  }));
  return { accountId, currency, timeZone, interval, at: at.toISOString(), data };
}

/** Later than any clock says. */
const endOfTime = new Date('9999-01-01T00:00:00Z');

const balanceAfter = (version: string) => `
  coalesce((select e.balance_after from entries e
            where e.ledger_id = :ledgerId and e.account_id = :accountId and e.version = ${version}), 0)`;

const steps = `
  with steps as materialized (
    select s.first_day, s.last_day, ${lastVersion('<', 's.begins')} as before, ${lastVersion('<', 's.ends')} as until
    from accounts a
    cross join lateral (
      select d.first_day, d.last_day, d.first_day::timestamp at time zone a.time_zone as begins,
             least((d.last_day + 1)::timestamp at time zone a.time_zone, :at::timestamptz + interval '1 ms') as ends
      from (
        select greatest(g::date, :from::date) as first_day,
               least((g + :length::interval)::date - 1, :to::date) as last_day
        from generate_series(date_trunc(:step::text, :from::timestamp), :to::timestamp, :length::interval) g) d
      ) s
    where a.ledger_id = :ledgerId and a.id = :accountId and s.begins <= :at),
  total as (select max(until) - min(before) as entries from steps)
  select s.first_day, s.last_day, ${balanceAfter('s.before')} as opening, ${balanceAfter('s.until')} as closing,
         least(${balanceAfter('s.before')}, t.lowest) as lowest, t.came_in, t.went_out, total.entries
  from steps s
  cross join total
  cross join lateral (
    select min(e.balance_after) as lowest, coalesce(sum(e.amount) filter (where e.amount > 0), 0) as came_in,
           coalesce(-sum(e.amount) filter (where e.amount < 0), 0) as went_out
    from entries e
    where e.ledger_id = :ledgerId and e.account_id = :accountId and e.version > s.before and e.version <= s.until
      and total.entries <= :most) t
  order by s.first_day`;
