import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { accountPath } from '../accounts/account-schemas.ts';
import { getReadableAccount } from '../accounts/readable-account.ts';
import type { Database } from '../database/create-database.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actForNobody, actingParty } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { id, instant } from '../http/read-input.ts';
import { ok, perform, type Reply } from '../http/reply.ts';
import { accountOperation, get, post, put } from '../http/route.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation, type OperationOptions } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import { histories, type LimitsDocument, ownerRights } from '../ownership/holder.ts';
import { limitProblems, limits, rights } from '../ownership/ownership-schemas.ts';
import { hideFromStrangers } from '../ownership/visible-accounts.ts';
import { findParties } from '../parties/party-queries.ts';
import { accountChangeDocument } from './account-change.ts';
import { changeMembership, type MembershipCommand } from './change-membership.ts';
import { changeRefusals } from './change-refusals.ts';
import { findHolderRecords } from './management-queries.ts';
import { holderRecordDocument, namedHolderDocument, presentHolder } from './present-management.ts';
import { byBody, submitChange } from './submit-change.ts';

const holderPath = z.object({ accountId: id, partyId: id });

const defaultInvitationMs = 14 * 86_400_000;
const maxInvitationMs = 90 * 86_400_000;

const invitationBody = z.strictObject({
  partyId: id,
  rights: rights.optional(),
  limits: limits.optional(),
  expiresAt: instant
    .refine((at) => at.getTime() <= Date.now() + maxInvitationMs, { error: 'must lie within the next 90 days' })
    .optional(),
  /** `all`: it sees what was booked before it joins as well. */
  history: z.enum(histories).default('joining'),
  by: id.nullish(),
});
const termsBody = z.strictObject({ rights, limits: limits.optional(), by: id.nullish() });
/** Made at once, or waiting for the owners' signatures. */
const changed = { 200: holderRecordDocument, 202: accountChangeDocument };
const membershipRefusals = [
  'account_not_found',
  'party_not_found',
  'clearing_account',
  'holder_not_found',
  'account_closed',
] as const;

