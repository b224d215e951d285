import type {
  BookedEntry,
  BookedTransaction,
  TransactionOrigin,
  TransactionType,
} from '../ledger/booked-transaction.ts';
import { Money } from '../money/money.ts';
import type { Explanation } from './explain.ts';

/** A transaction as callers see it; plain JSON, because it is stored with the idempotency key. */
export interface TransactionDocument {
  id: string;
  type: TransactionType;
  status: 'booked';
  /** Null, as the currency is, for a transaction in several currencies. */
  amount: string | null;
  currency: string | null;
  bookedAt: string;
  valueDate: string;
  initiatedBy: string | null;
  description: string | null;
  reference: string | null;
  metadata: Readonly<Record<string, unknown>> | null;
  /** The parties whose signatures it took. */
  signedBy: readonly string[];
  origin: TransactionOrigin | null;
  /** The latest transaction that takes this one back, wholly or partly. */
  reversedBy: string | null;
  /** How much of it was taken back so far; null where the amount is. */
  reversedAmount: string | null;
  explanation?: Explanation;
  entries: EntryOfTransactionDocument[];
}

/**
 * Entries of clearing accounts carry neither a balance nor a version. They name their currency where the transaction
 * does not.
 */
export interface EntryOfTransactionDocument {
  accountId: string;
  amount: string;
  currency?: string;
  balanceAfter?: string;
  version?: number;
}

export function presentTransaction(transaction: BookedTransaction): TransactionDocument {
  const { amount } = transaction;
  return {
    id: transaction.id,
    type: transaction.type,
    status: 'booked',
    amount: amount === null ? null : amount.toString(),
    currency: amount === null ? null : amount.currency,
    bookedAt: transaction.bookedAt.toISOString(),
    valueDate: transaction.valueDate,
    initiatedBy: transaction.initiatedBy,
    description: transaction.description,
    reference: transaction.reference,
    metadata: transaction.metadata,
    signedBy: transaction.signedBy,
    origin: transaction.origin,
    ...notReversed(amount?.currency ?? null),
    entries: transaction.entries.map((entry) => presentEntry(entry, amount === null)),
  };
}

/** A transaction as it was when it was booked, whatever has been taken back of it since. */
export function asBooked(transaction: TransactionDocument): TransactionDocument {
  return { ...transaction, ...notReversed(transaction.currency) };
}

function notReversed(currency: string | null): Pick<TransactionDocument, 'reversedBy' | 'reversedAmount'> {
  return { reversedBy: null, reversedAmount: currency === null ? null : Money.zero(currency).toString() };
}

function presentEntry(entry: BookedEntry, withCurrency: boolean): EntryOfTransactionDocument {
  const document: EntryOfTransactionDocument = { accountId: entry.accountId, amount: entry.amount.toString() };
  if (withCurrency) document.currency = entry.amount.currency;
  if (entry.balanceAfter !== null) document.balanceAfter = entry.balanceAfter.toString();
  if (entry.version !== null) document.version = entry.version;
  return document;
}
