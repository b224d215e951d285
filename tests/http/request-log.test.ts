import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { holdAccountLock, until } from '../support/lock-witness.ts';
import { sendBytes } from '../support/raw-request.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let lines: Record<string, unknown>[];

async function start(level: 'info' | 'debug'): Promise<void> {
  lines = [];
  const logger = pino({ level }, { write: (line) => lines.push(JSON.parse(line)) });
  service = await startTestService({ logger });
}

afterEach(() => service.stop());

/** Takes the lines about requests that were written since the last time; pino's own fields left out. */
function taken(): Record<string, unknown>[] {
  const requests = lines.splice(0).filter(({ msg }) => /^request/.test(String(msg)));
  return requests.map(({ pid: _pid, hostname: _host, time: _time, ...line }) => line);
}

const [info, warn, error] = [30, 40, 50];
const withdrawal = { amount: '987.65', currency: 'USD', description: 'words of a customer' };

test('writes a line for each request that was refused, and nothing for those that succeed', async () => {
  await start('info');
  const { client, database } = service;
  const account = await client.openAccount({ balance: '5.00' });
  const path = `/v1/accounts/${account}/withdrawals`;
  await client.get(`/v1/accounts/${account}`);
  const items = [{ type: 'withdrawal', accountId: account, ...withdrawal }];
  expect((await client.post('/v1/batches', { atomic: false, items })).status).toBe(200);
  expect(taken()).toEqual([]);

  const [keyId] = await database('api_keys').pluck('id');
  const known = { level: info, msg: 'request refused', keyId, ms: expect.any(Number) };
  const refused = await client.post(path, withdrawal, { 'X-Request-Id': 'of-the-caller' });
  const route = '/v1/accounts/:accountId/withdrawals';
  const line = { ...known, requestId: 'of-the-caller', method: 'POST', route };
  expect(refused.status).toBe(422);
  expect(taken()).toEqual([{ ...line, status: 422, code: 'insufficient_funds' }]);

  const answers = [
    await client.post(`${path}?dryRun=perhaps&to=words-of-a-customer`, withdrawal),
    await client.delete(`/v1/parties/by-external-id/words-of-a-customer`),
    await client.get(`/v1/nothing/words-of-a-customer`),
    await client.post('/v1/parties/by-external-id/%ff', {}),
  ];
  expect(taken()).toEqual([
    { ...line, requestId: answers[0]!.body.requestId, status: 400, code: 'validation_failed' },
    {
      ...{ ...known, requestId: answers[1]!.body.requestId, method: 'DELETE', status: 405, code: 'method_not_allowed' },
      route: '/v1/parties/by-external-id/:externalId',
    },
    { ...known, requestId: answers[2]!.body.requestId, method: 'GET', status: 404, code: 'route_not_found' },
    {
      ...{ ...known, requestId: answers[3]!.body.requestId, method: 'POST', status: 400, code: 'validation_failed' },
      route: '/v1/parties/by-external-id/:externalId',
    },
  ]);
});

test('writes a line for requests without a good key, without the key', async () => {
  await start('info');
  const headers = { authorization: 'Bearer of-nobody' };
  const answer = await fetch(`${service.url}/v1/accounts/7/entries?cursor=x`, { headers });
  const { requestId } = (await answer.json()) as { requestId: string };
  expect(taken()).toEqual([
    {
      ...{ level: info, msg: 'request refused', requestId, method: 'GET', route: '/v1/accounts/:accountId/entries' },
      ...{ status: 401, code: 'unauthorized', ms: expect.any(Number) },
    },
  ]);
});

test('warns of what failed for a known reason, and logs an error for what nobody foresaw', async () => {
  await start('info');
  const { client, database } = service;
  const account = await client.openAccount();
  const held = await holdAccountLock(database, account);
  const path = `/v1/accounts/${account}/deposits`;
  const busy = await client.post(path, { amount: '1.00', currency: 'USD' }, { Prefer: 'wait=1' });
  await held.release();
  expect(busy.status).toBe(503);
  const [keyId] = await database('api_keys').pluck('id');
  const failed = { msg: 'request failed', keyId, ms: expect.any(Number), err: expect.anything() };
  expect(taken()).toEqual([
    {
      ...{ ...failed, level: warn, requestId: busy.body.requestId, method: 'POST' },
      ...{ route: '/v1/accounts/:accountId/deposits', status: 503, code: 'ledger_busy' },
    },
  ]);

  await database.raw('alter table parties rename to elsewhere');
  const broken = await client.get('/v1/parties');
  await database.raw('alter table elsewhere rename to parties');
  expect(taken()).toEqual([
    {
      ...{ ...failed, level: error, requestId: broken.body.requestId, method: 'GET', route: '/v1/parties' },
      ...{ status: 500, code: 'internal_error', err: expect.objectContaining({ code: '42P01' }) },
    },
  ]);
});

test('writes a line for requests that cannot be read', async () => {
  await start('info');
  const answer = await sendBytes(service, Buffer.from('nonsense\r\n\r\n'));
  const requestId = /^X-Request-Id: (\S+)\r$/m.exec(answer)![1];
  const refused = { level: info, msg: 'request refused', status: 400, code: 'malformed_request' };
  expect(taken()).toEqual([{ ...refused, requestId }]);

  const head = `POST /v1/parties HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.apiKey}\r\n`;
  const framing = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const broken = await sendBytes(service, Buffer.from(`${head}X-Request-Id: mine\r\n${framing}zz\r\n`));
  expect(broken).toMatch(/^X-Request-Id: mine\r$/m);
  // By the time of this answer the service has seen the end of that connection.
  await service.client.get('/healthz');
  const seen = { method: 'POST', route: '/v1/parties', ms: expect.any(Number) };
  expect(taken()).toEqual([{ ...refused, requestId: 'mine', ...seen }]);
});

test('writes one line for every request at level debug', async () => {
  await start('debug');
  const { client, database } = service;
  const account = await client.openAccount();
  await until(async () => taken().length > 0);
  const path = `/v1/accounts/${account}/withdrawals`;
  const [keyId] = await database('api_keys').pluck('id');
  const known = { keyId, ms: expect.any(Number), requestId: expect.any(String) };
  await client.post(path, withdrawal);
  await client.get(`/v1/accounts/${account}?`);
  await client.get('/healthz');
  await until(async () => lines.filter(({ msg }) => msg === 'request').length === 2);
  const { keyId: _none, ...unknown } = known;
  expect(taken()).toEqual([
    {
      ...{ ...known, level: info, msg: 'request refused', method: 'POST' },
      ...{ route: '/v1/accounts/:accountId/withdrawals', status: 422, code: 'insufficient_funds' },
    },
    { ...known, level: 20, msg: 'request', method: 'GET', route: '/v1/accounts/:accountId', status: 200 },
    { ...unknown, level: 20, msg: 'request', method: 'GET', route: '/healthz', status: 200 },
  ]);

  const held = await holdAccountLock(database, account);
  const socket = connect(service.api.port, '127.0.0.1');
  const body = JSON.stringify(withdrawal);
  const head = `Host: x\r\nAuthorization: Bearer ${service.apiKey}\r\nContent-Type: application/json`;
  socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await once(socket, 'connect');
  await client.get('/healthz');
  socket.destroy();
  await until(async () => lines.some(({ method, msg }) => method === 'POST' && msg === 'request'));
  await held.release();
  expect(taken().find(({ method }) => method === 'POST')).not.toHaveProperty('status');
});
