import { z } from 'zod';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, perform, type Success } from '../http/reply.ts';
import { get, operation, post } from '../http/route.ts';
import { createOperation } from '../ledger/operation.ts';
import { redeliverWebhook } from './redeliver-webhook.ts';
import { deliveryStatuses, type WebhookDeliveryDocument, webhookDeliveryDocument } from './webhook-delivery.ts';
import { getDelivery, listDeliveries } from './webhook-delivery-queries.ts';
import { getEndpoint } from './webhook-endpoint-queries.ts';

const deliveryPath = z.object({ deliveryId: id });
const listQuery = z.strictObject({
  ...pageQuery('desc'),
  status: z.enum(deliveryStatuses).optional(),
});

/** What was sent to webhook endpoints, what came of it, and sending it again. */
export const webhookDeliveryRoutes = [
  get(
    '/webhook-endpoints/:endpointId/deliveries',
    {
      id: 'listWebhookDeliveries',
      summary: 'List what was and will be sent to a webhook endpoint',
      ...{ keys: 'service', scope: 'webhooks:manage', params: z.object({ endpointId: id }), query: listQuery },
      ...{ answers: { 200: pageOf(webhookDeliveryDocument) }, refusals: ['webhook_endpoint_not_found'] },
    },
    async ({ caller, params: { endpointId }, query }, { database }) => {
      const source = sourceOf(caller, database);
      await getEndpoint(source, endpointId);
      const { order, status } = query;
      return readPage(query, ['webhook-deliveries', endpointId], (page) =>
        listDeliveries(source, { ...page, endpointId, order, status }),
      );
    },
  ),

  get(
    '/webhook-deliveries/:deliveryId',
    {
      id: 'getWebhookDelivery',
      summary: 'Read a webhook delivery',
      ...{ keys: 'service', scope: 'webhooks:manage', params: deliveryPath, answers: { 200: webhookDeliveryDocument } },
      refusals: ['webhook_delivery_not_found'],
    },
    async ({ caller, params }, { database }) => ok(await getDelivery(sourceOf(caller, database), params.deliveryId)),
  ),

  post(
    '/webhook-deliveries/:deliveryId/redeliver',
    {
      id: 'redeliverWebhook',
      summary: 'Send a finished webhook delivery again',
      ...{
        keys: 'service',
        scope: 'webhooks:manage',
        offers: operation,
        params: deliveryPath,
        answers: { 202: webhookDeliveryDocument },
      },
      refusals: ['webhook_delivery_not_found', 'webhook_delivery_pending'],
    },
    ({ params: { deliveryId }, options }, { engine }) =>
      perform(engine, createOperation(redeliverWebhook, { deliveryId }, options), presentPending),
  ),
];

/** Nothing has been sent yet; the delivery says when it was. */
export function presentPending(delivery: WebhookDeliveryDocument): Success {
  return { status: 202, body: delivery, headers: { Location: `/v1/webhook-deliveries/${delivery.id}` } };
}
