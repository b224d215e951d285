import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clientOf } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
let client: TestClient;
let ann: string;
let [wallet, shop, other] = ['', '', ''];
/** The transactions in the order in which they were booked, each with a description by which it is known. */
const booked: Array<{ id: string; bookedAt: string; description: string }> = [];

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  ann = await client.createParty('Ann');
  const holders = [{ partyId: ann }];
  const open = async (name: string, fields: object = {}) =>
    (await client.post('/v1/accounts', { name, currency: 'USD', ownership: 'joint', ...fields })).body.id;
  [wallet, shop, other] = [await open('Wallet', { holders }), await open('Shop'), await open('Other')];
  const told = { initiatedBy: ann, reference: 'rent 2026-11', metadata: { invoice: 'A-1', 'a.b': 'c', lines: 2 } };
  await book(`accounts/${wallet}/deposits`, { amount: '500.00', description: 'salary', valueDate: '2026-01-31' });
  await book('transfers', { ...between(wallet, shop), amount: '40.00', description: 'rent', ...told });
  await book('transfers', {
    ...between(wallet, other),
    amount: '7.50',
    description: 'gift',
    metadata: { invoice: 'B' },
  });
  await book('transfers', {
    ...between(shop, wallet),
    amount: '40.00',
    description: 'refund',
    reference: 'rent 2026-11',
  });
  await book(`accounts/${wallet}/withdrawals`, { amount: '20.00', description: 'cash', initiatedBy: ann });
  await book('transactions', {
    description: 'split',
    metadata: { invoice: 2, kind: 'split' },
    entries: [
      { accountId: wallet, amount: '-10.00', currency: 'USD' },
      { accountId: shop, amount: '4.00', currency: 'USD' },
      { accountId: other, amount: '6.00', currency: 'USD' },
    ],
  });
});

afterAll(() => service.stop());

const between = (fromAccountId: string, toAccountId: string) => ({ fromAccountId, toAccountId });

async function book(path: string, fields: { description: string; [field: string]: unknown }): Promise<void> {
  const money = path === 'transactions' ? {} : { currency: 'USD' };
  const { status, body } = await client.post(`/v1/${path}`, { ...money, ...fields });
  expect(status).toBe(201);
  booked.push(body);
  // The next one is booked at another millisecond, so that a time tells them apart.
  for (const at = Date.now(); Date.now() <= at + 1; ) await new Promise(setImmediate);
}

const bookedAt = (description: string) => booked.find((found) => found.description === description)!.bookedAt;
const after = (description: string) => new Date(Date.parse(bookedAt(description)) + 1).toISOString();

interface Case {
  readonly query: () => Record<string, string>;
  /** What of the wallet's is found. */
  readonly found: string[];
  /** What of the ledger's is found, where that is something else. */
  readonly ofLedger?: string[];
}

const all = ['salary', 'rent', 'gift', 'refund', 'cash', 'split'];

const cases: Case[] = [
  { query: () => ({}), found: all },
  { query: () => ({ from: bookedAt('gift') }), found: ['gift', 'refund', 'cash', 'split'] },
  { query: () => ({ to: bookedAt('gift') }), found: ['salary', 'rent'] },
  { query: () => ({ from: bookedAt('rent'), to: after('gift') }), found: ['rent', 'gift'] },
  { query: () => ({ from: '2100-01-01T00:00:00+01:00' }), found: [] },
  { query: () => ({ to: '2000-01-01T00:00:00Z' }), found: [] },
  { query: () => ({ valueTo: '2026-01-31' }), found: ['salary'] },
  { query: () => ({ valueFrom: '2026-02-01' }), found: ['rent', 'gift', 'refund', 'cash', 'split'] },
  { query: () => ({ valueFrom: '2026-01-31', valueTo: '2026-01-31' }), found: ['salary'] },
  { query: () => ({ type: 'transfer' }), found: ['rent', 'gift', 'refund'] },
  { query: () => ({ type: 'reversal' }), found: [] },
  { query: () => ({ amountFrom: '40' }), found: ['salary', 'rent', 'refund'] },
  { query: () => ({ amountTo: '10.00' }), found: ['gift', 'split'] },
  { query: () => ({ amountFrom: '20.00', amountTo: '40.00' }), found: ['rent', 'refund', 'cash'] },
  { query: () => ({ initiatedBy: ann }), found: ['rent', 'cash'] },
  { query: () => ({ reference: 'rent 2026-11' }), found: ['rent', 'refund'] },
  { query: () => ({ reference: 'rent' }), found: [] },
  { query: () => ({ 'metadata.invoice': 'A-1' }), found: ['rent'] },
  { query: () => ({ 'metadata.a.b': 'c' }), found: ['rent'] },
  { query: () => ({ 'metadata[invoice]': 'A-1', 'metadata[a.b]': 'c' }), found: ['rent'] },
  { query: () => ({ 'metadata.invoice': 'A-1', 'metadata.a.b': 'c' }), found: ['rent'] },
  { query: () => ({ 'metadata.invoice': 'A-1', 'metadata.a.b': 'd' }), found: [] },
  // Only texts are found.
  { query: () => ({ 'metadata.invoice': '2' }), found: [] },
  { query: () => ({ 'metadata.lines': '2' }), found: [] },
  { query: () => ({ 'metadata.kind': 'split', type: 'multi_leg' }), found: ['split'] },
  { query: () => ({ reference: 'rent 2026-11', initiatedBy: ann }), found: ['rent'] },
  { query: () => ({ initiatedBy: ann, type: 'withdrawal', amountTo: '20' }), found: ['cash'] },
  { query: () => ({ reference: 'rent 2026-11', from: after('rent') }), found: ['refund'] },
  { query: () => ({ 'metadata.invoice': 'A-1', to: bookedAt('rent') }), found: [] },
];

