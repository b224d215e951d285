import type { OperationKind } from '../ledger/operation.ts';
import { type ChangeFacts, describeChanged, loadChangeFacts } from './load-change-facts.ts';
import { asOfNow, type StandingOrder } from './standing-order.ts';
import { standingOrderEvent } from './standing-order-events.ts';
import { type StandingOrderEffect, updateStandingOrders } from './write-standing-orders.ts';

export interface ExpireStandingOrderCommand {
  /** As it stands: a worker has its row locked. */
  readonly order: StandingOrder;
}

/**
 * Notes that the time to sign a standing order is over. The account is locked because the event stands in its sequence.
 */
export const expireStandingOrder: OperationKind<ExpireStandingOrderCommand, ChangeFacts, StandingOrderEffect, null> = {
  accountIds: ({ order }) => [order.accountId],
  load: (transaction, commands) =>
    loadChangeFacts(
      transaction,
      commands.map(({ order: { id, accountId } }) => ({ orderId: id, accountId, by: null })),
    ),
  decide({ order }, { loaded, now }) {
    const expired = asOfNow(order, now);
    if (expired === order) return { result: null };
    const events = [standingOrderEvent('standing_order.expired', expired, describeChanged(expired, loaded))];
    return { result: null, events, effect: { order: expired, authorisation: null, runs: [] } };
  },
  write: updateStandingOrders,
};
