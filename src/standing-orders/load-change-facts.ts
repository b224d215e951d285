import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Decision } from '../ledger/operation.ts';
import { findMandates, type MandateVersions } from '../ownership/find-mandates.ts';
import { loadOwnership, type OwnershipByAccount } from '../ownership/load-ownership.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import { type AuthorisationsBySubject, findAuthorisations } from '../signatures/authorisations.ts';
import { findRetriedRuns } from './run-queries.ts';
import { presentSigned, type SignedStandingOrderDocument, type StandingOrder } from './standing-order.ts';
import { findStandingOrders, readStandingOrder } from './standing-order-queries.ts';
import type { StandingOrderRun } from './standing-order-run.ts';
import type { StandingOrderEffect } from './write-standing-orders.ts';

export interface ChangeFacts {
  readonly orders: ReadonlyMap<string, StandingOrder>;
  readonly authorisations: AuthorisationsBySubject;
  readonly mandates: MandateVersions;
  readonly ownership: OwnershipByAccount;
  readonly partyIds: ReadonlySet<string>;
  /** The runs that are being tried again, by order. */
  readonly retried: ReadonlyMap<string, StandingOrderRun>;
}

export type ChangeDecision = Decision<StandingOrderEffect, SignedStandingOrderDocument>;

/** Reads standing orders with all that decides about them. The rows of orders and accounts must be locked. */
export async function loadChangeFacts(
  transaction: LedgerTransaction,
  commands: readonly { readonly orderId: string; readonly accountId: string; readonly by: string | null }[],
): Promise<ChangeFacts> {
  const orderIds = commands.map(({ orderId }) => orderId);
  const accountIds = commands.map(({ accountId }) => accountId);
  const acting = commands.flatMap(({ by }) => by ?? []);
  const [orders, authorisations, ownership, partyIds] = await Promise.all([
    findStandingOrders(transaction, orderIds),
    findAuthorisations(transaction, orderIds),
    loadOwnership(transaction, accountIds, []),
    findExistingPartyIds(transaction, acting),
  ]);
  const [mandates, retried] = await Promise.all([
    findMandates(transaction, [...orders.values()]),
    findRetriedRuns(transaction, [...orders.values()]),
  ]);
  return { orders, authorisations, mandates, ownership, partyIds, retried };
}

/** An order as callers see it, with what was read of its signatures. */
export function describeChanged(
  order: StandingOrder,
  { authorisations, mandates, ownership }: ChangeFacts,
): SignedStandingOrderDocument {
  const given = authorisations.get(order.id) ?? [];
  const reading = readStandingOrder(order, given, { mandates, ownership: ownership.get(order.accountId)! });
  return presentSigned(order, reading, given);
}

export function notOpen({ id, status }: StandingOrder): Refusal {
  return refusal('standing_order_not_open', `Standing order ${id} is ${status}.`, { state: status });
}
