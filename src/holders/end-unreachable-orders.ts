import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { Ownership } from '../ownership/load-ownership.ts';
import { type PaymentOrder, presentPaymentOrder } from '../payment-orders/payment-order.ts';
import { readOrder } from '../payment-orders/payment-order-queries.ts';
import type { ManagementFacts } from './load-management.ts';

/**
 * The waiting payment orders of an account that those who hold it from now on can't complete, as they end: rejected.
 * One that is complete without the former holder is not paid here, because money moves only on a party's act: the next
 * signature books it, also that of one who signed before. Pure.
 */
export function endUnreachableOrders(
  accountId: string,
  ownership: Ownership,
  { orders, authorisations, mandates }: ManagementFacts,
  now: Date,
): PaymentOrder[] {
  return orders
    .filter((order) => order.accountId === accountId && order.expiresAt > now)
    .filter((order) => !readOrder(order, authorisations.get(order.id) ?? [], { mandates, ownership }).isReachable)
    .map((order) => ({ ...order, status: 'rejected', finishedAt: now }));
}

/** The events of orders that ended so. */
export function rejectedOrderEvents(
  ended: readonly PaymentOrder[],
  ownership: Ownership,
  { authorisations, mandates }: Pick<ManagementFacts, 'authorisations' | 'mandates'>,
): LedgerEvent[] {
  return ended.map((order) => {
    const given = authorisations.get(order.id) ?? [];
    const reading = readOrder(order, given, { mandates, ownership });
    const data = presentPaymentOrder(order, reading, given);
    return { type: 'payment_order.rejected', accountId: order.accountId, subjectId: order.id, data };
  });
}
