import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createHttpServer } from '../../src/http/http-server.ts';
import { TokenBuckets } from '../../src/http/token-buckets.ts';
import { Turns } from '../../src/http/turns.ts';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { clientOf, createBoundKey } from '../support/shared-scene.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

const started: TestService[] = [];

afterAll(async () => {
  for (const service of started) await service.stop();
});

const off = { party: null, service: null, address: null, trustedProxies: [] };

async function start(rateLimits: object): Promise<TestService> {
  const service = await startTestService({ rateLimits: { ...off, ...rateLimits } });
  started.push(service);
  return service;
}

describe('a bucket', () => {
  test('lets a burst in, then its rate, and never more than the burst', () => {
    let now = 0;
    const buckets = new TokenBuckets(() => now);
    const rate = { perSecond: 2, burst: 5 };
    const count = () => {
      let admitted = 0;
      while (buckets.take('a', rate).isAdmitted) admitted++;
      return admitted;
    };
    expect(count()).toBe(5);
    now += 1000;
    expect(count()).toBe(2);
    now += 3_600_000;
    expect(count()).toBe(5);
    expect(buckets.take('a', rate, 3)).toEqual({ isAdmitted: false, remaining: 0, waitSeconds: 2 });
    expect(buckets.take('b', rate).isAdmitted).toBe(true);
    // What was let in elsewhere is owed, a second's worth at most.
    buckets.draw('b', rate, 1_000);
    now += 1000;
    expect(buckets.take('b', rate).isAdmitted).toBe(false);
    now += 500;
    expect(buckets.take('b', rate).isAdmitted).toBe(true);
  });
});

describe('turns', () => {
  class Connection extends EventEmitter {
    destroyed = false;
    close() {
      this.destroyed = true;
      this.emit('close');
    }
  }

  test('are taken in the order of arrival, and those who have gone are passed over', () => {
    const turns = new Turns();
    const connections = Array.from({ length: 6 }, () => new Connection());
    const begun: number[] = [];
    for (const [index, connection] of connections.entries()) turns.take('a', 2, connection, () => begun.push(index));
    turns.take('b', 2, new Connection(), () => begun.push(100));
    expect([begun, turns.waiting('a')]).toEqual([[0, 1, 100], 4]);
    connections[2]!.close();
    connections[3]!.close();
    expect([begun, turns.waiting('a')]).toEqual([[0, 1, 100], 2]);
    connections[1]!.close();
    expect(begun).toEqual([0, 1, 100, 4]);
    connections[0]!.close();
    connections[4]!.close();
    expect([begun, turns.waiting('a')]).toEqual([[0, 1, 100, 4, 5], 0]);
    const gone = new Connection();
    gone.close();
    turns.take('a', 2, gone, () => begun.push(200));
    connections[5]!.close();
    expect(begun).not.toContain(200);
  });
});

async function send(client: TestClient, count: number, path = '/v1/accounts'): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => client.get(path)));
  return answers.map(({ status }) => status);
}

const countOf = (statuses: readonly number[], status: number) => statuses.filter((each) => each === status).length;

test('a party is let in as often as it may, by all of its keys, and is told so; the service is not stopped', async () => {
  const service = await start({ party: { perSecond: 1, burst: 10 } });
  const ann = await service.client.createParty('Ann');
  const [one, two] = [await clientOf(service, ann), await clientOf(service, ann)];
  const began = performance.now();
  const statuses = [...(await send(one, 8)), ...(await send(two, 8))];
  const refused = await one.get('/v1/accounts');
  const most = 10 + Math.ceil((performance.now() - began) / 1000);
  expect(countOf(statuses, 200)).toBeGreaterThanOrEqual(10);
  expect(countOf(statuses, 200)).toBeLessThanOrEqual(most);
  if (refused.status === 429) {
    expect(refused.body.code).toBe('too_many_requests');
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      ratelimit: '"party";r=0;t=1',
      'ratelimit-policy': '"party";q=10;w=10',
    });
  }
  expect(countOf(await send(service.client, 30), 200)).toBe(30);
  const bob = await clientOf(service, await service.client.createParty('Bob'));
  expect((await bob.get('/v1/accounts')).headers.ratelimit).toBe('"party";r=9;t=1');
});

test('a refused request uses its idempotency key not up, and is worked on in nothing', async () => {
  const service = await start({ service: { perSecond: 1, burst: 2 } });
  const headers = { 'Idempotency-Key': 'later' };
  const post = () => service.client.post('/v1/parties', { name: 'Ann' }, headers);
  await send(service.client, 4);
  let answer = await post();
  const first = answer.status;
  while (answer.status === 429) {
    await sleep(100);
    answer = await post();
  }
  expect([[201, 429].includes(first), answer.status, answer.headers['idempotent-replayed']]).toEqual([
    true,
    201,
    undefined,
  ]);
});

