import type { Success } from '../http/reply.ts';
import type { PaymentOrderDocument } from '../payment-orders/payment-order.ts';
import type { MovementResult } from './book-legs.ts';

export function isPaymentOrder(result: MovementResult): result is PaymentOrderDocument {
  return 'instructionHash' in result;
}

/** The result without the balances of accounts that the caller may not read; null stands for all accounts. */
export function withoutHidden<Result extends MovementResult>(
  result: Result,
  readable: ReadonlySet<string> | null,
): Result {
  if (readable === null) return result;
  const { explanation, ...told } = result;
  const shown = explanation === undefined || readable.has(explanation.accountId) ? result : (told as Result);
  if (isPaymentOrder(shown)) return shown;
  const entries = shown.entries.map((entry) => {
    if (readable.has(entry.accountId)) return entry;
    const { balanceAfter: _balance, version: _version, ...rest } = entry;
    return rest;
  });
  return { ...shown, entries };
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
