import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { noLimits } from '../../src/ownership/holder.ts';
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
    revision: 0,
    holders: [
      { partyId: earner, rights: allRights, limits: noLimits },
      { partyId: spender, rights: ['deposit', 'view'], limits: noLimits },
    ],
    mandate: { version: 0, bands: [{ rule: 'any' }] },
    debitsStopped: false,
    creditsStopped: false,
    timeZone: 'UTC',
    survivorship: 'survivors',
    statements: 'none',
    metadata: null,
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

test('is sole without holders or with one, joint with several, when nothing is said', async () => {
  const { client } = service;
  const parties = [await client.createParty('One'), await client.createParty('Two')];
  const ownerships = await Promise.all(
    [0, 1, 2].map(async (count) => {
      const holders = parties.slice(0, count).map((partyId) => ({ partyId, limits: { perDay: '7' } }));
      const opened = await client.post('/v1/accounts', { name: 'Any', currency: 'USD', holders });
      const limits = { perMovement: null, perDay: '7.00', perMonth: null };
      expect(opened.body.holders.map((holder: { limits: object }) => holder.limits)).toEqual(holders.map(() => limits));
      expect((await client.get(`/v1/accounts/${opened.body.id}`)).body).toEqual(opened.body);
      return opened.body.ownership;
    }),
  );
  expect(ownerships).toEqual(['sole', 'sole', 'joint']);
  const versioned = { name: 'Any', currency: 'USD', mandate: { version: 3, bands: [{ rule: 'any' }] } };
  expect((await client.post('/v1/accounts', versioned)).body.errors).toMatchObject([{ path: 'mandate.version' }]);
});

test('refuses an account by its external id that is another than was asked for', async () => {
  const { client } = service;
  const put = async (fields: object) => client.put('/v1/accounts/by-external-id/differs', { name: 'Any', ...fields });
  const { body: account } = await put({ currency: 'USD', ownership: 'joint' });
  expect(account.ownership).toBe('joint');
  for (const same of [{ currency: 'USD' }, { currency: 'USD', ownership: 'joint', timeZone: 'Asia/Tokyo' }]) {
    expect(await put(same)).toMatchObject({ status: 200, body: { id: account.id } });
  }
  const euro = await put({ currency: 'EUR', ownership: 'sole' });
  expect(euro.body).toMatchObject({
    ...{ status: 409, code: 'external_id_differs', accountId: account.id },
    ...{ currency: 'USD', ownership: 'joint', differs: ['currency', 'ownership'] },
  });
  expect((await put({ currency: 'USD', ownership: 'sole' })).body.differs).toEqual(['ownership']);
  // Also to the one that lost the race for a new one.
  const racing = ['USD', 'EUR', 'JPY', 'USD'].map((currency) =>
    client.put('/v1/accounts/by-external-id/races', { name: 'Any', currency }),
  );
  const answers = await Promise.all(racing);
  const winner = answers.find(({ status }) => status === 201)!.body;
  for (const [index, { status, body }] of answers.entries()) {
    const same = ['USD', 'EUR', 'JPY', 'USD'][index] === winner.currency;
    expect([same, body.id ?? body.accountId]).toEqual([status < 300, winner.id]);
  }
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

test('keeps what the holders agreed when the account was opened', async () => {
  const { client } = service;
  const holder = await client.createParty('Ann');
  const limits = { perMovement: '100', perDay: '250.5', perMonth: null };
  const agreed = { timeZone: 'Europe/Madrid', survivorship: 'estate', mandate: { rule: 'all', kinds: ['withdrawal'] } };
  const body = { name: 'Agreed', currency: 'USD', ownership: 'joint', ...agreed };
  const noRule = await client.post('/v1/accounts', { ...body, holders: [{ partyId: holder, limits }] });
  expect(noRule.body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'mandate.bands' }] });

  const mandate = {
    bands: [
      { rule: 'any', upTo: '20.00', per: 'month' },
      { rule: 'named', signatories: [holder] },
    ],
  };
  const opened = await client.post('/v1/accounts', { ...body, mandate, holders: [{ partyId: holder, limits }] });
  expect(opened.body).toMatchObject({
    timeZone: 'Europe/Madrid',
    survivorship: 'estate',
    mandate: { version: 1, ...mandate },
    revision: 0,
  });
  expect((await client.get(`/v1/accounts/${opened.body.id}`)).body).toEqual(opened.body);
  const [row] = await service.rows('holders').where('account_id', opened.body.id);
  expect([row.limit_per_movement, row.limit_per_day, row.limit_per_month]).toEqual(['100.0000', '250.5000', null]);
});

test('tells the tag that an account has after a movement with the answer to it', async () => {
  const { client } = service;
  const [from, to] = [await client.openAccount({ balance: '10.00' }), await client.openAccount()];
  const money = { amount: '1.00', currency: 'USD' };
  const deposited = await client.post(`/v1/accounts/${to}/deposits`, money, { 'If-Match': '"0"' });
  expect([deposited.status, deposited.headers.etag]).toEqual([201, '"1"']);
  const transfer = { fromAccountId: from, toAccountId: to, ...money };
  const moved = await client.post('/v1/transfers', transfer, { 'If-Match': '"1"', 'Idempotency-Key': 'tagged' });
  expect([moved.status, moved.headers.etag]).toEqual([201, '"2"']);
  const stale = await client.post('/v1/transfers', transfer, { 'If-Match': '"1"' });
  expect(stale.body).toMatchObject({ status: 412, code: 'version_mismatch', version: 2 });
  expect(await client.balance(from)).toBe('9.00');
  const again = await client.post('/v1/transfers', transfer, { 'If-Match': '"1"', 'Idempotency-Key': 'tagged' });
  expect([again.body, again.headers.etag]).toEqual([moved.body, '"2"']);
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
