import { z } from 'zod';
import { notFound, notFoundByExternalId } from '../errors/no-such.ts';
import { requireScope } from '../http/acting-party.ts';
import { sourceOf } from '../http/caller.ts';
import { metadata } from '../http/metadata.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { id, idList, line } from '../http/read-input.ts';
import { ok, perform, type Success } from '../http/reply.ts';
import { get, operation, patch, post, put } from '../http/route.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { listTokenIssuers } from '../ledger/token-issuers.ts';
import { eraseParty, updateParty } from './change-party.ts';
import { type CreatePartyResult, createParty } from './create-party.ts';
import { listParties, partyKey } from './list-parties.ts';
import {
  findNameOfCoHolder,
  findPartyByExternalId,
  getParty,
  partyDocument,
  partyNameDocument,
} from './party-queries.ts';

const externalId = line(200);
const listQuery = z.strictObject({
  ...pageQuery('asc'),
  externalId: externalId.optional(),
  namePrefix: line(200).optional().meta({ description: 'The beginning of the name, whatever its capitals.' }),
  ids: idList('parties').optional(),
});
const partyPath = z.object({ partyId: id });
const putPartyBody = z.strictObject({ name: line(200), metadata: metadata.nullish() });
const createPartyBody = putPartyBody.extend({ externalId: externalId.nullish() });
const patchPartyBody = z
  .strictObject({
    name: line(200).optional(),
    externalId: externalId.nullable().optional(),
    metadata: metadata.nullable().optional(),
  })
  .refine((fields) => Object.keys(fields).length > 0, { error: 'must change something' });

/** Parties: the people and companies that accounts belong to. */
export const partyRoutes = [
  get(
    '/parties',
    {
      id: 'listParties',
      summary: 'List parties',
      ...{ keys: 'service', scope: 'accounts:read', query: listQuery, answers: { 200: pageOf(partyDocument) } },
    },
    ({ caller, query }, { database }) =>
      readPageBy(query, ['parties'], {
        key: partyKey(query),
        find: (page) => listParties(sourceOf(caller, database), page, query),
        keyOf: ({ key }) => key,
        present: (found) => found.map(({ document }) => document),
      }),
  ),

  post(
    '/parties',
    {
      id: 'createParty',
      summary: 'Create a party',
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: operation,
        body: createPartyBody,
        answers: { 201: partyDocument },
      },
      refusals: ['external_id_taken'],
      examples: { 'A person': { name: 'Rita Renter', externalId: 'renter' } },
    },
    ({ body: { name, externalId = null, metadata = null }, options }, { engine }) => {
      const command = { id: createId(), name, externalId, metadata, whenTaken: 'refuse' as const };
      return perform(engine, createOperation(createParty, command, options), presentCreated);
    },
  ),

  get(
    '/parties/by-external-id/:externalId',
    {
      id: 'getPartyByExternalId',
      summary: 'Find the party with this external id',
      ...{ keys: 'service', scope: 'accounts:read', params: z.object({ externalId }), answers: { 200: partyDocument } },
      refusals: ['party_not_found'],
    },
    async ({ caller, params: { externalId } }, { database }) => {
      const found = await findPartyByExternalId(sourceOf(caller, database), externalId);
      if (found === undefined) throw notFoundByExternalId('party', externalId);
      return ok(found);
    },
  ),

  put(
    '/parties/by-external-id/:externalId',
    {
      id: 'getOrCreateParty',
      summary: 'Find the party with this external id, or create it',
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: { prefer: true },
        params: z.object({ externalId }),
        body: putPartyBody,
      },
      answers: { 200: partyDocument, 201: partyDocument },
      examples: { 'A person': { name: 'Erin Earner' } },
    },
    async ({ caller, params: { externalId }, body, options }, { database, engine }) => {
      const existing = await findPartyByExternalId(sourceOf(caller, database), externalId);
      if (existing !== undefined) return presentCreated({ party: existing, created: false });
      const { name, metadata = null } = body;
      const command = { id: createId(), name, externalId, metadata, whenTaken: 'answerExisting' as const };
      return perform(engine, createOperation(createParty, command, options), presentCreated);
    },
  ),

  get(
    '/parties/:partyId',
    {
      id: 'getParty',
      summary: 'Read a party; of those with whom it holds an account, a party reads the name',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: partyPath,
        answers: { 200: z.union([partyDocument, partyNameDocument]) },
      },
      refusals: ['party_not_found'],
    },
    async ({ caller, params: { partyId } }, { database }) => {
      const source = sourceOf(caller, database);
      const { boundParty } = caller;
      if (boundParty === null || boundParty === partyId) return ok(await getParty(source, partyId));
      // Which others there are, a party must not learn.
      const other = await findNameOfCoHolder(source, boundParty, partyId);
      if (other === undefined) throw notFound('party', partyId);
      return ok(other);
    },
  ),

  patch(
    '/parties/:partyId',
    {
      id: 'updateParty',
      summary: 'Change what is known of a party',
      audited: true,
      ...{ keys: 'service', scope: 'accounts:manage', offers: operation, params: partyPath, body: patchPartyBody },
      answers: { 200: partyDocument },
      refusals: ['party_not_found', 'external_id_taken'],
      examples: { 'A new name': { name: 'Erin Earner-Spender' } },
    },
    async ({ caller, params: { partyId }, body: { name, externalId, metadata }, options }, parts) => {
      // Where tokens are taken, the external id says whose they are.
      if (externalId !== undefined && (await listTokenIssuers(sourceOf(caller, parts.database))).length > 0)
        requireScope(caller, 'keys:manage');
      const change = createOperation(updateParty, { partyId, name, externalId, metadata }, options);
      const reply = await perform(parts.engine, change, ok);
      if (externalId !== undefined) parts.wakeUp.tell('keys');
      return reply;
    },
  ),

  post(
    '/parties/:partyId/erase',
    {
      id: 'eraseParty',
      summary: 'Erase what is known of a party; the books keep its id',
      audited: true,
      ...{
        keys: 'service',
        scope: 'accounts:manage',
        offers: operation,
        params: partyPath,
        answers: { 200: partyDocument },
      },
      refusals: ['party_not_found', 'party_holds_accounts'],
    },
    async ({ params: { partyId }, options }, { engine, wakeUp }) => {
      const reply = await perform(engine, createOperation(eraseParty, { partyId }, options), ok);
      wakeUp.tell('keys');
      return reply;
    },
  ),
];

function presentCreated({ party, created }: CreatePartyResult): Success {
  return { status: created ? 201 : 200, body: party, headers: { Location: `/v1/parties/${party.id}` } };
}
