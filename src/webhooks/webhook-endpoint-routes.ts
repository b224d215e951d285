import { z } from 'zod';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, perform } from '../http/reply.ts';
import { get, operation, patch, post, type Route, remove } from '../http/route.ts';
import type { TargetRules } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { openSecret, type SecretKeys, sealSecret } from '../ledger/sealed-secret.ts';
import {
  deleteWebhookEndpoint,
  rotatedSecretDocument,
  rotateWebhookSecret,
  testWebhookEndpoint,
  updateWebhookEndpoint,
} from './change-webhook-endpoint.ts';
import { createdEndpointDocument, createWebhookEndpoint } from './create-webhook-endpoint.ts';
import { webhookDeliveryDocument } from './webhook-delivery.ts';
import { presentPending } from './webhook-delivery-routes.ts';
import { endpointStatuses, webhookEndpointDocument } from './webhook-endpoint.ts';
import { getEndpoint, listEndpoints } from './webhook-endpoint-queries.ts';
import { endpointBodies } from './webhook-endpoint-schemas.ts';
import { createWebhookSecret } from './webhook-secret.ts';

const params = z.object({ endpointId: id });
const listQuery = z.strictObject({ ...pageQuery('asc'), status: z.enum(endpointStatuses).optional() });
const refusals = ['webhook_endpoint_not_found'] as const;

/** Those that no setting has a part in. */
const unconfigured = [
  get(
    '/webhook-endpoints',
    {
      id: 'listWebhookEndpoints',
      summary: 'List webhook endpoints',
      ...{
        keys: 'service',
        scope: 'webhooks:manage',
        query: listQuery,
        answers: { 200: pageOf(webhookEndpointDocument) },
      },
    },
    ({ caller, query }, { database }) => {
      const { status } = query;
      return readPage(query, ['webhook-endpoints'], (page) =>
        listEndpoints(sourceOf(caller, database), { ...page, status }),
      );
    },
  ),

  get(
    '/webhook-endpoints/:endpointId',
    {
      id: 'getWebhookEndpoint',
      summary: 'Read a webhook endpoint',
      ...{ keys: 'service', scope: 'webhooks:manage', params, answers: { 200: webhookEndpointDocument }, refusals },
    },
    async ({ caller, params }, { database }) => ok(await getEndpoint(sourceOf(caller, database), params.endpointId)),
  ),

  remove(
    '/webhook-endpoints/:endpointId',
    {
      id: 'deleteWebhookEndpoint',
      summary: 'Delete a webhook endpoint',
      audited: true,
      ...{
        keys: 'service',
        scope: 'webhooks:manage',
        offers: operation,
        params,
        answers: { 204: z.undefined() },
        refusals,
      },
    },
    ({ params: { endpointId }, options }, { engine }) => {
      const deletion = createOperation(deleteWebhookEndpoint, { endpointId }, options);
      return perform(engine, deletion, () => ({ status: 204, body: undefined }));
    },
  ),

  post(
    '/webhook-endpoints/:endpointId/test',
    {
      id: 'testWebhookEndpoint',
      summary: 'Send a webhook endpoint a test call',
      ...{
        keys: 'service',
        scope: 'webhooks:manage',
        offers: operation,
        params,
        answers: { 202: webhookDeliveryDocument },
      },
      refusals: [...refusals, 'webhook_endpoint_disabled'],
    },
    ({ params: { endpointId }, options }, { engine }) => {
      const command = { endpointId, deliveryId: createId() };
      return perform(engine, createOperation(testWebhookEndpoint, command, options), presentPending);
    },
  ),
];

/** Settings of the operator that endpoints depend on. */
export interface EndpointSettings {
  /** Where they may be. */
  readonly webhookTargets: TargetRules;
  /** What their secrets are encrypted with. */
  readonly secretKeys: SecretKeys;
}

/**
 * Those that make a secret. An operation only knows it encrypted, and so it is in the stored answer; each time that is
 * given, it is decrypted anew.
 */
function secretRoutes({ webhookTargets, secretKeys }: EndpointSettings): readonly Route[] {
  return [
    post(
      '/webhook-endpoints',
      {
        id: 'createWebhookEndpoint',
        summary: 'Register a webhook endpoint',
        audited: true,
        ...{ keys: 'service', scope: 'webhooks:manage', offers: operation, answers: { 201: createdEndpointDocument } },
        body: endpointBodies(webhookTargets).created,
        refusals: ['too_many_webhook_endpoints', 'account_not_found'],
        examples: { 'All that is booked': { url: 'https://example.com/hooks', eventTypes: ['transaction.booked'] } },
      },
      ({ body, options }, { engine }) => {
        const { ledgerId } = options;
        const { url, description = null, eventTypes = null, accountIds = null, ordered } = body;
        const about = { url, description, eventTypes, accountIds, isOrdered: ordered };
        const id = createId();
        const secret = sealSecret(secretKeys, createWebhookSecret(), { ledgerId, endpointId: id });
        const creation = createOperation(createWebhookEndpoint, { id, ...about, secret }, options);
        return perform(engine, creation, (created) => {
          const told = openSecret(secretKeys, created.secret, { ledgerId, endpointId: created.id });
          const headers = { Location: `/v1/webhook-endpoints/${created.id}` };
          return { status: 201, body: { ...created, secret: told }, headers };
        });
      },
    ),

    post(
      '/webhook-endpoints/:endpointId/secret-rotations',
      {
        id: 'rotateWebhookSecret',
        summary: 'Give a webhook endpoint a new secret',
        audited: true,
        ...{
          keys: 'service',
          scope: 'webhooks:manage',
          offers: operation,
          params,
          answers: { 201: rotatedSecretDocument },
          refusals,
        },
      },
      ({ params: { endpointId }, options }, { engine }) => {
        const place = { ledgerId: options.ledgerId, endpointId };
        const command = { endpointId, secret: sealSecret(secretKeys, createWebhookSecret(), place) };
        const rotation = createOperation(rotateWebhookSecret, command, options);
        return perform(engine, rotation, ({ secret, previousSecretUntil }) => {
          return { status: 201, body: { secret: openSecret(secretKeys, secret, place), previousSecretUntil } };
        });
      },
    ),
  ];
}

/** Webhook endpoints: registering, changing, trying out. All of it is for the calling service itself. */
export function webhookEndpointRoutes(settings: EndpointSettings): readonly Route[] {
  return [
    ...secretRoutes(settings),

    patch(
      '/webhook-endpoints/:endpointId',
      {
        id: 'updateWebhookEndpoint',
        summary: 'Change, disable or enable a webhook endpoint',
        audited: true,
        ...{
          keys: 'service',
          scope: 'webhooks:manage',
          offers: operation,
          params,
          body: endpointBodies(settings.webhookTargets).changed,
        },
        ...{ answers: { 200: webhookEndpointDocument }, refusals: [...refusals, 'account_not_found'] },
        examples: { 'Enable it again': { status: 'active' } },
      },
      ({ params: { endpointId }, body, options }, { engine }) => {
        const { url, description, eventTypes, accountIds, ordered, status } = body;
        const command = { endpointId, url, description, eventTypes, accountIds, isOrdered: ordered, status };
        return perform(engine, createOperation(updateWebhookEndpoint, command, options), ok);
      },
    ),

    ...unconfigured,
  ];
}
