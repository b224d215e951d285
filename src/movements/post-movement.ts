import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import { decideMovement, type KnownParties, type Movement } from './decide-movement.ts';
import type { TransactionDocument } from './present-transaction.ts';

/** How a movement takes part in a group; movements differ only in the legs they are made of. */
export const postMovement: OperationKind<Movement, KnownParties, never, TransactionDocument> = {
  accountIds: accountIdsOf,
  load: loadParties,
  decide(movement, state) {
    const decided = decideMovement(movement, state);
    if ('refusal' in decided) return decided;
    const { result, changedAccounts, transaction } = decided;
    return { result, changedAccounts, transactions: [transaction] };
  },
};

/** The accounts that a movement locks. */
export function accountIdsOf(movement: Movement): string[] {
  return movement.legs.map((leg) => leg.accountId);
}

/** Which of the parties that these movements name exist. */
export async function loadParties(
  transaction: LedgerTransaction,
  movements: readonly Movement[],
): Promise<KnownParties> {
  const named = movements.flatMap((movement) => movement.initiatedBy ?? []);
  return { partyIds: await findExistingPartyIds(transaction, named) };
}
