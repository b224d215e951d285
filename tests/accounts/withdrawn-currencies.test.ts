import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { clearingAccountId } from '../../src/ledger/clearing-account.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** An account as it was opened while its currency was in use, or by a build that knows another currency. */
async function openBefore(currency: string, externalId: string | null = null): Promise<string> {
  const { ledgerId, database } = service;
  const account = { ledger_id: ledgerId, name: 'Before', currency };
  const clearing = { ...account, id: clearingAccountId(ledgerId, currency), ownership: 'clearing' };
  await database('accounts').insert(clearing).onConflict().ignore();
  const [id, money] = [uuidv7(), { balance: '0', held: '0', overdraft_limit: '0', version: 0 }];
  await database('accounts').insert({ ...account, ...money, id, ownership: 'joint', external_id: externalId });
  return id;
}

/** A deposit of 12.5 as another build booked it. */
async function depositBefore(accountId: string, currency: string): Promise<string> {
  const { ledgerId, database } = service;
  const [id, booked_at] = [uuidv7(), new Date()];
  await database.transaction(async (other) => {
    const day = { booked_at, value_date: booked_at.toISOString().slice(0, 10) };
    await other('transactions').insert({ ledger_id: ledgerId, id, type: 'deposit', amount: '12.5', currency, ...day });
    const entry = { ledger_id: ledgerId, transaction_id: id, booked_at };
    const own = { account_id: accountId, amount: '12.5', balance_after: '12.5', version: 1 };
    const opposite = { account_id: clearingAccountId(ledgerId, currency), amount: '-12.5' };
    await other('entries').insert({ ...entry, id: uuidv7(), ...own });
    await other('entries').insert({ ...entry, id: uuidv7(), ...opposite });
    await other('accounts').where('id', accountId).update({ balance: '12.5', version: 1, last_booked_at: booked_at });
  });
  return id;
}

async function expectReadable(accountId: string, currency: string, balance: string): Promise<void> {
  const listed = (await client.get('/v1/accounts?limit=200')).body.data;
  expect(listed).toContainEqual(expect.objectContaining({ id: accountId, currency, balance }));
  for (const path of [
    `/v1/accounts/${accountId}`,
    `/v1/accounts/${accountId}/balances`,
    `/v1/accounts/${accountId}/entries`,
    `/v1/accounts/${accountId}/holders`,
    `/v1/accounts/${accountId}/mandate`,
    `/v1/payment-orders?accountId=${accountId}`,
    `/v1/balances?accountIds=${accountId}`,
    '/v1/accounts?ownership=clearing',
    '/v1/transactions',
    '/v1/events',
  ]) {
    expect([path, (await client.get(path)).status]).toEqual([path, 200]);
  }
}

test.each([
  ['BGN', '10.50', '0.00'],
  ['HRK', '0.01', '0.00'],
  ['ITL', '1000', '0'],
])('an account in %s is read, paid into and out of, and closed', async (currency, amount, zero) => {
  const [account, other] = [await openBefore(currency), await openBefore(currency)];
  await expectReadable(account, currency, zero);
  const deposit = await client.post(`/v1/accounts/${account}/deposits`, { amount, currency });
  expect([deposit.status, deposit.body.entries[0].balanceAfter]).toEqual([201, amount]);
  await expectReadable(account, currency, amount);
  const transfer = { fromAccountId: account, toAccountId: other, amount, currency };
  expect((await client.post('/v1/transfers', transfer)).status).toBe(201);
  const hold = await client.post('/v1/holds', { accountId: other, amount, currency });
  expect([hold.status, (await client.post(`/v1/holds/${hold.body.id}/void`)).status]).toEqual([201, 200]);
  const startsAt = '2099-01-01T09:00:00';
  const order = { fromAccountId: account, toAccountId: other, amount, currency, schedule: { startsAt } };
  const standing = await client.post('/v1/standing-orders', order);
  expect([standing.status, standing.body.amount]).toEqual([201, amount]);
  const project = await client.post(`/v1/accounts/${other}/projects`, { name: 'Last payment' });
  const proposal = { title: 'All of it', amount, currency };
  const proposed = await client.post(`/v1/projects/${project.body.id}/proposals`, proposal);
  expect([proposed.status, proposed.body.amount]).toEqual([201, amount]);
  expect((await client.post(`/v1/accounts/${other}/withdrawals`, { amount, currency })).status).toBe(201);
  for (const id of [account, other]) {
    const closed = await client.post(`/v1/accounts/${id}/close`);
    expect([closed.status, closed.body.balance]).toEqual([200, zero]);
  }
});

