import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { bookWork } from '../ledger/book-group.ts';
import { createId } from '../ledger/create-id.ts';
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
  async work(transaction, orderIds) {
    const orders = await findClaimed(transaction, orderIds);
    const commands = orders.map((order) => ({ order, transactionId: createId() }));
    await bookWork(transaction, runStandingOrder, commands);
    return undefined;
  },
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
  async work(transaction, orderIds) {
    const orders = await findClaimed(transaction, orderIds);
    await bookWork(
      transaction,
      expireStandingOrder,
      orders.map((order) => ({ order })),
    );
    return undefined;
  },
};

async function findClaimed(transaction: LedgerTransaction, orderIds: readonly string[]): Promise<StandingOrder[]> {
  const orders = await findStandingOrders(transaction, orderIds);
  return orderIds.flatMap((orderId) => orders.get(orderId) ?? []);
}
