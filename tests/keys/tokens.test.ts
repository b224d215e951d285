import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  exportJWK,
  exportSPKI,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { insertApiKey } from '../../src/ledger/insert-ledger.ts';
import { scopesByDefault } from '../../src/ledger/key-scopes.ts';
import { audienceOf } from '../../src/ledger/token-issuers.ts';
import { runCommand } from '../support/command-line.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { pay, sign } from '../support/payment-orders.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const issuer = 'https://login.example.com/';
let service: TestService;
let keys: GenerateKeyPairResult;
let others: GenerateKeyPairResult;
/** What the issuer publishes. */
let published: JWK[] | undefined;
let fetched = 0;
const server = createServer((_req, res) => {
  fetched++;
  if (published === undefined) res.writeHead(500).end();
  else res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: published }));
});

beforeAll(async () => {
  service = await startTestService({});
  [keys, others] = [await generateKeyPair('ES256'), await generateKeyPair('RS256')];
  published = [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' }];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { code } = await put('--jwks-url', jwksUrl(), '--leeway', '0');
  expect(code).toBe(0);
});

afterAll(async () => {
  server.close();
  await service.stop();
});

const jwksUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;

const put = (...options: string[]) =>
  runCommand(['token-issuer', 'put', service.ledgerId, issuer, ...options], service.database);

interface Claims {
  readonly sub?: string | undefined;
  readonly iss?: string;
  readonly aud?: string;
  readonly exp?: number | undefined;
  readonly nbf?: number;
  readonly scope?: string;
}

const now = () => Math.floor(Date.now() / 1000);

function claimsOf(claims: Claims): JWTPayload {
  const all = { iss: issuer, aud: audienceOf(service.ledgerId), exp: now() + 300, ...claims };
  return JSON.parse(JSON.stringify(all));
}

const tokenFor = (claims: Claims, header: object = {}, key = keys.privateKey) =>
  new SignJWT(claimsOf(claims)).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header }).sign(key);

const ask = (token: string) => createTestClient(service.url, token).get('/v1/accounts');

/** A party with an external id, and a client with a token of its own. */
async function party(externalId: string) {
  const { body } = await service.client.post('/v1/parties', { name: externalId, externalId });
  return { id: body.id as string, client: createTestClient(service.url, await tokenFor({ sub: externalId })) };
}

test('a token of a party is its own act, and says so', async () => {
  const ann = await party('ann');
  const opened = await service.client.post('/v1/accounts', {
    ...{ name: 'Joint', currency: 'USD', holders: [{ partyId: ann.id }] },
  });
  const { id } = opened.body;
  await service.client.post(`/v1/accounts/${id}/deposits`, { amount: '50.00', currency: 'USD' });
  const paid = await pay(ann.client, id, { amount: '5.00' });
  expect([paid.status, paid.body.initiatedBy, paid.body.authentication]).toEqual([
    201,
    ann.id,
    { channel: 'token', keyId: null },
  ]);
  expect((await ann.client.get('/v1/accounts')).body.data.map((account: { id: string }) => account.id)).toEqual([id]);
  expect((await ann.client.post('/v1/parties', { name: 'X' })).body.code).toBe('key_not_allowed');
  const other = await pay(ann.client, id, { amount: '5.00', initiatedBy: '01890a5d-ac96-774b-bcce-b302099a8057' });
  expect(other.body.code).toBe('key_not_allowed');
});

test('counts as a signature of one’s own where no others are taken', async () => {
  const { id, party: parties } = await openJointAccount(
    service.client,
    { bea: {}, cem: {} },
    { balance: '100.00', mandate: () => ({ bands: [{ rule: 'all' }], signatures: 'own' }) },
  );
  const clients: Record<string, ReturnType<typeof createTestClient>> = {};
  for (const [name, partyId] of Object.entries(parties)) {
    await service.client.patch(`/v1/parties/${partyId}`, { externalId: `own-${name}` });
    clients[name] = createTestClient(service.url, await tokenFor({ sub: `own-${name}` }));
  }
  const named = await pay(service.client, id, { amount: '10.00', initiatedBy: parties.bea });
  expect(named.body.code).toBe('own_signature_required');
  const order = await pay(clients.bea!, id, { amount: '10.00' });
  expect(order.status).toBe(202);
  expect((await sign(clients.cem!, order.body, parties.cem)).body.status).toBe('booked');
});

