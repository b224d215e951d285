import { z } from 'zod';
import { accountPath } from '../accounts/account-schemas.ts';
import { getReadableAccount } from '../accounts/readable-account.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty } from '../http/acting-party.ts';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id, text, trueOrFalse } from '../http/read-input.ts';
import { perform } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import { accountActRefusals } from '../http/shared-refusals.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { hideFromStrangers } from '../ownership/visible-accounts.ts';
import { accountChangeDocument } from './account-change.ts';
import { changeRefusals } from './change-refusals.ts';
import { getRestriction, listRestrictions, restrictionScopes } from './management-queries.ts';
import { placeRestriction } from './place-restriction.ts';
import { presentRestriction, restrictionDocument } from './present-management.ts';
import { submitChange } from './submit-change.ts';

const restrictionPath = z.object({ restrictionId: id });
const listQuery = z.strictObject({ ...pageQuery('asc'), active: trueOrFalse.optional() });
const restrictionBody = z.strictObject({
  scope: z.enum(restrictionScopes).default('debits'),
  reason: text(500),
  by: id.nullish(),
});

const liftBody = z.strictObject({ by: id.nullish(), reason: text(500).nullish() }).optional();

/** Stopping an account's debits or credits, and letting them go on. */
export const restrictionRoutes = [
  get(
    '/accounts/:accountId/restrictions',
    {
      id: 'listRestrictions',
      summary: 'List what stops or has stopped an account',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        query: listQuery,
        answers: { 200: pageOf(restrictionDocument) },
      },
      refusals: ['account_not_found'],
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      await getReadableAccount(database, caller, accountId);
      const isActive = query.active === undefined ? undefined : query.active === 'true';
      return readPage(
        query,
        ['restrictions', accountId],
        (page) => listRestrictions(sourceOf(caller, database), { ...page, accountId, isActive }),
        (found) => found.map(presentRestriction),
      );
    },
  ),

  post(
    '/accounts/:accountId/restrictions',
    {
      id: 'createRestriction',
      summary: "Stop an account's debits or credits",
      audited: true,
      ...{
        keys: 'any',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: accountPath,
        body: restrictionBody,
      },
      answers: { 201: restrictionDocument },
      refusals: [...accountActRefusals, 'restriction_in_place'],
      examples: { 'A lost phone': { reason: 'Lost phone' } },
    },
    async ({ caller, params: { accountId }, body: { scope, reason, by: named }, options }, { database, engine }) => {
      const by = actingParty(caller, named);
      await hideFromStrangers(database, caller, accountId);
      const { authentication } = caller;
      const command = { id: createId(), accountId, by, authentication, scope, reason, names: { partyIds: [] } };
      return perform(engine, createOperation(placeRestriction, command, options), (body) => ({ status: 201, body }));
    },
  ),

  post(
    '/restrictions/:restrictionId/lift',
    {
      id: 'liftRestriction',
      summary: 'Lift a restriction',
      audited: true,
      ...{ keys: 'any', scope: 'accounts:manage', offers: accountOperation, params: restrictionPath, body: liftBody },
      answers: { 200: restrictionDocument, 202: accountChangeDocument },
      refusals: [...changeRefusals, 'restriction_not_found', 'restriction_not_active'],
    },
    async ({ caller, params: { restrictionId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body?.by);
      const { accountId, placedBy } = await getRestriction(sourceOf(caller, database), restrictionId);
      await hideFromStrangers(database, caller, accountId, { subject: ['restriction', restrictionId] });
      const reason = body?.reason ?? null;
      if (by === null && placedBy !== null && reason === null) {
        throw invalidInput([{ path: 'reason', message: 'is required: the service lifts what a holder has placed' }]);
      }
      const change = { kind: 'restriction_lift' as const, restrictionId, ...(reason === null ? {} : { reason }) };
      const names = { partyIds: [], restrictionId };
      const { authentication } = caller;
      return submitChange(engine, { accountId, by, authentication, terms: change, names }, options);
    },
  ),
];
