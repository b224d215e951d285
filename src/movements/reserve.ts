import { type LockedAccount, withTaken } from '../ledger/locked-account.ts';
import type { Money } from '../money/money.ts';

/** What a hold or a payment order reserves. */
export interface ToReserve {
  readonly amount: Money;
  readonly expiresAt: Date;
  readonly initiatedBy: string | null;
  /** Null: the money leaves the ledger. */
  readonly toAccountId: string | null;
  /** The place of the band of the mandate under which a payment order waits for signatures. */
  readonly band?: number | null;
}

/** The account with this much more reserved, until then. */
export function reserve(account: LockedAccount, reserved: ToReserve): LockedAccount {
  const { amount, expiresAt, initiatedBy, toAccountId, band = null } = reserved;
  const { nextExpiry } = account;
  const kind = toAccountId === null ? ('withdrawal' as const) : ('transfer' as const);
  return {
    ...account,
    held: account.held.plus(amount),
    revision: account.revision + 1,
    nextExpiry: nextExpiry === null || expiresAt < nextExpiry ? expiresAt : nextExpiry,
    takenOut:
      initiatedBy === null
        ? account.takenOut
        : withTaken(account, { partyId: initiatedBy, kind, signedBy: [initiatedBy], underBand: band, amount }),
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
