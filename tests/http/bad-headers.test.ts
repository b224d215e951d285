import { connect } from 'node:net';
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
    expectProblem(await sendRaw(service, { path, body: sent, headers: { [name]: value } }), 'validation_failed', [name]);
  });
}

describe('Authorization', () => {
  const expectUnauthorized = (answer: RawAnswer) => {
    expectProblem(answer, 'unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="joint-ledger"');
  };
  const garbage = ['', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'Token x', 'Bearer a b', 'Bearer "', `Bearer ${'x'.repeat(513)}`, 'Bearer é', 'Bearer null', "Bearer ' or true --"];

  test.each([undefined, ...garbage])('refuses the header %j', async (authorization) => {
    await leavingTheBooksAlone(service, async () => {
      for (const request of [{ path: deposits, body }, { path: `/v1/accounts/${account}` }, { path: '/v1/nothing/here' }, { path: deposits, body: '{' }]) {
        expectUnauthorized(await sendRaw(service, { ...request, headers: { authorization } }));
      }
    });
  });

  test('refuses a key that is nearly right, or stands in the wrong place', async () => {
    const { apiKey } = service;
    await leavingTheBooksAlone(service, async () => {
      for (const key of [apiKey.slice(0, -1), `${apiKey}x`, apiKey.toUpperCase(), `${apiKey}, Bearer ${apiKey}`]) {
        expectUnauthorized(await sendRaw(service, { path: deposits, body, headers: { authorization: `Bearer ${key}` } }));
      }
      expectUnauthorized(await sendRaw(service, { path: deposits, body, headers: { authorization: apiKey } }));
      const path = `${deposits}?access_token=${apiKey}`;
      expectUnauthorized(await sendRaw(service, { path, body, headers: { authorization: undefined } }));
    });
  });

  test('refuses a key that was revoked before it was ever used', async () => {
    const row = (await service.database('api_keys').first())!;
    const revoked = createApiKey();
    const changes = { id: nobody, key_hash: hashApiKey(revoked), revoked_at: new Date() };
    await service.database('api_keys').insert({ ...row, ...changes });
    expectUnauthorized(await sendRaw(service, { path: '/v1/parties', headers: { authorization: `Bearer ${revoked}` } }));
  });

  test('refuses a large body without reading it to the end', async () => {
    const large = Buffer.alloc(1024 * 1024, ' ');
    const answer = await sendRaw(service, { path: deposits, body: large, headers: { authorization: undefined } });
    expectUnauthorized(answer);
  });
});

