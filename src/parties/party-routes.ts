import { z } from 'zod';
import { notFound, notFoundByExternalId } from '../errors/no-such.ts';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id, text } from '../http/read-input.ts';
import { ok, perform, type Success } from '../http/reply.ts';
import { get, operation, post, put } from '../http/route.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { type CreatePartyResult, createParty } from './create-party.ts';
import { findPartyByExternalId, getParty, listParties, partyDocument } from './party-queries.ts';

const externalId = text(200);
const createPartyBody = z.strictObject({ name: text(200), externalId: externalId.nullish() });
const putPartyBody = z.strictObject({ name: text(200) });

/** Parties: the people and companies that accounts belong to. */
export const partyRoutes = [
  get(
    '/parties',
    {
      id: 'listParties',
      summary: 'List parties',
      ...{ keys: 'service', query: z.strictObject(pageQuery), answers: { 200: pageOf(partyDocument) } },
    },
    ({ caller, query }, { database }) =>
      readPage(query, ['parties'], (page) => listParties(sourceOf(caller, database), page)),
  ),

  post(
    '/parties',
    {
      id: 'createParty',
      summary: 'Create a party',
      ...{ keys: 'service', offers: operation, body: createPartyBody, answers: { 201: partyDocument } },
      refusals: ['external_id_taken'],
      examples: { 'A person': { name: 'Erin Earner', externalId: 'earner' } },
    },
    ({ body: { name, externalId = null }, options }, { engine }) => {
      const command = { id: createId(), name, externalId, whenTaken: 'refuse' as const };
      return perform(engine, createOperation(createParty, command, options), presentCreated);
    },
  ),

  get(
    '/parties/by-external-id/:externalId',
    {
      id: 'getPartyByExternalId',
      summary: 'Find the party with this external id',
      ...{ keys: 'service', params: z.object({ externalId }), answers: { 200: partyDocument } },
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
      ...{ keys: 'service', offers: { prefer: true }, params: z.object({ externalId }), body: putPartyBody },
      answers: { 200: partyDocument, 201: partyDocument },
      examples: { 'A person': { name: 'Erin Earner' } },
    },
    async ({ caller, params: { externalId }, body: { name }, options }, { database, engine }) => {
      const existing = await findPartyByExternalId(sourceOf(caller, database), externalId);
      if (existing !== undefined) return presentCreated({ party: existing, created: false });
      const command = { id: createId(), name, externalId, whenTaken: 'answerExisting' as const };
      return perform(engine, createOperation(createParty, command, options), presentCreated);
    },
  ),

  get(
    '/parties/:partyId',
    {
      id: 'getParty',
      summary: 'Read a party',
      ...{ keys: 'any', params: z.object({ partyId: id }), answers: { 200: partyDocument } },
      refusals: ['party_not_found'],
    },
    async ({ caller, params: { partyId } }, { database }) => {
      // A party knows itself; which others there are, it must not learn.
      const { boundParty } = caller;
      if (boundParty !== null && boundParty !== partyId) throw notFound('party', partyId);
      return ok(await getParty(sourceOf(caller, database), partyId));
    },
  ),
];

function presentCreated({ party, created }: CreatePartyResult): Success {
  return { status: created ? 201 : 200, body: party, headers: { Location: `/v1/parties/${party.id}` } };
}
