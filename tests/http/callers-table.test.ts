import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { insertApiKey } from '../../src/ledger/insert-ledger.ts';
import { scopes, scopesByDefault } from '../../src/ledger/key-scopes.ts';
import { audienceOf, putTokenIssuer } from '../../src/ledger/token-issuers.ts';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { sendRaw } from '../support/raw-request.ts';
import { type RouteCall, routeCalls } from '../support/route-calls.ts';
import { routes } from '../support/routes.ts';
import { createBoundKey, openScene, type Scene } from '../support/shared-scene.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// Every call of a scene by every kind of caller, held against docs/callers.md. `npm run docs:callers` writes that anew.

const page = fileURLToPath(new URL('../../docs/callers.md', import.meta.url));
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

type Caller = (scene: Scene) => Promise<string>;

async function newcomer(scene: Scene, rights: readonly HolderRight[], accepts = true): Promise<string> {
  const partyId = await service.client.createParty('Newcomer');
  const holders = `/v1/accounts/${scene.account}/holders`;
  expect((await service.client.post(holders, { partyId, rights })).status).toBe(201);
  if (accepts) expect((await service.client.post(`${holders}/${partyId}/accept`)).status).toBe(200);
  return partyId;
}

const keyOf = (partyId: string) => createBoundKey(service, partyId);

/** How each kind of caller comes to its key. */
const callers: Readonly<Record<string, Caller>> = {
  'other ledger': async () => (await createTestLedger(service.database)).apiKey,
  stranger: async () => keyOf(await service.client.createParty('Stranger')),
  async former(scene) {
    const partyId = await newcomer(scene, ['view', 'deposit', 'withdraw', 'transfer', 'delegate']);
    await service.client.post(`/v1/accounts/${scene.account}/holders/${partyId}/leave`);
    return keyOf(partyId);
  },
  invited: async (scene) => keyOf(await newcomer(scene, ['view', 'deposit', 'withdraw', 'transfer', 'manage'], false)),
  viewer: async (scene) => keyOf(await newcomer(scene, ['view', 'delegate'])),
  delegate: async (scene) => keyOf(await newcomer(scene, ['view', 'deposit', 'withdraw', 'transfer', 'delegate'])),
  manager: async (scene) => keyOf(await newcomer(scene, ['view', 'manage', 'delegate'])),
  owner: async (scene) => keyOf(scene.party.ann),
  service: async () => service.apiKey,
};

function send(key: string, { route, path, body }: RouteCall, scene: Scene) {
  return sendRaw(service, {
    method: route.split(' ')[0]!,
    path: path(scene),
    body: body === undefined ? undefined : JSON.stringify(body(scene)),
    headers: { authorization: `Bearer ${key}` },
  });
}

async function outcomeOf(key: string, call: RouteCall, scene: Scene): Promise<string> {
  const { status, body: answer } = await send(key, call, scene);
  return status < 300 ? `${status}` : `${status} ${answer.code}`;
}

/** What a call is, so that it is known in the table: its route, its filters, and that it names an account of others. */
function nameOf({ route, path, body }: RouteCall, scene: Scene): string {
  const [, query] = path(scene).split('?');
  const plain = query?.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…');
  const isOfOthers = `${path(scene)}${JSON.stringify(body?.(scene) ?? {})}`.includes(scene.foreign.id);
  return `\`${route}${plain === undefined ? '' : `?${plain}`}\`${isOfOthers ? ' *' : ''}`;
}

