import type { Database } from '../database/create-database.ts';
import { type LedgerTransaction, openLedger, runLedgerTransaction } from '../database/ledger-transaction.ts';
import { KnownLedgers } from './known-ledgers.ts';
import { lockAccounts } from './lock-accounts.ts';

/** SQL: whether a booking lies further ahead of the clock than bookings may. */
export const liesAhead = (bookedAt: string, now = 'clock_timestamp()') => `${bookedAt} > ${now} + interval '2 seconds'`;

const limits = { lockTimeoutMs: 30_000, statementTimeoutMs: 600_000, idleTimeoutMs: 600_000 };

interface AheadEntry {
  transaction_id: string;
  account_id: string;
  version: number;
  /** When its transaction was asked for, by the clock of the service: its id says so. */
  asked_at: Date;
  /** Of the latest entry of the account that is not ahead of the clock. */
  floor: Date | null;
}

/**
 * Gives what was booked ahead of the clock the time at which it was asked for, after a clock that ran ahead was set
 * right: no later than now, and never earlier than the booking before it on each of its accounts. Value dates that
 * followed from the wrong time follow from the right one. What was there before is kept in `booking_time_corrections`.
 *
 * Locks the accounts concerned. Answers how many transactions were corrected, by ledger.
 */
export async function correctTimes(database: Database): Promise<ReadonlyMap<string, number>> {
  const corrected = new Map<string, number>();
  for (const ledgerId of await new KnownLedgers(database).read()) {
    const count = await runLedgerTransaction(database, ledgerId, limits, correctLedger);
    if (count > 0) corrected.set(ledgerId, count);
  }
  return corrected;
}

async function correctLedger(transaction: LedgerTransaction): Promise<number> {
  const { knex, ledgerId } = transaction;
  await openLedger(transaction);
  const accountIds: string[] = await knex('accounts')
    .where('ledger_id', ledgerId)
    .whereRaw(liesAhead('last_booked_at'))
    .orderBy('id')
    .pluck('id');
  if (accountIds.length === 0) return 0;
  const { now } = await lockAccounts(transaction, accountIds, 'lock');
  const { rows } = await knex.raw(findAhead, { ledgerId, accountIds });
  const times = timesOf(rows as AheadEntry[], now!);
  if (times.size === 0) return 0;
  await knex.raw("select set_config('joint_ledger.correcting_times', 'on', true) from ledgers where id = ?", [
    ledgerId,
  ]);
  const ids = [...times.keys()];
  await knex.raw(noteTimes, { ledgerId, ids, now: now! });
  await knex.raw(writeTimes, {
    ledgerId,
    accountIds,
    now: now!,
    ids,
    times: [...times.values()].map((time) => time.toISOString()),
  });
  return times.size;
}

/**
 * The right time of each transaction: when it was asked for, but no later than now, and not before what comes before it
 * on any of its accounts. A transaction has its time once all those before it have theirs. Pure.
 *
 * @param entries What lies ahead, in the order of the versions of each account.
 */
export function timesOf(entries: readonly AheadEntry[], now: Date): ReadonlyMap<string, Date> {
  const times = new Map<string, Date>();
  const byTransaction = groupBy(entries, (entry) => entry.transaction_id);
  const queues = groupBy(entries, (entry) => entry.account_id);
  const latest = new Map(entries.map((entry) => [entry.account_id, entry.floor]));
  const heads = [...queues.keys()];
  for (let accountId = heads.pop(); accountId !== undefined; accountId = heads.pop()) {
    const entry = queues.get(accountId)![0];
    if (entry === undefined) continue;
    const sides = byTransaction.get(entry.transaction_id)!;
    // On another of its accounts something comes before it: it is looked at again when that is done.
    if (sides.some((side) => queues.get(side.account_id)![0] !== side)) continue;
    const floors = sides.map((side) => latest.get(side.account_id)?.getTime() ?? 0);
    const time = new Date(Math.max(Math.min(entry.asked_at.getTime(), now.getTime()), ...floors));
    times.set(entry.transaction_id, time);
    for (const { account_id } of sides) {
      latest.set(account_id, time);
      queues.get(account_id)!.shift();
      heads.push(account_id);
    }
  }
  return times;
}

function groupBy(entries: readonly AheadEntry[], keyOf: (entry: AheadEntry) => string): Map<string, AheadEntry[]> {
  const groups = new Map<string, AheadEntry[]>();
  for (const entry of entries) {
    const group = groups.get(keyOf(entry));
    if (group === undefined) groups.set(keyOf(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}

/** The first 48 bits of a UUID version 7 are milliseconds (RFC 9562, section 5.7). */
const findAhead = `
  select e.transaction_id, e.account_id, e.version,
         to_timestamp(('x' || lpad(left(replace(e.transaction_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
                      / 1000.0) as asked_at,
         (select max(b.booked_at) from entries b
          where b.ledger_id = :ledgerId and b.account_id = e.account_id and not ${liesAhead('b.booked_at')}) as floor
  from entries e
  where e.ledger_id = :ledgerId and e.account_id = any(:accountIds::uuid[]) and e.version is not null
    and ${liesAhead('e.booked_at')}
  order by e.account_id, e.version`;

const noteTimes = `
  insert into booking_time_corrections (ledger_id, transaction_id, booked_at_before, value_date_before, corrected_at)
  select t.ledger_id, t.id, t.booked_at, t.value_date, :now
  from transactions t where t.ledger_id = :ledgerId and t.id = any(:ids::uuid[])`;

const writeTimes = `
  with corrected as (
    select t.id, t.booked_at as before, c.booked_at as after
    from unnest(:ids::uuid[], :times::timestamptz[]) as c (id, booked_at)
    join transactions t on t.ledger_id = :ledgerId and t.id = c.id),
  new_transactions as (
    update transactions t
    set booked_at = c.after,
        value_date = case when t.value_date = c.before::date then c.after::date else t.value_date end
    from corrected c where t.ledger_id = :ledgerId and t.id = c.id),
  new_entries as (
    update entries e set booked_at = c.after
    from corrected c where e.ledger_id = :ledgerId and e.transaction_id = c.id),
  new_metadata as (
    update transaction_metadata m set booked_at = c.after
    from corrected c where m.ledger_id = :ledgerId and m.transaction_id = c.id and m.booked_at = c.before)
  update accounts a
  set last_booked_at = greatest(
    (select max(c.after) from entries e join corrected c on c.id = e.transaction_id
     where e.ledger_id = :ledgerId and e.account_id = a.id),
    (select max(e.booked_at) from entries e
     where e.ledger_id = :ledgerId and e.account_id = a.id and not ${liesAhead('e.booked_at', ':now::timestamptz')}))
  where a.ledger_id = :ledgerId and a.id = any(:accountIds::uuid[])`;
