import { afterEach, expect, test } from '@jest/globals';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { startTransactionPooler, type TransactionPooler } from '../support/transaction-pooler.ts';

let service: TestService;
let pooler: TransactionPooler;

afterEach(async () => {
  await service.stop();
  await pooler.close();
});

test('goes on without prepared statements behind a pooler that does not keep them', async () => {
  service = await startTestService({
    by: async (databaseUrl) => {
      pooler = await startTransactionPooler(databaseUrl, 4);
      return pooler.url;
    },
  });
  const { client } = service;
  const accounts = [await client.openAccount({ balance: '100.00' }), await client.openAccount({ balance: '100.00' })];
  const deposit = (index: number) =>
    client.post(`/v1/accounts/${accounts[index % 2]}/deposits`, { amount: '1.00', currency: 'USD' });
  const statuses: number[] = [];
  for (let round = 0; round < 10; round++) {
    const answers = await startTogether(8, deposit);
    statuses.push(...answers.map(({ status }) => status));
  }
  expect(statuses).toEqual(Array(80).fill(201));
  expect(await client.balance(accounts[0]!)).toBe('140.00');
});

test('loses nothing when a pooler in transaction mode is killed under load', async () => {
  service = await startTestService({
    by: async (databaseUrl) => {
      pooler = await startTransactionPooler(databaseUrl, 4);
      return pooler.url;
    },
  });
  const { client } = service;
  const account = await client.openAccount();
  const depositUntilAnswered = async (key: string): Promise<void> => {
    const body = { amount: '1.00', currency: 'USD' };
    const { status } = await client.post(`/v1/accounts/${account}/deposits`, body, { 'Idempotency-Key': key });
    if (status !== 201) await depositUntilAnswered(key);
  };
  for (let round = 0; round < 3; round++) {
    const deposits = Array.from({ length: 30 }, (_, index) => depositUntilAnswered(`kill-${round}-${index}`));
    await Promise.race(deposits);
    await pooler.kill();
    await Promise.all(deposits);
  }
  expect(await client.balance(account)).toBe('90.00');
});
