import { z } from 'zod';
import { notFoundByExternalId } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { sourceOf } from '../http/caller.ts';
import { currency, getMoney } from '../http/money-fields.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { id, idList, line } from '../http/read-input.ts';
import { perform, type Success } from '../http/reply.ts';
import { accountOperation, get, operation, patch, post, put } from '../http/route.ts';
import { createId } from '../ledger/create-id.ts';
import { accountStatuses, entityTag, ownerships } from '../ledger/locked-account.ts';
import { createOperation } from '../ledger/operation.ts';
import { warningsField, withMandateWarnings } from '../ownership/mandate-warnings.ts';
import { findReadable } from '../ownership/visible-accounts.ts';
import { type AccountDocument, accountDocument, findAccountByExternalId, getAccount } from './account-queries.ts';
import { accountPath, createAccountBody, externalId, patchAccountBody, putAccountBody } from './account-schemas.ts';
import { closeAccount } from './close-account.ts';
import { accountKey, listAccounts } from './list-accounts.ts';
import { type OpenAccountResult, openAccount, refuseOther } from './open-account.ts';
import { getReadableAccount } from './readable-account.ts';
import { refuseUnknownTimeZone } from './time-zone.ts';
import { updateAccount } from './update-account.ts';

const listQuery = z.strictObject({
  ...pageQuery('asc'),
  holder: id.optional().meta({ description: 'Held by this party now.' }),
  currency: currency.optional(),
  status: z.enum(accountStatuses).optional(),
  ownership: z.enum(ownerships).optional().meta({ description: 'All but clearing accounts without it.' }),
  externalId: externalId.optional(),
  namePrefix: line(200).optional().meta({ description: 'The beginning of the name, whatever its capitals.' }),
  ids: idList('accounts').optional(),
});
const joint = {
  ...{ name: 'Household', currency: 'USD', ownership: 'joint', timeZone: 'Europe/Madrid' },
  holders: [
    { partyId: '01936f00-0000-7000-8000-000000000011' },
    { partyId: '01936f00-0000-7000-8000-000000000012', rights: ['view', 'deposit'] },
  ],
  mandate: { bands: [{ rule: 'any' }] },
};

const openedAccountDocument = accountDocument.extend(warningsField).meta({ id: 'OpenedAccount' });

