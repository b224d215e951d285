import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { insertApiKey } from '../../src/ledger/insert-ledger.ts';
import { type Scope, scopes } from '../../src/ledger/key-scopes.ts';
import { controlOf, lift, signChange } from '../support/account-control.ts';
import { untilNoted } from '../support/audit-trail.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { until } from '../support/lock-witness.ts';
import { allSign } from '../support/payment-orders.ts';
import { sendRaw } from '../support/raw-request.ts';
import { routes } from '../support/routes.ts';
import { clientOf } from '../support/shared-scene.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
/** The id of the key that `client` has. */
let keyId: string;

beforeAll(async () => {
  service = await startTestService({});
  ({ client } = service);
  [keyId] = await service.rows('api_keys').pluck('id');
});

afterAll(() => service.stop());

const someone = '01890a5d-ac96-774b-bcce-b302099a8057';

/** What `run` does to the audit trail, oldest first. */
async function entriesOf(run: () => Promise<unknown>): Promise<Array<Record<string, unknown>>> {
  const start = await untilNoted(service, client);
  await run();
  const end = await untilNoted(service, client);
  const { data } = (await client.get('/v1/audit?limit=200&order=asc')).body;
  const at = (requestId: string) => data.findIndex((entry: { requestId: string }) => entry.requestId === requestId);
  return data.slice(at(start) + 1, at(end));
}

const outcomes = (entries: Array<Record<string, unknown>>) =>
  entries.map(({ action, status, code }) => [action, status, code].filter((part) => part !== null).join(' '));

async function keyWith(
  given: readonly Scope[],
  expiresAt: Date | null = null,
): Promise<{ id: string; apiKey: string }> {
  const apiKey = createApiKey(service.ledgerId);
  const key = { ledgerId: service.ledgerId, name: 'Made', apiKey, scopes: given, expiresAt };
  await insertApiKey(service.database, key);
  const [id] = await service.rows('api_keys').orderBy('id', 'desc').limit(1).pluck('id');
  return { id, apiKey };
}

describe('of changes', () => {
  test('says who, with which key, what, from where, and how it ended', async () => {
    let made: { id: string } | undefined;
    const before = Date.now();
    const [entry, ...others] = await entriesOf(async () => {
      made = (await client.post('/v1/api-keys', { name: 'Payroll' }, { 'X-Request-Id': 'make-it' })).body;
    });
    expect(others).toEqual([]);
    expect(entry).toEqual({
      ...{ id: expect.any(String), at: expect.any(String), keyId, partyId: null, channel: 'service' },
      ...{ action: 'createApiKey', method: 'POST', path: '/v1/api-keys', subjectId: made!.id, address: '127.0.0.1' },
      ...{ outcome: 'succeeded', status: 201, code: null, requestId: 'make-it', count: 1 },
    });
    const at = Date.parse(entry!.at as string);
    expect(at >= before && at <= Date.now()).toBe(true);
  });

  test('is there of keys, holders, mandates, restrictions, accounts, parties and endpoints', async () => {
    const account = await openJointAccount(client, { ann: {}, bob: {} }, { mandate: allSign });
    const { ann, bob } = account.party;
    const [cai, erased] = [await client.createParty('Cai'), await client.createParty('Eve')];
    const control = controlOf(client, account.id);
    const entries = await entriesOf(async () => {
      const key = (await client.post('/v1/api-keys', { name: 'One' })).body.id;
      const rotated = (await client.post(`/v1/api-keys/${key}/rotate`)).body.id;
      await client.post(`/v1/api-keys/${rotated}/revoke`);
      await control.invite(cai, { rights: ['view'] });
      await control.decline(cai);
      const change = (await control.setMandate({ rule: 'any' }, ann)).body.id;
      await signChange(client, change, bob);
      const restriction = (await control.restrict()).body.id;
      await lift(client, restriction);
      await client.patch(`/v1/accounts/${account.id}`, { overdraftLimit: '5.00' });
      await client.post(`/v1/parties/${erased}/erase`);
      const endpoint = (await client.post('/v1/webhook-endpoints', { url: 'https://example.com/' })).body.id;
      await client.patch(`/v1/webhook-endpoints/${endpoint}`, { ordered: true });
      await client.post(`/v1/webhook-endpoints/${endpoint}/secret-rotations`);
      await client.delete(`/v1/webhook-endpoints/${endpoint}`);
    });
    expect(outcomes(entries)).toEqual([
      ...['createApiKey 201', 'rotateApiKey 201', 'revokeApiKey 200', 'inviteHolder 201', 'declineInvitation 200'],
      ...['setMandate 202', 'signAccountChange 200', 'createRestriction 201', 'liftRestriction 200'],
      ...['updateAccount 200', 'eraseParty 200', 'createWebhookEndpoint 201', 'updateWebhookEndpoint 200'],
      ...['rotateWebhookSecret 201', 'deleteWebhookEndpoint 204'],
    ]);
  });

  test('is there of every call that a route with "audited" refuses', async () => {
    const audited = routes.filter((route) => route.audited);
    const addressed = audited.map(({ id, path }) => ({ action: id, path: path.replaceAll(/:\w+/g, someone) }));
    const entries = await entriesOf(async () => {
      for (const [index, { method }] of audited.entries()) {
        // A key of its own: of more refusals in a second, one key's are counted together.
        const { apiKey } = await keyWith([...scopes]);
        const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
        const { path } = addressed[index]!;
        await sendRaw(service, { method: method.toUpperCase(), path, body: '{"not":', headers });
      }
    });
    expect(entries).toMatchObject(addressed.map((call) => ({ ...call, outcome: 'refused', subjectId: null })));
  });

  test('is asked for by routes that change who may do what, and by none that tries or reads', () => {
    const audited = routes.filter((route) => route.audited);
    expect(audited.filter(({ method, offers }) => method === 'get' || offers?.dryRun)).toEqual([]);
    const rooms =
      /^\/v1\/(api-keys|webhook-endpoints|account-changes|restrictions|accounts\/:accountId\/(holders|mandate|restrictions))/;
    const ofRooms = routes.filter(({ method, path }) => method !== 'get' && rooms.test(path));
    expect(ofRooms.filter((route) => !route.audited).map(({ id }) => id)).toEqual(['testWebhookEndpoint']);
    const others = audited.filter(({ path }) => !rooms.test(path)).map(({ id }) => id);
    expect(others.sort()).toEqual(['closeAccount', 'eraseParty', 'updateAccount', 'updateParty']);
  });

  test('is not there of movements, booked or refused for the money, nor of reading', async () => {
    const account = await client.openAccount({ balance: '5.00' });
    const entries = await entriesOf(async () => {
      expect((await controlOf(client, account).withdraw('1.00')).status).toBe(201);
      expect((await controlOf(client, account).withdraw('9.00')).status).toBe(422);
      expect((await client.get(`/v1/accounts/${someone}`)).status).toBe(404);
    });
    expect(entries).toEqual([]);
  });
});

