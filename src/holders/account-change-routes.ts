import { z } from 'zod';
import { accountPath } from '../accounts/account-schemas.ts';
import { findListedAccounts, ofSignersQuery } from '../accounts/listed-accounts.ts';
import type { Database } from '../database/create-database.ts';
import { actingParty } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { type PageAsked, pageOf, readPage } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, perform, type Reply, type Success } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { actRefusals } from '../http/shared-refusals.ts';
import { createOperation, type OperationOptions } from '../ledger/operation.ts';
import { ifVisible } from '../ownership/visible-accounts.ts';
import { listSigned } from '../signatures/list-signed.ts';
import { readSignature, signatureBody } from '../signatures/read-signature.ts';
import { type AccountChange, accountChangeDocument, changeStatuses } from './account-change.ts';
import { describeChanges } from './describe-changes.ts';
import { getChange, listChanges } from './management-queries.ts';
import { accountMandateDocument, holderRecordDocument, restrictionDocument } from './present-management.ts';
import { type SignChangeCommand, signChange } from './sign-change.ts';
import { byBody } from './submit-change.ts';

const changePath = z.object({ changeId: id });
/** With what the last signature has made. */
const signedChangeDocument = accountChangeDocument.extend({
  applied: z.union([holderRecordDocument, accountMandateDocument, restrictionDocument]).exactOptional(),
});

const listQuery = z.strictObject({ ...ofSignersQuery, status: z.enum(changeStatuses).optional() });

async function readChanges(
  database: Database,
  caller: Caller,
  query: Omit<z.output<typeof listQuery>, 'accountId'> & { accountId?: string | undefined },
): Promise<Success> {
  const { missingFrom, status = missingFrom === undefined ? undefined : 'waiting' } = query;
  const listed = await findListedAccounts(database, caller, query);
  const source = sourceOf(caller, database);
  const list = (page: PageAsked<string>) => listChanges(source, { ...page, ...listed }, status);
  const describe = (changes: readonly AccountChange[]) => describeChanges(source, changes, new Date());
  return readPage(query, ['changes'], (page) => listSigned(page, { list, describe }, missingFrom));
}

/** Changes of an account that take every owner's signature. */
export const accountChangeRoutes = [
  get(
    '/accounts/:accountId/changes',
    {
      id: 'listAccountChanges',
      summary: 'List the changes of an account that take signatures',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath, query: listQuery.omit({ accountId: true }) },
      ...{ answers: { 200: pageOf(accountChangeDocument) }, refusals: ['account_not_found'] },
    },
    ({ caller, params, query }, { database }) => readChanges(database, caller, { ...query, ...params }),
  ),

  get(
    '/account-changes',
    {
      id: 'findAccountChanges',
      summary: 'List changes that take signatures, of all accounts that the key may read',
      ...{ keys: 'any', scope: 'accounts:read', query: listQuery, answers: { 200: pageOf(accountChangeDocument) } },
      refusals: ['account_not_found'],
    },
    ({ caller, query }, { database }) => readChanges(database, caller, query),
  ),

  get(
    '/account-changes/:changeId',
    {
      id: 'getAccountChange',
      summary: 'Read a change of an account',
      ...{ keys: 'any', scope: 'accounts:read', params: changePath, answers: { 200: accountChangeDocument } },
      refusals: ['account_change_not_found'],
    },
    async ({ caller, params }, parts) => {
      const change = await getVisible(parts.database, caller, params.changeId, 'read');
      const [document] = await describeChanges(sourceOf(caller, parts.database), [change], new Date());
      return ok(document);
    },
  ),

  post(
    '/account-changes/:changeId/authorisations',
    {
      id: 'signAccountChange',
      summary: 'Sign a change of an account',
      audited: true,
      ...{
        keys: 'any',
        scope: 'approvals:write',
        offers: accountOperation,
        params: changePath,
        body: signatureBody('change'),
      },
      answers: { 200: signedChangeDocument },
      refusals: [
        ...actRefusals,
        'account_change_not_found',
        'account_change_not_pending',
        'account_closed',
        'instruction_mismatch',
        'instruction_altered',
        'already_decided',
        // What makes the change itself impossible by the time of the last signature.
        'already_a_holder',
        'too_many_holders',
        'holder_not_found',
        'last_owner',
        'restriction_not_active',
      ],
    },
    ({ caller, params: { changeId }, body, options }, parts) => {
      const act = readSignature(caller, body);
      return submit({ changeId, by: act.partyId, act }, caller, options, parts);
    },
  ),

  post(
    '/account-changes/:changeId/cancel',
    {
      id: 'cancelAccountChange',
      summary: 'Take back a change that waits for signatures',
      audited: true,
      ...{ keys: 'any', scope: 'approvals:write', offers: accountOperation, params: changePath, body: byBody },
      answers: { 200: accountChangeDocument },
      refusals: [...actRefusals, 'account_change_not_found', 'account_change_not_pending'],
    },
    ({ caller, params: { changeId }, body, options }, parts) =>
      submit({ changeId, by: actingParty(caller, body?.by), act: 'cancel' }, caller, options, parts),
  ),
];

async function submit(
  { changeId, by, act }: Pick<SignChangeCommand, 'changeId' | 'by' | 'act'>,
  caller: Caller,
  options: OperationOptions,
  parts: ServiceParts,
): Promise<Reply> {
  const { accountId } = await getVisible(parts.database, caller, changeId);
  const { authentication } = caller;
  const command = { changeId, by, authentication, act, accountId, names: { partyIds: [], changeId } };
  return perform(parts.engine, createOperation(signChange, command, options), ok);
}

const getVisible = ifVisible('account_change', getChange, () => ['view', 'owner']);
