import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { roundsOf } from '../support/rounds.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

const tenDollars = { amount: '10.00', currency: 'USD' };

const close = (account: string, headers: Record<string, string> = {}) =>
  service.client.post(`/v1/accounts/${account}/close`, {}, headers);

async function statusOf(account: string): Promise<string> {
  return (await service.client.get(`/v1/accounts/${account}`)).body.status;
}

test('closes an account with nothing on it, which stays readable with its history', async () => {
  const { client } = service;
  const account = await client.openAccount({ balance: '10.00' });
  await client.post(`/v1/accounts/${account}/withdrawals`, tenDollars);
  const before = (await client.get(`/v1/accounts/${account}`)).body;

  const closed = await close(account);
  expect(closed.status).toBe(200);
  expect(closed.headers.etag).toBe('"2-1"');
  expect(closed.body).toEqual({
    ...before,
    status: 'closed',
    closedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    version: 2,
    revision: 1,
  });
  expect(closed.body.closedAt >= before.createdAt).toBe(true);
  const read = await client.get(`/v1/accounts/${account}`);
  expect([read.headers.etag, read.body]).toEqual(['"2-1"', closed.body]);
  const entries = await client.get(`/v1/accounts/${account}/entries`);
  expect(entries.body.data.map((entry: { amount: string }) => entry.amount)).toEqual(['-10.00', '10.00']);
});

test('closes an account when the request has no body at all', async () => {
  const account = await service.client.openAccount();
  const answer = await fetch(`${service.url}/v1/accounts/${account}/close`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${service.apiKey}` },
  });
  expect(answer.status).toBe(200);
  expect(await statusOf(account)).toBe('closed');
});

test.each([
  { owes: 'money', balance: '10.00', withdrawal: '0.01', left: '9.99' },
  { owes: 'a debt', balance: '10.00', withdrawal: '10.01', left: '-0.01' },
])('refuses to close an account with $owes on it', async ({ balance, withdrawal, left }) => {
  const { client } = service;
  const account = await client.openAccount({ balance, overdraftLimit: '5.00' });
  await client.post(`/v1/accounts/${account}/withdrawals`, { amount: withdrawal, currency: 'USD' });
  const refused = await close(account);
  expect(refused.body).toMatchObject({ status: 422, code: 'balance_not_zero', balance: left, held: '0.00' });
  expect((await client.get(`/v1/accounts/${account}`)).body).toMatchObject({ status: 'active', closedAt: null });
});

test('closes only the version that the caller read', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const { etag } = (await client.get(`/v1/accounts/${account}`)).headers;
  for (const direction of ['deposits', 'withdrawals']) {
    await client.post(`/v1/accounts/${account}/${direction}`, tenDollars);
  }
  const stale = await close(account, { 'If-Match': etag! });
  expect(stale.body).toMatchObject({ status: 412, code: 'version_mismatch', version: 2 });
  const malformed = await close(account, { 'If-Match': '2' });
  expect(malformed.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ path: 'If-Match' }] });
  expect(await statusOf(account)).toBe('active');
  expect((await close(account, { 'If-Match': '"2"' })).status).toBe(200);
  expect(await statusOf(account)).toBe('closed');
});

test('says that the version is stale before it says that there is money left', async () => {
  const account = await service.client.openAccount({ balance: '10.00' });
  expect((await close(account, { 'If-Match': '"0"' })).body.code).toBe('version_mismatch');
});

test('compares If-Match with the whole tag, also that of a closed account', async () => {
  const account = await service.client.openAccount();
  expect((await close(account, { 'If-Match': '"0-1"' })).body.code).toBe('version_mismatch');
  expect((await close(account, { 'If-Match': '"0"' })).status).toBe(200);
  const stale = await close(account, { 'If-Match': '"0"' });
  expect(stale.body).toMatchObject({ status: 412, code: 'version_mismatch', version: 0 });
  expect((await close(account, { 'If-Match': '"0-1"' })).body.code).toBe('account_closed');
  expect((await close(account, { 'If-Match': '*' })).body.code).toBe('account_closed');
});

test('refuses to close an account twice, and answers the first closing again to its own key', async () => {
  const account = await service.client.openAccount();
  const first = await close(account, { 'Idempotency-Key': 'close-once' });
  const second = await close(account);
  expect(second.body).toMatchObject({ status: 422, code: 'account_closed' });
  const replayed = await close(account, { 'Idempotency-Key': 'close-once' });
  expect(replayed.headers['idempotent-replayed']).toBe('true');
  expect([replayed.status, replayed.body]).toEqual([200, first.body]);
});

test('moves nothing into or out of a closed account', async () => {
  const { client } = service;
  const closed = await client.openAccount({ overdraftLimit: '100.00' });
  const open = await client.openAccount({ balance: '50.00' });
  expect((await close(closed)).status).toBe(200);
  const before = (await client.get(`/v1/accounts/${closed}`)).body;
  const transfer = (fromAccountId: string, toAccountId: string) =>
    client.post('/v1/transfers', { fromAccountId, toAccountId, ...tenDollars });
  for (const answer of [
    await client.post(`/v1/accounts/${closed}/deposits`, tenDollars),
    await client.post(`/v1/accounts/${closed}/withdrawals`, tenDollars),
    await transfer(open, closed),
    await transfer(closed, open),
  ]) {
    expect(answer.body).toMatchObject({ status: 422, code: 'account_closed' });
    expect(answer.body.detail).toContain(closed);
  }
  expect((await client.get(`/v1/accounts/${closed}`)).body).toEqual(before);
  expect(await client.balance(open)).toBe('50.00');
});

test('accepts either the closing or a simultaneous deposit, never both', async () => {
  const { client } = service;
  const seen = new Set<boolean>();
  for (const round of roundsOf(30, seen)) {
    const account = await client.openAccount();
    const deposit = () => client.post(`/v1/accounts/${account}/deposits`, tenDollars).then((answer) => answer);
    const closing = () => close(account).then((answer) => answer);
    // Whoever is sent first usually wins, so both take turns at it.
    const started = round % 2 === 0 ? [deposit(), closing()] : [closing(), deposit()];
    const answers = await Promise.all(started);
    const [deposited, closed] = round % 2 === 0 ? answers : answers.toReversed();
    const after = (await client.get(`/v1/accounts/${account}`)).body;
    seen.add(closed!.status === 200);
    if (closed!.status === 200) {
      expect(deposited!.body).toMatchObject({ status: 422, code: 'account_closed' });
      expect(after).toMatchObject({ status: 'closed', balance: '0.00', version: closed!.body.version });
    } else {
      expect(closed!.body).toMatchObject({ status: 422, code: 'balance_not_zero', balance: '10.00' });
      expect(deposited!.status).toBe(201);
      expect(after).toMatchObject({ status: 'active', balance: '10.00', version: 1 });
    }
  }
  expect(seen.size).toBe(2);
});

test('answers account_not_found and clearing_account for what cannot be closed', async () => {
  const { client } = service;
  await client.openAccount();
  const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
  expect((await close('01936f00-0000-7000-8000-000000000999')).body.code).toBe('account_not_found');
  expect((await close(clearing.id)).body.code).toBe('clearing_account');
  expect(await statusOf(clearing.id)).toBe('active');
});