describe('of refusals', () => {
  test('is there where a key or a party may not', async () => {
    const account = await openJointAccount(client, { ann: {}, bob: { rights: ['view'] } }, { balance: '5.00' });
    const { ann, bob } = account.party;
    const outsider = await client.createParty('Cai');
    const bound = await clientOf(service, ann);
    const reader = createTestClient(service.url, (await keyWith(['accounts:read'])).apiKey);
    const entries = await entriesOf(async () => {
      await bound.get('/v1/audit');
      await reader.post(`/v1/accounts/${account.id}/deposits`, { amount: '1.00', currency: 'USD' });
      await controlOf(client, account.id).withdraw('1.00', bob);
      await controlOf(client, account.id).withdraw('1.00', outsider);
    });
    expect(entries).toMatchObject([
      { action: 'listAuditEntries', status: 403, code: 'key_not_allowed', partyId: ann, channel: 'own_key' },
      {
        action: 'createDeposit',
        code: 'scope_missing',
        path: `/v1/accounts/${account.id}/deposits`,
        channel: 'service',
      },
      { action: 'createWithdrawal', code: 'right_missing', outcome: 'refused', partyId: null },
      { action: 'createWithdrawal', code: 'not_a_holder' },
    ]);
  });

  test('is there of a key that was revoked, or has expired, and of no key that is not known', async () => {
    const revoked = await keyWith([...scopes]);
    await client.post(`/v1/api-keys/${revoked.id}/revoke`);
    const expired = await keyWith([...scopes], new Date(Date.now() - 1000));
    const unknown = createApiKey(service.ledgerId);
    const entries = await entriesOf(async () => {
      for (const apiKey of [revoked.apiKey, revoked.apiKey, expired.apiKey, unknown, 'nothing-like-it'])
        expect((await createTestClient(service.url, apiKey).get('/v1/accounts?limit=1')).status).toBe(401);
    });
    const refused = { action: 'listAccounts', path: '/v1/accounts', status: 401, code: 'unauthorized' };
    expect(entries).toMatchObject([
      { ...refused, keyId: revoked.id },
      { ...refused, keyId: revoked.id },
      { ...refused, keyId: expired.id },
    ]);
  });

  test('is not there of a key that two ledgers have, and one of them has revoked goes on in the other', async () => {
    const apiKey = 'made-before-keys-named-ledgers';
    const shared = createTestClient(service.url, apiKey);
    const { ledgerId: other } = await createTestLedger(service.database);
    const untilAnswered = async (status: number, change: () => PromiseLike<unknown>) => {
      await change();
      // What is known of a key is kept for a moment; any key that ends has all forgotten.
      await client.post(`/v1/api-keys/${(await keyWith([])).id}/revoke`);
      await until(async () => (await shared.get('/v1/accounts?limit=1')).status === status);
    };
    const letIn = (ledgerId: string) =>
      insertApiKey(service.database, { ledgerId, name: 'Old', apiKey, scopes: [...scopes] });
    const revoke = (ledgerId: string) =>
      service.database('api_keys').where({ ledger_id: ledgerId, name: 'Old' }).update({ revoked_at: new Date() });
    const entries = await entriesOf(async () => {
      await untilAnswered(200, () => letIn(other));
      await untilAnswered(401, () => letIn(service.ledgerId));
      await untilAnswered(200, () => revoke(other));
      await untilAnswered(401, () => revoke(service.ledgerId));
    });
    expect(new Set(outcomes(entries))).toEqual(new Set(['revokeApiKey 200']));
  });

  test('is there of what is too much, also where there is no route', async () => {
    const off = { party: null, service: null, address: null, trustedProxies: [] };
    const limited = await startTestService({ rateLimits: { ...off, service: { perSecond: 0.001, burst: 1 } } });
    try {
      await limited.client.get('/v1/accounts');
      for (const path of ['/v1/accounts', '/v1/nothing-here'])
        expect(
          (await sendRaw(limited, { method: 'GET', path, body: undefined, headers: authorised(limited) })).status,
        ).toBe(429);
      await limited.api.stop(5_000);
      expect(await limited.rows('audit_entries').orderBy('id').select('action', 'path', 'status', 'code')).toEqual([
        { action: 'listAccounts', path: '/v1/accounts', status: 429, code: 'too_many_requests' },
        { action: null, path: null, status: 429, code: 'too_many_requests' },
      ]);
    } finally {
      await limited.stop();
    }
  });
});

