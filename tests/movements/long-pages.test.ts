import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { entriesOf } from '../support/batches.ts';
import { untilLogged } from '../support/event-log.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// A page of transactions with a hundred lines each would have megabytes.

let service: TestService;
let payer: string;
const count = 45;

beforeAll(async () => {
  service = await startTestService();
  const { client } = service;
  payer = await client.openAccount({ balance: '9900.00' });
  const payees = await Promise.all(Array.from({ length: 99 }, () => client.openAccount()));
  const legs = { [payer]: '-0.99', ...Object.fromEntries(payees.map((payee) => [payee, '0.01'])) };
  for (let i = 0; i < count; i++) {
    expect((await client.post('/v1/transactions', { entries: entriesOf(legs) })).status).toBe(201);
  }
  await untilLogged(service);
});

afterAll(() => service.stop());

test.each(['/v1/transactions', '/v1/transactions?accountId=payer', '/v1/events', '/v1/events?accountId=payer'])(
  'a page of %s has two thousand lines at most, and the next one goes on behind it',
  async (list) => {
    const path = list.replace('payer', payer);
    const parameter = `${path}${path.includes('?') ? '&' : '?'}limit=200`;
    const first = (await service.client.get(parameter)).body;
    const linesOf = (item: { entries?: unknown[]; data?: { entries?: unknown[] } }) =>
      (item.entries ?? item.data?.entries ?? [item]).length;
    const lines = first.data.reduce((sum: number, item: object) => sum + linesOf(item), 0);
    expect([lines <= 2_000, lines > 1_000, typeof first.nextCursor]).toEqual([true, true, 'string']);
    const all: Array<{ id: string; data?: { id: string } }> = [...first.data];
    for (let cursor = first.nextCursor; cursor !== null; ) {
      const { body } = await service.client.get(`${parameter}&cursor=${encodeURIComponent(cursor)}`);
      all.push(...body.data);
      cursor = body.data.length === 0 ? null : body.nextCursor;
    }
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const ids = all.map((item) => (path.startsWith('/v1/events') ? item.data?.id : item.id));
    const { data } = (await service.client.get(`/v1/accounts/${payer}/entries?limit=200`)).body;
    const booked = data.map(({ transactionId }: { transactionId: string }) => transactionId);
    expect(new Set(ids)).toEqual(new Set([...ids, ...booked]));
  },
);
