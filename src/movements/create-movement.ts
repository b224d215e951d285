import type { MovementNotes } from '../ledger/booked-transaction.ts';
import { clearingAccountId } from '../ledger/clearing-account.ts';
import { createId } from '../ledger/create-id.ts';
import type { Money } from '../money/money.ts';
import type { Leg, Movement } from './movement.ts';

/** What every movement is told by its caller, whatever its kind. */
export interface MovementDetails extends MovementNotes {
  readonly amount: Money;
  readonly valueDate: string | null;
  /** Until when missing signatures may come; null for the usual time. */
  readonly expiresAt?: Date | null;
  /** The calling service's own id for what it becomes; none by default. */
  readonly externalId?: string | null;
}

/** Money comes into an account from outside the ledger. */
export function createDeposit(ledgerId: string, accountId: string, details: MovementDetails): Movement {
  const { amount } = details;
  return {
    id: createId(),
    type: 'deposit',
    legs: [{ accountId, amount }],
    clearingLeg: { accountId: clearingAccountId(ledgerId, amount.currency), amount: amount.negated() },
    authority: null,
    ...details,
  };
}

/** Money leaves an account, and the ledger with it. */
export function createWithdrawal(ledgerId: string, accountId: string, details: MovementDetails): Movement {
  const { amount } = details;
  return {
    id: createId(),
    type: 'withdrawal',
    legs: [{ accountId, amount: amount.negated() }],
    clearingLeg: { accountId: clearingAccountId(ledgerId, amount.currency), amount },
    authority: null,
    ...details,
  };
}

/** Money moves between two different accounts of the ledger. */
export function createTransfer(fromAccountId: string, toAccountId: string, details: MovementDetails): Movement {
  const { amount } = details;
  return {
    id: createId(),
    type: 'transfer',
    legs: [
      { accountId: fromAccountId, amount: amount.negated() },
      { accountId: toAccountId, amount },
    ],
    clearingLeg: null,
    authority: null,
    ...details,
  };
}

/**
 * Money moves between any number of different accounts at once. The legs must sum to zero in each currency; with fewer
 * than two there is nothing to move.
 */
export function createMultiLeg(legs: readonly Leg[], notes: Omit<MovementDetails, 'amount'>): Movement {
  const amount = sumOfIncoming(legs);
  return { id: createId(), type: 'multi_leg', amount, legs, clearingLeg: null, authority: null, ...notes };
}

function sumOfIncoming(legs: readonly Leg[]): Money | null {
  const currencies = new Set(legs.map(({ amount }) => amount.currency));
  if (currencies.size > 1) return null;
  const incoming = legs.map(({ amount }) => amount).filter((amount) => !amount.isNegative());
  return incoming.reduce((sum, amount) => sum.plus(amount));
}
