import { loadReservations, type Reservations } from '../accounts/explain.ts';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { LockedAccounts } from '../ledger/operation.ts';
import { findMandates, type MandateVersions } from '../ownership/find-mandates.ts';
import { loadOwnership, type OwnershipByAccount } from '../ownership/load-ownership.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import type { PaymentOrder } from '../payment-orders/payment-order.ts';
import { asOf, findPaymentOrders } from '../payment-orders/payment-order-queries.ts';
import { type AuthorisationsBySubject, findAuthorisations } from '../signatures/authorisations.ts';

/** What is asked of a payment order, whatever it is. */
export interface PaymentOrderCommand {
  readonly orderId: string;
  /** The account that pays, and the one that is paid; null for a withdrawal. */
  readonly accountId: string;
  readonly toAccountId: string | null;
  /** Who acts; null for the calling service. */
  readonly partyId: string | null;
  readonly authentication: Authentication | null;
}

export interface OrderFacts {
  readonly orders: ReadonlyMap<string, PaymentOrder>;
  readonly authorisations: AuthorisationsBySubject;
  readonly mandates: MandateVersions;
  readonly ownership: OwnershipByAccount;
  readonly partyIds: ReadonlySet<string>;
  readonly reservations: Reservations;
}

/** Reads payment orders with their signatures and all that decides about these; the account rows must be locked. */
export async function loadOrders(
  transaction: LedgerTransaction,
  commands: readonly PaymentOrderCommand[],
  accounts: LockedAccounts,
): Promise<OrderFacts> {
  const orderIds = commands.map((command) => command.orderId);
  const accountIds = commands.map((command) => command.accountId);
  const [orders, authorisations, ownership, partyIds, reservations] = await Promise.all([
    findPaymentOrders(transaction, orderIds),
    findAuthorisations(transaction, orderIds),
    loadOwnership(transaction, accountIds, []),
    findExistingPartyIds(
      transaction,
      commands.flatMap((command) => command.partyId ?? []),
    ),
    loadReservations(
      transaction,
      accountIds.flatMap((accountId) => accounts.get(accountId) ?? []),
    ),
  ]);
  const mandates = await findMandates(transaction, [...orders.values()]);
  return { orders, authorisations, mandates, ownership, partyIds, reservations };
}

/** The order as it stands at this moment, with the locked account that pays; or why there is none to work on. */
export function openOrderOf(
  command: PaymentOrderCommand,
  { accounts, loaded, now }: { accounts: LockedAccounts; loaded: OrderFacts; now: Date },
): { order: PaymentOrder; account: LockedAccount } | { refusal: Refusal } {
  const found = loaded.orders.get(command.orderId);
  const account = accounts.get(command.accountId);
  if (found === undefined || account === undefined) {
    return {
      refusal: noSuch('payment_order', command.orderId),
    };
  }
  return { order: asOf(found, now), account };
}

export function refuseFinishedOrder(order: PaymentOrder): Refusal | undefined {
  if (order.status === 'waiting') return undefined;
  const { id, status, transactionId } = order;
  return refusal('payment_order_not_pending', `Payment order ${id} is ${status} already.`, {
    state: status,
    transactionId,
  });
}
