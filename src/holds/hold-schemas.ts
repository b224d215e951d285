import { z } from 'zod';
import { amountText, currency } from '../http/money-fields.ts';
import { id } from '../http/read-input.ts';
import { noteFields, readDetails, reservedUntil } from '../movements/movement-schemas.ts';

/** A reservation has no value date; what is captured counts from the day it is captured. */
const { valueDate: _ofMovements, ...holdNotes } = noteFields;

const holdFields = {
  accountId: id,
  amount: amountText,
  currency,
  expiresAt: reservedUntil.nullish(),
  toAccountId: id.nullish(),
  ...holdNotes,
};

/** The body of `POST /v1/holds`. */
export const holdBody = z.strictObject(holdFields).transform((fields, context) => {
  const { accountId, toAccountId, expiresAt } = fields;
  if (accountId === toAccountId) {
    context.addIssue({ code: 'custom', path: ['toAccountId'], message: 'must differ from accountId' });
  }
  const details = readDetails(fields, context);
  return { accountId, toAccountId: toAccountId ?? null, expiresAt: expiresAt ?? null, details };
});

/** The party that acts on a hold which is there already. */
const by = id.nullish();

/** All that remains is captured when no amount is given; it is in the currency of the hold. */
export const captureBody = z
  .strictObject({ amount: amountText.nullish(), currency: currency.nullish(), final: z.boolean().default(false), by })
  .refine(({ amount, currency }) => currency == null || amount != null, {
    path: ['currency'],
    error: 'must come with an amount',
  })
  .default({ final: false });

export const voidBody = z.strictObject({ by }).default({});

export const extendBody = z.strictObject({ expiresAt: reservedUntil, by });