/** Accounts: opening, reading, closing. */
export const accountRoutes = [
  get(
    '/accounts/:accountId',
    {
      id: 'getAccount',
      summary: 'Read an account',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        answers: { 200: accountDocument },
        refusals: ['account_not_found'],
      },
    },
    async ({ caller, params }, { database }) =>
      presentAccount(await getReadableAccount(database, caller, params.accountId)),
  ),

  patch(
    '/accounts/:accountId',
    {
      id: 'updateAccount',
      summary: 'Change the terms of an account',
      audited: true,
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: accountPath,
        body: patchAccountBody,
      },
      answers: { 200: accountDocument },
      refusals: ['account_not_found', 'clearing_account', 'account_closed', 'overdraft_in_use'],
      examples: { 'A higher overdraft': { overdraftLimit: '500.00' } },
    },
    async ({ caller, params: { accountId }, body, options }, { database, engine }) => {
      const { name, timeZone, survivorship, statements, metadata } = body;
      await refuseUnknownTimeZone(database, timeZone, 'timeZone');
      // In the account's currency, which never changes.
      const readLimit = async (text: string) =>
        getMoney(text, (await getAccount(sourceOf(caller, database), accountId)).currency, 'overdraftLimit');
      const overdraftLimit = body.overdraftLimit === undefined ? undefined : await readLimit(body.overdraftLimit);
      const command = { accountId, name, overdraftLimit, timeZone, survivorship, statements, metadata };
      return perform(engine, createOperation(updateAccount, command, options), presentAccount);
    },
  ),

  get(
    '/accounts',
    {
      id: 'listAccounts',
      summary: 'List accounts',
      ...{ keys: 'any', scope: 'accounts:read', query: listQuery, answers: { 200: pageOf(accountDocument) } },
    },
    ({ caller, query }, { database }) => {
      const filters = { ...query, viewer: caller.boundParty ?? undefined };
      return readPageBy(query, ['accounts'], {
        key: accountKey(filters),
        find: (page) => listAccounts(sourceOf(caller, database), page, filters),
        keyOf: ({ key }) => key,
        present: (found) => found.map(({ document }) => document),
      });
    },
  ),

  post(
    '/accounts',
    {
      id: 'openAccount',
      summary: 'Open an account',
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: operation,
        body: createAccountBody,
        answers: { 201: openedAccountDocument },
      },
      refusals: ['external_id_taken', 'party_not_found'],
      examples: { 'A joint account': { ...joint, externalId: 'flat' } },
    },
    async ({ body, options }, { database, engine }) => {
      await refuseUnknownTimeZone(database, body.timeZone, 'timeZone');
      const command = { ...body, id: createId(), externalId: body.externalId ?? null, whenTaken: 'refuse' as const };
      return perform(engine, createOperation(openAccount, command, options), presentOpened);
    },
  ),

  get(
    '/accounts/by-external-id/:externalId',
    {
      id: 'getAccountByExternalId',
      summary: 'Find the account with this external id',
      ...{ keys: 'any', scope: 'accounts:read', params: z.object({ externalId }), answers: { 200: accountDocument } },
      refusals: ['account_not_found'],
    },
    async ({ caller, params: { externalId } }, { database }) => {
      const found = await findAccountByExternalId(sourceOf(caller, database), externalId);
      const readable = found && (await findReadable(database, caller, [found.id]));
      if (found === undefined || readable?.size === 0) throw notFoundByExternalId('account', externalId);
      return presentAccount(found);
    },
  ),

  put(
    '/accounts/by-external-id/:externalId',
    {
      id: 'getOrOpenAccount',
      summary: 'Find the account with this external id, or open it',
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: { prefer: true },
        params: z.object({ externalId }),
        body: putAccountBody,
      },
      answers: { 200: openedAccountDocument, 201: openedAccountDocument },
      refusals: ['external_id_differs', 'party_not_found'],
      examples: { 'A joint account': joint },
    },
    async ({ caller, params: { externalId }, body, options }, { database, engine }) => {
      await refuseUnknownTimeZone(database, body.timeZone, 'timeZone');
      const existing = await findAccountByExternalId(sourceOf(caller, database), externalId);
      if (existing !== undefined) {
        const other = refuseOther(existing, body);
        if (other !== undefined) throw new RefusalError(other.code, other.detail, other.facts);
        return presentOpened({ account: existing, created: false });
      }
      const command = { ...body, id: createId(), externalId, whenTaken: 'answerExisting' as const };
      return perform(engine, createOperation(openAccount, command, options), presentOpened);
    },
  ),

  post(
    '/accounts/:accountId/close',
    {
      id: 'closeAccount',
      summary: 'Close an account with nothing on it, for good',
      audited: true,
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: accountOperation,
        params: accountPath,
        answers: { 200: accountDocument },
      },
      refusals: ['account_not_found', 'clearing_account', 'account_closed', 'balance_not_zero'],
    },
    ({ params: { accountId }, options }, { engine }) =>
      perform(engine, createOperation(closeAccount, { accountId }, options), presentAccount),
  ),
];

/** An account as it is opened, with what may not be meant so. */
function presentOpened({ account, created }: OpenAccountResult): Success {
  const { headers } = presentAccount(account);
  return {
    status: created ? 201 : 200,
    body: withMandateWarnings(account, account.mandate),
    headers: { ...headers, Location: `/v1/accounts/${account.id}` },
  };
}

function presentAccount(account: AccountDocument): Success {
  const { version, revision } = account;
  return { status: 200, body: account, headers: version === null ? {} : { ETag: entityTag({ version, revision }) } };
}
