import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { clientOf } from '../support/shared-scene.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
let client: TestClient;
let [ann, bob] = ['', ''];
const accountIds: Record<string, string> = {};
const partyIds: Record<string, string> = {};

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  for (const name of ['Åsa', 'ann', 'Anna', 'ANN_1', 'Ann%', 'bob']) {
    const { body } = await client.post('/v1/parties', { name, externalId: `of ${name}` });
    partyIds[name] = body.id;
  }
  [ann, bob] = [partyIds.ann!, partyIds.bob!];
  const open = async (name: string, fields: object) => {
    const asked = { name, currency: 'USD', ownership: 'joint', ...fields };
    accountIds[name] = (await client.post('/v1/accounts', asked)).body.id;
  };
  await open('House', { holders: [{ partyId: ann }, { partyId: bob, rights: ['deposit'] }], externalId: 'house' });
  await open('holiday', { holders: [{ partyId: bob }], currency: 'EUR' });
  await open('Hobby', { holders: [{ partyId: ann }], ownership: 'sole' });
  await open('Shop', { externalId: 'shop' });
  await client.post(`/v1/accounts/${accountIds.Hobby}/close`);
});

afterAll(() => service.stop());

const namesOf = (items: Array<Record<string, unknown>>) => items.map(({ name }) => name);

test.each([
  ['', ['House', 'holiday', 'Hobby', 'Shop']],
  ['ownership=joint', ['House', 'holiday', 'Shop']],
  ['ownership=sole', ['Hobby']],
  ['ownership=clearing', ['Clearing USD', 'Clearing EUR']],
  ['currency=EUR', ['holiday']],
  ['status=closed', ['Hobby']],
  ['status=active&currency=USD', ['House', 'Shop']],
  ['externalId=shop', ['Shop']],
  ['externalId=nobody', []],
  ['holder=:ann', ['House', 'Hobby']],
  ['holder=:bob&currency=USD', ['House']],
  ['holder=:ann&status=active', ['House']],
  ['ids=:Shop,:House', ['House', 'Shop']],
  ['ids=:Shop,:House&currency=EUR', []],
  ['ids=:Shop,:House&holder=:ann', ['House']],
  ['holder=:ann&namePrefix=hOu', ['House']],
])('lists the accounts with %s, in the order of their opening or back', async (query, found) => {
  const asked = query.replaceAll(/:(\w+)/g, (_, name) => accountIds[name] ?? partyIds[name]!);
  const isClearing = query.includes('clearing');
  const forwards = namesOf(await walkPages(client, `/v1/accounts?${asked}`));
  expect(isClearing ? forwards.sort() : forwards).toEqual(isClearing ? [...found].sort() : found);
  const back = namesOf(await walkPages(client, `/v1/accounts?${asked}${asked === '' ? '' : '&'}order=desc`));
  expect(isClearing ? back.sort() : back).toEqual(isClearing ? [...found].sort() : found.toReversed());
});

test('lists by name what begins so, whatever the capitals', async () => {
  expect(namesOf(await walkPages(client, '/v1/accounts?namePrefix=HO'))).toEqual(['Hobby', 'holiday', 'House']);
  const back = await walkPages(client, '/v1/accounts?namePrefix=ho&order=desc&currency=USD');
  expect(namesOf(back)).toEqual(['House', 'Hobby']);
});

test.each([
  ['namePrefix=an', ['ann', 'Ann%', 'ANN_1', 'Anna']],
  ['namePrefix=ANN_', ['ANN_1']],
  ['namePrefix=ann%25', ['Ann%']],
  ['namePrefix=%C3%85S', ['Åsa']],
  ['namePrefix=z', []],
  ['externalId=of+ann', ['ann']],
  ['externalId=of+ann&namePrefix=b', []],
  ['ids=:bob,:ann', ['ann', 'bob']],
  ['ids=:bob,:ann&namePrefix=B', ['bob']],
])('lists the parties with %s', async (query, found) => {
  const asked = query.replaceAll(/:(\w+)/g, (_, name) => partyIds[name]!);
  expect(namesOf(await walkPages(client, `/v1/parties?${asked}`))).toEqual(found);
  expect(namesOf(await walkPages(client, `/v1/parties?${asked}&order=desc`))).toEqual(found.toReversed());
});

test('finds a party and an account by external id', async () => {
  const party = await client.get('/v1/parties/by-external-id/of%20ann');
  expect([party.status, party.body.id]).toEqual([200, ann]);
  const account = await client.get('/v1/accounts/by-external-id/house');
  expect([account.status, account.body.id, account.headers.etag]).toEqual([200, accountIds.House, '"0"']);
  expect((await client.get('/v1/parties/by-external-id/house')).body.code).toBe('party_not_found');
  expect((await client.get('/v1/accounts/by-external-id/of%20ann')).body.code).toBe('account_not_found');
});

test('a key of a party finds only what the party holds and may look at', async () => {
  const bound = await clientOf(service, bob);
  expect(namesOf(await walkPages(bound, '/v1/accounts'))).toEqual(['holiday']);
  for (const query of [
    `holder=${ann}`,
    'externalId=house',
    `ids=${accountIds.House}`,
    'namePrefix=house',
    'ownership=clearing',
  ]) {
    expect((await bound.get(`/v1/accounts?${query}`)).body.data).toEqual([]);
  }
  expect((await bound.get('/v1/accounts/by-external-id/house')).body.code).toBe('account_not_found');
  const own = await clientOf(service, ann);
  expect(namesOf(await walkPages(own, `/v1/accounts?holder=${bob}`))).toEqual(['House']);
  expect((await own.get('/v1/accounts/by-external-id/house')).status).toBe(200);
});

test('finds nothing of another ledger', async () => {
  const { apiKey } = await createTestLedger(service.database);
  const stranger = createTestClient(service.url, apiKey);
  for (const query of [`ids=${accountIds.House}`, 'namePrefix=h', 'externalId=house', `holder=${ann}`]) {
    expect((await stranger.get(`/v1/accounts?${query}`)).body).toEqual({ data: [], nextCursor: null });
  }
});

const tooMany = Array.from(
  { length: 101 },
  (_, number) => `01936f00-0000-7000-8000-${String(number).padStart(12, '0')}`,
);

test.each([
  ['/v1/accounts?ids=', 'ids.0', 'must be a UUID'],
  ['/v1/parties?ids=x', 'ids.0', 'must be a UUID'],
  [`/v1/parties?ids=${tooMany}`, 'ids', 'must name at most 100 parties'],
  [`/v1/accounts?ids=${tooMany[0]},${tooMany[0]}`, 'ids', 'must not name one twice'],
  ['/v1/accounts?namePrefix=', 'namePrefix', 'must have 1 to 200 characters'],
  ['/v1/accounts?status=open', 'status', 'must be "active" or "closed"'],
  ['/v1/accounts?currency=usd', 'currency', 'must be an ISO 4217 currency code such as "USD"'],
  ['/v1/accounts?holder=ann', 'holder', 'must be a UUID'],
  ['/v1/parties?holder=ann', 'holder', 'is not a known field'],
])('refuses %s', async (path, field, message) => {
  const answer = await client.get(path);
  expect([answer.status, answer.body.errors]).toEqual([400, [{ path: field, in: 'query', message }]]);
});
