import type { Router } from 'express';
import { z } from 'zod';
import { requireServiceKey } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import {
  deleteWebhookEndpoint,
  rotateWebhookSecret,
  testWebhookEndpoint,
  updateWebhookEndpoint,
} from './change-webhook-endpoint.ts';
import { createWebhookEndpoint } from './create-webhook-endpoint.ts';
import { presentPending } from './webhook-delivery-routes.ts';
import { endpointStatuses } from './webhook-endpoint.ts';
import { getEndpoint, listEndpoints } from './webhook-endpoint-queries.ts';
import { endpointBodies } from './webhook-endpoint-schemas.ts';
import { createWebhookSecret } from './webhook-secret.ts';

const endpointPath = z.object({ endpointId: id });
const listQuery = z.strictObject({ ...pageQuery, status: z.enum(endpointStatuses).optional() });
const noQuery = z.strictObject({});
const noBody = z.strictObject({}).optional();
const offers = { dryRun: false, ifMatch: false };

/** Webhook endpoints: registering, changing, trying out. All of it is for the calling service itself. */
export function addWebhookEndpointRoutes(router: Router, { database, engine, webhookTargets }: ServiceParts): void {
  const bodies = endpointBodies(webhookTargets);

  router
    .route('/webhook-endpoints')
    .post(async (req, res) => {
      const { ordered, ...body } = readInput(bodies.created, req.body);
      requireServiceKey(callerOf(res));
      const terms = readTermsOf(req, res, offers);
      const command = {
        id: createId(),
        url: body.url,
        description: body.description ?? null,
        eventTypes: body.eventTypes ?? null,
        accountIds: body.accountIds ?? null,
        isOrdered: ordered,
        secret: createWebhookSecret(),
      };
      const answer = await engine.submit(createOperation(createWebhookEndpoint, command, terms));
      sendAnswer(res, answer, (created) => {
        return { status: 201, body: created, headers: { Location: `/v1/webhook-endpoints/${created.id}` } };
      });
    })
    .get(async (req, res) => {
      const { limit, cursor, status } = readInput(listQuery, req.query);
      requireServiceKey(callerOf(res));
      const list = `webhook-endpoints ${status ?? ''}`;
      const page = { limit: limit + 1, afterId: decodeCursor(list, id, cursor), status };
      const found = await listEndpoints(database, callerOf(res).ledgerId, page);
      res.json(cutPage(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/webhook-endpoints/:endpointId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { endpointId } = readInput(endpointPath, req.params);
      requireServiceKey(callerOf(res));
      res.json(await getEndpoint(database, callerOf(res).ledgerId, endpointId));
    })
    .patch(async (req, res) => {
      const { endpointId } = readInput(endpointPath, req.params);
      const { ordered, ...body } = readInput(bodies.changed, req.body);
      requireServiceKey(callerOf(res));
      const terms = readTermsOf(req, res, offers);
      const { url, description, eventTypes, accountIds, status } = body;
      const command = { endpointId, url, description, eventTypes, accountIds, isOrdered: ordered, status };
      const answer = await engine.submit(createOperation(updateWebhookEndpoint, command, terms));
      sendAnswer(res, answer, (endpoint) => ({ status: 200, body: endpoint }));
    })
    .delete(async (req, res) => {
      const { endpointId } = readInput(endpointPath, req.params);
      readInput(noBody, req.body);
      requireServiceKey(callerOf(res));
      const terms = readTermsOf(req, res, offers);
      const answer = await engine.submit(createOperation(deleteWebhookEndpoint, { endpointId }, terms));
      sendAnswer(res, answer, () => ({ status: 204, body: undefined }));
    })
    .all(methodNotAllowed('DELETE, GET, PATCH'));

  router
    .route('/webhook-endpoints/:endpointId/secret-rotations')
    .post(async (req, res) => {
      const { endpointId } = readInput(endpointPath, req.params);
      readInput(noBody, req.body);
      requireServiceKey(callerOf(res));
      const terms = readTermsOf(req, res, offers);
      const command = { endpointId, secret: createWebhookSecret() };
      const answer = await engine.submit(createOperation(rotateWebhookSecret, command, terms));
      sendAnswer(res, answer, (rotated) => ({ status: 201, body: rotated }));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/webhook-endpoints/:endpointId/test')
    .post(async (req, res) => {
      const { endpointId } = readInput(endpointPath, req.params);
      readInput(noBody, req.body);
      requireServiceKey(callerOf(res));
      const terms = readTermsOf(req, res, offers);
      const command = { endpointId, deliveryId: createId() };
      const answer = await engine.submit(createOperation(testWebhookEndpoint, command, terms));
      sendAnswer(res, answer, presentPending);
    })
    .all(methodNotAllowed('POST'));
}
