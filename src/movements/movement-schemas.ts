import { z } from 'zod';
import { externalId } from '../accounts/account-schemas.ts';
import { metadata } from '../http/metadata.ts';
import { amountText, currency, readMoney, signedAmountText } from '../http/money-fields.ts';
import { day, id, idempotencyKey, instant, line, text } from '../http/read-input.ts';
import { Money } from '../money/money.ts';
import type { MovementDetails } from './create-movement.ts';
import type { Leg } from './movement.ts';

const maxLegs = 100;

/** They fit ISO 20022 remittance information. */
export const maxDescription = 500;
export const maxReference = 140;

/** What every movement may say. */
export const noteFields = {
  initiatedBy: id.nullish(),
  description: text(maxDescription).nullish(),
  reference: line(maxReference).nullish(),
  valueDate: day.nullish(),
  metadata: metadata.nullish(),
};

/** A signer may be on holiday; money is not reserved for ever. */
const maxWaitMs = 90 * 86_400_000;

/**
 * Until when money is reserved: for missing signatures, or by a hold. That it lies in the future is looked at when it
 * is decided, so that a request can be repeated with its idempotency key after that time.
 */
export const reservedUntil = instant.refine((at) => at.getTime() <= Date.now() + maxWaitMs, {
  error: 'must lie within the next 90 days',
});

/** What every movement may say that is asked for by itself. */
const ownNotes = { ...noteFields, externalId: externalId.nullish() };

const movementFields = { amount: amountText, currency, ...ownNotes };
const withdrawalFields = { ...movementFields, expiresAt: reservedUntil.nullish() };
const transferFields = { fromAccountId: id, toAccountId: id, ...withdrawalFields };
const multiLegFields = {
  entries: z
    .array(z.unknown(), { error: 'must be a list of entries' })
    .min(2, 'must have at least 2 entries')
    .max(maxLegs, `must have at most ${maxLegs} entries`)
    .pipe(z.array(z.strictObject({ accountId: id, amount: signedAmountText, currency }))),
  ...ownNotes,
};

type Fields<Shape extends z.core.$ZodShape> = z.output<z.ZodObject<Shape>>;

/** What only some of those that take notes take besides. */
interface MoreNotes {
  readonly expiresAt?: Date | null | undefined;
  readonly externalId?: string | null | undefined;
}

function readNotes(fields: Fields<typeof noteFields> & MoreNotes): Omit<MovementDetails, 'amount'> {
  return {
    initiatedBy: fields.initiatedBy ?? null,
    // Which the route knows.
    authentication: null,
    description: fields.description ?? null,
    reference: fields.reference ?? null,
    valueDate: fields.valueDate ?? null,
    metadata: fields.metadata ?? null,
    expiresAt: fields.expiresAt ?? null,
    externalId: fields.externalId ?? null,
  };
}

/** Reads what every movement is told; notes at `amount` what is wrong with it. */
export function readDetails(
  fields: Fields<typeof noteFields> & { amount: string; currency: string } & MoreNotes,
  context: z.core.$RefinementCtx,
): MovementDetails {
  const amount = readMoney(fields.amount, fields.currency, ['amount'], context);
  if (amount !== z.NEVER && amount.isZero()) {
    context.addIssue({ code: 'custom', path: ['amount'], message: 'must be above zero' });
  }
  return { amount, ...readNotes(fields) };
}

function readTransfer(fields: Fields<typeof transferFields>, context: z.core.$RefinementCtx) {
  const { fromAccountId, toAccountId } = fields;
  if (fromAccountId === toAccountId) {
    const message = 'must differ from fromAccountId';
    context.addIssue({ code: 'custom', path: ['toAccountId'], message });
  }
  return { fromAccountId, toAccountId, details: readDetails(fields, context) };
}

