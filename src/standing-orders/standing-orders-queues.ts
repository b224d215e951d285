import { hash } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { bookGroup } from '../ledger/book-group.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation, type Operation } from '../ledger/operation.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import { expireStandingOrder } from './expire-standing-order.ts';
import { runStandingOrder } from './run-standing-order.ts';
import type { StandingOrder } from './standing-order.ts';
import { findStandingOrders, standingOrderRows } from './standing-order-queries.ts';

/**
 * Standing orders that are due: claimed, booked and moved on in one transaction (docs/adr/0018), all of a batch
 * together. One of which several occurrences are due stays due, and is claimed again for the next of them.
 */
export const standingOrdersQueue: WorkQueue = {
  name: 'standing-orders',
  ...standingOrderRows,
  isDue: "item.status = 'active' and item.next_attempt_at <= now()",
  dueSince: 'item.next_attempt_at',
  batchSize: 100,
  lanes: 2,
  isUrgent: true,
  work: (transaction, orderIds) =>
    carryOut(transaction, orderIds, (order) =>
      createOperation(runStandingOrder, { order, transactionId: createId() }, termsOf(transaction, order)),
    ),
};

/** Standing orders that were not signed in time. */
export const standingOrderSignaturesQueue: WorkQueue = {
  name: 'standing-order-signatures',
  ...standingOrderRows,
  isDue: "item.status = 'waiting' and item.expires_at <= now()",
  dueSince: 'item.expires_at',
  batchSize: 100,
  lanes: 1,
  isUrgent: false,
  work: (transaction, orderIds) =>
    carryOut(transaction, orderIds, (order) =>
      createOperation(expireStandingOrder, { order }, termsOf(transaction, order)),
    ),
};

async function carryOut(
  transaction: LedgerTransaction,
  orderIds: readonly string[],
  operationFor: (order: StandingOrder) => Operation<null>,
): Promise<undefined> {
  const orders = await findStandingOrders(transaction, orderIds);
  const claimed = orderIds.flatMap((orderId) => orders.get(orderId) ?? []);
  await bookGroup(transaction, claimed.map(operationFor), 'lock');
  return undefined;
}

/**
 * A key of its own each time somebody looks at an order, because one look may find that it is not due after all: the
 * clock was set back, or the rules of its time zone have changed. No caller's key has a space in it
 * (`http/operation-terms.ts`).
 */
function termsOf({ ledgerId }: LedgerTransaction, { id }: StandingOrder) {
  const idempotencyKey = `standing-order ${id} ${createId()}`;
  return { ledgerId, idempotencyKey, requestHash: hash('sha256', idempotencyKey, 'buffer'), dryRun: false };
}
