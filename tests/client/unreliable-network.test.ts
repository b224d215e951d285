import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Client, createClient, type Event } from '../../src/client/client.ts';
import { untilLogged } from '../support/event-log.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { type Mishap, startUnreliableProxy, type UnreliableProxy } from '../support/unreliable-proxy.ts';

let service: TestService;
let proxy: UnreliableProxy | undefined;

beforeAll(async () => {
  service = await startTestService();
});

afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

/** Proves the books, too. */
afterAll(() => service.stop());

const mishaps: readonly Mishap[] = ['none', 'cut-before', 'cut-after', 'cut-within', 'refused', 'gave-up', 'late'];
const retry = { attempts: 100, totalMs: 250_000, firstPauseMs: 1, maxPauseMs: 20 };

async function through(next: () => Mishap): Promise<Client> {
  proxy = await startUnreliableProxy(service.url, next);
  return createClient({ baseUrl: proxy.url, apiKey: service.apiKey, retry });
}

/** One after another, so that each comes about. */
function inTurn(list: readonly Mishap[]): () => Mishap {
  let at = 0;
  return () => list[at++ % list.length]!;
}

test('nothing happens twice and nothing is lost, whatever happens on the way', async () => {
  const client = await through(inTurn(mishaps));
  const [from, to] = [await service.client.openAccount({ balance: '500.00' }), await service.client.openAccount()];
  const transfers = Array.from({ length: 60 }, (_, index) =>
    client.createTransfer({
      fromAccountId: from,
      toAccountId: to,
      amount: '1.00',
      currency: 'USD',
      reference: `${index}`,
    }),
  );
  const made = await Promise.all(transfers);
  expect(new Set(made.map(({ id }) => id)).size).toBe(60);
  expect(await service.client.balance(from)).toBe('440.00');
  expect(await service.client.balance(to)).toBe('60.00');
  const references: string[] = [];
  for await (const { reference } of client.each('listEntries', { accountId: to, limit: 7 }))
    references.push(reference!);
  expect(references.toSorted()).toEqual(made.map(({ reference }) => reference).toSorted());
  for (const mishap of mishaps) expect([mishap, proxy!.seen.get(mishap)! > 0]).toEqual([mishap, true]);
});

test('what its maker lost sight of is found again by its own key', async () => {
  proxy = await startUnreliableProxy(service.url, () => 'cut-after');
  const once = createClient({ baseUrl: proxy.url, apiKey: service.apiKey, retry: { attempts: 1 } });
  const accountId = await service.client.openAccount();
  const deposit = { accountId, amount: '5.00', currency: 'USD' } as const;
  const failed = once.createDeposit(deposit, { idempotencyKey: 'salary-1' });
  await expect(failed).rejects.toMatchObject({ name: 'UnansweredError', idempotencyKey: 'salary-1', attempts: 1 });
  const direct = createClient({ baseUrl: service.url, apiKey: service.apiKey });
  const again = await direct.call('createDeposit', deposit, { idempotencyKey: 'salary-1' });
  expect([again.status, again.headers.get('Idempotent-Replayed')]).toEqual([201, 'true']);
  expect(await service.client.balance(accountId)).toBe('5.00');
});

test('a stream of events goes on where it broke, and leaves none out', async () => {
  const list = inTurn(['none', 'cut-before', 'refused', 'none', 'cut-after', 'gave-up']);
  const client = await through(list);
  const accountId = await service.client.openAccount();
  const wanted = 12;
  const seen: Event[] = [];
  const direct = createClient({ baseUrl: service.url, apiKey: service.apiKey });
  const deposit = async () => {
    await direct.createDeposit({ accountId, amount: '1.00', currency: 'USD' });
    await untilLogged(service);
  };
  await deposit();
  for await (const event of client.events({ cursor: 'begin', accountId, types: ['transaction.booked'] })) {
    seen.push(event);
    if (seen.length === wanted) break;
    if (seen.length % 3 === 1) proxy!.cut();
    // The next one is made when this one was seen, so that it meets a stream in every state.
    await deposit();
  }
  expect(seen.map(({ sequence }) => Number.parseInt(sequence!, 10))).toEqual(seen.map((_, index) => index + 2));
  expect(proxy!.seen.get('refused')).toBeGreaterThan(0);
});
