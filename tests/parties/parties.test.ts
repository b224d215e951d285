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

/** A client of a ledger with nothing in it, on the same service. */
async function clientOfNewLedger(): Promise<TestClient> {
  const { apiKey } = await createTestLedger(service.database);
  return createTestClient(service.url, apiKey);
}

test('creates a party and reads it back where the Location header says', async () => {
  const { client } = service;
  const created = await client.post('/v1/parties', { name: 'Erin Earner', externalId: 'erin/ü 1' });
  expect(created.status).toBe(201);
  expect(created.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    name: 'Erin Earner',
    externalId: 'erin/ü 1',
    metadata: null,
    erasedAt: null,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
  expect(created.headers.location).toBe(`/v1/parties/${created.body.id}`);
  const read = await client.get(created.headers.location!);
  expect(read.status).toBe(200);
  expect(read.body).toEqual(created.body);
});

test('takes a party without an external id, as often as asked', async () => {
  const client = await clientOfNewLedger();
  const [first, second] = [
    await client.post('/v1/parties', { name: 'Nobody' }),
    await client.post('/v1/parties', { name: 'Nobody', externalId: null }),
  ];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect([first.body.externalId, second.body.externalId]).toEqual([null, null]);
  expect(await walkPages(client, '/v1/parties')).toEqual([first.body, second.body]);
});

test('refuses an external id that is taken, names its owner and creates nothing', async () => {
  const client = await clientOfNewLedger();
  const first = await client.post('/v1/parties', { name: 'First', externalId: 'taken' });
  const second = await client.post('/v1/parties', { name: 'Second', externalId: 'taken' });
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'external_id_taken', partyId: first.body.id });
  expect(second.headers.location).toBeUndefined();
  expect(await walkPages(client, '/v1/parties')).toEqual([first.body]);
});

test('gets or creates a party under an external id of any characters', async () => {
  const client = await clientOfNewLedger();
  const path = `/v1/parties/by-external-id/${encodeURIComponent('a/b?c=ü%20 #1')}`;
  const created = await client.put(path, { name: 'Odd' });
  expect(created.status).toBe(201);
  expect(created.headers.location).toBe(`/v1/parties/${created.body.id}`);
  expect(created.body.externalId).toBe('a/b?c=ü%20 #1');
  const found = await client.put(path, { name: 'Another name' });
  expect(found.status).toBe(200);
  expect(found.body).toEqual(created.body);
  expect(await walkPages(client, '/v1/parties')).toEqual([created.body]);
});

test('lists every party once, in the order of creation, also those created while a reader pages', async () => {
  const client = await clientOfNewLedger();
  const created: string[] = [];
  const create = async () => created.push(await client.createParty(`Party ${created.length}`));
  for (let number = 0; number < 5; number++) await create();
  const listed = await walkPages(client, '/v1/parties', async (page) => {
    if (page <= 2) await create();
  });
  expect(created).toHaveLength(7);
  expect(listed.map((party) => party.id)).toEqual(created);
});

test('answers an empty page without a cursor where there are no parties', async () => {
  const client = await clientOfNewLedger();
  const list = await client.get('/v1/parties');
  expect(list.status).toBe(200);
  expect(list.body).toEqual({ data: [], nextCursor: null });
});

test('answers party_not_found for an id that no party has', async () => {
  const missing = '01936f00-0000-7000-8000-000000000999';
  const answer = await service.client.get(`/v1/parties/${missing}`);
  expect(answer.body).toMatchObject({ status: 404, code: 'party_not_found' });
  expect(answer.body.detail).toContain(missing);
});

test('refuses a cursor of another list', async () => {
  const client = await clientOfNewLedger();
  for (const name of ['One', 'Two']) await client.createParty(name);
  const first = await client.get('/v1/parties?limit=1');
  const elsewhere = await client.get(`/v1/accounts?cursor=${first.body.nextCursor}`);
  expect(elsewhere.body).toMatchObject({ status: 400, code: 'invalid_cursor' });
});
