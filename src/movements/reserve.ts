import { type LockedAccount, withTaken } from '../ledger/locked-account.ts';
import type { Money } from '../money/money.ts';

/** What a hold or a payment order reserves. */
export interface ToReserve {
  readonly amount: Money;
  readonly expiresAt: Date;
  readonly initiatedBy: string | null;
}

/** The account with this much more reserved, until then. */
export function reserve(account: LockedAccount, { amount, expiresAt, initiatedBy }: ToReserve): LockedAccount {
  const { nextExpiry } = account;
  return {
    ...account,
    held: account.held.plus(amount),
    revision: account.revision + 1,
    nextExpiry: nextExpiry === null || expiresAt < nextExpiry ? expiresAt : nextExpiry,
    takenOut: initiatedBy === null ? account.takenOut : withTaken(account, initiatedBy, amount.negated()),
  };
}

/**
 * The account with this much less reserved. `nextExpiry` is when the first of the other active holds expires; a caller
 * that has not read that leaves it as it is, and a worker looks once in vain.
 */
export function release(
  account: LockedAccount,
  { amount, nextExpiry = account.nextExpiry }: { amount: Money; nextExpiry?: Date | null },
): LockedAccount {
  return { ...account, held: account.held.minus(amount), revision: account.revision + 1, nextExpiry };
}