/** Entries on different accounts that sum to zero in each currency, as double-entry bookkeeping asks. */
function readMultiLeg(
  fields: Fields<typeof multiLegFields>,
  context: z.core.$RefinementCtx,
): { legs: Leg[]; notes: Omit<MovementDetails, 'amount'> } {
  const legs: Leg[] = [];
  const sums = new Map<string, Money>();
  const incoming = new Map<string, Money>();
  const seen = new Set<string>();
  const report = (at: PropertyKey[], message: string) =>
    context.addIssue({ code: 'custom', path: ['entries', ...at], message });
  let readable = true;
  for (const [index, { accountId, ...money }] of fields.entries.entries()) {
    if (seen.has(accountId)) report([index, 'accountId'], 'must not stand in two entries');
    seen.add(accountId);
    const at = ['entries', index, 'amount'];
    const amount = readMoney(money.amount, money.currency, at, context, Money.parseSigned);
    if (amount === z.NEVER) {
      readable = false;
      continue;
    }
    if (amount.isZero()) report([index, 'amount'], 'must not be zero');
    legs.push({ accountId, amount });
    const zero = Money.zero(money.currency);
    sums.set(money.currency, (sums.get(money.currency) ?? zero).plus(amount));
    if (!amount.isNegative()) incoming.set(money.currency, (incoming.get(money.currency) ?? zero).plus(amount));
  }
  for (const [code, sum] of readable ? sums : []) {
    if (!sum.isZero()) report([], `must sum to zero in each currency; in ${code} they sum to ${sum}`);
  }
  for (const [code, sum] of incoming) {
    if (sum.isOutOfRange()) report([], `must move less than 1000000000000000000 ${code} altogether`);
  }
  return { legs, notes: readNotes(fields) };
}

export const depositBody = z.strictObject(movementFields).transform(readDetails);

export const withdrawalBody = z.strictObject(withdrawalFields).transform(readDetails);

export const transferBody = z.strictObject(transferFields).transform(readTransfer);

export const multiLegBody = z.strictObject(multiLegFields).transform(readMultiLeg);

/** The body of a reversal: all of it without an amount. `createReversal` reads the amount. */
export const reversalBody = z.strictObject({
  amount: amountText.nullish(),
  reason: text(140),
  metadata: metadata.nullish(),
});

export const maxBatchSize = 1_000;

/**
 * What an item of a batch has in addition to the body of its kind; the item's own key comes here instead of in a
 * header.
 */
const itemFields = { idempotencyKey: idempotencyKey.nullish() };

const batchItem = z.discriminatedUnion(
  'type',
  [
    z
      .strictObject({ type: z.literal('deposit'), ...itemFields, accountId: id, ...movementFields })
      .transform(readAccountItem),
    z
      .strictObject({ type: z.literal('withdrawal'), ...itemFields, accountId: id, ...withdrawalFields })
      .transform(readAccountItem),
    z
      .strictObject({ type: z.literal('transfer'), ...itemFields, ...transferFields })
      .transform((fields, context) => itemOf(fields, readTransfer(fields, context))),
    z
      .strictObject({ type: z.literal('multi_leg'), ...itemFields, ...multiLegFields })
      .transform((fields, context) => itemOf(fields, readMultiLeg(fields, context))),
  ],
  {
    error: ({ input }) =>
      typeof input === 'object' && input !== null && !Array.isArray(input)
        ? 'must be one of "deposit", "withdrawal", "transfer", "multi_leg"'
        : 'must be an object with the "type" of a movement',
  },
);

function readAccountItem<Type extends 'deposit' | 'withdrawal'>(
  fields: Fields<typeof withdrawalFields> & Fields<typeof itemFields> & { type: Type; accountId: string },
  context: z.core.$RefinementCtx,
) {
  const { accountId } = fields;
  return itemOf(fields, { accountId, details: readDetails(fields, context) });
}

function itemOf<Type, Movement>(
  { type, idempotencyKey }: { type: Type; idempotencyKey?: string | null | undefined },
  movement: Movement,
) {
  return { type, idempotencyKey: idempotencyKey ?? null, ...movement };
}

export type BatchItemInput = z.output<typeof batchItem>;

export const batchBody = z.strictObject({
  atomic: z.boolean({ error: 'must be true (all items or none) or false (each on its own)' }),
  // Counted before any is looked at.
  items: z
    .array(z.unknown(), { error: 'must be a list of movements' })
    .min(1, 'must have at least 1 item')
    .max(maxBatchSize, `must have at most ${maxBatchSize} items`)
    .pipe(z.array(batchItem)),
});
