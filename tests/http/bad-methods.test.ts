import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendBytes, sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { routes } from '../support/routes.ts';
import { startTogether } from '../support/start-together.ts';
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

describe('methods and addresses', () => {
  /** The methods that each path takes. */
  const taken = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const address = path.replaceAll(/:\w+/g, nobody);
    taken.set(address, [...(taken.get(address) ?? []), method.toUpperCase()]);
  }

  test('refuses every method that an address does not take and names those it does', async () => {
    await leavingTheBooksAlone(service, async () => {
      for (const [path, allowed] of taken) {
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) {
          if (allowed.includes(method)) continue;
          const answer = await sendRaw(service, { method, path });
          expectProblem(answer, 'method_not_allowed');
          expect([path, answer.headers.allow]).toEqual([path, allowed.toSorted().join(', ')]);
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

  test.each([
    '/v1',
    '/v1/',
    '/v2/parties',
    '/V1/parties',
    '/v1/party',
    '/v1//parties',
    '/v1/parties/x/y',
    '//v1/parties',
    '/v1/%70arties/x/y',
    '/health',
    '/.env',
    '/../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/v1%2fparties',
    '/%',
    '/%00',
    '*',
  ])('has nothing at %s', async (path) => {
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      const answer = await sendRaw(service, { method, path });
      expectProblem(answer, 'route_not_found');
    }
  });

  // A router of its own folds case: the application's setting does not reach it.
  test('has nothing at an address in other letters', async () => {
    for (const path of ['/v1/PARTIES', `/v1/accounts/${account}/Entries`, '/v1/Transactions']) {
      expectProblem(await sendRaw(service, { path }), 'route_not_found');
    }
  });

  test('ignores an expectation that it does not know', async () => {
    const answer = await sendRaw(service, { path: '/healthz', headers: { Expect: 'miracles' } });
    expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }]);
  });

  test('carries its own safety headers on every refusal', async () => {
    const { headers } = await sendRaw(service, { path: '/<script>alert(1)</script>' });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(headers['x-powered-by']).toBeUndefined();
  });
});

describe('what is no HTTP', () => {
  const head = () =>
    `POST ${deposits} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.apiKey}\r\nContent-Type: application/json\r\n`;

  test.each<[string, () => string]>([
    ['a NUL in a header', () => `${head()}X: a\0b\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    [
      'a NUL in the Idempotency-Key',
      () => `${head()}Idempotency-Key: a\0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ],
    ['a NUL in the path', () => `GET /v1/parties\0 HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['two lengths', () => `${head()}Content-Length: ${body.length}\r\nContent-Length: 5\r\n\r\n${body}`],
    ['a length and chunks', () => `${head()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a negative length', () => `${head()}Content-Length: -1\r\n\r\n`],
    ['a bad chunk size', () => `${head()}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`],
    ['no host', () => `${head().replace('Host: x\r\n', '')}Content-Length: ${body.length}\r\n\r\n${body}`],
    ['an unknown method', () => `STEAL ${deposits} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['another protocol', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['headers of 32 KiB', () => `${head()}X: ${'x'.repeat(32 * 1024)}\r\n\r\n`],
    ['an address of 32 KiB', () => `GET /${'x'.repeat(32 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('refuses %s with a problem document and ends the connection', async (_name, bytes) => {
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendBytes(service, Buffer.from(bytes(), 'latin1'));
      expect(answer).toMatch(/^HTTP\/1\.1 4(00|31) /);
      expect(answer).toContain('Content-Type: application/problem+json');
      expect(answer).toMatch(/"code":"(malformed_request|headers_too_large)"/);
    });
  });

  test('refuses a request that ends in its middle', async () => {
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendBytes(service, Buffer.from(`${head()}Content-Length: 50\r\n\r\n${body}`), { end: true });
      expect(answer).toMatch(
        /^HTTP\/1\.1 400 .*"detail":"The request ends in its middle\.","code":"malformed_request"/s,
      );
    });
  });

  test('answers what it understood before it hangs up on what stands behind it', async () => {
    const money = async () => (await service.client.get(`/v1/accounts/${account}`)).body.balance;
    const before = Number(await money());
    const deposit = `${head()}Content-Length: ${body.length}\r\n\r\n${body}`;
    for (const more of ['surprise', '}', 'POST / HTTP/9\r\n\r\n']) {
      const expecting = await sendBytes(
        service,
        Buffer.from(deposit.replace('Host', 'Expect: miracles\r\nHost') + more),
      );
      expect(expecting.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201']);
      const answer = await sendBytes(service, Buffer.from(deposit + more));
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201']);
    }
    expect(await money()).toBe((before + 6).toFixed(2));
    // Whoever sends one behind the other and breaks off in the second must not take its refusal for the first's answer.
    const cut = await sendBytes(service, Buffer.from(`${deposit}${deposit.slice(0, -5)}`), { end: true });
    expect(cut).not.toContain('HTTP/1.1 400');
    // It may still be under way; the account is free again after it.
    await service.client.post(deposits, JSON.parse(body));
  });

  test('survives callers who ask for a proxy and hang up, and takes none of it for an answer', async () => {
    const connectTo = 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n';
    await startTogether(200, async () => {
      const socket = connect(service.api.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(connectTo);
      socket.resetAndDestroy();
    });
    const deposit = `${head()}Content-Length: ${body.length}\r\n\r\n${body}`;
    expect(await sendBytes(service, Buffer.from(deposit + connectTo))).not.toContain('HTTP/1.1 400');
    expect((await sendRaw(service, { path: '/healthz' })).status).toBe(200);
    await service.client.post(deposits, JSON.parse(body));
  });

  test('answers an upgrade that it does not offer like any request, and hangs up', async () => {
    const upgrade = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    const answer = await sendBytes(service, Buffer.from(upgrade));
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
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