test('two processes let in what one may, not twice as much', async () => {
  const rate = { perSecond: 30, burst: 30 };
  const service = await start({ party: rate });
  const second = await startSecondApi(service, { rateLimits: { ...off, party: rate } });
  const key = await createBoundKey(service, await service.client.createParty('Ann'));
  const clients = [service.url, `http://127.0.0.1:${second.api.port}`].map((url) => createTestClient(url, key));
  const began = performance.now();
  let admitted = 0;
  while (performance.now() - began < 6_000) {
    for (const client of clients) admitted += countOf(await send(client, 10), 200);
  }
  const seconds = (performance.now() - began) / 1000;
  // A burst in each, and then both together at the rate; twice the rate would be 60 a second.
  expect(admitted).toBeLessThan(2 * rate.burst + 1.4 * rate.perSecond * seconds);
  expect(admitted).toBeGreaterThan(rate.burst);
  await second.api.stop(5_000);
});

test('unknown keys from one address cost no look-up after so many, and known ones go on', async () => {
  const service = await start({ address: { perSecond: 1, burst: 20 } });
  expect((await service.client.get('/v1/accounts')).status).toBe(200);
  const began = performance.now();
  const statuses: number[] = [];
  for (let i = 0; i < 60; i++) {
    const stranger = createTestClient(service.url, createApiKey(service.ledgerId));
    statuses.push((await stranger.get('/v1/accounts')).status);
  }
  const most = 20 + Math.ceil((performance.now() - began) / 1000);
  expect(countOf(statuses, 401)).toBeLessThanOrEqual(most);
  expect(countOf(statuses, 401) + countOf(statuses, 429)).toBe(60);
  expect((await service.client.get('/v1/accounts')).status).toBe(200);
});

test('the address is what trusted proxies say it is, and nobody else', async () => {
  const address = { perSecond: 1, burst: 5 };
  const trusting = await start({ address, trustedProxies: ['127.0.0.1'] });
  const ask = async (service: TestService, from: string) => {
    const apiKey = createApiKey(service.ledgerId);
    const headers = { authorization: `Bearer ${apiKey}`, 'x-forwarded-for': from };
    return (await fetch(`${service.url}/v1/accounts`, { headers })).status;
  };
  for (let i = 0; i < 40; i++) expect(await ask(trusting, `203.0.113.${i}`)).toBe(401);
  const direct = await start({ address });
  const statuses: number[] = [];
  for (let i = 0; i < 40; i++) statuses.push(await ask(direct, `203.0.113.${i}`));
  expect(countOf(statuses, 429)).toBeGreaterThan(0);
});

test('what is refused without a key of the caller’s leaves nothing behind; with one it is kept', async () => {
  const service = await start({});
  const account = await service.client.openAccount();
  const keys = async () => Number((await service.rows('idempotency_keys').count('* as count'))[0]!.count);
  const before = await keys();
  const body = { amount: '5.00', currency: 'USD' };
  const withdraw = (headers = {}) => service.client.post(`/v1/accounts/${account}/withdrawals`, body, headers);
  expect((await withdraw()).body.code).toBe('insufficient_funds');
  expect(await keys()).toBe(before);
  expect((await withdraw({ 'Idempotency-Key': 'mine' })).body.code).toBe('insufficient_funds');
  expect((await withdraw({ 'Idempotency-Key': 'mine' })).headers['idempotent-replayed']).toBe('true');
  expect(await keys()).toBe(before + 1);
});

test('requests that waited behind others on a connection that is gone leave room for the next ones', async () => {
  const service = await start({});
  const key = await createBoundKey(service, await service.client.createParty('Ann'));
  const { port } = new URL(service.url);
  const request = `GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`;
  for (let round = 0; round < 4; round++) {
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request.repeat(20));
    await once(socket, 'data');
    socket.destroy();
  }
  // More than have a turn at once.
  expect(countOf(await send(createTestClient(service.url, key), 40), 200)).toBe(40);
});

test('an answer that nobody reads is given up', async () => {
  const app = express();
  const closed = new Promise<void>((resolve) => {
    app.get('/', (_req, res) => {
      res.once('close', () => resolve());
      res.end(Buffer.alloc(64 * 1024 * 1024));
    });
  });
  const server = createHttpServer({}, app, 100);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await closed;
  socket.destroy();
  server.close();
});
