import { invalidInput } from '../errors/invalid-input.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import { release } from '../movements/reserve.ts';
import { findActiveHold, type HoldCommand, type HoldFacts, loadHoldFacts } from './act-on-hold.ts';
import { type Hold, type HoldDocument, presentHold } from './hold.ts';
import { updateHolds } from './write-holds.ts';

/** Releases all that a hold still reserves. What was captured stays booked. */
export const voidHold: OperationKind<HoldCommand, HoldFacts, Hold, HoldDocument> = {
  accountIds: ({ hold }) => [hold.accountId],
  ownedAccountIds: ({ hold }) => [hold.accountId],
  load: loadHoldFacts,
  decide(command, state) {
    const found = findActiveHold(command, state, { mayOwners: true });
    if ('refusal' in found) return found;
    const { hold, account, othersExpireAt } = found;
    const voided: Hold = {
      ...hold,
      status: 'voided',
      remaining: Money.zero(hold.amount.currency),
      finishedAt: state.now,
    };
    const result = presentHold(voided);
    return {
      result,
      changedAccounts: [release(account, { amount: hold.remaining, nextExpiry: othersExpireAt })],
      events: [{ type: 'hold.voided', accountId: account.id, subjectId: hold.id, data: result }],
      effect: voided,
    };
  },
  write: updateHolds,
};

export interface ExtendHoldCommand extends HoldCommand {
  readonly expiresAt: Date;
}

/** Keeps a hold for longer. Never for less, so that of two who extend it at once both have what they asked for. */
export const extendHold: OperationKind<ExtendHoldCommand, HoldFacts, Hold, HoldDocument> = {
  accountIds: ({ hold }) => [hold.accountId],
  ownedAccountIds: ({ hold }) => [hold.accountId],
  load: loadHoldFacts,
  decide(command, state) {
    const found = findActiveHold(command, state);
    if ('refusal' in found) return found;
    const { hold, account, othersExpireAt } = found;
    const { expiresAt } = command;
    if (expiresAt < hold.expiresAt) {
      const message = `must not be earlier than ${hold.expiresAt.toISOString()}, when the hold expires now`;
      return { refusal: invalidInput([{ path: 'expiresAt', message }]).refusal };
    }
    const extended: Hold = { ...hold, expiresAt };
    const nextExpiry = othersExpireAt !== null && othersExpireAt < expiresAt ? othersExpireAt : expiresAt;
    const result = presentHold(extended);
    const isLater = expiresAt > hold.expiresAt;
    return {
      result,
      changedAccounts: [{ ...account, nextExpiry, revision: account.revision + 1 }],
      events: isLater ? [{ type: 'hold.extended', accountId: account.id, subjectId: hold.id, data: result }] : [],
      effect: extended,
    };
  },
  write: updateHolds,
};