test('an account in a code that nothing is known of is read, emptied by what names no amount, and closed', async () => {
  const account = await openBefore('QQQ');
  const { ledgerId, database } = service;
  const own = { ledger_id: ledgerId, account_id: account };
  const [ann, terms] = [await client.createParty('Ann'), { bands: [{ rule: 'any', upTo: '7.25' }, { rule: 'all' }] }];
  const limited = { party_id: ann, rights: ['view', 'withdraw', 'manage'], limit_per_day: '3.5' };
  await database('holders').insert({ ...own, ...limited, joined_at: database.fn.now() });
  await database('mandates').insert({ ...own, version: 1, terms, created_at: database.fn.now() });
  await expectReadable(account, 'QQQ', '0.0000');
  expect((await client.get(`/v1/accounts/${account}/holders`)).body.data).toMatchObject([
    { limits: { perDay: '3.5000' } },
  ]);
  const tighter = await client.put(`/v1/accounts/${account}/mandate`, { mandate: { rule: 'all' }, by: ann });
  expect([tighter.status, tighter.body.version]).toEqual([200, 2]);
  const deposit = await depositBefore(account, 'QQQ');
  await expectReadable(account, 'QQQ', '12.5000');
  expect((await client.get(`/v1/transactions/${deposit}`)).body.amount).toBe('12.5000');

  await leavingTheBooksAlone(service, async () => {
    const body = JSON.stringify({ amount: '1', currency: 'QQQ' });
    const path = `/v1/accounts/${account}/withdrawals`;
    expectProblem(await sendRaw(service, { path, body }), 'validation_failed', ['currency']);
    const part = JSON.stringify({ reason: 'Part', amount: '1' });
    const reversals = `/v1/transactions/${deposit}/reversals`;
    expectProblem(await sendRaw(service, { path: reversals, body: part }), 'validation_failed', ['amount']);
    const limit = await client.patch(`/v1/accounts/${account}`, { overdraftLimit: '1' });
    expect([limit.status, limit.body.code]).toEqual([400, 'validation_failed']);
  });
  const reversed = await client.post(`/v1/transactions/${deposit}/reversals`, { reason: 'Out' });
  expect([reversed.status, reversed.body.amount]).toEqual([201, '12.5000']);
  const closed = await client.post(`/v1/accounts/${account}/close`);
  expect([closed.status, closed.body.balance]).toEqual([200, '0.0000']);
  await expectReadable(account, 'QQQ', '0.0000');
});

describe('opening an account', () => {
  const opening = { name: 'New', ownership: 'sole', currency: 'SKK' };
  const message = 'must be a currency in use: SKK was withdrawn in 2009-01, replaced by EUR';

  test('in a withdrawn currency is refused, and uses no key up', async () => {
    const headers = { 'Idempotency-Key': uuidv7() };
    const posted = await client.post('/v1/accounts', opening, headers);
    expect(posted.body).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors: [{ path: 'currency', message }],
    });
    const put = await client.put('/v1/accounts/by-external-id/skk-new', opening);
    expect(put.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ path: 'currency', message }] });
    const { data } = (await client.get('/v1/accounts?ownership=clearing')).body;
    expect(data.map(({ currency }: { currency: string }) => currency)).not.toContain('SKK');
    expect((await client.post('/v1/accounts', { ...opening, currency: 'EUR' }, headers)).status).toBe(201);
  });

  test('by the external id of one in a withdrawn currency answers that one', async () => {
    const id = await openBefore('SKK', 'skk-old');
    const put = await client.put('/v1/accounts/by-external-id/skk-old', { ...opening, ownership: 'joint' });
    expect([put.status, put.body.id, put.body.currency]).toEqual([200, id, 'SKK']);
  });

  test('in a code that nothing is known of is refused', async () => {
    for (const [method, path] of [
      ['POST', '/v1/accounts'],
      ['PUT', '/v1/accounts/by-external-id/qqq'],
    ] as const) {
      const body = JSON.stringify({ ...opening, currency: 'QQQ' });
      expectProblem(await sendRaw(service, { method, path, body }), 'validation_failed', ['currency']);
    }
  });
});
