import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { insertApiKey } from '../../src/ledger/insert-ledger.ts';
import { type Scope, scopes, scopesByDefault } from '../../src/ledger/key-scopes.ts';
import { runCommand } from '../support/command-line.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let manager: TestClient;

beforeAll(async () => {
  service = await startTestService();
  manager = await clientWith([...scopes]);
});

afterAll(() => service.stop());

async function clientWith(given: readonly Scope[], expiresAt: Date | null = null): Promise<TestClient> {
  const apiKey = createApiKey(service.ledgerId);
  await insertApiKey(service.database, { ledgerId: service.ledgerId, name: 'Made', apiKey, scopes: given, expiresAt });
  return createTestClient(service.url, apiKey);
}

const clientOf = (apiKey: string) => createTestClient(service.url, apiKey);
const statusOf = async (apiKey: string) => (await clientOf(apiKey).get('/v1/accounts')).status;

test('a key that manages keys makes one, which says what it is for but never its secret again', async () => {
  const made = await manager.post('/v1/api-keys', { name: 'Payroll', scopes: ['movements:write', 'accounts:read'] });
  const { apiKey, ...document } = made.body;
  expect([made.status, made.headers.location]).toEqual([201, `/v1/api-keys/${document.id}`]);
  expect(document).toMatchObject({ name: 'Payroll', scopes: ['accounts:read', 'movements:write'], expiresAt: null });
  expect(await statusOf(apiKey)).toBe(200);
  const read = (await manager.get(`/v1/api-keys/${document.id}`)).body;
  expect(read).toEqual({ ...document, lastUsedAt: expect.any(String) });
  const listed = (await manager.get('/v1/api-keys?limit=200')).body.data;
  expect(listed).toContainEqual(read);
  expect(JSON.stringify(listed)).not.toContain(apiKey);
});

test('the same request again is answered without the secret, which is stored nowhere', async () => {
  const headers = { 'Idempotency-Key': 'make-one' };
  const first = await manager.post('/v1/api-keys', { name: 'Once' }, headers);
  const again = await manager.post('/v1/api-keys', { name: 'Once' }, headers);
  expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
  expect(again.body).toEqual({ ...first.body, apiKey: null });
  const { rows } = await service.database.raw('select k::text as row from idempotency_keys k');
  expect(JSON.stringify(rows)).not.toContain(first.body.apiKey);
});

test('gives by default neither what acts for nobody nor what makes keys', async () => {
  const { body } = await manager.post('/v1/api-keys', { name: 'Plain' });
  expect(body.scopes).toEqual(scopesByDefault);
  expect(scopesByDefault).not.toContain('movements:unsigned');
  expect(scopesByDefault).not.toContain('keys:manage');
});

test('a key gives and rotates nothing that it lacks itself', async () => {
  const small = await clientWith(['keys:manage', 'accounts:read']);
  const refused = await small.post('/v1/api-keys', { name: 'More', scopes: ['accounts:read', 'movements:unsigned'] });
  expect([refused.status, refused.body.code, refused.body.scope]).toEqual([403, 'scope_missing', 'movements:unsigned']);
  expect((await small.post('/v1/api-keys', { name: 'Less', scopes: ['accounts:read'] })).status).toBe(201);
  const { body: large } = await manager.post('/v1/api-keys', { name: 'Large', scopes: ['movements:unsigned'] });
  const rotated = await small.post(`/v1/api-keys/${large.id}/rotate`);
  expect([rotated.status, rotated.body.scope]).toEqual([403, 'movements:unsigned']);
});

test('a key that ends makes and rotates none that outlives it', async () => {
  const ends = new Date(Date.now() + 3_600_000);
  const later = new Date(ends.getTime() + 1).toISOString();
  const ending = await clientWith([...scopes], ends);
  const make = (expiresAt?: string | null) => ending.post('/v1/api-keys', { name: 'Next', expiresAt });
  const made = [await make(), await make(ends.toISOString())];
  expect(made.map(({ status, body }) => [status, body.expiresAt])).toEqual([
    [201, ends.toISOString()],
    [201, ends.toISOString()],
  ]);
  const [longer, unending] = await Promise.all(
    [later, null].map(async (expiresAt) => manager.post('/v1/api-keys', { name: 'Longer', expiresAt })),
  );
  const refused = [
    await make(later),
    await make(null),
    await ending.post(`/v1/api-keys/${longer!.body.id}/rotate`),
    await ending.post(`/v1/api-keys/${unending!.body.id}/rotate`),
  ];
  for (const { status, body } of refused)
    expect([status, body.code, body.expiresAt]).toEqual([403, 'expiry_exceeded', ends.toISOString()]);
  // What it rotates, itself too, ends when it would have.
  const rotated = await ending.post(`/v1/api-keys/${made[0]!.body.id}/rotate`);
  expect([rotated.status, rotated.body.expiresAt]).toEqual([201, ends.toISOString()]);
  // The old one is as it was where rotating it was refused.
  expect((await manager.get(`/v1/api-keys/${unending!.body.id}`)).body.expiresAt).toBeNull();
  expect((await manager.post('/v1/api-keys', { name: 'For good' })).body.expiresAt).toBeNull();
});

