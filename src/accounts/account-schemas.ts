import { z } from 'zod';
import { amountText, currency, readMoney } from '../http/money-fields.ts';
import { id, instant, text } from '../http/read-input.ts';
import { type HolderRight, holderRights } from './holder-rights.ts';

const mostHolders = 50;
const mostBalances = 100;
/** A caller's clock may be a little ahead of ours. */
const clockToleranceMs = 60_000;

export const externalId = text(200);

const rights = z
  .array(z.enum(holderRights))
  .min(1)
  .max(holderRights.length)
  .refine((list) => new Set(list).size === list.length, { error: 'must not name a right twice' });

const holder = z
  .strictObject({ partyId: id, rights: rights.optional() })
  .transform((fields) => ({ partyId: fields.partyId, rights: fields.rights ?? ([...holderRights] as HolderRight[]) }));

const accountFields = {
  name: text(200),
  currency,
  ownership: z.enum(['sole', 'joint']),
  overdraftLimit: amountText.default('0'),
  holders: z
    .array(holder)
    .max(mostHolders)
    .refine((list) => new Set(list.map(({ partyId }) => partyId)).size === list.length, {
      error: 'must not name a party twice',
    })
    .default([]),
};

const accountFieldsSchema = z.object(accountFields);

function readAccount<Fields extends z.output<typeof accountFieldsSchema>>(
  fields: Fields,
  context: z.core.$RefinementCtx,
) {
  if (fields.ownership === 'sole' && fields.holders.length > 1) {
    context.addIssue({ code: 'custom', path: ['holders'], message: 'must name at most one party on a sole account' });
  }
  return { ...fields, overdraftLimit: readMoney(fields.overdraftLimit, fields.currency, ['overdraftLimit'], context) };
}

/** The body of `POST /v1/accounts`. */
export const createAccountBody = z
  .strictObject({ ...accountFields, externalId: externalId.nullish() })
  .transform(readAccount);

/** The body of `PUT /v1/accounts/by-external-id/{externalId}`: the external id stands in the path. */
export const putAccountBody = z.strictObject(accountFields).transform(readAccount);

export const balanceQuery = z.strictObject({
  at: instant
    .refine((at) => at.getTime() <= Date.now() + clockToleranceMs, { error: 'must not lie in the future' })
    .optional(),
});

export const balancesQuery = z.strictObject({
  accountIds: z
    .string({ error: 'must name the accounts, separated by commas' })
    .transform((list) => list.split(','))
    .pipe(z.array(id).max(mostBalances, `must name at most ${mostBalances} accounts`))
    .refine((ids) => new Set(ids).size === ids.length, { error: 'must not name an account twice' }),
});
