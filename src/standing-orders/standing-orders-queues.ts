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
import { runIdOf } from './standing-order-run.ts';

/**
 * Standing orders that are due: claimed, booked and moved on in one transaction (docs/adr/0017), all of a batch
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
    carryOut(transaction, orderIds, (order) => {
      const transactionId = createId();
      const run = `${runIdOf(order.id, order.next!.at)} ${order.attempts + 1}`;
      return createOperation(runStandingOrder, { order, transactionId }, termsOf(transaction, `standing-order ${run}`));
    }),
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
      createOperation(expireStandingOrder, { order }, termsOf(transaction, `standing-order-expiry ${order.id}`)),
    ),
};

async function carryOut(
  transaction: LedgerTransaction,
  orderIds: readonly string[],
  operationFor: (order: StandingOrder) => Operation<null>,
): Promise<undefined> {
  const orders = await findStandingOrders(transaction, orderIds);
  const claimed = orderIds.flatMap((orderId) => orders.get(orderId) ?? []);
  const answers = await bookGroup(transaction, claimed.map(operationFor), 'lock');
  // Else it would be claimed again at once, and for ever.
  if (answers.some(({ replayed, outcome }) => replayed || 'refusal' in outcome)) {
    throw new Error('a standing order that is due was worked on before');
  }
  return undefined;
}

/** No caller's key has a space in it (`http/operation-terms.ts`). What is asked is all in the key. */
function termsOf({ ledgerId }: LedgerTransaction, idempotencyKey: string) {
  return { ledgerId, idempotencyKey, requestHash: hash('sha256', idempotencyKey, 'buffer'), dryRun: false };
}
