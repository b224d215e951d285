import type { Reservations } from '../accounts/explain.ts';
import type { MovementNotes, TransactionOrigin, TransactionType } from '../ledger/booked-transaction.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { DecisionState } from '../ledger/operation.ts';
import type { Money } from '../money/money.ts';
import type { HolderRight } from '../ownership/holder.ts';
import type { Ownership, OwnershipByAccount } from '../ownership/load-ownership.ts';
import type { MandatedKind } from '../ownership/mandate.ts';

/** One side of a movement, before it is booked. */
export interface Leg {
  readonly accountId: string;
  /** Positive: money comes in. Negative: money goes out. */
  readonly amount: Money;
}

/** What moves between which accounts: a deposit, a withdrawal, a transfer, or several legs at once. */
export interface Movement extends MovementNotes {
  /** The id that the transaction will have; or the payment order, when signatures are missing. */
  readonly id: string;
  readonly type: TransactionType;
  /** What comes into accounts altogether; null when that is in several currencies. */
  readonly amount: Money | null;
  /** The day it counts from; null for the day it is booked (UTC). */
  readonly valueDate: string | null;
  /**
   * The legs on customers' accounts, which are locked; in the order in which their problems are reported. No account
   * stands in two of them, and together with the clearing leg they sum to zero in each currency.
   */
  readonly legs: readonly Leg[];
  /** The leg on the ledger's own clearing account, which is not. Null when money stays inside. */
  readonly clearingLeg: Leg | null;
  /** Until when missing signatures may come; null for the usual time. */
  readonly expiresAt?: Date | null;
  /** The calling service's own id for what it becomes, unique in the ledger; none by default. */
  readonly externalId?: string | null;
  /**
   * What it comes out of, and who signed there: rights, limits and the mandate were looked at then. Null when it is
   * the initiator's own act, or without an initiator the calling service's.
   */
  readonly authority: { readonly origin: TransactionOrigin; readonly signedBy: readonly string[] } | null;
}

/** What movements look at beyond the account rows. */
export interface MovementFacts {
  /** Which of the parties that they name exist. */
  readonly partyIds: ReadonlySet<string>;
  /** Of the accounts on which a party needs a right. */
  readonly ownership: OwnershipByAccount;
  /** Of the accounts that money goes out of. */
  readonly reservations: Reservations;
}

/** What has an external id: for good, whatever becomes of an order. */
export type ExternalIdHolder = { readonly transactionId: string } | { readonly paymentOrderId: string };

/** What movements look at that come from callers. */
export interface NewMovementFacts extends MovementFacts {
  /** Of the external ids that they name, those that others have, and who. */
  readonly takenExternalIds: ReadonlyMap<string, ExternalIdHolder>;
}

/** What a movement looks at when it is decided. */
export type MovementState = Pick<DecisionState<MovementFacts>, 'accounts' | 'loaded' | 'now' | 'dryRun'>;

/** A leg with its account and with what its checks look at. */
export interface OpenLeg {
  readonly movement: Movement;
  readonly account: LockedAccount;
  readonly amount: Money;
  readonly facts: MovementFacts;
}

/** What a movement is, for the mandates of accounts that pay. */
export function kindOf(type: TransactionType): MandatedKind {
  return type === 'withdrawal' ? 'withdrawal' : 'transfer';
}

/** The right that the initiator needs on the account of this leg; none where money only comes in by a transfer. */
export function rightToMove(type: TransactionType, amount: Money): HolderRight | undefined {
  if (type === 'deposit') return 'deposit';
  if (!amount.isNegative()) return undefined;
  return type === 'withdrawal' ? 'withdraw' : 'transfer';
}

/** Who holds the account, when it matters: when a party moves money of an account that has holders. */
export function ownershipAsked(
  { initiatedBy, authority }: Movement,
  accountId: string,
  { ownership }: MovementFacts,
): Ownership | undefined {
  if (initiatedBy === null || authority !== null) return undefined;
  const found = ownership.get(accountId);
  return found?.isHeld ? found : undefined;
}
