import type { OperationKind } from '../ledger/operation.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import { decideMovement, type KnownParties, type Movement } from './decide-movement.ts';
import type { TransactionDocument } from './present-transaction.ts';

/** How deposits, withdrawals and transfers take part in a group; they differ only in the legs they are made of. */
export const postMovement: OperationKind<Movement, KnownParties, never, TransactionDocument> = {
  accountIds: (movement) => movement.legs.map((leg) => leg.accountId),
  load: async (transaction, movements) => {
    const named = movements.flatMap((movement) => movement.initiatedBy ?? []);
    return { partyIds: await findExistingPartyIds(transaction, named) };
  },
  decide: decideMovement,
};
