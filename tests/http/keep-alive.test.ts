import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import { pino } from 'pino';
import { listenHttp } from '../../src/process/listen-http.ts';
import { startServerProcess } from '../support/server-process.ts';
import { createTestDatabase } from '../support/test-database.ts';

/** Sends a request and leaves the connection open; answers the head of the answer. */
async function ask(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [chunk] = await once(socket, 'data');
  return chunk.toString('latin1');
}

test('keeps an idle connection for as long as is set, and says so', async () => {
  const app = express().get('/', (_req, res) => {
    res.end('here');
  });
  const address = { host: '127.0.0.1', port: 0, logger: pino({ level: 'silent' }) };
  const [short, long] = [
    await listenHttp(app, { ...address, keepAliveTimeoutMs: 1_000 }),
    await listenHttp(app, { ...address, keepAliveTimeoutMs: 600_000 }),
  ];
  const [shortSocket, longSocket] = [connect(short.port, '127.0.0.1'), connect(long.port, '127.0.0.1')];
  let isLongOpen = true;
  longSocket.once('close', () => (isLongOpen = false));
  expect(await ask(longSocket)).toMatch(/^Keep-Alive: timeout=600\r$/m);
  const startedAt = performance.now();
  expect(await ask(shortSocket)).toMatch(/^Keep-Alive: timeout=1\r$/m);
  await once(shortSocket, 'close');
  // Node gives a little more than it says.
  expect(performance.now() - startedAt).toBeGreaterThan(900);
  expect(isLongOpen).toBe(true);
  expect(await ask(longSocket)).toMatch(/^HTTP\/1\.1 200 /);
  await Promise.all([short.stop(1_000), long.stop(1_000)]);
});

test.each([[['--processes', '1']], [['--processes', '2']], [['--role', 'worker']]])(
  'the setting reaches a service with %j',
  async (args) => {
    const { url, verifyAndDrop } = await createTestDatabase();
    const service = await startServerProcess({ DATABASE_URL: url, KEEP_ALIVE_TIMEOUT_MS: '7000' }, args);
    expect((await fetch(`${service.url}/healthz`)).headers.get('keep-alive')).toBe('timeout=7');
    expect(await service.end('SIGTERM')).toBe(0);
    await verifyAndDrop();
  },
);
