import { explain } from '../accounts/explain.ts';
import { refusePassed } from '../errors/invalid-input.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import { defaultSigningMs, findMissingSignatures, refuseUnsigned } from '../movements/ask-for-signatures.ts';
import { checkMovement } from '../movements/decide-movement.ts';
import { loadMovementFacts } from '../movements/load-movement-facts.ts';
import type { Movement, MovementFacts } from '../movements/movement.ts';
import { accountIdsOf } from '../movements/post-movement.ts';
import { reserve } from '../movements/reserve.ts';
import { type Hold, type HoldDocument, presentHold } from './hold.ts';
import { insertHolds } from './write-holds.ts';

export interface CreateHoldCommand {
  /** The withdrawal or the transfer for which money is reserved; the hold has its id. */
  readonly movement: Movement;
  /** Null for the usual time. */
  readonly expiresAt: Date | null;
}

/**
 * Reserves money for a withdrawal or a transfer that is checked now and booked later, in as many parts as it is
 * captured in. Missing signatures are not waited for: that is what payment orders are for.
 */
export const createHold: OperationKind<CreateHoldCommand, MovementFacts, Hold, HoldDocument> = {
  accountIds: ({ movement }) => accountIdsOf(movement),
  // So that a refusal names every hold that the money is in, those of the same moment too.
  ownedAccountIds: ({ movement }) => accountIdsOf(movement).slice(0, 1),
  load: (transaction, commands, accounts) =>
    loadMovementFacts(
      transaction,
      commands.map(({ movement }) => movement),
      accounts,
    ),

  decide({ movement, expiresAt }, { accounts, loaded, now, dryRun }) {
    const checked = checkMovement(movement, { accounts, loaded });
    if ('refusal' in checked) return checked;
    const missing = findMissingSignatures(movement, checked.legs);
    if (missing !== undefined) return { refusal: refuseUnsigned(missing) };
    const passed = refusePassed('expiresAt', expiresAt, now);
    if (passed !== undefined) return { refusal: passed };
    const { account } = checked.legs[0]!;
    const hold = openHold(movement, { now, expiresAt: expiresAt ?? new Date(now.getTime() + defaultSigningMs) });
    const result = presentHold(hold);
    return {
      result: dryRun ? { ...result, explanation: explain(account, loaded.reservations, 'reserved') } : result,
      changedAccounts: [reserve(account, hold)],
      events: [{ type: 'hold.placed', accountId: account.id, subjectId: hold.id, data: result }],
      effect: hold,
    };
  },

  write: insertHolds,
};

function openHold(movement: Movement, { now, expiresAt }: { now: Date; expiresAt: Date }): Hold {
  const amount = movement.amount!;
  const { id, initiatedBy, authentication, description, reference, metadata } = movement;
  return {
    id,
    kind: 'hold',
    accountId: movement.legs[0]!.accountId,
    toAccountId: movement.legs[1]?.accountId ?? null,
    status: 'active',
    amount,
    remaining: amount,
    captured: Money.zero(amount.currency),
    ...{ initiatedBy, authentication, description, reference, metadata },
    createdAt: now,
    expiresAt,
    finishedAt: null,
  };
}
