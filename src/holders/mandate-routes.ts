import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { accountPath } from '../accounts/account-schemas.ts';
import { getReadableAccount } from '../accounts/readable-account.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty } from '../http/acting-party.ts';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok } from '../http/reply.ts';
import { accountOperation, get, put } from '../http/route.ts';
import { anyOneSigns } from '../ownership/mandate.ts';
import { warningsField, withMandateWarnings } from '../ownership/mandate-warnings.ts';
import { mandateProblems, mandateTerms } from '../ownership/ownership-schemas.ts';
import { hideFromStrangers } from '../ownership/visible-accounts.ts';
import { accountChangeDocument } from './account-change.ts';
import { changeRefusals } from './change-refusals.ts';
import { listMandates, mandateVersionDocument } from './mandate-queries.ts';
import { accountMandateDocument, presentMandate } from './present-management.ts';
import { submitChange } from './submit-change.ts';

const mandateBody = z.strictObject({ mandate: mandateTerms, by: id.nullish() });

/** Who must sign for money to leave an account, now and before. */
export const mandateRoutes = [
  get(
    '/accounts/:accountId/mandate',
    {
      id: 'getMandate',
      summary: 'Read who must sign for money to leave an account',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        answers: { 200: accountMandateDocument },
        refusals: ['account_not_found'],
      },
    },
    async ({ caller, params: { accountId } }, { database }) => {
      const { mandate } = await getReadableAccount(database, caller, accountId);
      return ok(presentMandate(accountId, mandate ?? anyOneSigns));
    },
  ),

  put(
    '/accounts/:accountId/mandate',
    {
      id: 'setMandate',
      summary: 'Set who must sign for money to leave an account',
      audited: true,
      ...{ keys: 'any', scope: 'accounts:manage', offers: accountOperation, params: accountPath, body: mandateBody },
      answers: {
        200: accountMandateDocument.extend(warningsField).meta({ id: 'ChangedMandate' }),
        202: accountChangeDocument.extend(warningsField).meta({ id: 'RequestedMandate' }),
      },
      refusals: ['account_not_found', 'clearing_account', ...changeRefusals, 'holder_not_found'],
      examples: {
        'Two above 500.00 a day': {
          mandate: {
            bands: [
              { rule: 'any', upTo: '500.00', per: 'day' },
              { rule: 'count', count: 2 },
            ],
          },
        },
      },
    },
    async ({ caller, params: { accountId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body.by);
      await hideFromStrangers(database, caller, accountId);
      const { currency } = await getAccount(sourceOf(caller, database), accountId);
      const { version, ...mandate } = body.mandate;
      const problems = mandateProblems(mandate, currency, 'mandate');
      if (problems.length > 0) throw invalidInput(problems);
      const change = { kind: 'mandate' as const, mandate };
      const { authentication } = caller;
      const about = { accountId, by, authentication, names: { partyIds: [] } };
      const asked = { ...about, terms: change, fromVersion: version ?? null };
      const reply = await submitChange(engine, asked, options);
      return 'body' in reply ? { ...reply, body: withMandateWarnings(reply.body as object, mandate) } : reply;
    },
  ),

  get(
    '/accounts/:accountId/mandate/versions',
    {
      id: 'listMandateVersions',
      summary: 'List the versions of a mandate, the latest first',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath, query: z.strictObject(pageQuery('desc')) },
      ...{ answers: { 200: pageOf(mandateVersionDocument) }, refusals: ['account_not_found'] },
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      await getReadableAccount(database, caller, accountId);
      return readPageBy(query, ['mandates', accountId], {
        key: z.int().min(1),
        find: (page) => listMandates(sourceOf(caller, database), { ...page, accountId }),
        keyOf: (mandate) => mandate.version,
      });
    },
  ),
];
