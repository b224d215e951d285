import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { Database } from '../database/create-database.ts';
import {
  type LedgerSource,
  type LedgerTransaction,
  openLedger,
  readLedgerClock,
  runLedgerTransaction,
} from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { notFound } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { instantText } from '../ledger/document-fields.ts';
import { lastVersion } from '../ledger/last-version.ts';
import { awaitBookings, awaitFreeBookings } from '../ledger/lock-accounts.ts';
import { asBalance, type BalanceRow, balanceDocument } from './balance-queries.ts';

/** With the instant that it is of; earlier than the one asked for where that has not passed yet. */
export const balanceAtDocument = balanceDocument.extend({ at: instantText }).meta({ id: 'BalanceAt' });

export type BalanceAtDocument = z.output<typeof balanceAtDocument>;

/** How long is waited for what is being booked. */
const patienceMs = 2_000;
const limits = { lockTimeoutMs: patienceMs, statementTimeoutMs: 10_000, idleTimeoutMs: 10_000 };

/**
 * The balances of accounts as they were booked at one instant, which never change once they were answered: what is
 * dated earlier and still being committed is waited for, and what is booked afterwards is dated later.
 *
 * Throws RefusalError: `account_not_found`, or `ledger_busy` when what is being booked takes longer than two seconds.
 */
export async function getBalancesAt(
  database: Database,
  ledgerId: string,
  accountIds: readonly string[],
  asked: Date,
): Promise<BalanceAtDocument[]> {
  const settled = await readBalances({ knex: database, ledgerId }, accountIds, asked, ifSettled);
  const missing = accountIds.find((accountId) => !settled.has(accountId));
  if (missing !== undefined) throw notFound('account', missing);
  if ([...settled.values()].every(({ booked }) => booked !== null)) return present(accountIds, settled, asked);
  const hasClearing = [...settled.values()].some(({ held }) => held === null);
  const at = await awaitInstant(database, ledgerId, { accountIds, hasClearing }, asked);
  return present(accountIds, await readBalances({ knex: database, ledgerId }, accountIds, at, bookedUpTo), at);
}

type ReadRow = Omit<BalanceRow, 'booked'> & { booked: string | null };

async function readBalances(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
  at: Date,
  booked: string,
): Promise<ReadonlyMap<string, ReadRow>> {
  const statement = knex.raw(balancesAt(booked), { ledgerId, accountIds: [...accountIds], at });
  const { rows } = await statement.options(prepared(knex, `read-balances-at ${booked === ifSettled}`));
  return new Map(rows.map((row: ReadRow) => [row.id, row]));
}

function present(accountIds: readonly string[], rows: ReadonlyMap<string, ReadRow>, at: Date): BalanceAtDocument[] {
  return accountIds.map((accountId) => ({
    ...asBalance(rows.get(accountId) as BalanceRow),
    at: at.toISOString(),
  }));
}

/**
 * Waits until nothing is being booked on these accounts that could be dated up to an instant. Answers that instant, or
 * the last one before now where it has not passed yet. Throws RefusalError `ledger_busy`.
 */
export async function awaitInstant(
  database: Database,
  ledgerId: string,
  { accountIds, hasClearing }: { accountIds: readonly string[]; hasClearing: boolean },
  asked: Date,
): Promise<Date> {
  const inLedger = <Result>(work: (transaction: LedgerTransaction, clock: Date) => Promise<Result>) =>
    runLedgerTransaction(database, ledgerId, limits, async (transaction) =>
      work(transaction, await openLedger(transaction)),
    );
  const { clock, busy } = await inLedger(async (transaction, now) => {
    await untilPassed(now, asked);
    if (hasClearing) return { clock: await awaitTransactions(transaction), busy: [] };
    return awaitFreeBookings(transaction, accountIds);
  });
  const clocks = [clock];
  // One after another, each in a transaction of its own: nobody waits for an account while others are kept locked.
  for (const accountId of busy) clocks.push(await inLedger((transaction) => awaitBookings(transaction, accountId)));
  // Booking times are in milliseconds: one that is not over may still get a booking.
  const passed = Math.min(...clocks.map((time) => time.getTime() - 1));
  return new Date(Math.min(asked.getTime(), passed));
}

/** A caller that asks for what was booked a moment ago gets the whole millisecond. */
const shortWaitMs = 5;

async function untilPassed(clock: Date, at: Date): Promise<void> {
  const ms = at.getTime() + 1 - clock.getTime();
  if (ms > 0 && ms <= shortWaitMs) await sleep(ms);
}

/** How often is looked whether those are done that are waited for. */
const pauseMs = 20;

/**
 * Entries of a clearing account come without a lock on it, so whatever is being written in the database cluster is
 * waited for: all that has a lower transaction id than this transaction gets. What gets its id later has its booking
 * time later than the clock that was read before. Answers that clock.
 */
async function awaitTransactions(transaction: LedgerTransaction): Promise<Date> {
  const deadline = performance.now() + patienceMs;
  const now = await readLedgerClock(transaction);
  await askNode(transaction, 'pg_current_xact_id()');
  while (!(await askNode(transaction, 'pg_snapshot_xmin(pg_current_snapshot()) >= pg_current_xact_id()'))) {
    if (performance.now() > deadline) throw stillBooking();
    await sleep(pauseMs);
  }
  return now!;
}

/** What this expression is on the node that has the ledger. */
async function askNode({ knex, ledgerId }: LedgerTransaction, expression: string): Promise<unknown> {
  const { rows } = await knex.raw(`select ${expression} as answer from ledgers where id = ?`, [ledgerId]);
  return rows[0].answer;
}

function stillBooking(): RefusalError {
  const detail = 'Something that may be of that time is still being booked. Try again in a moment.';
  return new RefusalError('ledger_busy', detail, { retryAfterSeconds: 1 });
}

const balancesAt = (booked: string) => `
  select a.id, a.currency, a.ownership, a.overdraft_limit, a.held * 0 as held, ${booked} as booked
  from accounts a where a.ledger_id = :ledgerId and a.id = any(:accountIds::uuid[])`;

const balanceOfVersion = `
  coalesce((select e.balance_after from entries e
            where e.ledger_id = :ledgerId and e.account_id = a.id
              and e.version = ${lastVersion('<=', ':at::timestamptz')}), 0)`;

/** Booking times never go back along versions: where a later one is booked, nothing can come before it any more. */
const ifSettled = `case when a.last_booked_at > :at then ${balanceOfVersion} end`;

/** Nothing of a clearing account has a version. */
const bookedUpTo = `
  case when a.version is null
    then (select coalesce(sum(e.amount), 0) from entries e
          where e.ledger_id = :ledgerId and e.account_id = a.id and e.version is null and e.booked_at <= :at)
    else ${balanceOfVersion}
  end`;
