import type { z } from 'zod';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { getAmount } from '../http/money-fields.ts';
import type { Authentication } from '../ledger/authentication.ts';
import { createId } from '../ledger/create-id.ts';
import { Money } from '../money/money.ts';
import type { Leg } from './movement.ts';
import type { reversalBody } from './movement-schemas.ts';
import type { Reversal } from './post-reversal.ts';
import type { EntryOfTransactionDocument, TransactionDocument } from './present-transaction.ts';

/**
 * Takes a transaction back, wholly or, where it has two entries, partly: its entries the other way round. A transaction
 * never changes, so that all of this is known before its accounts are locked; how much of it is left is not. Throws
 * RefusalError `validation_failed` for an amount that is none.
 */
export function createReversal(
  original: TransactionDocument,
  told: z.output<typeof reversalBody>,
  authentication: Authentication,
): Reversal {
  const whole = original.amount === null ? null : Money.fromDatabase(original.amount, original.currency!);
  const part = whole === null || told.amount == null ? null : getAmount(told.amount, whole.currency, 'amount');
  const legOf = ({ accountId, amount, currency }: EntryOfTransactionDocument): Leg => ({
    accountId,
    amount: Money.fromDatabase(amount, currency ?? original.currency!).negated(),
  });
  // Only entries of clearing accounts carry no version.
  const clearing = original.entries.find(({ version }) => version === undefined);
  return {
    originalId: original.id,
    part,
    impossible: refuseForGood(original, { whole, part, isPart: told.amount != null }),
    whole: {
      ...{
        initiatedBy: null,
        authentication,
        description: told.reason,
        reference: null,
        metadata: told.metadata ?? null,
      },
      id: createId(),
      type: 'reversal',
      amount: whole,
      valueDate: null,
      legs: original.entries.filter((entry) => entry !== clearing).map(legOf),
      clearingLeg: clearing === undefined ? null : legOf(clearing),
      authority: { origin: { type: 'reversal', id: original.id }, signedBy: [] },
    },
  };
}

/** Why a transaction can never be taken back like this, however much of it is left. */
function refuseForGood(
  { id, type, entries: { length } }: TransactionDocument,
  { whole, part, isPart }: { whole: Money | null; part: Money | null; isPart: boolean },
): Refusal | null {
  const refuse = (why: string, facts?: { entries: number }) =>
    refusal('reversal_not_possible', `Transaction ${id} ${why}.`, facts);
  if (type === 'reversal') return refuse('is a reversal itself');
  if (whole === null && isPart) return refuse('is in several currencies, so it is only taken back as a whole');
  if (whole === null || part === null || length === 2 || whole.minus(part).isZero()) return null;
  return refuse(`has ${length} entries, so it is only taken back as a whole`, { entries: length });
}