test.each([
  [{ name: 'X', scopes: ['everything'] }, 'scopes.0'],
  [{ name: 'X', scopes: [] }, 'scopes'],
  [{ name: 'X', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  [{ scopes: ['accounts:read'] }, 'name'],
])('%j is refused', async (body, path) => {
  const { status, body: problem } = await manager.post('/v1/api-keys', body);
  expect([status, problem.errors[0].path]).toEqual([400, path]);
});

test('a key of a party acts for it alone; there is none for a party that is not there', async () => {
  const ann = await service.client.createParty('Ann');
  const { body } = await manager.post('/v1/api-keys', { name: "Ann's phone", partyId: ann });
  expect([body.partyId, await statusOf(body.apiKey)]).toEqual([ann, 200]);
  expect((await clientOf(body.apiKey).get('/v1/api-keys')).body.code).toBe('key_not_allowed');
  expect((await manager.get(`/v1/api-keys?partyId=${ann}`)).body.data.map(({ id }: { id: string }) => id)).toEqual([
    body.id,
  ]);
  await service.client.post(`/v1/parties/${ann}/erase`);
  expect((await manager.post('/v1/api-keys', { name: 'Late', partyId: ann })).body.code).toBe('party_not_found');
  expect(await statusOf(body.apiKey)).toBe(401);
});

test('none is made for a party that is erased at the same time', async () => {
  for (let round = 0; round < 8; round++) {
    const ann = await service.client.createParty('Ann');
    const [made] = await Promise.all([
      manager.post('/v1/api-keys', { name: 'Phone', partyId: ann }),
      service.client.post(`/v1/parties/${ann}/erase`),
    ]);
    const open = await service.database('api_keys').where({ party_id: ann }).whereNull('revoked_at');
    expect([[201, 404], open]).toEqual([expect.arrayContaining([made.status]), []]);
  }
});

test('a key that expires is refused from then on', async () => {
  const expiresAt = new Date(Date.now() + 1500);
  const { body } = await manager.post('/v1/api-keys', { name: 'Short', expiresAt: expiresAt.toISOString() });
  const seen: number[] = [];
  while (seen.at(-1) !== 401) seen.push(await statusOf(body.apiKey));
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
  const { detail } = (await clientOf(body.apiKey).get('/v1/accounts')).body;
  expect(detail).toMatch(/expired|not known/);
});

test('a rotated key and the one before both work until the overlap is over', async () => {
  const { body: before } = await manager.post('/v1/api-keys', { name: 'App', scopes: ['accounts:read'] });
  expect(await statusOf(before.apiKey)).toBe(200);
  const rotated = await manager.post(`/v1/api-keys/${before.id}/rotate`, { overlapSeconds: 3600 });
  expect([rotated.status, rotated.body.scopes]).toEqual([201, ['accounts:read']]);
  expect([await statusOf(before.apiKey), await statusOf(rotated.body.apiKey)]).toEqual([200, 200]);
  const ends = (await manager.get(`/v1/api-keys/${before.id}`)).body.expiresAt;
  expect(Date.parse(ends) - Date.parse(rotated.body.createdAt)).toBe(3_600_000);
  const atOnce = await manager.post(`/v1/api-keys/${before.id}/rotate`, { overlapSeconds: 0 });
  expect(atOnce.status).toBe(201);
  expect([await statusOf(before.apiKey), await statusOf(atOnce.body.apiKey)]).toEqual([401, 200]);
  expect((await manager.post(`/v1/api-keys/${before.id}/rotate`)).body.code).toBe('api_key_ended');
});

test('a revoked key is refused at once, in every process, whether over HTTP or by the command', async () => {
  const other = await startSecondApi(service);
  // Time stands still for what is remembered: without a message of its end a key would work for ever.
  const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
  const ends = {
    http: async (id: string) => expect((await manager.post(`/v1/api-keys/${id}/revoke`)).status).toBe(200),
    command: async (id: string) => {
      expect((await runCommand(['key', 'revoke', service.ledgerId, id], service.database)).code).toBe(0);
    },
  };
  for (const end of Object.values(ends)) {
    const { body: key } = await manager.post('/v1/api-keys', { name: 'App' });
    const elsewhere = () => createTestClient(`http://127.0.0.1:${other.api.port}`, key.apiKey).get('/v1/accounts');
    expect([await statusOf(key.apiKey), (await elsewhere()).status]).toEqual([200, 200]);
    await end(key.id);
    while ((await elsewhere()).status !== 401);
    while ((await statusOf(key.apiKey)) !== 401);
  }
  clock.mockRestore();
  await other.api.stop(5_000);
});

test('says when a key was last used, to the minute', async () => {
  const { body: key } = await manager.post('/v1/api-keys', { name: 'App' });
  expect((await manager.get(`/v1/api-keys/${key.id}`)).body.lastUsedAt).toBeNull();
  await statusOf(key.apiKey);
  const { lastUsedAt } = (await manager.get(`/v1/api-keys/${key.id}`)).body;
  expect(Date.now() - Date.parse(lastUsedAt)).toBeLessThan(600_000);
});
