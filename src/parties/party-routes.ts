import type { Router } from 'express';
import { z } from 'zod';
import { requireServiceKey } from '../http/acting-party.ts';
import { boundPartyOf, ledgerIdOf } from '../http/authenticate.ts';
import { readOperationTerms } from '../http/operation-terms.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput, text } from '../http/read-input.ts';
import { type Success, sendAnswer, sendSuccess } from '../http/send-answer.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { type CreatePartyResult, createParty } from './create-party.ts';
import { findPartyByExternalId, getParty, listParties, partyNotFound } from './party-queries.ts';

const externalId = text(200);
const partyPath = z.object({ partyId: id });
const externalIdPath = z.object({ externalId });
const createPartyBody = z.strictObject({ name: text(200), externalId: externalId.nullish() });
const putPartyBody = z.strictObject({ name: text(200) });
const listQuery = z.strictObject(pageQuery);
const noQuery = z.strictObject({});

/** Parties: the people and companies that accounts belong to. */
export function addPartyRoutes(router: Router, { database, engine }: ServiceParts): void {
  router
    .route('/parties')
    .post(async (req, res) => {
      const { name, externalId } = readInput(createPartyBody, req.body);
      requireServiceKey(res);
      const command = { id: createId(), name, externalId: externalId ?? null, whenTaken: 'refuse' as const };
      const terms = readOperationTerms(req, res, { dryRun: false, ifMatch: false });
      sendAnswer(res, await engine.submit(createOperation(createParty, command, terms)), presentCreated);
    })
    .get(async (req, res) => {
      const { limit, cursor } = readInput(listQuery, req.query);
      requireServiceKey(res);
      const page = { limit: limit + 1, afterId: decodeCursor('parties', id, cursor) };
      const found = await listParties(database, ledgerIdOf(res), page);
      res.json(pageOf(found, limit, (last) => encodeCursor('parties', last.id)));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/parties/by-external-id/:externalId')
    .put(async (req, res) => {
      const path = readInput(externalIdPath, req.params);
      const body = readInput(putPartyBody, req.body);
      requireServiceKey(res);
      const terms = readOperationTerms(req, res, { dryRun: false, ifMatch: false });
      const existing = await findPartyByExternalId(database, ledgerIdOf(res), path.externalId);
      if (existing !== undefined) {
        sendSuccess(res, presentCreated({ party: existing, created: false }));
        return;
      }
      const command = { ...body, ...path, id: createId(), whenTaken: 'answerExisting' as const };
      sendAnswer(res, await engine.submit(createOperation(createParty, command, terms)), presentCreated);
    })
    .all(methodNotAllowed('PUT'));

  router
    .route('/parties/:partyId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { partyId } = readInput(partyPath, req.params);
      // A party knows itself; whoever else there is, it must not learn.
      if (![null, partyId].includes(boundPartyOf(res))) throw partyNotFound(partyId);
      res.json(await getParty(database, ledgerIdOf(res), partyId));
    })
    .all(methodNotAllowed('GET'));
}

function presentCreated({ party, created }: CreatePartyResult): Success {
  return { status: created ? 201 : 200, body: party, headers: { Location: `/v1/parties/${party.id}` } };
}
