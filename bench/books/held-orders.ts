import { setTimeout as sleep } from 'node:timers/promises';
import { Temporal } from 'temporal-polyfill';
import { runLedgerTransaction } from '../../src/database/ledger-transaction.ts';
import { createId } from '../../src/ledger/create-id.ts';
import { Money } from '../../src/money/money.ts';
import { activate, type StandingOrder } from '../../src/standing-orders/standing-order.ts';
import { insertStandingOrders } from '../../src/standing-orders/write-standing-orders.ts';
import { hintChannel } from '../../src/workers/wake-up.ts';
import { accountId } from './account-id.ts';
import type { FilledBook } from './filled-book.ts';

const ordersAtOnce = 1_000;
const limits = { lockTimeoutMs: 5_000, statementTimeoutMs: 60_000, idleTimeoutMs: 60_000 };
const dayMs = 24 * 3_600_000;
const lookEveryMs = 10;
/** Many times what the slowest needs: in all, and for each order. */
const patience = { firstMs: 60_000, eachMs: 50 };

/**
 * Writes active standing orders of 1.00 a month that are due, but that nobody looks at before they are released;
 * answers their ids. Each has two accounts of the book to itself, as far as there are enough.
 */
export async function writeHeldOrders({ database, ledgerId, size }: FilledBook, count: number): Promise<string[]> {
  const pattern = createPattern();
  const orders = Array.from({ length: count }, (_, index): StandingOrder => {
    const payer = 1 + 2 * (index % Math.floor(size.accounts / 2));
    return { ...pattern, id: createId(), accountId: accountId(payer), toAccountId: accountId(payer + 1) };
  });
  for (let start = 0; start < count; start += ordersAtOnce) {
    const effects = orders
      .slice(start, start + ordersAtOnce)
      .map((order) => ({ order, authorisation: null, runs: [] }));
    await runLedgerTransaction(database, ledgerId, limits, (transaction) => insertStandingOrders(transaction, effects));
  }
  await database.raw('vacuum analyze standing_orders');
  return orders.map(({ id }) => id);
}

/** An order that was made a day ago, and became due this minute. */
function createPattern(): StandingOrder {
  const timeZone = 'Europe/Vienna';
  const due = Temporal.Now.zonedDateTimeISO(timeZone).round({ smallestUnit: 'minute', roundingMode: 'floor' });
  const createdAt = new Date(due.epochMilliseconds - dayMs);
  const startsAt = due.toPlainDateTime().toString({ smallestUnit: 'second' });
  const made: StandingOrder = {
    ...{ id: '', accountId: '', toAccountId: '', currency: 'USD' },
    ...{ initiatedBy: null, authentication: null, description: 'Rent', reference: null, metadata: null },
    rule: { type: 'fixed', amount: Money.parse('1.00', 'USD') },
    schedule: { startsAt, timeZone, recurrence: 'FREQ=MONTHLY', weekends: 'keep' },
    ...{ catchUp: 'all', retries: { times: 3, everyMinutes: 240 } },
    ...{ status: 'waiting', mandateVersion: 1, signedAs: { version: 2, hash: null }, signedBy: [] },
    ...{ handledUntil: null, next: null, nextAttemptAt: null, attempts: 0 },
    ...{ createdAt, expiresAt: null, finishedAt: null },
  };
  return { ...activate(made, createdAt), nextAttemptAt: new Date(due.epochMilliseconds + 365 * dayMs) };
}

/**
 * Releases these orders at one instant, at which all workers hear of it, and waits until none of them is due any more.
 * Answers how many milliseconds that took. Throws when it takes too long.
 */
export async function timeOrders({ database, ledgerId }: FilledBook, orderIds: readonly string[]): Promise<number> {
  await database.raw(
    `with released as (
       update standing_orders set next_attempt_at = next_due_at where ledger_id = ? and id = any(?::uuid[]) returning id)
     select pg_notify(?, ''), count(*) from released`,
    [ledgerId, [...orderIds], hintChannel],
  );
  const startedAt = performance.now();
  const patienceMs = patience.firstMs + patience.eachMs * orderIds.length;
  for (;;) {
    const due = database('standing_orders').where({ ledger_id: ledgerId, status: 'active' });
    const first = await due.whereRaw('next_attempt_at <= now()').first('id');
    const tookMs = performance.now() - startedAt;
    if (first === undefined) return tookMs;
    if (tookMs > patienceMs) throw new Error('the workers do not get on with the standing orders');
    await sleep(lookEveryMs);
  }
}
