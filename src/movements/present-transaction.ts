import type { BookedEntry, BookedTransaction, TransactionType } from '../ledger/booked-transaction.ts';

/** A transaction as callers see it; plain JSON, because it is stored with the idempotency key. */
export interface TransactionDocument {
  id: string;
  type: TransactionType;
  status: 'booked';
  amount: string;
  currency: string;
  bookedAt: string;
  valueDate: string;
  initiatedBy: string | null;
  description: string | null;
  reference: string | null;
  metadata: Readonly<Record<string, unknown>> | null;
  entries: EntryOfTransactionDocument[];
}

/** Entries of clearing accounts carry neither a balance nor a version. */
export interface EntryOfTransactionDocument {
  accountId: string;
  amount: string;
  balanceAfter?: string;
  version?: number;
}

export function presentTransaction(transaction: BookedTransaction): TransactionDocument {
  return {
    id: transaction.id,
    type: transaction.type,
    status: 'booked',
    amount: transaction.amount.toString(),
    currency: transaction.amount.currency,
    bookedAt: transaction.bookedAt.toISOString(),
    valueDate: transaction.valueDate,
    initiatedBy: transaction.initiatedBy,
    description: transaction.description,
    reference: transaction.reference,
    metadata: transaction.metadata,
    entries: transaction.entries.map(presentEntry),
  };
}

function presentEntry({ accountId, amount, balanceAfter, version }: BookedEntry): EntryOfTransactionDocument {
  const entry = { accountId, amount: amount.toString() };
  return balanceAfter === null || version === null
    ? entry
    : { ...entry, balanceAfter: balanceAfter.toString(), version };
}
