import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CommitCutter, startCommitCutter } from '../support/commit-cutter.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let cutter: CommitCutter;
let service: TestService;
let account: string;

beforeEach(async () => {
  service = await startTestService({
    by: async (databaseUrl) => {
      cutter = await startCommitCutter(databaseUrl);
      return cutter.url;
    },
  });
  account = await service.client.openAccount();
});

afterEach(async () => {
  await service.stop();
  await cutter.close();
});

const one = { amount: '1.00', currency: 'USD' };

test.each(['afterCommit', 'beforeCommit', 'whileCommitting'] as const)(
  'books once when the connection is cut %s, with and without a key',
  async (cut) => {
    const { client } = service;
    for (const headers of [{ 'Idempotency-Key': 'cut' }, {}]) {
      cutter.cutNext(cut);
      const answer = await client.post(`/v1/accounts/${account}/deposits`, one, headers);
      expect(answer.status).toBe(201);
      const booked = await client.get(`/v1/transactions/${answer.body.id}`);
      expect(booked.body).toEqual(answer.body);
    }
    expect(cutter.cuts()).toBe(2);
    expect(await client.balance(account)).toBe('2.00');
  },
);

test('books each of many once while every third COMMIT is cut', async () => {
  const { client } = service;
  const cuts = ['afterCommit', 'beforeCommit', 'whileCommitting'] as const;
  for (let round = 0; round < 30; round++) {
    if (round % 3 === 0) cutter.cutNext(cuts[(round / 3) % 3]!);
    const answer = await client.post(`/v1/accounts/${account}/deposits`, one);
    expect(answer.status).toBe(201);
  }
  expect(cutter.cuts()).toBe(10);
  expect(await client.balance(account)).toBe('30.00');
});

test('says that the outcome is unknown when the database stays away, and gives the stored answer later', async () => {
  const { client, database } = service;
  const key = { 'Idempotency-Key': 'away' };
  cutter.cutNext('afterCommitForGood');
  const unknown = await client.post(`/v1/accounts/${account}/deposits`, one, key);
  expect(unknown.body).toMatchObject({ status: 503, code: 'outcome_unknown' });
  expect(unknown.headers['retry-after']).toBe('1');
  const away = await client.post(`/v1/accounts/${account}/deposits`, one);
  expect(away.body).toMatchObject({ status: 503, code: 'database_unavailable' });

  cutter.reopen();
  const again = await client.post(`/v1/accounts/${account}/deposits`, one, key);
  expect(again.status).toBe(201);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(await client.balance(account)).toBe('1.00');
  expect(await database('transactions').count('id as count').first()).toEqual({ count: 1 });
});