const search = (query: Record<string, string>) => new URLSearchParams(query).toString();
const saying = (items: Array<Record<string, unknown>>) => items.map(({ description }) => description);

describe.each(cases.map((one) => [one.query.toString().slice('() => '.length), one] as const))('%s', (_name, one) => {
  test.each(['asc', 'desc'])('finds what matches and nothing else, %s', async (order) => {
    const inOrder = (found: string[]) => (order === 'asc' ? found : found.toReversed());
    const query = search({ ...one.query(), order });
    expect(saying(await walkPages(client, `/v1/accounts/${wallet}/entries?${query}`))).toEqual(inOrder(one.found));
    expect(saying(await walkPages(client, `/v1/transactions?accountId=${wallet}&${query}`))).toEqual(
      inOrder(one.found),
    );
    expect(saying(await walkPages(client, `/v1/transactions?${query}`))).toEqual(inOrder(one.ofLedger ?? one.found));
  });
});

test('finds what an account has to do with another one, by two legs or several', async () => {
  const query = `counterpartyAccountId=${shop}&order=asc`;
  const found = ['rent', 'refund', 'split'];
  expect(saying(await walkPages(client, `/v1/accounts/${wallet}/entries?${query}`))).toEqual(found);
  expect(saying(await walkPages(client, `/v1/transactions?accountId=${wallet}&${query}`))).toEqual(found);
  const own = await client.get(`/v1/accounts/${wallet}/entries?counterpartyAccountId=${wallet}`);
  expect(own.body.data).toEqual([]);
});

test('says of an entry which account is on the other side, where that is one of a customer', async () => {
  const { data } = (await client.get(`/v1/accounts/${wallet}/entries?order=asc`)).body;
  const names = data.map(({ counterparty }: { counterparty: { name: string } | null }) => counterparty?.name ?? null);
  expect(names).toEqual([null, 'Shop', 'Other', 'Shop', null, null]);
  expect(data[1]).toMatchObject({ counterparty: { accountId: shop }, origin: null, metadata: { invoice: 'A-1' } });
  const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
  const ofClearing = (await client.get(`/v1/accounts/${clearing}/entries?order=asc`)).body.data;
  expect(ofClearing.map(({ counterparty }: { counterparty: { name: string } }) => counterparty.name)).toEqual([
    'Wallet',
    'Wallet',
  ]);
  const { data: some } = (await client.get(`/v1/accounts/${clearing}/entries?from=${bookedAt('cash')}`)).body;
  expect(saying(some)).toEqual(['cash']);
});

test('a key of a party finds in its accounts and nowhere else, and reads names of those it pays', async () => {
  const bound = await clientOf(service, ann);
  const entries = await bound.get(`/v1/accounts/${wallet}/entries?reference=rent+2026-11`);
  expect(entries.body.data.map(({ counterparty }: { counterparty: object }) => counterparty)).toEqual([
    { accountId: shop, name: 'Shop' },
    { accountId: shop, name: 'Shop' },
  ]);
  const { data } = (await bound.get(`/v1/transactions?accountId=${wallet}&type=transfer&order=asc`)).body;
  expect(saying(data)).toEqual(['rent', 'gift', 'refund']);
  expect(data[0].entries).toEqual([
    { accountId: wallet, amount: '-40.00', balanceAfter: '460.00', version: 2 },
    { accountId: shop, amount: '40.00' },
  ]);
  expect((await bound.get(`/v1/transactions?accountId=${shop}`)).body.code).toBe('account_not_found');
  expect((await bound.get(`/v1/accounts/${shop}/entries?counterpartyAccountId=${wallet}`)).body.code).toBe(
    'account_not_found',
  );
  expect((await bound.get('/v1/transactions?reference=rent+2026-11')).body.code).toBe('key_not_allowed');
});

