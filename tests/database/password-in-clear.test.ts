import { hash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { afterEach, expect, jest, test } from '@jest/globals';
import { createDatabase } from '../../src/database/create-database.ts';
import { isLoopback } from '../../src/database/loopback.ts';
import { openSession } from '../../src/database/open-session.ts';
import { SessionWatch } from '../../src/database/session-watch.ts';

const password = 'hunter2-in-clear';

/** AuthenticationCleartextPassword and AuthenticationMD5Password (PostgreSQL manual, Message Formats). */
const salt = Buffer.from([1, 2, 3, 4]);
const requests = {
  'in clear text': Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]),
  'by MD5': Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, ...salt]),
};
const md5 = (text: string | Buffer) => hash('md5', text);
const answers = {
  'in clear text': password,
  'by MD5': `md5${md5(Buffer.concat([Buffer.from(md5(`${password}user`)), salt]))}`,
};
const ways = ['in clear text', 'by MD5'] as const;

/** A server that asks for the password in this way, and keeps all that it is sent. */
async function startAskingServer(way: keyof typeof requests) {
  let received = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(requests[way]));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (received.includes(answers[way])) socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://user:${password}@127.0.0.1:${port}/ledger`,
    received: () => received,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** The machine of a test may have no other address, so the connection says that it is with one. */
function seemDistant(): void {
  const { connect } = Socket.prototype;
  jest.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    Object.defineProperty(this, 'remoteAddress', { value: '192.0.2.1' });
    return (connect as (...args: unknown[]) => Socket).apply(this, args);
  });
}

afterEach(() => {
  jest.restoreAllMocks();
});

const refused = /asks for the password (in clear text|by MD5), and the connection has no TLS/;
const limits = { applicationName: 'test', connectTimeoutMs: 60_000, statementTimeoutMs: 0 };

test.each(ways)('a distant server without TLS that asks for the password %s does not get it', async (way) => {
  seemDistant();
  const server = await startAskingServer(way);
  await expect(openSession(new SessionWatch(() => {}), { url: server.url, ...limits })).rejects.toThrow(refused);
  const database = createDatabase({ url: server.url, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 60_000 });
  await expect(database.raw('select 1')).rejects.toThrow(refused);
  await database.destroy();
  await server.close();
  expect(server.received()).toContain('user');
  expect(server.received()).not.toContain(answers[way]);
});

test.each(ways)('one on this machine that asks for it %s gets it', async (way) => {
  const server = await startAskingServer(way);
  await expect(openSession(new SessionWatch(() => {}), { url: server.url, ...limits })).rejects.not.toThrow(refused);
  await server.close();
  expect(server.received()).toContain(answers[way]);
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['127.0.0.1.example.com', false],
])('%s is on this machine: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
