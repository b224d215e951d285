import { z } from 'zod';
import { metadata } from '../http/metadata.ts';
import { amountText, currency, readMoney } from '../http/money-fields.ts';
import { day, id, idList, instant, line } from '../http/read-input.ts';
import { ownerRights } from '../ownership/holder.ts';
import { namedIn, termsOf } from '../ownership/mandate.ts';
import {
  limits,
  mandateProblems,
  mandateTerms,
  maxHolders,
  readLimits,
  rights,
} from '../ownership/ownership-schemas.ts';
import { survivorships } from './account-queries.ts';
import { seriesIntervals } from './balance-series.ts';
import { statementIntervals } from './statement-schedule.ts';
import { isTimeZone, timeZoneMessage } from './time-zone.ts';

/** A caller's clock may be a little ahead of ours. */
const clockToleranceMs = 60_000;

export const accountPath = z.object({ accountId: id });

export const externalId = line(200);

const holder = z.strictObject({ partyId: id, rights: rights.optional(), limits: limits.optional() });

/** The route asks the database, too. */
const timeZone = z.string().refine(isTimeZone, { error: timeZoneMessage });

const accountFields = {
  name: line(200),
  currency,
  /** Left out: joint with several holders, else sole. */
  ownership: z.enum(['sole', 'joint']).optional(),
  overdraftLimit: amountText.default('0'),
  holders: z
    .array(holder)
    .max(maxHolders)
    .refine((list) => new Set(list.map(({ partyId }) => partyId)).size === list.length, {
      error: 'must not name a party twice',
    })
    .default([]),
  mandate: mandateTerms.optional(),
  /** Where the days and months of limits begin. */
  timeZone: timeZone.default('UTC'),
  /** What becomes of the account when a holder dies: it is the survivors', or stopped for the estate. */
  survivorship: z.enum(survivorships).default('survivors'),
  /** After the end of which periods, in the account's time zone, a statement is issued by itself. */
  statements: z.enum(statementIntervals).default('none'),
  metadata: metadata.nullish(),
};

const accountFieldsSchema = z.object(accountFields);

function readAccount<Fields extends z.output<typeof accountFieldsSchema>>(
  fields: Fields,
  context: z.core.$RefinementCtx,
) {
  if (fields.ownership === 'sole' && fields.holders.length > 1) {
    context.addIssue({ code: 'custom', path: ['holders'], message: 'must name at most one party on a sole account' });
  }
  const { currency, mandate } = fields;
  if ((mandate?.version ?? null) !== null) {
    const message = 'must be left out: the mandate of a new account begins with version 1';
    context.addIssue({ code: 'custom', path: ['mandate', 'version'], message });
  }
  const problems = mandate === undefined ? [] : mandateProblems(mandate, currency, 'mandate');
  const holderIds = new Set(fields.holders.map(({ partyId }) => partyId));
  if (mandate !== undefined && namedIn(mandate).some((partyId) => !holderIds.has(partyId))) {
    problems.push({ path: 'mandate', message: 'must name no party that is not among the holders' });
  }
  for (const { path, message } of problems) {
    context.addIssue({ code: 'custom', path: path.split('.'), message });
  }
  return {
    ...fields,
    metadata: fields.metadata ?? null,
    ownership: fields.ownership ?? (fields.holders.length > 1 ? 'joint' : 'sole'),
    /** As it was sent. */
    askedOwnership: fields.ownership ?? null,
    mandate: mandate === undefined ? null : termsOf(mandate),
    overdraftLimit: readMoney(fields.overdraftLimit, currency, ['overdraftLimit'], context),
    holders: fields.holders.map((holder, index) => ({
      partyId: holder.partyId,
      rights: holder.rights ?? [...ownerRights],
      limits: readLimits(holder.limits, currency, ['holders', index, 'limits'], context),
    })),
  };
}

/** The body of `POST /v1/accounts`. */
export const createAccountBody = z
  .strictObject({ ...accountFields, externalId: externalId.nullish() })
  .transform(readAccount);

/** The body of `PUT /v1/accounts/by-external-id/{externalId}`: the external id stands in the path. */
export const putAccountBody = z.strictObject(accountFields).transform(readAccount);

/** The body of `PATCH /v1/accounts/{id}`; the route reads the limit in the account's currency. */
export const patchAccountBody = z
  .strictObject({
    name: line(200).optional(),
    overdraftLimit: amountText.optional(),
    timeZone: timeZone.optional(),
    survivorship: z.enum(survivorships).optional(),
    statements: z.enum(statementIntervals).optional(),
    metadata: metadata.nullable().optional(),
  })
  .refine((fields) => Object.keys(fields).length > 0, { error: 'must change something' });

const at = instant
  .refine((time) => time.getTime() <= Date.now() + clockToleranceMs, { error: 'must not lie in the future' })
  .optional();

export const balanceQuery = z.strictObject({ at });

const maxSteps = 400;

/** About how many days a step has, for the limit of their number. */
const daysOf = { day: 1, week: 7, month: 28 };

export const balanceSeriesQuery = z
  .strictObject({ from: day, to: day, interval: z.enum(seriesIntervals).default('day') })
  .superRefine(({ from, to, interval }, context) => {
    const report = (message: string) => context.addIssue({ code: 'custom', path: ['to'], message });
    if (to < from) report('must not lie before from');
    const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
    if (days / daysOf[interval] >= maxSteps)
      report(`must lie less than ${maxSteps * daysOf[interval]} days after from`);
  });

export const balancesQuery = z.strictObject({ at, accountIds: idList('accounts') });