test.each([
  ['from=2026-11-01', 'from', 'must be an instant such as 2026-11-01T00:00:00Z'],
  ['to=yesterday', 'to', 'must be an instant such as 2026-11-01T00:00:00Z'],
  ['from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z', 'to', 'must lie after from'],
  ['valueFrom=2026-11-31', 'valueFrom', 'must be a day such as 2026-11-01'],
  ['valueFrom=2026-11-02&valueTo=2026-11-01', 'valueTo', 'must not lie before valueFrom'],
  ['type=gift', 'type', expect.stringContaining('"deposit"')],
  ['type=deposit&type=transfer', 'type', expect.stringContaining('"deposit"')],
  ['amountFrom=-1', 'amountFrom', 'must be an amount such as 12.34, without a sign'],
  ['amountTo=1.23456', 'amountTo', 'must be an amount such as 12.34, without a sign'],
  ['initiatedBy=ann', 'initiatedBy', 'must be a UUID'],
  ['reference=', 'reference', 'must have 1 to 140 characters'],
  ['reference=%00', 'reference', 'must not contain NUL or unpaired surrogates'],
  ['metadata=A-1', 'metadata', 'must name a key, as in metadata.invoice=A-1'],
  ['metadata.=A-1', 'metadata.', 'must name a key, as in metadata.invoice=A-1'],
  ['metadata.%00=A-1', 'metadata.\0', 'must name a key, as in metadata.invoice=A-1'],
  ['metadata.a=1&metadata.a=2', 'metadata.a', 'must be text'],
  ['metadata.a=1&metadata[a]=2', 'metadata.a', 'must be text'],
  ['metadata.a=%00', 'metadata.a', 'must not contain NUL or unpaired surrogates'],
  ['metadata.__proto__=x', 'metadata.__proto__', 'is not a known field'],
  ['reference.x=1', 'reference', 'must be text'],
  ['order=up', 'order', 'must be "asc" or "desc"'],
  ['colour=red', 'colour', 'is not a known field'],
])('refuses ?%s and names the parameter', async (query, path, message) => {
  for (const list of [`/v1/accounts/${wallet}/entries`, '/v1/transactions']) {
    const answer = await client.get(`${list}?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors).toEqual([{ path, in: 'query', message }]);
  }
});

test('looks for a counterparty only of an account', async () => {
  const answer = await client.get(`/v1/transactions?counterpartyAccountId=${shop}`);
  expect(answer.body.errors).toEqual([
    {
      path: 'counterpartyAccountId',
      in: 'query',
      message: 'takes accountId as well: the account that it is the counterparty of',
    },
  ]);
});

test('a cursor goes on with the filters that it was given for, however long they are', async () => {
  const long = { reference: 'ü'.repeat(140), 'metadata.a': 'ü'.repeat(300) };
  const about = { reference: long.reference, metadata: { a: long['metadata.a'] } };
  const money = { amount: '1.00', currency: 'USD' };
  const ids: string[] = [];
  for (let number = 0; number < 3; number++) {
    ids.push((await client.post(`/v1/accounts/${other}/deposits`, { ...money, ...about })).body.id);
  }
  for (const list of [`/v1/accounts/${other}/entries`, '/v1/transactions']) {
    const found = await walkPages(client, `${list}?${search({ ...long, order: 'asc' })}`);
    expect(found.map(({ transactionId, id }) => transactionId ?? id)).toEqual(ids);
    const { nextCursor } = (await client.get(`${list}?limit=1&${search(long)}`)).body;
    const elsewhere = await client.get(`${list}?limit=1&cursor=${nextCursor}`);
    expect(elsewhere.body.code).toBe('invalid_cursor');
  }
});

test('pages through what matches while others post', async () => {
  const account = await client.openAccount();
  const money = { amount: '1.00', currency: 'USD' };
  const post = (reference: string) => client.post(`/v1/accounts/${account}/deposits`, { ...money, reference });
  for (const reference of ['x', 'y', 'x', 'y', 'x']) await post(reference);
  const postBoth = async (page: number) => {
    if (page === 1) for (const reference of ['y', 'x']) await post(reference);
  };
  const forwards = await walkPages(client, `/v1/accounts/${account}/entries?reference=x&order=asc`, postBoth);
  expect(forwards.map(({ version }) => version)).toEqual([1, 3, 5, 7]);
  const backwards = await walkPages(client, `/v1/accounts/${account}/entries?reference=x`, postBoth);
  expect(backwards.map(({ version }) => version)).toEqual([7, 5, 3, 1]);
});
