import { explain, explained, needed } from '../accounts/explain.ts';
import type { Refusal } from '../errors/refusal.ts';
import type { BookedTransaction } from '../ledger/booked-transaction.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { Decision, DecisionState, OperationKind } from '../ledger/operation.ts';
import type { MovementResult } from '../movements/book-legs.ts';
import { createTransfer, createWithdrawal } from '../movements/create-movement.ts';
import { decideMovement } from '../movements/decide-movement.ts';
import type { Movement } from '../movements/movement.ts';
import { release } from '../movements/reserve.ts';
import { refuseRight } from '../ownership/authorise.ts';
import { mandateOf } from '../ownership/find-mandates.ts';
import { rightFor } from '../ownership/mandate.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { type PaymentOrderEffect, writePaymentOrderEffects } from '../payment-orders/finish-payment-order.ts';
import {
  instructionOf,
  type PaymentOrder,
  type PaymentOrderDocument,
  presentPaymentOrder,
} from '../payment-orders/payment-order.ts';
import { bandOf, readOrder } from '../payment-orders/payment-order-queries.ts';
import { addSignature, type Signature } from '../signatures/authorisations.ts';
import {
  loadOrders,
  type OrderFacts,
  openOrderOf,
  type PaymentOrderCommand,
  refuseFinishedOrder,
} from './load-orders.ts';

export interface SignPaymentOrderCommand extends PaymentOrderCommand, Signature {
  readonly partyId: string;
  readonly ledgerId: string;
  /** The id that the transaction will have if this signature is the last one needed. */
  readonly transactionId: string;
}

export type SignedPaymentOrder = PaymentOrderDocument & { transaction?: MovementResult };

/**
 * A signer approves or rejects exactly the instruction whose hash it sends. The signature that completes the mandate
 * (the version the order was made under, with those who may sign now) books the movement in the same transaction. A
 * rejection never does, and ends the order once it can't be completed any more without those who rejected it. Each
 * signer counts once; the same decision again changes nothing, but what was signed may be enough by now.
 */
export const signPaymentOrder: OperationKind<
  SignPaymentOrderCommand,
  OrderFacts,
  PaymentOrderEffect,
  SignedPaymentOrder
> = {
  accountIds: ({ accountId, toAccountId }) => (toAccountId === null ? [accountId] : [accountId, toAccountId]),
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadOrders,
  decide: decideSignature,
  write: writePaymentOrderEffects,
};

function decideSignature(
  command: SignPaymentOrderCommand,
  state: DecisionState<OrderFacts>,
): Decision<PaymentOrderEffect, SignedPaymentOrder> {
  const { loaded, now } = state;
  const { partyId, decision } = command;
  const found = openOrderOf(command, state);
  if ('refusal' in found) return found;
  const { order, account } = found;
  const ownership = loaded.ownership.get(account.id)!;
  const refused =
    refuseUnknownParty(loaded.partyIds, partyId, 'by') ??
    refuseRight(account.id, ownership, command, rightFor(order.type)) ??
    refuseFinishedOrder(order);
  if (refused !== undefined) return { refusal: refused };
  const before = loaded.authorisations.get(order.id) ?? [];
  const signed = addSignature(instructionOf(order), command, { before, holders: ownership.holders, now });
  if ('refusal' in signed) return signed;
  const { authorisation, all: authorisations } = signed;
  const reading = readOrder(order, authorisations, { mandates: loaded.mandates, ownership });
  const answer = (ended: PaymentOrder) => presentPaymentOrder(ended, reading, authorisations);
  // The signatures can be enough since a holder left; money still moves only on a party's approval.
  if (reading.isComplete && decision === 'approve') return book();
  if (!reading.isReachable) {
    const rejected: PaymentOrder = { ...order, status: 'rejected', finishedAt: now };
    const changedAccounts = [release(account, order)];
    const result = answer(rejected);
    return {
      ...{ result, changedAccounts, effect: { order: rejected, authorisation } },
      events: [{ type: 'payment_order.rejected', accountId: account.id, subjectId: order.id, data: result }],
    };
  }
  const changed: LockedAccount = { ...account, revision: account.revision + 1 };
  const result = answer(order);
  const news = { type: 'payment_order.signed' as const, accountId: account.id, subjectId: order.id, data: result };
  const events = authorisation === null ? [] : [news];
  return { result, changedAccounts: [changed], events, effect: { order, authorisation } };

  function book(): Decision<PaymentOrderEffect, SignedPaymentOrder> {
    const accounts = new Map(state.accounts).set(account.id, release(account, order));
    const authority = { origin: { type: 'payment_order', id: order.id } as const, signedBy: reading.signedBy };
    const movement = { ...movementOf(order, command), authority };
    const facts = {
      partyIds: new Set([order.initiatedBy!]),
      ownership: loaded.ownership,
      reservations: loaded.reservations,
    };
    const booked = decideMovement(movement, { accounts, loaded: facts, now, dryRun: state.dryRun });
    if ('refusal' in booked) return { refusal: explainRefusal(booked.refusal, account, order, reading, loaded) };
    const transactions: readonly BookedTransaction[] = booked.transactions;
    const { signedBy } = reading;
    const ended: PaymentOrder = {
      ...order,
      ...{ status: 'booked', transactionId: movement.id, finishedAt: now, signedBy },
    };
    const document = answer(ended);
    return {
      result: { ...document, transaction: booked.result },
      changedAccounts: booked.changedAccounts,
      transactions,
      events: [{ type: 'payment_order.booked', accountId: account.id, subjectId: order.id, data: document }],
      effect: { order: ended, authorisation },
    };
  }
}

/** The refusal of the movement, with what is reserved on the account and which signatures the order has and needs. */
function explainRefusal(
  refused: Refusal,
  account: LockedAccount,
  order: PaymentOrder,
  reading: SignatureReading,
  { mandates, reservations }: OrderFacts,
): Refusal {
  const mandate = mandateOf(mandates, order);
  const signatures = needed(mandate.version, bandOf(order, mandate), reading);
  return explained(refused, explain(account, reservations, refused.code, signatures));
}

/** The movement that an order asks for. */
function movementOf(order: PaymentOrder, { ledgerId, transactionId }: SignPaymentOrderCommand): Movement {
  const { amount, valueDate, initiatedBy, authentication, description, reference, metadata, externalId } = order;
  const details = { amount, valueDate, initiatedBy, authentication, description, reference, metadata, externalId };
  const movement =
    order.toAccountId === null
      ? createWithdrawal(ledgerId, order.accountId, details)
      : createTransfer(order.accountId, order.toAccountId, details);
  return { ...movement, id: transactionId };
}
