import type { OperationKind } from '../ledger/operation.ts';
import { release } from '../movements/reserve.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { type PaymentOrderEffect, writePaymentOrderEffects } from '../payment-orders/finish-payment-order.ts';
import { type PaymentOrder, type PaymentOrderDocument, presentPaymentOrder } from '../payment-orders/payment-order.ts';
import { readOrder } from '../payment-orders/payment-order-queries.ts';
import {
  loadOrders,
  type OrderFacts,
  openOrderOf,
  type PaymentOrderCommand,
  refuseFinishedOrder,
} from './load-orders.ts';

/**
 * Takes a payment order back and gives its money free. Its initiator may, a holder with the right `manage` may, and the
 * calling service.
 */
export const cancelPaymentOrder: OperationKind<
  PaymentOrderCommand,
  OrderFacts,
  PaymentOrderEffect,
  PaymentOrderDocument
> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadOrders,

  decide(command, state) {
    const { loaded, now } = state;
    const found = openOrderOf(command, state);
    if ('refusal' in found) return found;
    const { order, account } = found;
    const ownership = loaded.ownership.get(account.id)!;
    const { partyId, authentication } = command;
    const byOther = partyId !== null && partyId !== order.initiatedBy;
    const refused =
      refuseUnknownParty(loaded.partyIds, partyId, 'by') ??
      (byOther ? refuseActor(account.id, ownership, { by: partyId, authentication }, 'manage') : undefined) ??
      refuseFinishedOrder(order);
    if (refused !== undefined) return { refusal: refused };

    const cancelled: PaymentOrder = { ...order, status: 'cancelled', finishedAt: now };
    const given = loaded.authorisations.get(order.id) ?? [];
    const reading = readOrder(order, given, { mandates: loaded.mandates, ownership });
    const result = presentPaymentOrder(cancelled, reading, given);
    return {
      result,
      changedAccounts: [release(account, order)],
      events: [{ type: 'payment_order.cancelled', accountId: account.id, subjectId: order.id, data: result }],
      effect: { order: cancelled, authorisation: null },
    };
  },

  write: writePaymentOrderEffects,
};
