import type { Success } from '../http/reply.ts';
import type { ReadableAccounts } from '../ownership/visible-accounts.ts';
import type { PaymentOrderDocument } from '../payment-orders/payment-order.ts';
import type { MovementResult } from './book-legs.ts';
import type { EntryOfTransactionDocument, TransactionDocument } from './present-transaction.ts';

export function isPaymentOrder(result: MovementResult): result is PaymentOrderDocument {
  return 'instructionHash' in result;
}

/** What of a transaction is for those who know all that pays, as one of several payers sees it. */
export const withoutNotes = { metadata: null, origin: null, externalId: null };

/** What of a transaction is the payers', as those see it who are paid. */
export const withoutPayer = { ...withoutNotes, authentication: null, signedBy: [], initiatedBy: null };

/**
 * The result as a party may know it; null stands for a key of the service, which may know all. Who initiated a
 * transaction, or may read the accounts that pay, sees all of it but the balances of others. Who is paid sees its own
 * legs, and of a payment between two accounts the other one; what the payer noted, and who signed, is the payer's. Who
 * may read one of several accounts that pay sees its own legs and who signed, which was for that account too.
 */
export function withoutHidden<Result extends MovementResult>(
  result: Result,
  readable: ReadableAccounts | null,
): Result {
  if (readable === null) return result;
  const { explanation, ...told } = result;
  const shown = explanation === undefined || readable.has(explanation.accountId) ? result : (told as Result);
  if (isPaymentOrder(shown)) return shown;
  // Of an account that it joined later it sees no balance of before.
  const seen = readable.at(new Date(shown.bookedAt));
  const entries = shown.entries.map((entry) => (seen.has(entry.accountId) ? entry : withoutBalance(entry)));
  if (isPayer(shown, seen)) return { ...shown, entries };
  const paysToo = shown.entries.some((entry) => isPaying(entry) && seen.has(entry.accountId));
  const paid = { ...shown, ...(paysToo ? withoutNotes : withoutPayer) };
  if (entries.length === 2) return { ...paid, entries };
  const own = entries.filter(({ accountId }) => seen.has(accountId));
  // What others received is in the sums.
  const currency = shown.currency === null ? {} : { currency: shown.currency };
  const entriesAlone = own.map((entry) => ({ ...currency, ...entry }));
  return { ...paid, amount: null, currency: null, reversedAmount: null, entries: entriesAlone };
}

function withoutBalance({ balanceAfter: _balance, version: _version, ...rest }: EntryOfTransactionDocument) {
  return rest;
}

function isPayer({ initiatedBy, entries }: TransactionDocument, readable: ReadableAccounts): boolean {
  return initiatedBy === readable.party || entries.every((entry) => !isPaying(entry) || readable.has(entry.accountId));
}

/** An entry of a clearing account has no version, and nobody who could be kept from what it says. */
function isPaying({ amount, version }: EntryOfTransactionDocument): boolean {
  return amount.startsWith('-') && version !== undefined;
}

/** 201 with the transaction that was booked, or 202 with the payment order that waits for signatures. */
export function presentResult(result: MovementResult): Success {
  return isPaymentOrder(result)
    ? { status: 202, body: result, headers: { Location: `/v1/payment-orders/${result.id}` } }
    : { status: 201, body: result, headers: { Location: `/v1/transactions/${result.id}` } };
}

/** What would come into being. There is nothing, so there is no id to look for, and nothing to sign. */
export function presentDryRun(result: MovementResult): Success {
  const body = { ...result, id: null, status: 'dry_run' };
  return { status: 200, body: isPaymentOrder(result) ? { ...body, instructionHash: null } : body };
}
