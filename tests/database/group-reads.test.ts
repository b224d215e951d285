import { expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { groupReads } from '../../src/database/group-reads.ts';
import type { LedgerSource } from '../../src/database/ledger-transaction.ts';
import { startTestService } from '../support/test-service.ts';

/** Statements that are answered when the test says so. */
function answeredByHand() {
  const statements: Array<{ ids: readonly string[]; answer: (state: string) => void; fail: (error: Error) => void }> =
    [];
  const read = groupReads<string>(
    (_source, ids) =>
      new Promise((resolve, reject) => {
        const answer = (state: string) => resolve(new Map(ids.map((id) => [id, `${id} ${state}`])));
        statements.push({ ids, answer, fail: reject });
      }),
  );
  return { statements, read };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const source = { knex: {} as Knex, ledgerId: 'one' } satisfies LedgerSource;

test('those who come together share a statement, and one that is on its way is not joined', async () => {
  const { statements, read } = answeredByHand();
  const first = [read(source, ['a']), read(source, ['b', 'c']), read(source, ['a'])];
  await turn();
  expect(statements.map(({ ids }) => ids)).toEqual([['a', 'b', 'c']]);

  // What was committed meanwhile must be seen by who asks now.
  const second = read(source, ['a']);
  await turn();
  statements[0]!.answer('before');
  expect((await Promise.all(first)).map((found) => found.get('a'))).toEqual(['a before', 'a before', 'a before']);
  statements[1]!.answer('after');
  expect((await second).get('a')).toBe('a after');
});

test('two statements are on their way at most, and the next one gathers all who wait', async () => {
  const { statements, read } = answeredByHand();
  const readers = [];
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    readers.push(read(source, [id]));
    await turn();
  }
  expect(statements.map(({ ids }) => ids)).toEqual([['a'], ['b']]);
  statements[1]!.answer('now');
  await turn();
  expect(statements.map(({ ids }) => ids)).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
  statements[0]!.answer('now');
  statements[2]!.answer('now');
  const found = await Promise.all(readers);
  expect(found.map((one, index) => one.get('abcde'[index]!))).toEqual(['a now', 'b now', 'c now', 'd now', 'e now']);
});

test('a statement that fails fails for its readers alone, and ledgers wait for none but their own', async () => {
  const { statements, read } = answeredByHand();
  const failed = [read(source, ['a']), read(source, ['b'])].map((reading) => reading.catch((error) => error.message));
  await turn();
  const other = read({ ...source, ledgerId: 'other' }, ['a']);
  await turn();
  statements[0]!.fail(new Error('away'));
  statements[1]!.answer('there');
  expect(await Promise.all(failed)).toEqual(['away', 'away']);
  expect((await other).get('a')).toBe('a there');
  const again = read(source, ['a']);
  await turn();
  statements[2]!.answer('again');
  expect((await again).get('a')).toBe('a again');
});

test('a statement has no more ids than it is quick with, and all of one reader', async () => {
  const { statements, read } = answeredByHand();
  const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
  const readers = [read(source, ids('a', 150)), read(source, ids('b', 100)), read(source, ids('c', 300))];
  await turn();
  expect(statements.map((statement) => statement.ids.length)).toEqual([150, 100]);
  for (const statement of statements) statement.answer('now');
  await turn();
  expect(statements.map((statement) => statement.ids.length)).toEqual([150, 100, 300]);
  statements[2]!.answer('now');
  expect((await Promise.all(readers)).map((found) => found.size)).toEqual([150, 100, 300]);
});

test('whoever was answered a booking reads it, among many who read the same account', async () => {
  const service = await startTestService({});
  const { client } = service;
  const account = await client.openAccount({ balance: '1.00' });
  let isOver = false;
  const reading = Array.from({ length: 8 }, async () => {
    while (!isOver) await client.balance(account);
  });
  for (let version = 2; version < 40; version++) {
    const booked = await client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });
    expect(booked.status).toBe(201);
    const [read, balance, transaction] = await Promise.all([
      client.get(`/v1/accounts/${account}`),
      client.get(`/v1/balances?accountIds=${account}`),
      client.get(`/v1/transactions/${booked.body.id}`),
    ]);
    expect(read.body.version).toBe(version);
    expect(balance.body.data[0].booked).toBe(`${version}.00`);
    expect(transaction.body).toEqual(booked.body);
  }
  isOver = true;
  await Promise.all(reading);
  await service.stop();
});
