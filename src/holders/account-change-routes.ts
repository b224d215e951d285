import { z } from 'zod';
import { accountPath } from '../accounts/account-schemas.ts';
import { getReadableAccount } from '../accounts/readable-account.ts';
import { actingParty } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, perform, type Reply } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createOperation, type OperationTerms } from '../ledger/operation.ts';
import { hideFromStrangers } from '../ownership/visible-accounts.ts';
import { readSignature, signatureBody } from '../signatures/read-signature.ts';
import { type AccountChange, accountChangeDocument } from './account-change.ts';
import { getChange, listChanges } from './control-queries.ts';
import { describeChanges } from './describe-changes.ts';
import { holderRecordDocument, mandateDocument, restrictionDocument } from './present-control.ts';
import { type SignChangeCommand, signChange } from './sign-change.ts';
import { byBody } from './submit-change.ts';

const changePath = z.object({ changeId: id });
/** With what the last signature has made. */
const signedChangeDocument = accountChangeDocument.extend({
  applied: z.union([holderRecordDocument, mandateDocument, restrictionDocument]).exactOptional(),
});

/** Changes of an account that take every owner's signature. */
export const accountChangeRoutes = [
  get(
    '/accounts/:accountId/changes',
    {
      summary: 'List the changes of an account that take signatures, the latest first',
      ...{ keys: 'any', params: accountPath, query: z.strictObject(pageQuery) },
      ...{ answers: { 200: pageOf(accountChangeDocument) }, refusals: ['account_not_found'] },
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      await getReadableAccount(database, caller, accountId);
      const source = sourceOf(caller, database);
      return readPage(
        query,
        ['changes', accountId],
        (page) => listChanges(source, { ...page, accountId }),
        (changes) => describeChanges(source, changes, new Date()),
      );
    },
  ),

  get(
    '/account-changes/:changeId',
    {
      summary: 'Read a change of an account',
      ...{ keys: 'any', params: changePath, answers: { 200: accountChangeDocument } },
      refusals: ['account_change_not_found'],
    },
    async ({ caller, params }, parts) => {
      const change = await findForCaller(parts, caller, params.changeId, 'view');
      const [document] = await describeChanges(sourceOf(caller, parts.database), [change], new Date());
      return ok(document);
    },
  ),

  post(
    '/account-changes/:changeId/authorisations',
    {
      summary: 'Sign a change of an account',
      ...{ keys: 'any', offers: accountOperation, params: changePath, body: signatureBody('change') },
      answers: { 200: signedChangeDocument },
      refusals: [
        'key_not_allowed',
        'account_change_not_found',
        'party_not_found',
        'not_a_holder',
        'right_missing',
        'account_change_not_pending',
        'account_closed',
        'instruction_mismatch',
        'already_decided',
        // What makes the change itself impossible by the time of the last signature.
        'already_a_holder',
        'too_many_holders',
        'holder_not_found',
        'last_owner',
        'restriction_not_active',
      ],
    },
    ({ caller, params: { changeId }, body, terms }, parts) => {
      const act = readSignature(caller, body);
      return submit({ changeId, by: act.partyId, act }, caller, terms, parts);
    },
  ),

  post(
    '/account-changes/:changeId/cancel',
    {
      summary: 'Take back a change that waits for signatures',
      ...{ keys: 'any', offers: accountOperation, params: changePath, body: byBody },
      answers: { 200: accountChangeDocument },
      refusals: [
        'key_not_allowed',
        'account_change_not_found',
        'party_not_found',
        'not_a_holder',
        'right_missing',
        'account_change_not_pending',
      ],
    },
    ({ caller, params: { changeId }, body, terms }, parts) =>
      submit({ changeId, by: actingParty(caller, body?.by), act: 'cancel' }, caller, terms, parts),
  ),
];

async function submit(
  { changeId, by, act }: Pick<SignChangeCommand, 'changeId' | 'by' | 'act'>,
  caller: Caller,
  terms: OperationTerms,
  parts: ServiceParts,
): Promise<Reply> {
  const { accountId } = await findForCaller(parts, caller, changeId);
  const command = { changeId, by, act, accountId, names: { partyIds: [], changeId } };
  return perform(parts.engine, createOperation(signChange, command, terms), ok);
}

/** The change, unless a key's party has nothing to do with it. */
async function findForCaller(
  { database }: ServiceParts,
  caller: Caller,
  changeId: string,
  right?: 'view',
): Promise<AccountChange> {
  const change = await getChange(sourceOf(caller, database), changeId);
  await hideFromStrangers(database, caller, change.accountId, {
    right,
    subject: ['account_change', changeId],
  });
  return change;
}