test('docs/callers.md says what each kind of caller is answered', async () => {
  const columns: string[][] = [];
  let names: string[] = [];
  for (const caller of Object.values(callers)) {
    const scene = await openScene(service.client);
    const key = await caller(scene);
    const outcomes: string[] = [];
    for (const each of routeCalls) outcomes.push(await outcomeOf(key, each, scene));
    columns.push(outcomes);
    names = routeCalls.map((each) => nameOf(each, scene));
  }
  const head = ['call', ...Object.keys(callers)];
  const rows = names.map((name, index) => [name, ...columns.map((column) => column[index]!)]);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const written = readFileSync(page, 'utf8');
  const [begin, end] = ['<!-- callers -->\n', '\n<!-- end of callers -->'];
  const whole = `${written.slice(0, written.indexOf(begin) + begin.length)}${table}${written.slice(written.indexOf(end))}`;
  if (process.env.WRITE_DOCS === '1') writeFileSync(page, whole);
  expect(written.split('\n')).toEqual(whole.split('\n'));
});

test('who may not look at the account learns no balance and no version of it, whatever it calls', async () => {
  const blind: Readonly<Record<string, Caller>> = {
    ...{ stranger: callers.stranger!, former: callers.former!, invited: callers.invited! },
    holder: async (scene) => keyOf(await newcomer(scene, ['deposit', 'withdraw', 'transfer', 'manage', 'delegate'])),
  };
  for (const [kind, caller] of Object.entries(blind)) {
    const scene = await openScene(service.client);
    const key = await caller(scene);
    for (const each of routeCalls) {
      const { text, headers } = await send(key, each, scene);
      // 76543.21 is on the account, give or take what the scene has moved, and 98765.43 on that of others.
      const told = text.match(/7654\d\.\d\d|7653\d\.\d\d|987[67]\d\.\d\d|"explanation"|"available"|"balanceAfter"/);
      expect([kind, each.route, told?.[0], headers.etag]).toEqual([kind, each.route, undefined, undefined]);
    }
  }
});

test('a party’s token is answered as its key is', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const issuer = 'https://login.example.com/';
  await putTokenIssuer(service.database, service.ledgerId, {
    ...{ issuer, keys: { jwks: { keys: [await exportJWK(publicKey)] } } },
    ...{ algorithms: ['ES256'], leewaySeconds: 0, scopes: scopesByDefault },
  });
  const answered: string[][] = [];
  for (const isToken of [false, true]) {
    const scene = await openScene(service.client);
    const externalId = `ann-${isToken}`;
    await service.client.patch(`/v1/parties/${scene.party.ann}`, { externalId });
    const token = new SignJWT().setProtectedHeader({ alg: 'ES256' }).setIssuer(issuer).setSubject(externalId);
    const key = isToken
      ? await token.setAudience(audienceOf(service.ledgerId)).setExpirationTime('1h').sign(privateKey)
      : await keyOf(scene.party.ann);
    const outcomes: string[] = [];
    for (const each of routeCalls) outcomes.push(`${each.route} ${await outcomeOf(key, each, scene)}`);
    answered.push(outcomes);
  }
  expect(answered[1]).toEqual(answered[0]);
});

test('no route with a key answers one who has none, or an unknown, a revoked or an expired one', async () => {
  const made = { ledgerId: service.ledgerId, name: 'Over', scopes };
  const [revoked, expired] = [createApiKey(service.ledgerId), createApiKey(service.ledgerId)];
  await insertApiKey(service.database, { ...made, apiKey: revoked });
  await insertApiKey(service.database, { ...made, apiKey: expired, expiresAt: new Date(Date.now() - 1_000) });
  await service.rows('api_keys').where({ name: 'Over', expires_at: null }).update({ revoked_at: new Date() });
  const keys = [undefined, `Bearer ${createApiKey(service.ledgerId)}`, `Bearer ${revoked}`, `Bearer ${expired}`];
  for (const { method, path, keys: takes } of routes) {
    if (takes === 'none') continue;
    for (const authorization of keys) {
      const address = path.replaceAll(/:\w+/g, '01890a5d-ac96-774b-bcce-b302099a8057');
      const request = { method: method.toUpperCase(), path: address, headers: { authorization } };
      const { status, body } = await sendRaw(service, request);
      expect([method, path, status, body?.code]).toEqual([method, path, 401, 'unauthorized']);
    }
  }
});
