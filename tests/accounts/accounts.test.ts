import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

const allRights = ['view', 'deposit', 'withdraw', 'transfer', 'manage'];
const missingId = '01936f00-0000-7000-8000-000000000999';

async function clientOfNewLedger(): Promise<TestClient> {
  const { apiKey } = await createTestLedger(service.database);
  return createTestClient(service.url, apiKey);
}

test('opens a joint account with its holders and reads it back where the Location header says', async () => {
  const { client } = service;
  const [earner, spender] = [await client.createParty('Earner'), await client.createParty('Spender')];
  const opened = await client.post('/v1/accounts', {
    name: 'Household',
    externalId: 'household',
    currency: 'USD',
    ownership: 'joint',
    overdraftLimit: '50',
    holders: [{ partyId: spender, rights: ['deposit', 'view'] }, { partyId: earner }],
  });
  expect(opened.status).toBe(201);
  expect(opened.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    name: 'Household',
    externalId: 'household',
    currency: 'USD',
    ownership: 'joint',
    status: 'active',
    balance: '0.00',
    held: '0.00',
    available: '50.00',
    overdraftLimit: '50.00',
    version: 0,
    holders: [
      { partyId: earner, rights: allRights },
      { partyId: spender, rights: ['deposit', 'view'] },
    ],
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    closedAt: null,
  });
  expect(opened.headers.location).toBe(`/v1/accounts/${opened.body.id}`);
  expect(opened.headers.etag).toBe('"0"');
  const read = await client.get(opened.headers.location!);
  expect(read.status).toBe(200);
  expect(read.headers.etag).toBe('"0"');
  expect(read.body).toEqual(opened.body);
});

test('tells the version of an account in its ETag, which each movement raises', async () => {
  const { client } = service;
  const account = await client.openAccount({ balance: '10.00' });
  expect((await client.get(`/v1/accounts/${account}`)).headers.etag).toBe('"1"');
  await client.post(`/v1/accounts/${account}/withdrawals`, { amount: '1.00', currency: 'USD' });
  const read = await client.get(`/v1/accounts/${account}`);
  expect(read.headers.etag).toBe('"2"');
  expect(read.body).toMatchObject({ version: 2, balance: '9.00' });
});

test('opens a sole account for one party or none, and refuses it for two', async () => {
  const client = await clientOfNewLedger();
  const [one, other] = [await client.createParty('One'), await client.createParty('Other')];
  const open = (holders: string[]) =>
    client.post('/v1/accounts', {
      name: 'Own',
      currency: 'JPY',
      ownership: 'sole',
      holders: holders.map((partyId) => ({ partyId })),
    });
  const [forOne, forNone, forTwo] = [await open([one]), await open([]), await open([one, other])];
  expect(forOne.body).toMatchObject({
    ownership: 'sole',
    balance: '0',
    holders: [{ partyId: one, rights: allRights }],
  });
  expect(forNone.body).toMatchObject({ ownership: 'sole', holders: [] });
  expect(forTwo.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ path: 'holders' }] });
  expect(await walkPages(client, '/v1/accounts')).toEqual([forOne.body, forNone.body]);
});

test('refuses a holder who is not a party of the ledger and opens nothing', async () => {
  const client = await clientOfNewLedger();
  const stranger = await service.client.createParty('Of another ledger');
  for (const partyId of [missingId, stranger]) {
    const answer = await client.post('/v1/accounts', {
      name: 'Household',
      currency: 'USD',
      ownership: 'joint',
      holders: [{ partyId: await client.createParty('Known') }, { partyId }],
    });
    expect(answer.body).toMatchObject({ status: 404, code: 'party_not_found' });
    expect(answer.body.detail).toContain(partyId);
  }
  expect(await walkPages(client, '/v1/accounts')).toEqual([]);
  expect(await walkPages(client, '/v1/accounts?ownership=clearing')).toEqual([]);
});

test('refuses an external id that is taken, names its owner and opens nothing', async () => {
  const client = await clientOfNewLedger();
  const body = { name: 'First', currency: 'USD', ownership: 'joint', externalId: 'taken' };
  const first = await client.post('/v1/accounts', body);
  const second = await client.post('/v1/accounts', { ...body, currency: 'EUR' });
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'external_id_taken', accountId: first.body.id });
  expect(await walkPages(client, '/v1/accounts')).toEqual([first.body]);
});

test('lists every account once, in the order of opening, also those opened while a reader pages', async () => {
  const client = await clientOfNewLedger();
  const opened: string[] = [];
  const open = async () => opened.push(await client.openAccount());
  for (let number = 0; number < 5; number++) await open();
  const listed = await walkPages(client, '/v1/accounts', async (page) => {
    if (page <= 2) await open();
  });
  expect(opened).toHaveLength(7);
  expect(listed.map((account) => account.id)).toEqual(opened);
});

test('keeps one clearing account a currency, apart from the accounts of customers', async () => {
  const client = await clientOfNewLedger();
  for (const currency of ['USD', 'KWD', 'USD', 'JPY']) {
    await client.openAccount({ currency, balance: currency === 'JPY' ? '25' : '2.50' });
  }
  const clearing = await walkPages(client, '/v1/accounts?ownership=clearing');
  const balances = clearing.map(({ currency, balance }) => `${currency} ${balance}`);
  expect(balances.sort()).toEqual(['JPY -25', 'KWD -2.500', 'USD -5.00']);
  for (const account of clearing) {
    expect(account).toMatchObject({ ownership: 'clearing', held: null, available: null, version: null, holders: [] });
    const read = await client.get(`/v1/accounts/${account.id}`);
    expect(read.headers.etag).toBeUndefined();
    expect(read.body).toEqual(account);
  }
  expect(await walkPages(client, '/v1/accounts')).toHaveLength(4);
});

test('answers account_not_found for an id that no account has', async () => {
  const answer = await service.client.get(`/v1/accounts/${missingId}`);
  expect(answer.body).toMatchObject({ status: 404, code: 'account_not_found' });
  expect(answer.body.detail).toContain(missingId);
});
