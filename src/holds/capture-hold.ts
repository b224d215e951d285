import { explain, explained, type Reservations } from '../accounts/explain.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { clearingAccountId } from '../ledger/clearing-account.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { DecisionState, OperationKind } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import type { MovementResult } from '../movements/book-legs.ts';
import { refuseCurrency } from '../movements/check-leg.ts';
import { decideMovement } from '../movements/decide-movement.ts';
import type { Movement } from '../movements/movement.ts';
import { release } from '../movements/reserve.ts';
import { type ActiveHold, findActiveHold, type HoldCommand, type HoldFacts, loadHoldFacts } from './act-on-hold.ts';
import { type Hold, type HoldDocument, presentHold } from './hold.ts';
import { updateHolds } from './write-holds.ts';

export interface CaptureHoldCommand extends HoldCommand {
  readonly ledgerId: string;
  /** The id that the transaction will have. */
  readonly transactionId: string;
  /** Null for all that remains. */
  readonly amount: Money | null;
  /** Whether the rest is released. */
  readonly final: boolean;
}

export interface CaptureResult {
  readonly hold: HoldDocument;
  readonly transaction: MovementResult;
}

/**
 * Books what a hold has reserved, all or a part of it. Rights, limits, the mandate and the money were looked at when
 * the hold was made; what stops the accounts now still stops it.
 */
export const captureHold: OperationKind<CaptureHoldCommand, HoldFacts, Hold, CaptureResult> = {
  accountIds: ({ hold: { accountId, toAccountId } }) => [accountId, ...(toAccountId === null ? [] : [toAccountId])],
  ownedAccountIds: ({ hold }) => [hold.accountId],
  load: loadHoldFacts,
  decide(command, state) {
    const found = findActiveHold(command, state);
    if ('refusal' in found) return found;
    const amount = command.amount ?? found.hold.remaining;
    const refused = refuseCurrency({ account: found.account, amount }) ?? refuseExcess(found.hold, amount);
    return refused === undefined ? bookCapture(command, found, amount, state) : { refusal: refused };
  },
  write: updateHolds,
};

function refuseExcess({ id, remaining }: Hold, amount: Money): Refusal | undefined {
  if (!remaining.minus(amount).isNegative()) return undefined;
  const detail = `Hold ${id} has ${remaining} ${remaining.currency} left, ${amount} is asked for.`;
  return refusal('hold_amount_exceeded', detail, { remaining: remaining.toString() });
}

function bookCapture(
  command: CaptureHoldCommand,
  { hold, account, othersExpireAt }: ActiveHold,
  amount: Money,
  state: DecisionState<HoldFacts>,
) {
  const rest = hold.remaining.minus(amount);
  const isFinished = command.final || rest.isZero();
  const released = release(account, {
    amount: isFinished ? hold.remaining : amount,
    nextExpiry: isFinished ? othersExpireAt : account.nextExpiry,
  });
  // What was reserved is available to the capture, and to nothing else: nobody decides between here and the booking.
  const accounts = new Map([...state.accounts, [account.id, released]]);
  const decided = decideMovement(captureOf(command, hold, amount), { ...state, accounts });
  if ('refusal' in decided) return { refusal: explainAsItStands(decided.refusal, account, state.loaded.reservations) };
  const after: Hold = {
    ...hold,
    status: isFinished ? 'captured' : 'active',
    remaining: isFinished ? Money.zero(amount.currency) : rest,
    captured: hold.captured.plus(amount),
    finishedAt: isFinished ? state.now : null,
  };
  const captured = presentHold(after);
  return {
    result: { hold: captured, transaction: decided.result },
    changedAccounts: decided.changedAccounts,
    transactions: decided.transactions,
    events: [{ type: 'hold.captured' as const, accountId: account.id, subjectId: hold.id, data: captured }],
    effect: after,
  };
}

function captureOf(
  { ledgerId, transactionId, authentication }: CaptureHoldCommand,
  hold: Hold,
  amount: Money,
): Movement {
  const { id, accountId, toAccountId, initiatedBy, description, reference, metadata } = hold;
  const debit = { accountId, amount: amount.negated() };
  return {
    id: transactionId,
    type: 'capture',
    amount,
    valueDate: null,
    legs: toAccountId === null ? [debit] : [debit, { accountId: toAccountId, amount }],
    clearingLeg: toAccountId === null ? { accountId: clearingAccountId(ledgerId, amount.currency), amount } : null,
    ...{ initiatedBy, authentication, description, reference, metadata },
    authority: { origin: { type: 'hold', id }, signedBy: initiatedBy === null ? [] : [initiatedBy] },
  };
}

/** The capture was decided as if the money were free already; refused, it is still held. */
function explainAsItStands(refused: Refusal, account: LockedAccount, reservations: Reservations): Refusal {
  if (refused.facts?.explanation === undefined) return refused;
  return explained(refused, explain(account, reservations, refused.code));
}