describe('refused is a token', () => {
  const cases: Array<[string, () => Promise<string>, RegExp]> = [
    ['that has expired', () => tokenFor({ sub: 'dan', exp: now() - 1 }), /expired/],
    ['that never expires', () => tokenFor({ sub: 'dan', exp: undefined }), /claim exp/],
    ['that is not good yet', () => tokenFor({ sub: 'dan', nbf: now() + 600 }), /claim nbf/],
    ['for another audience', () => tokenFor({ sub: 'dan', aud: 'another-service' }), /aud/],
    ['of another issuer', () => tokenFor({ sub: 'dan', iss: 'https://evil.example.com/' }), /issuer/],
    ['with a subject that is no external id', () => tokenFor({ sub: 'a\u0000' }), /no party/],
    ['with a scope that is neither text nor a list', () => tokenFor({ sub: 'dan', scope: 5 as never }), /scope/],
    ['without a subject', () => tokenFor({}), /claim sub/],
    ['for nobody there', () => tokenFor({ sub: 'nobody' }), /no party/],
    ['by a key that is not published', () => tokenFor({ sub: 'dan' }, { kid: 'two' }), /kid/],
    ['that says another key’s name', async () => tokenFor({ sub: 'dan' }, {}, await privateKey()), /signature/],
    [
      'by an algorithm that does not fit the key',
      () => tokenFor({ sub: 'dan' }, { alg: 'RS256' }, others.privateKey),
      /./,
    ],
    [
      'without a signature',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none' })}.${part(claimsOf({ sub: 'dan' }))}.`;
      },
      /./,
    ],
    [
      'that takes the published key for a shared secret',
      async () => {
        const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey));
        return new SignJWT(claimsOf({ sub: 'dan' })).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret);
      },
      /algorithm/,
    ],
  ];

  async function privateKey() {
    return (await generateKeyPair('ES256')).privateKey;
  }

  beforeAll(() => party('dan'));

  test.each(cases)('%s', async (_what, make, detail) => {
    const { status, body } = await ask(await make());
    expect([status, body.code, body.detail]).toEqual([401, 'unauthorized', expect.stringMatching(detail)]);
  });

  test('that was changed after it was signed', async () => {
    const [head, , signature] = (await tokenFor({ sub: 'ann' })).split('.');
    const body = Buffer.from(JSON.stringify(claimsOf({ sub: 'dan' }))).toString('base64url');
    expect((await ask(`${head}.${body}.${signature}`)).body.detail).toMatch(/signature/);
    expect((await ask(await tokenFor({ sub: 'dan' }))).status).toBe(200);
  });

  test('for a ledger that does not know the issuer, though another does', async () => {
    const other = await createTestLedger(service.database);
    const { status, body } = await ask(await tokenFor({ sub: 'dan', aud: audienceOf(other.ledgerId) }));
    expect([status, body.detail]).toEqual([401, expect.stringMatching(/issuer/)]);
  });
});

test('goes on until it expires, be it remembered or not', async () => {
  await party('eve');
  const token = await tokenFor({ sub: 'eve', exp: now() + 2 });
  const seen: number[] = [];
  while (seen.at(-1) !== 401) seen.push((await ask(token)).status);
  expect(seen).toContain(200);
});

test('is for no more than its issuer’s are, and than it says', async () => {
  await party('fay');
  expect((await put('--jwks-url', jwksUrl(), '--scopes', 'accounts:read,movements:write')).code).toBe(0);
  const small = createTestClient(service.url, await tokenFor({ sub: 'fay', scope: 'accounts:read keys:manage' }));
  expect((await small.get('/v1/accounts')).status).toBe(200);
  const body = { amount: '1.00', currency: 'USD' };
  const account = await service.client.openAccount();
  const refused = await small.post(`/v1/accounts/${account}/deposits`, body);
  expect([refused.status, refused.body.scope]).toEqual([403, 'movements:write']);
  const list = createTestClient(service.url, await tokenFor({ sub: 'fay', scope: ['accounts:read'] as never }));
  expect((await list.post(`/v1/accounts/${account}/deposits`, body)).body.scope).toBe('movements:write');
  const whole = createTestClient(service.url, await tokenFor({ sub: 'fay' }));
  expect((await whole.get('/v1/events')).body.scope).toBe('events:read');
});

