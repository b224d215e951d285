import { hash } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { KeyClaim } from '../ledger/operation.ts';
import { findOrderedExternalIds } from '../payment-orders/payment-order-queries.ts';
import type { ExternalIdHolder, Movement } from './movement.ts';
import { findBookedExternalIds } from './transaction-queries.ts';

/**
 * The keys to claim for the external ids of these movements: while one is claimed, no other operation looks whether its
 * external id is taken. They are released in the same transaction, because what is booked keeps the id by itself. The
 * space in them can stand in no caller's key.
 */
export function claimsOfExternalIds(movements: readonly Movement[]): KeyClaim[] {
  return externalIdsOf(movements).map((externalId) => ({
    idempotencyKey: `external id ${externalId}`,
    requestHash: hash('sha256', externalId, 'buffer'),
  }));
}

/** Which external ids of these movements others have: transactions, and payment orders, whatever became of them. */
export async function findTakenExternalIds(
  transaction: LedgerTransaction,
  movements: readonly Movement[],
): Promise<ReadonlyMap<string, ExternalIdHolder>> {
  const externalIds = externalIdsOf(movements);
  if (externalIds.length === 0) return new Map();
  const [booked, ordered] = await Promise.all([
    findBookedExternalIds(transaction, externalIds),
    findOrderedExternalIds(transaction, externalIds),
  ]);
  // Of an order that was booked the transaction is told.
  const taken = new Map<string, ExternalIdHolder>();
  for (const { externalId, id } of ordered) taken.set(externalId, { paymentOrderId: id });
  for (const { externalId, id } of booked) taken.set(externalId, { transactionId: id });
  return taken;
}

/** Refuses a movement whose external id is among those that are taken. */
export function refuseTaken(
  { externalId }: Movement,
  taken: ReadonlyMap<string, ExternalIdHolder>,
): Refusal | undefined {
  const holder = externalId == null ? undefined : taken.get(externalId);
  if (holder === undefined) return undefined;
  const detail = `A transaction or a payment order of this ledger has the external id ${externalId} already.`;
  return refusal('external_id_taken', detail, { externalId, ...holder });
}

function externalIdsOf(movements: readonly Movement[]): string[] {
  return [...new Set(movements.flatMap(({ externalId }) => externalId ?? []))];
}
