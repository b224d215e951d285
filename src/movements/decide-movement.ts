import { type Refusal, refusal } from '../errors/refusal.ts';
import type { BookedEntry, BookedTransaction, MovementNotes, TransactionType } from '../ledger/booked-transaction.ts';
import { availableBalance, type LockedAccount } from '../ledger/locked-account.ts';
import type { DecisionState } from '../ledger/operation.ts';
import type { Money } from '../money/money.ts';
import { presentTransaction, type TransactionDocument } from './present-transaction.ts';

/** One side of a movement, before it is booked. */
export interface Leg {
  readonly accountId: string;
  /** Positive: money comes in. Negative: money goes out. */
  readonly amount: Money;
}

/** What moves between which accounts: a deposit, a withdrawal, a transfer, or several legs at once. */
export interface Movement extends MovementNotes {
  /** The id that the transaction will have. */
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
}

/** What a movement needs beyond the account rows: which of the parties named in the group exist. */
export interface KnownParties {
  readonly partyIds: ReadonlySet<string>;
}

type LegCheck = (account: LockedAccount, amount: Money) => Refusal | undefined;

/**
 * The checks of an account in order of precedence: all legs pass one check before the next is looked at. Existence
 * and the initiating party come before these. `docs/errors.md` states the order and a test walks it.
 */
const legChecks: readonly LegCheck[] = [
  refuseClearingAccount,
  refuseClosed,
  refuseCurrency,
  refuseOverdraw,
  refuseOverflow,
];

/** What a movement looks at when it is decided. */
export type MovementState = Pick<DecisionState<KnownParties>, 'accounts' | 'loaded' | 'now'>;

/** A movement that passed every check, as it is to be booked and answered. */
export interface DecidedMovement {
  readonly result: TransactionDocument;
  readonly changedAccounts: readonly LockedAccount[];
  readonly transaction: BookedTransaction;
}

/**
 * Decides a movement on locked accounts: a coded refusal, or a transaction whose entries sum to zero together with the
 * accounts as they are after it. Pure.
 */
export function decideMovement(movement: Movement, state: MovementState): DecidedMovement | { refusal: Refusal } {
  const found: Array<{ account: LockedAccount; amount: Money }> = [];
  for (const { accountId, amount } of movement.legs) {
    const account = state.accounts.get(accountId);
    if (account === undefined) {
      return { refusal: refusal('account_not_found', `There is no account ${accountId} in this ledger.`) };
    }
    found.push({ account, amount });
  }
  const { initiatedBy } = movement;
  if (initiatedBy !== null && !state.loaded.partyIds.has(initiatedBy)) {
    return { refusal: refusal('party_not_found', `There is no party ${initiatedBy} in this ledger (initiatedBy).`) };
  }
  for (const check of legChecks) {
    for (const { account, amount } of found) {
      const refused = check(account, amount);
      if (refused !== undefined) return { refusal: refused };
    }
  }

  // Every check has passed; from here on nothing can fail.
  const bookedAt = found.reduce((time, { account }) => laterOf(time, account.lastBookedAt), state.now);
  const changedAccounts = found.map(({ account, amount }) => ({
    ...account,
    balance: account.balance.plus(amount),
    version: account.version + 1,
    lastBookedAt: bookedAt,
  }));
  const entries: BookedEntry[] = changedAccounts.map((account, index) => ({
    accountId: account.id,
    amount: found[index]!.amount,
    balanceAfter: account.balance,
    version: account.version,
  }));
  if (movement.clearingLeg !== null) entries.push({ ...movement.clearingLeg, balanceAfter: null, version: null });

  const { id, type, amount, description, reference, metadata } = movement;
  const valueDate = movement.valueDate ?? bookedAt.toISOString().slice(0, 10);
  const notes = { initiatedBy, description, reference, metadata };
  const transaction = { id, type, amount, bookedAt, valueDate, ...notes, entries };
  return { result: presentTransaction(transaction), changedAccounts, transaction };
}

function refuseClearingAccount({ id, ownership }: LockedAccount): Refusal | undefined {
  if (ownership !== 'clearing') return undefined;
  return refusal('clearing_account', `Account ${id} is the ledger's own clearing account; name a customer's account.`);
}

function refuseClosed({ id, status }: LockedAccount): Refusal | undefined {
  return status === 'closed' ? refusal('account_closed', `Account ${id} is closed.`) : undefined;
}

function refuseCurrency({ id, currency }: LockedAccount, amount: Money): Refusal | undefined {
  if (currency === amount.currency) return undefined;
  return refusal('currency_mismatch', `Account ${id} is kept in ${currency}, the request says ${amount.currency}.`);
}

function refuseOverdraw(account: LockedAccount, amount: Money): Refusal | undefined {
  const available = availableBalance(account);
  if (!amount.isNegative() || !available.plus(amount).isNegative()) return undefined;
  const detail = `Account ${account.id} has ${available} ${account.currency} available, ${amount.negated()} is asked for.`;
  return refusal('insufficient_funds', detail, { accountId: account.id, available: available.toString() });
}

function refuseOverflow(account: LockedAccount, amount: Money): Refusal | undefined {
  if (!account.balance.plus(amount).isOutOfRange()) return undefined;
  const detail = `The balance of account ${account.id} would reach 1000000000000000000, more than a ledger keeps.`;
  return refusal('balance_limit_exceeded', detail, { accountId: account.id });
}

/** A booking is never earlier than the account's latest one, even if the database's clock was set back. */
function laterOf(time: Date, other: Date | null): Date {
  return other !== null && other > time ? other : time;
}
