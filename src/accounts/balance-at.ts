import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { Database } from '../database/create-database.ts';
import {
  type LedgerTransaction,
  openLedger,
  readLedgerClock,
  runLedgerTransaction,
} from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { instantText } from '../ledger/document-fields.ts';
import { lastVersion } from '../ledger/last-version.ts';
import { awaitBookings } from '../ledger/lock-accounts.ts';
import { asBalance, type BalanceRow, balanceDocument, getBalances } from './balance-queries.ts';

/** With the instant that it is of; earlier than the one asked for where that has not passed yet. */
export const balanceAtDocument = balanceDocument.extend({ at: instantText }).meta({ id: 'BalanceAt' });

export type BalanceAtDocument = z.output<typeof balanceAtDocument>;

/** How long is waited for what is being booked. */
const patienceMs = 2_000;
const limits = { lockTimeoutMs: patienceMs, statementTimeoutMs: 10_000, idleTimeoutMs: 10_000 };

/**
 * The balance of an account as it was booked at an instant, which never changes once it was answered: what is dated
 * earlier and still being committed is waited for, and what is booked afterwards is dated later.
 *
 * Throws RefusalError: `account_not_found`, or `ledger_busy` when what is being booked takes longer than two seconds.
 */
export async function getBalanceAt(
  database: Database,
  ledgerId: string,
  accountId: string,
  asked: Date,
): Promise<BalanceAtDocument> {
  const [now] = await getBalances({ knex: database, ledgerId }, [accountId]);
  if (now === undefined) throw notFound('account', accountId);
  const isClearing = now.held === null;
  const row = await runLedgerTransaction(database, ledgerId, limits, async (transaction) => {
    await untilPassed(await openLedger(transaction), asked);
    const clock = isClearing ? await awaitTransactions(transaction) : await awaitBookings(transaction, accountId);
    // Booking times are in milliseconds: one that is not over may still get a booking.
    const at = new Date(Math.min(asked.getTime(), clock.getTime() - 1));
    const query = isClearing ? clearingBalanceAt : storedBalanceAt;
    const { rows } = await transaction.knex.raw(query, { ledgerId, accountId, at });
    return { ...(rows[0] as BalanceRow), at };
  });
  return { ...asBalance(row), at: row.at.toISOString() };
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

const storedBalanceAt = `
  select a.id, a.currency, a.ownership, a.overdraft_limit,
         coalesce(latest.balance_after, 0) as booked, 0::numeric as held
  from accounts a
  left join entries latest on latest.ledger_id = :ledgerId and latest.account_id = a.id
                          and latest.version = ${lastVersion('<=', 'at')}
  where a.ledger_id = :ledgerId and a.id = :accountId`;

const clearingBalanceAt = `
  select a.id, a.currency, a.ownership, a.overdraft_limit, a.held,
         (select coalesce(sum(e.amount), 0) from entries e
          where e.ledger_id = :ledgerId and e.account_id = a.id and e.version is null
            and e.booked_at <= :at) as booked
  from accounts a where a.ledger_id = :ledgerId and a.id = :accountId`;
