import type { z } from 'zod';
import { RefusalError } from '../errors/refusal.ts';
import { getAmount } from '../http/money-fields.ts';
import { createId } from '../ledger/create-id.ts';
import { Money } from '../money/money.ts';
import type { Leg } from './movement.ts';
import type { reversalBody } from './movement-schemas.ts';
import type { Reversal } from './post-reversal.ts';
import type { EntryOfTransactionDocument, TransactionDocument } from './present-transaction.ts';

/**
 * Takes a transaction back, wholly or, where it has two entries, partly: its entries the other way round. A transaction
 * never changes, so that all of this is known before its accounts are locked; how much of it is left is not. Throws
 * RefusalError `reversal_not_possible`, and `validation_failed` for an amount that is none.
 */
export function createReversal(original: TransactionDocument, told: z.output<typeof reversalBody>): Reversal {
  if (original.type === 'reversal') throw notPossible(original, 'is a reversal itself');
  const whole = original.amount === null ? null : Money.fromDatabase(original.amount, original.currency!);
  const legOf = ({ accountId, amount, currency }: EntryOfTransactionDocument): Leg => ({
    accountId,
    amount: Money.fromDatabase(amount, currency ?? original.currency!).negated(),
  });
  // Only entries of clearing accounts carry no version.
  const clearing = original.entries.find(({ version }) => version === undefined);
  return {
    originalId: original.id,
    part: told.amount == null ? null : readPart(original, whole, told.amount),
    whole: {
      ...{ initiatedBy: null, description: told.reason, reference: null, metadata: told.metadata ?? null },
      id: createId(),
      type: 'reversal',
      amount: whole,
      valueDate: null,
      legs: original.entries.filter((entry) => entry !== clearing).map(legOf),
      clearingLeg: clearing === undefined ? null : legOf(clearing),
      approval: { origin: { type: 'reversal', id: original.id }, signedBy: [] },
    },
  };
}

function readPart(original: TransactionDocument, whole: Money | null, asked: string): Money {
  if (whole === null) throw notPossible(original, 'is in several currencies, so it is only taken back as a whole');
  const part = getAmount(asked, whole.currency, 'amount');
  const { length } = original.entries;
  if (length === 2 || whole.minus(part).isZero()) return part;
  throw notPossible(original, `has ${length} entries, so it is only taken back as a whole`, { entries: length });
}

function notPossible({ id }: TransactionDocument, why: string, facts?: { entries: number }): RefusalError {
  return new RefusalError('reversal_not_possible', `Transaction ${id} ${why}.`, facts);
}
