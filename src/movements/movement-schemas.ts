import { z } from 'zod';
import { amountText, currency, readMoney } from '../http/money-fields.ts';
import { day, id, text } from '../http/read-input.ts';
import type { MovementTerms } from './create-movement.ts';

/** Room for what an integration keeps beside a movement, without becoming a document store. */
const largestMetadataBytes = 4096;

const metadata = z
  .record(z.string(), z.unknown(), { error: 'must be a JSON object' })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= largestMetadataBytes, {
    error: `must take at most ${largestMetadataBytes} bytes as JSON`,
  });

/** What every movement may say. The limits of `reference` and `description` fit ISO 20022 remittance information. */
const commonFields = {
  amount: amountText,
  currency,
  initiatedBy: id.nullish(),
  description: text(500).nullish(),
  reference: text(140).nullish(),
  valueDate: day.nullish(),
  metadata: metadata.nullish(),
};

const commonSchema = z.object(commonFields);

function readTerms(fields: z.output<typeof commonSchema>, context: z.core.$RefinementCtx): MovementTerms {
  const amount = readMoney(fields.amount, fields.currency, 'amount', context);
  if (amount !== z.NEVER && amount.isZero()) {
    context.addIssue({ code: 'custom', path: ['amount'], message: 'must be above zero' });
  }
  return {
    amount,
    initiatedBy: fields.initiatedBy ?? null,
    description: fields.description ?? null,
    reference: fields.reference ?? null,
    valueDate: fields.valueDate ?? null,
    metadata: fields.metadata ?? null,
  };
}

/** The body of a deposit or a withdrawal. */
export const movementBody = z.strictObject(commonFields).transform(readTerms);

export const transferBody = z
  .strictObject({ fromAccountId: id, toAccountId: id, ...commonFields })
  .transform((fields, context) => {
    if (fields.fromAccountId === fields.toAccountId) {
      context.addIssue({ code: 'custom', path: ['toAccountId'], message: 'must differ from fromAccountId' });
    }
    const { fromAccountId, toAccountId } = fields;
    return { fromAccountId, toAccountId, terms: readTerms(fields, context) };
  });
