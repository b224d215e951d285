import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { byService } from '../support/authentication.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

// A ledger of each test's own, so that its list of transactions holds nothing else.
beforeEach(async () => {
  const { apiKey } = await createTestLedger(service.database);
  client = createTestClient(service.url, apiKey);
});

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const nothingElse = { initiatedBy: null, description: null, reference: null, metadata: null, externalId: null };
/** What nothing led to, nobody signed and nothing took back. */
const byItself = {
  authentication: byService,
  signedBy: [],
  origin: null,
  reversedBy: null,
  reversedAmount: '0.00',
};

async function clearingAccount(): Promise<string> {
  return (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
}

const post = {
  deposit: (account: string, body: object) => client.post(`/v1/accounts/${account}/deposits`, body),
  withdrawal: (account: string, body: object) => client.post(`/v1/accounts/${account}/withdrawals`, body),
};

test.each([
  { type: 'deposit', amount: '25.50', moved: '25.50', opposite: '-25.50', balanceAfter: '125.50' },
  { type: 'withdrawal', amount: '25.5', moved: '-25.50', opposite: '25.50', balanceAfter: '74.50' },
] as const)('answers a $type with its entries', async ({ type, amount, moved, opposite, balanceAfter }) => {
  const account = await client.openAccount({ balance: '100.00' });
  const answer = await post[type](account, { amount, currency: 'USD' });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    id: uuid,
    kind: 'transaction',
    type,
    status: 'booked',
    amount: '25.50',
    currency: 'USD',
    bookedAt: instant,
    valueDate: answer.body.bookedAt.slice(0, 10),
    ...nothingElse,
    ...byItself,
    entries: [
      { accountId: account, amount: moved, balanceAfter, version: 2 },
      { accountId: await clearingAccount(), amount: opposite },
    ],
  });
  expect(answer.headers.location).toBe(`/v1/transactions/${answer.body.id}`);
  expect((await client.get(answer.headers.location!)).body).toEqual(answer.body);
  expect(await client.balance(account)).toBe(balanceAfter);
});

test('answers a transfer with everything it was told, and the same when read again', async () => {
  const initiatedBy = await client.createParty('Erin');
  const [from, to] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
  const told = {
    initiatedBy,
    description: 'Rent – März 🏠',
    reference: '2026-11',
    valueDate: '2026-12-24',
    metadata: { invoice: 'A/1', lines: [1, 2.5, { deep: null }], paid: true },
    externalId: 'rent/2026-11',
  };
  const answer = await client.post('/v1/transfers', {
    fromAccountId: from,
    toAccountId: to,
    amount: '40.00',
    currency: 'USD',
    ...told,
  });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    id: uuid,
    kind: 'transaction',
    type: 'transfer',
    status: 'booked',
    amount: '40.00',
    currency: 'USD',
    bookedAt: instant,
    ...told,
    ...byItself,
    entries: [
      { accountId: from, amount: '-40.00', balanceAfter: '60.00', version: 2 },
      { accountId: to, amount: '40.00', balanceAfter: '40.00', version: 1 },
    ],
  });
  expect((await client.get(`/v1/transactions/${answer.body.id}`)).body).toEqual(answer.body);
  expect((await client.get('/v1/transactions')).body.data[0]).toEqual(answer.body);

  const { kind, entries, amount, status, id, reversedBy, reversedAmount, ...shared } = answer.body;
  for (const [account, other, entry] of [
    [from, to, entries[0]],
    [to, from, entries[1]],
  ]) {
    const listed = (await client.get(`/v1/accounts/${account}/entries`)).body.data[0];
    const counterparty = { accountId: other, name: 'Test' };
    expect(listed).toEqual({ id: uuid, transactionId: id, counterparty, ...shared, ...entry });
  }
});

test('lists transactions newest first or oldest first, each once, also those booked while a reader pages', async () => {
  const account = await client.openAccount();
  const booked: Array<{ id: string }> = [];
  const deposit = async () => booked.push((await post.deposit(account, { amount: '1.00', currency: 'USD' })).body);
  for (let number = 0; number < 5; number++) await deposit();
  expect(await walkPages(client, '/v1/transactions', deposit)).toEqual(booked.slice(0, 5).reverse());
  expect(await walkPages(client, '/v1/transactions?order=desc')).toEqual(booked.toReversed());
  const oldestFirst = await walkPages(client, '/v1/transactions?order=asc', async (page) => {
    if (page <= 2) await deposit();
  });
  expect(booked).toHaveLength(9);
  expect(oldestFirst).toEqual(booked);
});

test.each(['asc', 'desc'])('pages through the entries of a customer and of the clearing account, %s', async (order) => {
  const account = await client.openAccount();
  for (const amount of ['1.00', '2.00', '3.00', '4.00', '5.00'])
    await post.deposit(account, { amount, currency: 'USD' });
  const inOrder = <Item>(items: Item[]) => (order === 'asc' ? items : items.toReversed());
  const late = async (page: number) => {
    if (page === 1) await post.withdrawal(account, { amount: '6.00', currency: 'USD' });
  };

  const own = await walkPages(client, `/v1/accounts/${account}/entries?order=${order}`, late);
  // What is booked while a reader goes from old to new comes at the end; the other way it is behind the reader.
  const seen = order === 'asc' ? [1, 2, 3, 4, 5, 6] : [5, 4, 3, 2, 1];
  expect(own.map((entry) => entry.version)).toEqual(seen);
  const balances = ['1.00', '3.00', '6.00', '10.00', '15.00', '9.00'];
  expect(own.map((entry) => entry.balanceAfter)).toEqual(seen.map((version) => balances[version - 1]));

  const clearing = await walkPages(client, `/v1/accounts/${await clearingAccount()}/entries?order=${order}`);
  expect(clearing.map((entry) => entry.amount)).toEqual(inOrder(['-1.00', '-2.00', '-3.00', '-4.00', '-5.00', '6.00']));
  for (const entry of clearing) expect(entry).toMatchObject({ balanceAfter: null, version: null });
  expect(new Set(clearing.map((entry) => entry.id)).size).toBe(6);
});

test('lists entries newest first unless asked otherwise, and refuses a cursor of the other order', async () => {
  const account = await client.openAccount({ balance: '1.00' });
  await post.withdrawal(account, { amount: '1.00', currency: 'USD' });
  const entries = `/v1/accounts/${account}/entries`;
  const first = (await client.get(`${entries}?limit=1`)).body;
  expect(first.data[0].version).toBe(2);
  const turned = await client.get(`${entries}?limit=1&order=asc&cursor=${first.nextCursor}`);
  expect(turned.body).toMatchObject({ status: 400, code: 'invalid_cursor' });
});

test('answers transaction_not_found for an id that no transaction has', async () => {
  const answer = await client.get('/v1/transactions/01936f00-0000-7000-8000-000000000999');
  expect(answer.body).toMatchObject({ status: 404, code: 'transaction_not_found' });
});
