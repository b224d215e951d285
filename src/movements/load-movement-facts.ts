import { loadReservations } from '../accounts/explain.ts';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { LockedAccounts } from '../ledger/operation.ts';
import { loadOwnership } from '../ownership/load-ownership.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import { findTakenExternalIds } from './external-ids.ts';
import { type Movement, type MovementFacts, type NewMovementFacts, rightToMove } from './movement.ts';

/** Reads what these movements look at; three queries at most, sent together, and none for most. */
export async function loadMovementFacts(
  transaction: LedgerTransaction,
  movements: readonly Movement[],
  accounts: LockedAccounts,
): Promise<MovementFacts> {
  const partyIds: string[] = [];
  const heldAccountIds: string[] = [];
  const paying = new Set<LockedAccount>();
  for (const { initiatedBy, type, legs } of movements) {
    if (initiatedBy !== null) partyIds.push(initiatedBy);
    for (const { accountId, amount } of legs) {
      if (initiatedBy !== null && rightToMove(type, amount) !== undefined) heldAccountIds.push(accountId);
      const account = amount.isNegative() ? accounts.get(accountId) : undefined;
      if (account !== undefined) paying.add(account);
    }
  }
  const [existing, ownership, reservations] = await Promise.all([
    findExistingPartyIds(transaction, partyIds),
    loadOwnership(transaction, heldAccountIds, partyIds),
    loadReservations(transaction, [...paying]),
  ]);
  return { partyIds: existing, ownership, reservations };
}

/** The same for movements that come from callers, with a query more where one has an external id. */
export async function loadNewMovements(
  transaction: LedgerTransaction,
  movements: readonly Movement[],
  accounts: LockedAccounts,
): Promise<NewMovementFacts> {
  const [facts, takenExternalIds] = await Promise.all([
    loadMovementFacts(transaction, movements, accounts),
    findTakenExternalIds(transaction, movements),
  ]);
  return { ...facts, takenExternalIds };
}
