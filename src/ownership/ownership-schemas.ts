import { z } from 'zod';
import type { FieldError } from '../errors/invalid-input.ts';
import { amountText, readMoney } from '../http/money-fields.ts';
import { id } from '../http/read-input.ts';
import { count } from '../ledger/document-fields.ts';
import { AmountError, Money } from '../money/money.ts';
import { holderRights, type LimitsDocument, noLimits } from './holder.ts';
import { bandsOf, ceilingPeriods, type MandateTerms, mandatedKinds, type SignatureRule } from './mandate.ts';

export const maxHolders = 50;
const maxBands = 20;
const maxWeight = 1_000_000;

const distinct = (list: readonly string[]) => new Set(list).size === list.length;

export const rights = z
  .array(z.enum(holderRights))
  .min(1)
  .max(holderRights.length)
  .refine(distinct, { error: 'must not name a right twice' })
  .refine((list) => list.length === 0 || list.some((right) => right !== 'delegate'), {
    error: 'must give another right with "delegate"',
  });

/** Limits in the account's currency; `readLimits` reads them. */
export const limits = z.strictObject({
  perMovement: amountText.nullish(),
  perDay: amountText.nullish(),
  perMonth: amountText.nullish(),
});

/** Reads limits in the account's currency, and notes at their paths what is wrong with them. */
export function readLimits(
  given: z.output<typeof limits> | undefined,
  currency: string,
  path: PropertyKey[],
  context: z.core.$RefinementCtx,
): LimitsDocument {
  if (given === undefined) return noLimits;
  const read = (name: keyof LimitsDocument) => {
    const text = given[name] ?? null;
    if (text === null) return null;
    const money = readMoney(text, currency, [...path, name], context);
    return money === z.NEVER ? null : money.toString();
  };
  return { perMovement: read('perMovement'), perDay: read('perDay'), perMonth: read('perMonth') };
}

/** What is wrong with these limits as amounts of the currency, one problem for each limit. */
export function limitProblems(given: z.output<typeof limits>, currency: string, path: string): FieldError[] {
  return Object.entries(given).flatMap(([name, text]) =>
    text === null || text === undefined ? [] : amountProblems(text, currency, `${path}.${name}`),
  );
}

const signatories = z
  .array(id)
  .min(1)
  .max(maxHolders)
  .refine(distinct, { error: 'must not name a party twice' })
  .readonly();

const bandFields = {
  kinds: z
    .array(z.enum(mandatedKinds))
    .min(1)
    .refine(distinct, { error: 'must not name a kind twice' })
    .readonly()
    .optional(),
  upTo: amountText.optional(),
  per: z.enum(ceilingPeriods).optional(),
};

/** A band as callers write and see it. */
export const mandateBandDocument = z
  .discriminatedUnion(
    'rule',
    [
      z.strictObject({ rule: z.literal('any'), ...bandFields }),
      z.strictObject({ rule: z.literal('all'), ...bandFields }),
      z.strictObject({
        rule: z.literal('count'),
        count: z.int().min(1).max(maxHolders),
        signatories: signatories.optional(),
        ...bandFields,
      }),
      z.strictObject({ rule: z.literal('named'), signatories, ...bandFields }),
      z.strictObject({
        rule: z.literal('weighted'),
        weights: z
          .record(id, z.int().min(1).max(maxWeight))
          .refine((weights) => Object.keys(weights).length > 0, { error: 'must name a party' })
          .refine((weights) => Object.keys(weights).length <= maxHolders, {
            error: `must name at most ${maxHolders} parties`,
          })
          .meta({ id: 'Weights', minProperties: 1, maxProperties: maxHolders }),
        threshold: z
          .int()
          .min(1)
          .max(maxWeight * maxHolders),
        ...bandFields,
      }),
    ],
    { error: 'must be one of "any", "all", "count", "named", "weighted"' },
  )
  .meta({ id: 'MandateBand' });

/** How parties may sign: named by a key of the service too, or with keys and tokens of their own only. */
const signatureChannels = ['any', 'own'] as const;

const bands = z.array(mandateBandDocument, {
  error: ({ input }) => (input === undefined ? 'is required, or "rule" in its place' : undefined),
});

/**
 * A mandate: bands, or short for a single band its rule, and the version from which they were made.
 * `mandateProblems` says what else is wrong with it.
 */
export const mandateTerms = z.preprocess(
  (given) =>
    typeof given === 'object' && given !== null && 'rule' in given && !('bands' in given) ? { bands: [given] } : given,
  z.strictObject({
    bands: bands.min(1).max(maxBands),
    signatures: z.enum(signatureChannels).exactOptional(),
    version: z.int().min(0).nullish(),
  }),
);

/** A mandate as callers see it, wherever they do. */
export const mandateDocument = z
  .strictObject({
    version: count,
    /** Left out for `any`. */
    signatures: z.enum(signatureChannels).exactOptional(),
    bands: z.array(mandateBandDocument).readonly(),
  })
  .meta({ id: 'Mandate' });

/** What a schema of fields can't see: whether each movement finds a band, and whether each band can be satisfied. */
export function mandateProblems(terms: MandateTerms, currency: string, path: string): FieldError[] {
  const problems = terms.bands.flatMap((rule, index) => [
    ...(rule.upTo === undefined ? [] : amountProblems(rule.upTo, currency, `${path}.bands.${index}.upTo`)),
    ...(rule.per !== undefined && rule.upTo === undefined
      ? [{ path: `${path}.bands.${index}.per`, message: 'must stand with "upTo"' }]
      : []),
    ...ruleProblems(rule, `${path}.bands.${index}`),
  ]);
  if (problems.length > 0) return problems;
  for (const kind of mandatedKinds) {
    const limits = bandsOf(terms, kind).map(({ upTo }) => upTo);
    if (limits.at(-1) !== undefined || limits.length === 0) {
      problems.push({
        path: `${path}.bands`,
        message: `must end with a band without "upTo" for each kind; none is left for a ${kind}`,
      });
    } else if (!ascend(limits.slice(0, -1), currency)) {
      problems.push({ path: `${path}.bands`, message: `must have bands with growing "upTo" for a ${kind}` });
    }
  }
  return problems;
}

function ascend(limits: readonly (string | undefined)[], currency: string): boolean {
  const amounts = limits.map((limit) => (limit === undefined ? null : Money.parse(limit, currency)));
  return amounts.every((amount, index) => {
    if (amount === null) return false;
    const before = amounts[index - 1];
    return before === undefined || before === null || before.minus(amount).isNegative();
  });
}

function ruleProblems(rule: SignatureRule, path: string): FieldError[] {
  if (rule.rule === 'count' && rule.signatories !== undefined && rule.count > rule.signatories.length) {
    return [{ path: `${path}.count`, message: 'must not be more than there are signatories' }];
  }
  if (rule.rule !== 'weighted') return [];
  const total = Object.values(rule.weights).reduce((sum, weight) => sum + weight, 0);
  return rule.threshold > total
    ? [{ path: `${path}.threshold`, message: 'must not be more than all weights together' }]
    : [];
}

function amountProblems(text: string, currency: string, path: string): FieldError[] {
  try {
    Money.parse(text, currency);
    return [];
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    return [{ path, message: error.message }];
  }
}
