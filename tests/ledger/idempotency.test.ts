import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { holdAccountLock, untilLockWaiters } from '../support/lock-witness.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ lockTimeoutMs: 1_000 });
});

afterAll(() => service.stop());

const ten = { amount: '10.00', currency: 'USD' };

test('books ten deposits when a button fires ten requests with ten keys', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const answers = await startTogether(10, (caller) =>
    client.post(`/v1/accounts/${account}/deposits`, ten, { 'Idempotency-Key': `ten-keys-${caller}` }),
  );
  expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(201));
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(10);
  expect(await client.balance(account)).toBe('100.00');
});

test('books one deposit and gives ten equal answers when ten requests share one key', async () => {
  const { client } = service;
  for (const round of roundsOf(20)) {
    const account = await client.openAccount();
    const answers = await startTogether(10, () =>
      client.post(`/v1/accounts/${account}/deposits`, ten, { 'Idempotency-Key': `one-key-${round}` }),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(201));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers['idempotent-replayed'] === 'true')).toHaveLength(9);
    expect(await client.balance(account)).toBe('10.00');
  }
});

test('answers a refusal again although it would succeed by now', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const withdraw = () => client.post(`/v1/accounts/${account}/withdrawals`, ten, { 'Idempotency-Key': 'refused' });
  const first = await withdraw();
  expect(first.body).toMatchObject({ status: 422, code: 'insufficient_funds' });
  await client.post(`/v1/accounts/${account}/deposits`, ten);
  const second = await withdraw();
  expect(second.headers['idempotent-replayed']).toBe('true');
  expect({ ...second.body, requestId: '' }).toEqual({ ...first.body, requestId: '' });
  expect(await client.balance(account)).toBe('10.00');
});

test('takes the order of JSON fields for no difference, and any other difference for another request', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const deposit = (body: object) =>
    client.post(`/v1/accounts/${account}/deposits`, body, { 'Idempotency-Key': 'fields' });
  const first = await deposit({ amount: '10.00', currency: 'USD', metadata: { a: 1, b: [{ c: 2, d: 3 }] } });
  const reordered = await deposit({ metadata: { b: [{ d: 3, c: 2 }], a: 1 }, currency: 'USD', amount: '10.00' });
  expect(reordered.body).toEqual(first.body);
  const other = await deposit({ amount: '10.01', currency: 'USD' });
  expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  expect(other.headers['idempotent-replayed']).toBeUndefined();
  const elsewhere = await client.post(`/v1/accounts/${account}/withdrawals`, ten, { 'Idempotency-Key': 'fields' });
  expect(elsewhere.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  expect(await client.balance(account)).toBe('10.00');
});

test('does not use a key up for bad input or a busy ledger', async () => {
  const { client, database } = service;
  const account = await client.openAccount();
  const key = { 'Idempotency-Key': 'kept' };
  const invalid = await client.post(`/v1/accounts/${account}/deposits`, { amount: '-1', currency: 'USD' }, key);
  expect(invalid.status).toBe(400);
  const held = await holdAccountLock(database, account);
  const busy = await client.post(`/v1/accounts/${account}/deposits`, ten, key);
  expect(busy.body).toMatchObject({ status: 503, code: 'ledger_busy' });
  await held.release();
  const booked = await client.post(`/v1/accounts/${account}/deposits`, ten, key);
  expect(booked.status).toBe(201);
  expect(booked.headers['idempotent-replayed']).toBeUndefined();
});

test('says that a request with the same key is in progress when it does not finish in time', async () => {
  const { client, database } = service;
  const account = await client.openAccount();
  const deposit = (headers: Record<string, string>) =>
    client.post(`/v1/accounts/${account}/deposits`, ten, { 'Idempotency-Key': 'slow', ...headers });
  const held = await holdAccountLock(database, account);
  const first = deposit({ Prefer: 'wait=20' }).then((answer) => answer);
  await untilLockWaiters(database, 1);
  const second = await deposit({ Prefer: 'wait=0' });
  expect(second.body).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
  expect(second.headers['retry-after']).toBe('1');
  await held.release();
  expect((await first).status).toBe(201);
  const third = await deposit({});
  expect(third.body).toEqual((await first).body);
  expect(await client.balance(account)).toBe('10.00');
});
