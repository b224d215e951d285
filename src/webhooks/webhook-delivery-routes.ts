import type { Router } from 'express';
import { z } from 'zod';
import { requireServiceKey } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, orderQuery, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createOperation } from '../ledger/operation.ts';
import { redeliverWebhook } from './redeliver-webhook.ts';
import { deliveryStatuses, type WebhookDeliveryDocument } from './webhook-delivery.ts';
import { getDelivery, listDeliveries } from './webhook-delivery-queries.ts';
import { getEndpoint } from './webhook-endpoint-queries.ts';

const endpointPath = z.object({ endpointId: id });
const deliveryPath = z.object({ deliveryId: id });
const listQuery = z.strictObject({
  ...pageQuery,
  order: orderQuery.default('desc'),
  status: z.enum(deliveryStatuses).optional(),
});
const noQuery = z.strictObject({});
const noBody = z.strictObject({}).optional();

/** What was sent to webhook endpoints, what came of it, and sending it again. */
export function addWebhookDeliveryRoutes(router: Router, { database, engine }: ServiceParts): void {
  router
    .route('/webhook-endpoints/:endpointId/deliveries')
    .get(async (req, res) => {
      const { endpointId } = readInput(endpointPath, req.params);
      const { limit, order, cursor, status } = readInput(listQuery, req.query);
      requireServiceKey(callerOf(res));
      await getEndpoint(database, callerOf(res).ledgerId, endpointId);
      const list = `webhook-deliveries ${endpointId} ${order} ${status ?? ''}`;
      const page = { endpointId, status, order, limit: limit + 1, afterId: decodeCursor(list, id, cursor) };
      const found = await listDeliveries(database, callerOf(res).ledgerId, page);
      res.json(cutPage(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/webhook-deliveries/:deliveryId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { deliveryId } = readInput(deliveryPath, req.params);
      requireServiceKey(callerOf(res));
      res.json(await getDelivery(database, callerOf(res).ledgerId, deliveryId));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/webhook-deliveries/:deliveryId/redeliver')
    .post(async (req, res) => {
      const { deliveryId } = readInput(deliveryPath, req.params);
      readInput(noBody, req.body);
      requireServiceKey(callerOf(res));
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: false });
      const answer = await engine.submit(createOperation(redeliverWebhook, { deliveryId }, terms));
      sendAnswer(res, answer, presentPending);
    })
    .all(methodNotAllowed('POST'));
}

/** Nothing has been sent yet; the delivery says when it was. */
export function presentPending(delivery: WebhookDeliveryDocument): Success {
  return { status: 202, body: delivery, headers: { Location: `/v1/webhook-deliveries/${delivery.id}` } };
}
