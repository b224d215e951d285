import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { type RawAnswer, sendBytes, sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const body = JSON.stringify({ amount: '1.00', currency: 'USD' });
let service: TestService;
let [account, deposits] = ['', ''];

beforeAll(async () => {
  service = await startTestService();
  account = await service.client.openAccount({ balance: '10.00' });
  deposits = `/v1/accounts/${account}/deposits`;
});

afterAll(() => service.stop());

async function expectInvalidHeader(name: string, value: string, path = deposits, sent = body): Promise<void> {
  await leavingTheBooksAlone(service, async () => {
    expectProblem(await sendRaw(service, { path, body: sent, headers: { [name]: value } }), 'validation_failed', [
      name,
    ]);
  });
}

describe('Authorization', () => {
  const expectUnauthorized = (answer: RawAnswer) => {
    expectProblem(answer, 'unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="joint-ledger"');
  };
  const garbage = [
    '',
    'Bearer',
    'Bearer ',
    'Basic dXNlcjpwYXNz',
    'Token x',
    'Bearer a b',
    'Bearer "',
    `Bearer ${'x'.repeat(513)}`,
    'Bearer é',
    'Bearer null',
    "Bearer ' or true --",
  ];

  test.each([undefined, ...garbage])('refuses the header %j', async (authorization) => {
    await leavingTheBooksAlone(service, async () => {
      for (const request of [
        { path: deposits, body },
        { path: `/v1/accounts/${account}` },
        { path: '/v1/nothing/here' },
        { path: deposits, body: '{' },
      ]) {
        expectUnauthorized(await sendRaw(service, { ...request, headers: { authorization } }));
      }
    });
  });

  test('refuses a key that is nearly right, or stands in the wrong place', async () => {
    const { apiKey } = service;
    await leavingTheBooksAlone(service, async () => {
      for (const key of [apiKey.slice(0, -1), `${apiKey}x`, apiKey.toUpperCase(), `${apiKey}, Bearer ${apiKey}`]) {
        expectUnauthorized(
          await sendRaw(service, { path: deposits, body, headers: { authorization: `Bearer ${key}` } }),
        );
      }
      expectUnauthorized(await sendRaw(service, { path: deposits, body, headers: { authorization: apiKey } }));
      const path = `${deposits}?access_token=${apiKey}`;
      expectUnauthorized(await sendRaw(service, { path, body, headers: { authorization: undefined } }));
    });
  });

  test('refuses a key that was revoked before it was ever used', async () => {
    const row = (await service.database('api_keys').first())!;
    const revoked = createApiKey(service.ledgerId);
    const changes = { id: nobody, key_hash: hashApiKey(revoked), revoked_at: new Date() };
    await service.database('api_keys').insert({ ...row, ...changes });
    expectUnauthorized(
      await sendRaw(service, { path: '/v1/parties', headers: { authorization: `Bearer ${revoked}` } }),
    );
  });

  test('refuses a large body without reading it to the end', async () => {
    const large = Buffer.alloc(1024 * 1024, ' ');
    const answer = await sendRaw(service, { path: deposits, body: large, headers: { authorization: undefined } });
    expectUnauthorized(answer);
  });
});

describe('a header that may stand once', () => {
  test.each([
    ['Authorization', 'Bearer another'],
    ['authorization', 'Bearer another'],
    ['Host', 'elsewhere.example'],
  ])('is refused twice: %s', async (name, value) => {
    const { apiKey, api } = service;
    const own = [`Host: 127.0.0.1:${api.port}`, `Authorization: Bearer ${apiKey}`, `${name}: ${value}`];
    const head = ['GET /v1/accounts HTTP/1.1', ...own, 'Connection: close', '', ''].join('\r\n');
    const answer = await sendBytes(service, Buffer.from(head));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('"code":"malformed_request"');
  });
});

describe('headers of a movement', () => {
  test.each(['', ' ', 'a b', 'a\tb', 'x'.repeat(256), 'é', 'a, b', '\u00a0', '"a b"'])(
    'refuses the Idempotency-Key "%s"',
    async (key) => {
      await expectInvalidHeader('Idempotency-Key', key);
      await expectInvalidHeader('Idempotency-Key', key, `/v1/accounts/${account}/close`, '{}');
      await expectInvalidHeader('Idempotency-Key', key, '/v1/parties', '{"name":"Ann"}');
      await expectInvalidHeader(
        'Idempotency-Key',
        key,
        '/v1/accounts',
        '{"name":"Bad","currency":"USD","ownership":"sole"}',
      );
    },
  );

  test('refuses two Idempotency-Keys', async () => {
    const head = `POST ${deposits} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${service.apiKey}\r\n`;
    const rest = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    await leavingTheBooksAlone(service, async () => {
      const twice = 'Idempotency-Key: a\r\nIdempotency-Key: b\r\n';
      const answer = await sendBytes(service, Buffer.from(`${head}${twice}${rest}`));
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"path":"Idempotency-Key"');
    });
  });

  test('sees the Idempotency-Key behind thousands of other headers', async () => {
    const many = 'a:\r\n'.repeat(2_100);
    const head = `POST ${deposits} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${service.apiKey}\r\n`;
    const rest = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const request = Buffer.from(`${head}${rest}${many}Idempotency-Key: last-of-all\r\n\r\n${body}`);
    expect(await sendBytes(service, request)).toMatch(/^HTTP\/1\.1 201 /);
    expect(await sendBytes(service, request)).toContain('Idempotent-Replayed: true');
  });

  test('takes an Idempotency-Key of 1 and of 255 characters', async () => {
    for (const key of ['!', '~'.repeat(255)]) {
      expect((await sendRaw(service, { path: deposits, body, headers: { 'Idempotency-Key': key } })).status).toBe(201);
    }
  });

  test.each([
    'wait',
    'wait=',
    'wait=abc',
    'wait=-1',
    'wait=1.5',
    'wait=1e3',
    'wait=99999999999',
    'wait="',
    'respond-async, wait=x',
    'wait=1 2',
    'Wait=x',
  ])('refuses the preference %s', async (preference) => {
    await expectInvalidHeader('Prefer', preference);
  });

  test.each(['', 'respond-async', 'return=minimal', 'waiting=x', 'wait-for=x', ',,'])(
    'passes over the preference "%s"',
    async (preference) => {
      const answer = await sendRaw(service, { path: deposits, body, headers: { prefer: preference } });
      expect([answer.status, answer.headers['preference-applied']]).toEqual([201, undefined]);
    },
  );

  test.each([
    ['wait=0', 'wait=0'],
    ['respond-async, WAIT = "3"', 'wait=3'],
    ['wait=999999999', 'wait=30'],
  ])('applies the preference %s as %s', async (preference, applied) => {
    const answer = await sendRaw(service, { path: deposits, body, headers: { prefer: preference } });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([201, applied]);
  });

  test.each([
    '',
    '1',
    '"x"',
    'W/"1"',
    '"-1"',
    '"1',
    '"1.0"',
    '""',
    '"1", "2"',
    '"1234567890123456"',
    '"1-"',
    '"-1-1"',
    '"1-1-1"',
    '"1-closed"',
  ])('closes nothing with If-Match: %s', async (tag) => {
    await expectInvalidHeader('If-Match', tag, `/v1/accounts/${account}/close`, '{}');
  });

  test('closes nothing when If-Match names another version', async () => {
    const empty = await service.client.openAccount();
    for (const tag of ['"1"', '"0-1"', '"0-0"', '"999999999999999"', '"999999999999999-999999999999999"']) {
      const answer = await sendRaw(service, {
        path: `/v1/accounts/${empty}/close`,
        body: '{}',
        headers: { 'If-Match': tag },
      });
      expectProblem(answer, 'version_mismatch');
      expect(answer.body.version).toBe(0);
    }
    expect((await service.client.get(`/v1/accounts/${empty}`)).body.status).toBe('active');
  });

  test.each([
    ['/v1/batches', { atomic: true, items: [{ type: 'deposit', accountId: nobody, amount: '1.00', currency: 'USD' }] }],
    ['/v1/parties', { name: 'Ann' }],
    ['/v1/accounts', { name: 'Own', currency: 'USD', ownership: 'sole' }],
  ])('takes no If-Match for %s, where there is no one account', async (path, document) => {
    for (const tag of ['"0"', '*', 'x']) await expectInvalidHeader('If-Match', tag, path, JSON.stringify(document));
  });

  test('makes up a request id where the caller’s could not stand in a log', async () => {
    for (const id of ['', 'a b', 'x'.repeat(129), '<script>', 'é']) {
      const answer = await sendRaw(service, { path: '/v1/nothing', headers: { 'x-request-id': id } });
      expectProblem(answer, 'route_not_found');
      expect(answer.body.requestId).toMatch(/^[0-9a-f-]{36}$/);
    }
    const named = await sendRaw(service, { path: '/v1/nothing', headers: { 'x-request-id': 'trace:1.a_b-c' } });
    expect(named.body.requestId).toBe('trace:1.a_b-c');
  });
});