test('for several ledgers is for the one that knows its issuer, whichever is named first', async () => {
  const other = audienceOf((await createTestLedger(service.database)).ledgerId);
  await party('kim');
  for (const aud of [
    [other, audienceOf(service.ledgerId)],
    [audienceOf(service.ledgerId), other, 'more'],
  ]) {
    expect((await ask(await tokenFor({ sub: 'kim', aud: aud as never }))).status).toBe(200);
  }
});

test('whose they are is for a key that manages keys to say', async () => {
  const [lea, evil] = [await party('lea'), await party('evil')];
  const apiKey = createApiKey(service.ledgerId);
  await insertApiKey(service.database, { ledgerId: service.ledgerId, name: 'Clerk', apiKey, scopes: scopesByDefault });
  const clerk = createTestClient(service.url, apiKey);
  const refused = await clerk.patch(`/v1/parties/${evil.id}`, { externalId: null });
  expect([refused.status, refused.body.scope]).toEqual([403, 'keys:manage']);
  expect((await clerk.patch(`/v1/parties/${lea.id}`, { name: 'Lea L.' })).status).toBe(200);
  // With it the change is seen at once.
  expect((await evil.client.get(`/v1/parties/${evil.id}`)).status).toBe(200);
  await service.client.patch(`/v1/parties/${evil.id}`, { externalId: null });
  expect((await evil.client.get(`/v1/parties/${evil.id}`)).status).toBe(401);
});

test('of one who was erased is refused at once', async () => {
  const gil = await party('gil');
  expect((await gil.client.get('/v1/accounts')).status).toBe(200);
  await service.client.post(`/v1/parties/${gil.id}/erase`);
  expect((await gil.client.get('/v1/accounts')).status).toBe(401);
});

test('keys may stand in the ledger, in PEM or as a set; private ones and secrets may not', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'keys-'));
  const file = async (name: string, text: string) => {
    await writeFile(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const own = await generateKeyPair('RS256', { extractable: true });
  const pem = await file('public.pem', await exportSPKI(own.publicKey));
  expect((await put('--keys', pem, '--algorithms', 'RS256')).code).toBe(0);
  await party('hal');
  const token = await tokenFor({ sub: 'hal' }, { alg: 'RS256' }, own.privateKey);
  expect((await ask(token)).status).toBe(200);
  // Another algorithm than that of the only key there is.
  const misfit = await tokenFor({ sub: 'hal' });
  expect((await put('--keys', pem)).code).toBe(0);
  expect([(await ask(misfit)).status, (await ask(token)).status]).toEqual([401, 200]);
  expect((await put('--keys', pem, '--algorithms', 'RS256')).code).toBe(0);
  const listed = await runCommand(['token-issuer', 'list', service.ledgerId], service.database);
  expect(listed.stdout).toMatch(
    /^https:\/\/login\.example\.com\/, keys from 1 keys of its own, RS256, 30 s of leeway; for /,
  );
  const refused = [
    await file('secret.json', JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] })),
    await file('private.json', JSON.stringify({ keys: [await exportJWK(own.privateKey)] })),
    await file('none.json', 'nothing'),
  ];
  for (const each of refused) expect((await put('--keys', each)).code).toBe(1);
  expect((await put()).stderr).toMatch(/--jwks-url or --keys/);
  expect((await put('--jwks-url', 'http://login.example.com/')).stderr).toMatch(/https/);
  expect((await put('--jwks-url', jwksUrl(), '--algorithms', 'HS256')).stderr).toMatch(/HS256/);
});

test('keys that can’t be had are no refusal of the token, and those that were are not fetched again', async () => {
  expect((await put('--jwks-url', `${jwksUrl()}?again`)).code).toBe(0);
  await party('ivy');
  const good = published;
  published = undefined;
  const token = await tokenFor({ sub: 'ivy' });
  const away = await ask(token);
  expect([away.status, away.body.code, away.headers['retry-after']]).toEqual([503, 'token_keys_unavailable', '5']);
  published = good;
  while ((await ask(token)).status !== 200);
  const before = fetched;
  for (let i = 0; i < 5; i++)
    expect((await ask(await tokenFor({ sub: 'ivy', exp: now() + 100 + i }))).status).toBe(200);
  expect(fetched).toBe(before);
});

test('once the ledger takes no more of its issuer’s, none is good', async () => {
  const jan = await party('jan');
  expect((await jan.client.get('/v1/accounts')).status).toBe(200);
  const removed = await runCommand(['token-issuer', 'remove', service.ledgerId, issuer], service.database);
  expect(removed.code).toBe(0);
  while ((await jan.client.get('/v1/accounts')).status !== 401);
});
