import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type FaultyProxy, startFaultyProxy } from '../support/faulty-proxy.ts';
import { until } from '../support/lock-witness.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let proxy: FaultyProxy;
let account: string;

beforeEach(async () => {
  service = await startTestService({
    // Short, because it bounds how long a dead connection goes unnoticed; long enough for all to take turns when it is slow.
    lockTimeoutMs: 5_000,
    by: async (databaseUrl) => {
      proxy = await startFaultyProxy(databaseUrl);
      return proxy.url;
    },
  });
  account = await service.client.openAccount({ balance: '100.00' });
  // As many sessions as there may be.
  await Promise.all(Array.from({ length: 28 }, () => service.client.get('/v1/accounts')));
});

afterEach(async () => {
  proxy.heal();
  await proxy.close();
  await service.stop();
});

/** Sends it again with its key while a slow machine lets it wait for too long, as any client does. */
async function deposit(key: string) {
  const body = { amount: '1.00', currency: 'USD' };
  for (;;) {
    const answer = await service.client.post(`/v1/accounts/${account}/deposits`, body, { 'Idempotency-Key': key });
    if (answer.body.code !== 'ledger_busy') return answer;
  }
}

test('answers deposits and reads whose connections died silently, over new ones', async () => {
  proxy.freeze();
  const ready = await service.client.get('/readyz');
  expect([200, 503]).toContain(ready.status);
  const deposits = await Promise.all(Array.from({ length: 14 }, (_, index) => deposit(`silent-${index}`)));
  expect(deposits.map(({ status }) => status)).toEqual(Array(14).fill(201));
  const reads = await Promise.all(Array.from({ length: 14 }, () => service.client.get(`/v1/accounts/${account}`)));
  expect(reads.map(({ status }) => status)).toEqual(Array(14).fill(200));
  expect(await service.client.balance(account)).toBe('114.00');
  await until(async () => (await service.client.get('/readyz')).status === 200);
});

test('answers a read that was under way when its connection died', async () => {
  proxy.delay(500);
  const read = service.client.get(`/v1/accounts/${account}`).then((answer) => answer);
  await new Promise((resolve) => setTimeout(resolve, 100));
  proxy.freeze();
  proxy.heal();
  expect((await read).body).toMatchObject({ status: 503, code: 'database_unavailable' });
  expect((await service.client.get(`/v1/accounts/${account}`)).status).toBe(200);
});

test('says that it is not ready while the database answers nothing, and ends when it is told to', async () => {
  proxy.swallow();
  expect((await service.client.get('/readyz')).body).toMatchObject({ status: 503, code: 'not_ready' });
  const waiting = deposit('never').then(
    ({ body }) => body.code,
    () => 'cut',
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await service.api.stop(500)).toBe(false);
  expect(await waiting).toBe('cut');
});
