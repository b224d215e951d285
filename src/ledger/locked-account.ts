import type { Money } from '../money/money.ts';

export type Ownership = 'sole' | 'joint' | 'clearing';
export type AccountStatus = 'active' | 'closed';

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
  readonly lastBookedAt: Date | null;
  readonly closedAt: Date | null;
}

/** What can leave the account: booked - held + overdraft limit. */
export function availableBalance(account: Pick<LockedAccount, 'balance' | 'held' | 'overdraftLimit'>): Money {
  return account.balance.minus(account.held).plus(account.overdraftLimit);
}
