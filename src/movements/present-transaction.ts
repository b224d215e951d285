import { z } from 'zod';
import { type Explanation, explanationDocument } from '../accounts/explain.ts';
import {
  type BookedEntry,
  type BookedTransaction,
  originTypes,
  type TransactionOrigin,
  transactionTypes,
} from '../ledger/booked-transaction.ts';
import { amount, count, currencyCode, dayText, instantText, signedAmount, uuid } from '../ledger/document-fields.ts';
import { notesOfDocument } from '../ledger/movement-notes.ts';
import { Money } from '../money/money.ts';

/**
 * Entries of clearing accounts carry neither a balance nor a version. They name their currency where the transaction
 * does not.
 */
export const entryOfTransactionDocument = z
  .strictObject({
    accountId: uuid,
    amount: signedAmount,
    currency: currencyCode.exactOptional(),
    /** Left out, as the version is, for those who may not read the account. */
    balanceAfter: signedAmount.exactOptional(),
    version: count.exactOptional(),
  })
  .meta({ id: 'TransactionEntry' });

export type EntryOfTransactionDocument = z.output<typeof entryOfTransactionDocument>;

/** What a transaction came out of. */
export const originDocument = z.strictObject({ type: z.enum(originTypes), id: uuid }).readonly();

/** The same as the journal has it. */
export function originOf(row: {
  readonly origin: TransactionOrigin['type'] | null;
  readonly origin_id: string | null;
}): TransactionOrigin | null {
  return row.origin === null || row.origin_id === null ? null : { type: row.origin, id: row.origin_id };
}

/** A transaction as callers see it; plain JSON, and the same whenever it is made of the journal. */
export const transactionDocument = z
  .strictObject({
    id: uuid,
    kind: z.literal('transaction'),
    type: z.enum(transactionTypes),
    status: z.literal('booked'),
    /** Null, as the currency is, for a transaction in several currencies. */
    amount: amount.nullable(),
    currency: currencyCode.nullable(),
    bookedAt: instantText,
    valueDate: dayText,
    ...notesOfDocument,
    /** The calling service's own id for it. */
    externalId: z.string().nullable(),
    /** The parties whose signatures it took. */
    signedBy: z.array(uuid).readonly(),
    origin: originDocument.nullable(),
    /** The latest transaction that takes this one back, wholly or partly. */
    reversedBy: uuid.nullable(),
    /** How much of it was taken back so far; null where the amount is. */
    reversedAmount: amount.nullable(),
    entries: z.array(entryOfTransactionDocument),
  })
  .meta({ id: 'Transaction' });

/** A transaction that would be booked. Why it could be is for those who may read the account that pays. */
export const dryTransactionDocument = transactionDocument
  .extend({
    id: z.null(),
    status: z.literal('dry_run'),
    explanation: explanationDocument.exactOptional(),
  })
  .meta({ id: 'DryRunTransaction' });

/** Only dry runs are explained. */
export type TransactionDocument = z.output<typeof transactionDocument> & { explanation?: Explanation };

export function presentTransaction(transaction: BookedTransaction): TransactionDocument {
  const { amount } = transaction;
  return {
    id: transaction.id,
    kind: 'transaction',
    type: transaction.type,
    status: 'booked',
    amount: amount === null ? null : amount.toString(),
    currency: amount === null ? null : amount.currency,
    bookedAt: transaction.bookedAt.toISOString(),
    valueDate: transaction.valueDate,
    initiatedBy: transaction.initiatedBy,
    authentication: transaction.authentication,
    description: transaction.description,
    reference: transaction.reference,
    metadata: transaction.metadata,
    externalId: transaction.externalId,
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
