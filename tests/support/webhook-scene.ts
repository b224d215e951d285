import { expect } from '@jest/globals';
import type { Database } from '../../src/database/create-database.ts';
import type { DeliveringOptions } from '../../src/webhooks/webhook-deliveries-queues.ts';
import type { WebhookDeliveryDocument } from '../../src/webhooks/webhook-delivery.ts';
import { createTestClient, type TestClient } from './test-client.ts';
import { createTestLedger } from './test-database.ts';
import type { TestService } from './test-service.ts';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';
import { createWebhookWorker, type WebhookWorker } from './webhook-worker.ts';

/** A ledger of a test's own, with a receiver and a worker. */
export interface WebhookScene {
  readonly ledgerId: string;
  readonly apiKey: string;
  readonly client: TestClient;
  readonly receiver: WebhookReceiver;
  readonly worker: WebhookWorker;
  /** Another worker on the same ledger, perhaps with other options or with sessions of its own. */
  worksWith(options: Partial<DeliveringOptions> & { database?: Database }): WebhookWorker;
  /** Registers an endpoint at the receiver; answers it with its secret. */
  register(fields?: object): Promise<{ id: string; secret: string }>;
  /** The endpoint as callers see it. */
  endpoint(id: string): Promise<Record<string, unknown>>;
  /** What was and will be sent to an endpoint, in the order of the events. */
  deliveries(id: string, query?: string): Promise<WebhookDeliveryDocument[]>;
  /** What the receiver has read: documents, in the order of their arrival. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  arrived(): any[];
  deposit(account: string, amount: string): Promise<string>;
  close(): Promise<void>;
}

export async function openWebhookScene(service: TestService): Promise<WebhookScene> {
  const { ledgerId, apiKey } = await createTestLedger(service.database);
  const client = createTestClient(service.url, apiKey);
  const receiver = await startWebhookReceiver();
  const worksWith: WebhookScene['worksWith'] = ({ database = service.database, ...options }) =>
    createWebhookWorker({ database, ledgerId }, { timeoutMs: 30_000, ...options });
  return {
    ...{ ledgerId, apiKey, client, receiver, worksWith },
    worker: worksWith({}),
    async register(fields = {}) {
      const { status, body } = await client.post('/v1/webhook-endpoints', { url: `${receiver.url}/hooks`, ...fields });
      expect(status).toBe(201);
      return body;
    },
    endpoint: async (id) => (await client.get(`/v1/webhook-endpoints/${id}`)).body,
    deliveries: async (id, query = '') =>
      (await client.get(`/v1/webhook-endpoints/${id}/deliveries?order=asc&limit=200${query}`)).body.data,
    arrived: () => receiver.received.map(({ body }) => JSON.parse(body)),
    async deposit(account, amount) {
      const { status, body } = await client.post(`/v1/accounts/${account}/deposits`, { amount, currency: 'USD' });
      expect(status).toBe(201);
      return body.id;
    },
    close: () => receiver.close(),
  };
}