/** Who holds an account: invitations, acceptance, rights, limits, leaving. */
export const holderRoutes = [
  get(
    '/accounts/:accountId/holders',
    {
      id: 'listHolders',
      summary: 'List who holds an account, was invited to it, or held it',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath, query: z.strictObject(pageQuery('asc')) },
      ...{ answers: { 200: pageOf(namedHolderDocument) }, refusals: ['account_not_found'] },
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      await getReadableAccount(database, caller, accountId);
      return readPageBy(query, ['holders', accountId], {
        key: id,
        find: (page) => findHolderRecords(sourceOf(caller, database), [accountId], page),
        keyOf: (holder) => holder.partyId,
        present: async (holders) => {
          const parties = await findParties(
            sourceOf(caller, database),
            holders.map(({ partyId }) => partyId),
          );
          return holders.map((holder) => ({
            ...presentHolder(holder, new Date()),
            name: parties.get(holder.partyId)!.name,
          }));
        },
      });
    },
  ),

  post(
    '/accounts/:accountId/holders',
    {
      id: 'inviteHolder',
      summary: 'Invite a party to an account',
      audited: true,
      ...{ keys: 'any', scope: 'accounts:manage', offers: accountOperation, params: accountPath, body: invitationBody },
      answers: { 201: holderRecordDocument, 202: accountChangeDocument },
      refusals: ['account_not_found', 'clearing_account', ...changeRefusals, 'already_a_holder', 'too_many_holders'],
      examples: {
        'A viewer': { partyId: '01936f00-0000-7000-8000-000000000013', rights: ['view', 'delegate'] },
      },
    },
    async ({ caller, params: { accountId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body.by);
      const given = { partyId: body.partyId, rights: body.rights ?? [...ownerRights], limits: body.limits };
      const holder = await readHolderTerms(database, caller, accountId, given);
      const expiresAt = body.expiresAt ?? new Date(Date.now() + defaultInvitationMs);
      const change = {
        kind: 'holder_invitation' as const,
        holder,
        invitationExpiresAt: expiresAt.toISOString(),
        ...(body.history === 'all' ? { history: 'all' as const } : {}),
      };
      const asked = {
        accountId,
        by,
        authentication: caller.authentication,
        terms: change,
        names: { partyIds: [body.partyId] },
      };
      return submitChange(engine, asked, options, { appliedStatus: 201 });
    },
  ),

  put(
    '/accounts/:accountId/holders/:partyId',
    {
      id: 'updateHolder',
      summary: "Set a holder's rights and limits",
      audited: true,
      ...{
        keys: 'any',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: holderPath,
        body: termsBody,
        answers: changed,
      },
      refusals: [
        'account_not_found',
        'clearing_account',
        ...changeRefusals,
        'holder_not_found',
        'last_owner',
        'too_many_holders',
      ],
      examples: { 'A limit for each day': { rights: ['view', 'transfer'], limits: { perDay: '200.00' } } },
    },
    async ({ caller, params: { accountId, partyId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body.by);
      const given = { partyId, rights: body.rights, limits: body.limits };
      const holder = await readHolderTerms(database, caller, accountId, given);
      const change = { kind: 'holder_terms' as const, holder };
      const asked = { accountId, by, authentication: caller.authentication, terms: change };
      return submitChange(engine, { ...asked, names: { partyIds: [partyId] } }, options);
    },
  ),

  post(
    '/accounts/:accountId/holders/:partyId/remove',
    {
      id: 'removeHolder',
      summary: 'Remove a holder, or withdraw an invitation',
      audited: true,
      ...{
        keys: 'any',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: holderPath,
        body: byBody,
        answers: changed,
      },
      refusals: ['account_not_found', 'clearing_account', ...changeRefusals, 'holder_not_found', 'last_owner'],
    },
    async ({ caller, params: { accountId, partyId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body?.by);
      await hideFromStrangers(database, caller, accountId);
      const change = { kind: 'holder_removal' as const, partyId };
      const asked = { accountId, by, authentication: caller.authentication, terms: change };
      return submitChange(engine, { ...asked, names: { partyIds: [partyId] } }, options);
    },
  ),

  post(
    '/accounts/:accountId/holders/:partyId/accept',
    {
      id: 'acceptInvitation',
      summary: 'Accept an invitation',
      audited: true,
      ...{
        keys: 'any',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: holderPath,
        answers: { 200: holderRecordDocument },
      },
      refusals: ['key_not_allowed', ...membershipRefusals, 'invitation_not_open'],
    },
    ({ caller, params, options }, parts) => submitMembership('accept', params, caller, options, parts),
  ),

  post(
    '/accounts/:accountId/holders/:partyId/decline',
    {
      id: 'declineInvitation',
      summary: 'Decline an invitation',
      audited: true,
      ...{
        keys: 'any',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: holderPath,
        answers: { 200: holderRecordDocument },
      },
      refusals: ['key_not_allowed', ...membershipRefusals, 'invitation_not_open'],
    },
    ({ caller, params, options }, parts) => submitMembership('decline', params, caller, options, parts),
  ),

  post(
    '/accounts/:accountId/holders/:partyId/leave',
    {
      id: 'leaveAccount',
      summary: 'Leave an account',
      audited: true,
      ...{
        keys: 'any',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: holderPath,
        answers: { 200: holderRecordDocument },
      },
      refusals: ['key_not_allowed', ...membershipRefusals, 'last_owner'],
    },
    ({ caller, params, options }, parts) => submitMembership('leave', params, caller, options, parts),
  ),

  post(
    '/accounts/:accountId/holders/:partyId/death',
    {
      id: 'reportHolderDeath',
      summary: 'Note that a holder has died',
      audited: true,
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: holderPath,
        answers: { 200: holderRecordDocument },
      },
      refusals: membershipRefusals,
    },
    ({ caller, params, options }, parts) => submitMembership('death', params, caller, options, parts),
  ),
];

async function submitMembership(
  act: MembershipCommand['act'],
  { accountId, partyId }: z.output<typeof holderPath>,
  caller: Caller,
  options: OperationOptions,
  { database, engine }: ServiceParts,
): Promise<Reply> {
  // A death is nobody's act, and leaves fewer who sign.
  const by = act === 'death' ? actForNobody(caller) : actingParty(caller, partyId);
  await hideFromStrangers(database, caller, accountId, { invited: true });
  const { authentication } = caller;
  const names = { partyIds: [partyId] };
  const command = { accountId, partyId, act, by, authentication, restrictionId: createId(), names };
  return perform(engine, createOperation(changeMembership, command, options), ok);
}

/** Rights and limits as they shall be; limits are in the account's currency, which never changes. */
async function readHolderTerms(
  database: Database,
  caller: Caller,
  accountId: string,
  given: {
    partyId: string;
    rights: z.output<typeof rights>;
    limits: z.output<typeof limits> | undefined;
  },
) {
  await hideFromStrangers(database, caller, accountId);
  const { currency } = await getAccount(sourceOf(caller, database), accountId);
  const { partyId, limits: wanted } = given;
  const problems = wanted === undefined ? [] : limitProblems(wanted, currency, 'limits');
  if (problems.length > 0) throw invalidInput(problems);
  const limit = (name: keyof LimitsDocument) => {
    const text = wanted?.[name] ?? null;
    return text === null ? null : Money.parse(text, currency).toString();
  };
  const agreed = { perMovement: limit('perMovement'), perDay: limit('perDay'), perMonth: limit('perMonth') };
  return { partyId, rights: given.rights, limits: agreed };
}
