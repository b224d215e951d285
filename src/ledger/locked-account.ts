import type { Money } from '../money/money.ts';

export const ownerships = ['sole', 'joint', 'clearing'] as const;

export type Ownership = (typeof ownerships)[number];

export const accountStatuses = ['active', 'closed'] as const;

export type AccountStatus = (typeof accountStatuses)[number];

/** An account as it stands while its row is locked. Operations answer changed copies, never change it in place. */
export interface LockedAccount {
  readonly id: string;
  readonly currency: string;
  readonly ownership: Ownership;
  readonly status: AccountStatus;
  /** Booked balance: the sum of the account's entries. */
  readonly balance: Money;
  /** Reserved, and so not available. */
  readonly held: Money;
  readonly overdraftLimit: Money;
  /** The version of the account's latest entry; the next one carries the next. */
  readonly version: number;
  /** How often anything else of the account changed: holds, holders, mandate, restrictions, limits. */
  readonly revision: number;
  /** How many events the account has; the next one carries the next number. */
  readonly eventCount: number;
  /** The stamp of the last of them (`firstStamp`). */
  readonly lastEventStamp: number;
  /** No booking may be dated earlier: the time of the latest one, or a later end of a statement. */
  readonly lastBookedAt: Date | null;
  readonly closedAt: Date | null;
  /** No money may leave, or come in, because of a restriction. */
  readonly debitsStopped: boolean;
  readonly creditsStopped: boolean;
  /** When the first of the active holds expires, or earlier; null without one. */
  readonly nextExpiry: Date | null;
  /** What parties took out since the row was locked, which no query can see yet; what is alike is one. */
  readonly takenOut: ReadonlyMap<string, Taken>;
}

/** What a party took out of an account, or reserved to. */
export interface Taken {
  readonly partyId: string;
  readonly kind: 'withdrawal' | 'transfer';
  /** The parties whose signatures it took. */
  readonly signedBy: readonly string[];
  /** Of what waits for signatures: the place of the band of the mandate under which it does; null for all else. */
  readonly underBand: number | null;
  readonly amount: Money;
}

/** What can leave the account: booked - held + overdraft limit. */
export function availableBalance(account: Pick<LockedAccount, 'balance' | 'held' | 'overdraftLimit'>): Money {
  return account.balance.minus(account.held).plus(account.overdraftLimit);
}

/**
 * The entity tag (RFC 9110, section 8.8.3) of an account: another one after every change. A stored answer has it too,
 * from before there was a revision.
 */
export function entityTag({ version, revision }: { version: number; revision?: number | null | undefined }): string {
  return revision ? `"${version}-${revision}"` : `"${version}"`;
}

/** What was taken out of an account since its row was locked, with this as well. */
export function withTaken({ takenOut }: LockedAccount, taken: Taken): LockedAccount['takenOut'] {
  const key = [taken.partyId, taken.kind, taken.underBand, ...taken.signedBy].join(' ');
  const before = takenOut.get(key);
  const amount = before === undefined ? taken.amount : before.amount.plus(taken.amount);
  return new Map([...takenOut, [key, { ...taken, amount }]]);
}
