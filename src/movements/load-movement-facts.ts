import type { LedgerTransaction } from '../database/ledger-transaction.ts';
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
  const partyIds = movements.flatMap((movement) => movement.initiatedBy ?? []);
  const legs = movements.flatMap((movement) => movement.legs.map((leg) => ({ movement, ...leg })));
  const heldAccountIds = legs.flatMap(({ movement, accountId, amount }) =>
    movement.initiatedBy === null || rightToMove(movement.type, amount) === undefined ? [] : accountId,
  );
  const paying = new Set(legs.flatMap(({ accountId, amount }) => (amount.isNegative() ? accountId : [])));
  const [existing, ownership, reservations] = await Promise.all([
    findExistingPartyIds(transaction, partyIds),
    loadOwnership(transaction, heldAccountIds, partyIds),
    loadReservations(
      transaction,
      [...paying].flatMap((accountId) => accounts.get(accountId) ?? []),
    ),
  ]);
  return { partyIds: existing, ownership, reservations };
}
