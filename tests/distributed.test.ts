import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyBooks } from '../src/verify-books.ts';
import { type DistributedPlace, openDistributedPlace, placeNames } from './support/distributed-place.ts';
import { until } from './support/lock-witness.ts';
import { type RawAnswer, sendRaw } from './support/raw-request.ts';
import { routeCalls } from './support/route-calls.ts';
import { createBoundKey, openScene } from './support/shared-scene.ts';
import { createTestClient, type TestClient } from './support/test-client.ts';
import { createTestLedger, type TestLedger } from './support/test-database.ts';
import type { TestService } from './support/test-service.ts';
import { startWebhookReceiver } from './support/webhook-receiver.ts';

// DISTRIBUTED_DATABASE_URL=... npm test -- distributed: on Citus. Without it, on what stands in for it.

let place: DistributedPlace;

interface Ledger extends TestLedger {
  readonly client: TestClient;
}

async function openLedger(): Promise<Ledger> {
  const ledger = await createTestLedger(place.database);
  return { ...ledger, client: createTestClient(place.url, ledger.apiKey) };
}

const outcomeOf = ({ status, body }: RawAnswer) => (body?.code === undefined ? `${status}` : `${status} ${body.code}`);

/** What the log tells of an account, as far as it has come; one page has all of it. */
async function eventsOf(client: TestClient, accountId: string): Promise<Array<{ sequence: string; type: string }>> {
  return (await client.get(`/v1/events?limit=200&accountId=${accountId}`)).body.data;
}

describe.each([...placeNames])('on %s', (name) => {
  beforeAll(async () => {
    place = await openDistributedPlace(name);
  });

  afterAll(() => place.close());

  test('does on every route what it does on one server', async () => {
    const { client, ledgerId, apiKey } = await openLedger();
    const service = { ...place, client, ledgerId, apiKey } as unknown as TestService;
    const scene = await openScene(client);
    const key = await createBoundKey(service, scene.party.ann);
    for (const { route, path, body, holder } of routeCalls) {
      const answer = await sendRaw(service, {
        method: route.split(' ')[0]!,
        path: path(scene),
        body: body === undefined ? undefined : JSON.stringify(body(scene)),
        headers: { authorization: `Bearer ${key}` },
      });
      expect([route, path(scene), outcomeOf(answer)]).toEqual([route, path(scene), holder]);
    }
  });

  describe('several ledgers at once', () => {
    test('book each movement once, and tell of it in order', async () => {
      const ledgers = await Promise.all([1, 2, 3].map(openLedger));
      await Promise.all(
        ledgers.map(async ({ client }) => {
          const account = await client.openAccount({ balance: '100.00' });
          const other = await client.openAccount();
          const move = (key: number) =>
            client.post(
              '/v1/transfers',
              { fromAccountId: account, toAccountId: other, amount: '1.00', currency: 'USD' },
              { 'Idempotency-Key': `move-${key}` },
            );
          // Each is sent twice.
          const keys = Array.from({ length: 40 }, (_, index) => index % 20);
          const statuses = await Promise.all(keys.map(async (key) => (await move(key)).status));
          expect(new Set(statuses)).toEqual(new Set([201]));
          expect(await client.balance(account)).toBe('80.00');
          expect(await client.balance(other)).toBe('20.00');
          // Opened, paid in, twenty transfers.
          await until(async () => (await eventsOf(client, account)).length >= 22);
          const events = await eventsOf(client, account);
          expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => `${index + 1}`));
        }),
      );
      const mine = new Set(ledgers.map(({ ledgerId }) => ledgerId));
      const findings = await verifyBooks(place.database);
      expect(findings.filter(({ ledgerId }) => mine.has(ledgerId))).toEqual([]);
    });

    test('send webhooks and pay standing orders', async () => {
      const receiver = await startWebhookReceiver();
      try {
        const ledgers = await Promise.all([1, 2].map(openLedger));
        await Promise.all(
          ledgers.map(async ({ client }) => {
            const registered = await client.post('/v1/webhook-endpoints', { url: `${receiver.url}/hooks` });
            expect(registered.status).toBe(201);
            const accounts = {
              fromAccountId: await client.openAccount({ balance: '100.00' }),
              toAccountId: await client.openAccount(),
            };
            const startsAt = new Date(Date.now() + 2_000).toISOString().slice(0, 19);
            const order = { ...accounts, currency: 'USD', amount: '5.00', schedule: { startsAt, timeZone: 'UTC' } };
            expect((await client.post('/v1/standing-orders', order)).status).toBe(201);
            await until(async () => (await client.balance(accounts.toAccountId)) === '5.00');
          }),
        );
        const paid = () => receiver.received.filter(({ body }) => body.includes('standing_order.run_booked'));
        await until(async () => paid().length >= ledgers.length);
        const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
        expect(new Set(ids).size).toBe(ids.length);
      } finally {
        await receiver.close();
      }
    });
  });
});
