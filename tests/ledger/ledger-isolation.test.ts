import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let ours: TestClient;
let theirs: TestClient;

beforeAll(async () => {
  service = await startTestService();
  ours = service.client;
  theirs = createTestClient(service.url, (await createTestLedger(service.database)).apiKey);
});

afterAll(() => service.stop());

const tenDollars = { amount: '10.00', currency: 'USD' };

test('hides everything of a ledger from the key of another one', async () => {
  const party = await ours.createParty('Ours');
  const account = await ours.openAccount({ balance: '10.00' });
  const deposit = await ours.post(`/v1/accounts/${account}/deposits`, tenDollars);
  const [clearing] = (await ours.get('/v1/accounts?ownership=clearing')).body.data;

  const single = {
    [`/v1/parties/${party}`]: 'party_not_found',
    [`/v1/accounts/${account}`]: 'account_not_found',
    [`/v1/accounts/${account}/entries`]: 'account_not_found',
    [`/v1/accounts/${account}/balances`]: 'account_not_found',
    [`/v1/accounts/${account}/balances?at=${deposit.body.bookedAt}`]: 'account_not_found',
    [`/v1/balances?accountIds=${account}`]: 'account_not_found',
    [`/v1/accounts/${clearing.id}`]: 'account_not_found',
    [`/v1/accounts/${clearing.id}/entries`]: 'account_not_found',
    [`/v1/accounts/${clearing.id}/balances`]: 'account_not_found',
    [`/v1/transactions/${deposit.body.id}`]: 'transaction_not_found',
  };
  for (const [path, code] of Object.entries(single)) {
    expect((await ours.get(path)).status).toBe(200);
    expect({ path, ...(await theirs.get(path)).body }).toMatchObject({ path, status: 404, code });
  }
  for (const list of ['/v1/parties', '/v1/accounts', '/v1/accounts?ownership=clearing', '/v1/transactions']) {
    expect((await ours.get(list)).body.data).not.toEqual([]);
    expect((await theirs.get(list)).body.data).toEqual([]);
  }
});

test('refuses to move or close what belongs to another ledger', async () => {
  const account = await ours.openAccount({ balance: '10.00' });
  const empty = await ours.openAccount();
  const own = await theirs.openAccount({ balance: '10.00' });
  const transfer = (fromAccountId: string, toAccountId: string) =>
    theirs.post('/v1/transfers', { fromAccountId, toAccountId, ...tenDollars });
  const refused = [
    await theirs.post(`/v1/accounts/${account}/deposits`, tenDollars),
    await theirs.post(`/v1/accounts/${account}/withdrawals`, tenDollars),
    await transfer(account, own),
    await transfer(own, account),
    await theirs.post(`/v1/accounts/${empty}/close`, {}),
  ];
  expect(refused.map((answer) => answer.body.code)).toEqual(Array(5).fill('account_not_found'));

  const outsider = await ours.createParty('Of our ledger');
  const initiated = await theirs.post(`/v1/accounts/${own}/deposits`, { ...tenDollars, initiatedBy: outsider });
  expect(initiated.body.code).toBe('party_not_found');

  expect(await ours.balance(account)).toBe('10.00');
  expect(await theirs.balance(own)).toBe('10.00');
  expect((await ours.get(`/v1/accounts/${empty}`)).body.status).toBe('active');
});

test('lets two ledgers use the same external ids', async () => {
  const account = { name: 'Household', currency: 'USD', ownership: 'joint', externalId: 'shared' };
  const party = { name: 'Pat', externalId: 'shared' };
  for (const [path, body] of [
    ['/v1/accounts', account],
    ['/v1/parties', party],
  ] as const) {
    const [first, second] = [await ours.post(path, body), await theirs.post(path, body)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body.id).not.toBe(second.body.id);
    const { externalId, ...put } = body;
    const found = await theirs.put(`${path}/by-external-id/${externalId}`, put);
    expect(found.status).toBe(200);
    expect(found.body.id).toBe(second.body.id);
  }
});

test('lets two ledgers use the same idempotency key for different requests', async () => {
  const clients = [ours, theirs];
  const accounts = await Promise.all(clients.map((client) => client.openAccount()));
  const sameKey = { 'Idempotency-Key': 'same-key' };
  const deposit = (index: number, amount: string) =>
    clients[index]!.post(`/v1/accounts/${accounts[index]}/deposits`, { amount, currency: 'USD' }, sameKey);

  const first = [await deposit(0, '1.00'), await deposit(1, '2.00')];
  expect(first.map((answer) => answer.status)).toEqual([201, 201]);
  expect(first.map((answer) => answer.headers['idempotent-replayed'])).toEqual([undefined, undefined]);
  const again = [await deposit(0, '1.00'), await deposit(1, '2.00')];
  expect(again.map((answer) => answer.body)).toEqual(first.map((answer) => answer.body));
  expect(again.map((answer) => answer.headers['idempotent-replayed'])).toEqual(['true', 'true']);

  expect(await Promise.all(clients.map((client, index) => client.balance(accounts[index]!)))).toEqual(['1.00', '2.00']);
});