describe('headers of a movement', () => {
  test.each(['', ' ', 'a b', 'a\tb', 'x'.repeat(256), 'é', 'a, b', '\u00a0', '"a b"'])('refuses the Idempotency-Key "%s"', async (key) => {
    await expectInvalidHeader('Idempotency-Key', key);
    await expectInvalidHeader('Idempotency-Key', key, `/v1/accounts/${account}/close`, '{}');
    await expectInvalidHeader('Idempotency-Key', key, '/v1/parties', '{"name":"Ann"}');
    await expectInvalidHeader('Idempotency-Key', key, '/v1/accounts', '{"name":"Bad","currency":"USD","ownership":"sole"}');
  });

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

  test('takes an Idempotency-Key of 1 and of 255 characters', async () => {
    for (const key of ['!', '~'.repeat(255)]) {
      expect((await sendRaw(service, { path: deposits, body, headers: { 'Idempotency-Key': key } })).status).toBe(201);
    }
  });

  test.each(['wait', 'wait=', 'wait=abc', 'wait=-1', 'wait=1.5', 'wait=1e3', 'wait=99999999999', 'wait="', 'respond-async, wait=x', 'wait=1 2', 'Wait=x'])(
    'refuses the preference %s',
    async (preference) => {
      await expectInvalidHeader('Prefer', preference);
    },
  );

  test.each(['', 'respond-async', 'return=minimal', 'waiting=x', 'wait-for=x', ',,'])('passes over the preference "%s"', async (preference) => {
    const answer = await sendRaw(service, { path: deposits, body, headers: { prefer: preference } });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([201, undefined]);
  });

  test.each([['wait=0', 'wait=0'], ['respond-async, WAIT = "3"', 'wait=3'], ['wait=999999999', 'wait=30']])('applies the preference %s as %s', async (preference, applied) => {
    const answer = await sendRaw(service, { path: deposits, body, headers: { prefer: preference } });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([201, applied]);
  });

  test.each(['', '1', '"x"', 'W/"1"', '"-1"', '"1', '"1.0"', '""', '"1", "2"', '"1234567890123456"'])('closes nothing with If-Match: %s', async (tag) => {
    await expectInvalidHeader('If-Match', tag, `/v1/accounts/${account}/close`, '{}');
  });

  test('closes nothing when If-Match names another version', async () => {
    const empty = await service.client.openAccount();
    for (const tag of ['"1"', '"999999999999999"']) {
      const answer = await sendRaw(service, { path: `/v1/accounts/${empty}/close`, body: '{}', headers: { 'If-Match': tag } });
      expectProblem(answer, 'version_mismatch');
      expect(answer.body.version).toBe(0);
    }
    expect((await service.client.get(`/v1/accounts/${empty}`)).body.status).toBe('active');
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

describe('methods and addresses', () => {
  const routes = () => [
    ['/healthz', 'GET'],
    ['/readyz', 'GET'],
    ['/errors', 'GET'],
    ['/v1/parties', 'GET, POST'],
    [`/v1/parties/${nobody}`, 'GET'],
    ['/v1/parties/by-external-id/x', 'PUT'],
    ['/v1/accounts', 'GET, POST'],
    [`/v1/accounts/${account}`, 'GET'],
    ['/v1/accounts/by-external-id/x', 'PUT'],
    [`/v1/accounts/${account}/close`, 'POST'],
    [`/v1/accounts/${account}/balances`, 'GET'],
    [`/v1/accounts/${account}/entries`, 'GET'],
    [deposits, 'POST'],
    [`/v1/accounts/${account}/withdrawals`, 'POST'],
    ['/v1/transfers', 'POST'],
    ['/v1/balances', 'GET'],
    ['/v1/transactions', 'GET'],
    [`/v1/transactions/${nobody}`, 'GET'],
  ];

  test('refuses every method that an address does not take and names those it does', async () => {
    await leavingTheBooksAlone(service, async () => {
      for (const [path, allowed] of routes()) {
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) {
          if (allowed!.split(', ').includes(method)) continue;
          const answer = await sendRaw(service, { method, path: path! });
          expectProblem(answer, 'method_not_allowed');
          expect([path, answer.headers.allow]).toEqual([path, allowed]);
        }
      }
    });
  });

  test('answers HEAD like GET without a body, and refuses it where there is no GET', async () => {
    await leavingTheBooksAlone(service, async () => {
      for (const path of ['/healthz', '/readyz', '/errors', '/v1/parties', `/v1/accounts/${account}`]) {
        const answer = await sendRaw(service, { method: 'HEAD', path });
        expect([answer.status, answer.text]).toEqual([200, '']);
      }
      const refused = await sendRaw(service, { method: 'HEAD', path: deposits });
      expect([refused.status, refused.headers.allow, refused.text]).toEqual([405, 'POST', '']);
      expect((await sendRaw(service, { method: 'HEAD', path: `/v1/accounts/${nobody}` })).status).toBe(404);
    });
  });

  test.each(['/', '/v1', '/v1/', '/v2/parties', '/V1/parties', '/v1/party', '/v1//parties', '/v1/parties/x/y', '//v1/parties', '/v1/%70arties/x/y', '/health', '/.env', '/../etc/passwd', '/%2e%2e/etc/passwd', '/v1%2fparties', '/%', '/%00', '*'])(
    'has nothing at %s',
    async (path) => {
      for (const method of ['GET', 'DELETE', 'OPTIONS']) {
        const answer = await sendRaw(service, { method, path });
        expectProblem(answer, 'route_not_found');
      }
    },
  );

  // The routers of the rooms fold case: createApp's setting does not reach them.
  test.failing('has nothing at an address in other letters', async () => {
    for (const path of ['/v1/PARTIES', `/v1/accounts/${account}/Entries`, '/v1/Transactions']) {
      expectProblem(await sendRaw(service, { path }), 'route_not_found');
    }
  });

  test('carries its own safety headers on every refusal', async () => {
    const { headers } = await sendRaw(service, { path: '/<script>alert(1)</script>' });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(headers['x-powered-by']).toBeUndefined();
  });
});

describe('what is no HTTP', () => {
  const head = () => `POST ${deposits} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.apiKey}\r\nContent-Type: application/json\r\n`;

  test.each<[string, () => string]>([
    ['a NUL in a header', () => `${head()}X: a\0b\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    ['a NUL in the Idempotency-Key', () => `${head()}Idempotency-Key: a\0\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    ['a NUL in the path', () => `GET /v1/parties\0 HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['no host', () => head().replace('Host: x\r\n', '') + `Content-Length: ${body.length}\r\n\r\n${body}`],
    ['two lengths', () => `${head()}Content-Length: ${body.length}\r\nContent-Length: 5\r\n\r\n${body}`],
    ['a length and chunks', () => `${head()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a negative length', () => `${head()}Content-Length: -1\r\n\r\n`],
    ['a bad chunk size', () => `${head()}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`],
    ['an unknown method', () => `STEAL ${deposits} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['another protocol', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['headers of 32 KiB', () => `${head()}X: ${'x'.repeat(32 * 1024)}\r\n\r\n`],
    ['an address of 32 KiB', () => `GET /${'x'.repeat(32 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('refuses %s with a status of 4xx and ends the connection', async (_name, bytes) => {
    await leavingTheBooksAlone(service, async () => {
      expect(await sendBytes(service, Buffer.from(bytes(), 'latin1'))).toMatch(/^HTTP\/1\.1 4(00|31) /);
    });
  });

  test('survives a caller who hangs up in the middle of a body, and books nothing of it', async () => {
    await leavingTheBooksAlone(service, async () => {
      await new Promise<void>((resolve) => {
        const socket = connect(service.api.port, '127.0.0.1', () => {
          socket.write(`${head()}Content-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`, () => socket.destroy());
        });
        socket.on('close', () => resolve());
      });
      expect((await sendRaw(service, { path: '/healthz' })).status).toBe(200);
    });
  });
});
