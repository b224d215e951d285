import type { Money } from '../money/money.ts';
import type { Authentication } from './authentication.ts';

export const transactionTypes = ['deposit', 'withdrawal', 'transfer', 'multi_leg', 'capture', 'reversal'] as const;

export type TransactionType = (typeof transactionTypes)[number];

export const originTypes = ['payment_order', 'hold', 'proposal', 'reversal', 'standing_order'] as const;

/**
 * What a transaction came out of. An order, a proposal or a run becomes a transaction once at most, a unique key sees
 * to that. A hold is captured, and a transaction taken back, in one or several parts.
 */
export interface TransactionOrigin {
  readonly type: (typeof originTypes)[number];
  /** Of the order, hold or proposal; of the run of a standing order; of the transaction that is reversed. */
  readonly id: string;
}

/** What a caller may say about a movement. The books keep it and never act on it. */
export interface MovementNotes {
  /** The party whose act this is; null for an act of the calling service itself. */
  readonly initiatedBy: string | null;
  /** How the request that asked for it was authenticated; null without one, and for what is older than that. */
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** One signed line of a transaction on one account. */
export interface BookedEntry {
  readonly accountId: string;
  readonly amount: Money;
  /** Null, as the version is, for a clearing account. */
  readonly balanceAfter: Money | null;
  readonly version: number | null;
}

/** An immutable movement of money; its entries sum to zero in each currency. */
export interface BookedTransaction extends MovementNotes {
  readonly id: string;
  readonly type: TransactionType;
  /** What moved, above zero: the sum of what came into accounts. Null when that was in several currencies. */
  readonly amount: Money | null;
  readonly bookedAt: Date;
  /** The calling service's own id for it, unique in the ledger. */
  readonly externalId: string | null;
  /** The day from which it counts for interest, YYYY-MM-DD. */
  readonly valueDate: string;
  /** The parties whose signatures it took; empty for an act of the calling service. */
  readonly signedBy: readonly string[];
  readonly origin: TransactionOrigin | null;
  /** Of the account that the entity tag of the answer speaks of; none where it is zero, or none is answered. */
  readonly revision?: number | null;
  readonly entries: readonly BookedEntry[];
}