const authorised = ({ apiKey }: TestService) => ({ authorization: `Bearer ${apiKey}` });

test('nothing secret, no name, no amount and no id of others comes into an entry', async () => {
  const words = ['Ludmilla', 'ludmilla@example.com', '7531.42', 'hooks.example.com', 'A card was lost', 'Secretive'];
  const account = await openJointAccount(client, { ann: {} }, { balance: '7531.42' });
  const party = await client.createParty('Ludmilla');
  const reader = createTestClient(service.url, (await keyWith(['events:read'])).apiKey);
  const secrets: string[] = [service.apiKey];
  const entries = await entriesOf(async () => {
    secrets.push((await client.post('/v1/api-keys', { name: 'Secretive Ludmilla' })).body.apiKey);
    const url = 'https://hooks.example.com/?token=Secretive';
    secrets.push((await client.post('/v1/webhook-endpoints', { url })).body.secret);
    await controlOf(client, account.id).restrict();
    await controlOf(client, account.id).invite(party, { limits: { perTransaction: '7531.42' } });
    await client.patch(`/v1/accounts/${account.id}`, { name: 'Ludmilla', overdraftLimit: '7531.42' });
    await client.post(`/v1/api-keys?name=Ludmilla`, { name: 'Ludmilla' });
    await reader.get('/v1/parties/by-external-id/ludmilla@example.com');
    await reader.put('/v1/accounts/by-external-id/ludmilla@example.com', { name: 'Ludmilla' });
    await reader.post('/v1/failed-work/Ludmilla/Secretive/requeue');
  });
  expect(entries.map(({ path }) => path)).toEqual([
    ...['/v1/api-keys', '/v1/webhook-endpoints', `/v1/accounts/${account.id}/restrictions`],
    ...[`/v1/accounts/${account.id}/holders`, `/v1/accounts/${account.id}`, '/v1/api-keys'],
    ...['/v1/parties/by-external-id/:externalId', '/v1/accounts/by-external-id/:externalId'],
    '/v1/failed-work/:queue/:itemId/requeue',
  ]);
  const { rows } = await service.database.raw('select a::text as row from audit_entries a');
  const text = JSON.stringify(rows);
  for (const word of [...words, ...secrets])
    expect([word, text.toLowerCase().includes(word.toLowerCase())]).toEqual([word, false]);
});

test('entries are never changed, and deleted only as rows', async () => {
  await untilNoted(service, client);
  const refused = { message: expect.stringContaining('what was recorded stays as it is') };
  await expect(service.rows('audit_entries').update({ code: null })).rejects.toMatchObject(refused);
  await expect(service.database.raw('truncate audit_entries')).rejects.toMatchObject(refused);
});
