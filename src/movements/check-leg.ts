import { type Refusal, refusal } from '../errors/refusal.ts';
import { availableBalance, type LockedAccount } from '../ledger/locked-account.ts';
import type { Money } from '../money/money.ts';

/** One account and what comes into it, or with a negative amount goes out of it. */
interface CheckedLeg {
  readonly account: LockedAccount;
  readonly amount: Money;
}

export function refuseCurrency({ account: { id, currency }, amount }: CheckedLeg): Refusal | undefined {
  if (currency === amount.currency) return undefined;
  const detail = `Account ${id} is kept in ${currency}, the request says ${amount.currency}.`;
  return refusal('currency_mismatch', detail, { accountId: id, currency });
}

export function refuseStopped({ account, amount }: CheckedLeg): Refusal | undefined {
  const stopped = amount.isNegative() ? account.debitsStopped : account.creditsStopped;
  if (!stopped) return undefined;
  const direction = amount.isNegative() ? 'debits' : 'credits';
  const facts = { accountId: account.id, stopped: direction };
  return refusal('account_restricted', `A restriction stops ${direction} of account ${account.id}.`, facts);
}

export function refuseOverdraw({ account, amount }: CheckedLeg): Refusal | undefined {
  if (!amount.isNegative()) return undefined;
  const available = availableBalance(account);
  if (!available.plus(amount).isNegative()) return undefined;
  const { id, currency } = account;
  const detail = `Account ${id} has ${available} ${currency} available, ${amount.negated()} is asked for.`;
  return refusal('insufficient_funds', detail, { accountId: id, available: available.toString() });
}

export function refuseOverflow({ account, amount }: CheckedLeg): Refusal | undefined {
  if (!account.balance.plus(amount).isOutOfRange()) return undefined;
  const detail = `The balance of account ${account.id} would reach 1000000000000000000, more than a ledger keeps.`;
  return refusal('balance_limit_exceeded', detail, { accountId: account.id });
}

/**
 * Why an account takes no such payment now, though it is open and kept in the currency. What is agreed today and paid
 * later asks it too: otherwise the answer would tell a party about an account that it does not hold.
 */
export function refuseReceiving(leg: CheckedLeg): Refusal | undefined {
  return refuseStopped(leg) ?? refuseOverflow(leg);
}
