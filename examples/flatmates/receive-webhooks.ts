import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EndpointTest, type Event, verifyWebhook, WebhookError } from 'joint-ledger/client';

type WebhookEvent = Event | EndpointTest;

export interface WebhookServer {
  readonly url: string;
  /** Waits until an event arrives that is wanted, or has arrived before. */
  until(isWanted: (event: WebhookEvent) => boolean): Promise<WebhookEvent>;
  close(): Promise<void>;
}

/**
 * Takes webhooks in on this machine. Those that are not signed by a secret are refused; one that was seen before is
 * answered and passed over.
 */
export async function receiveWebhooks(secrets: () => readonly string[]): Promise<WebhookServer> {
  const events = new Map<string, WebhookEvent>();
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      const received = { body: Buffer.concat(chunks), headers: request.headers, secrets: secrets() };
      const event = await verifyWebhook(received);
      events.set(event.id, event);
      response.writeHead(204).end();
      for (const look of waiting) look();
    } catch (error) {
      response.writeHead(error instanceof WebhookError ? 401 : 500).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    until: (isWanted) =>
      new Promise((resolve) => {
        const look = () => {
          const found = [...events.values()].find(isWanted);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
