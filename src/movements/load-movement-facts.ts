import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { LockedAccounts } from '../ledger/operation.ts';
import { loadOwnership, type OwnershipByAccount } from '../ownership/load-ownership.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import { loadReservations, type Reservations } from './explain.ts';
import { type Movement, rightToMove } from './movement.ts';

/** What movements look at beyond the account rows. */
export interface MovementFacts {
  /** Which of the parties that they name exist. */
  readonly partyIds: ReadonlySet<string>;
  /** Of the accounts on which a party needs a right. */
  readonly ownership: OwnershipByAccount;
  /** Of the accounts that money goes out of. */
  readonly reservations: Reservations;
}

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
