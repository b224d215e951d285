import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from '@jest/globals';
import { createSelfSignedCertificate } from '../support/self-signed-certificate.ts';
import { startServerProcess } from '../support/server-process.ts';
import { withDatabaseName } from '../support/template-database.ts';
import { createTestDatabase } from '../support/test-database.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Something that answers a client's wish for TLS, and is no PostgreSQL otherwise. */
async function startFakeServer(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** All that a start says which must fail, without its log. */
async function failedStart(databaseUrl: string): Promise<string> {
  try {
    await startServerProcess({ DATABASE_URL: databaseUrl, LOG_LEVEL: 'silent', NODE_NO_WARNINGS: '1' });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the service started');
}

const oneSentence = /^the service ended with 1: joint-ledger: [A-Z][^\n]*\.\n$/;

test('a server without TLS, where DATABASE_URL asks for it', async () => {
  const port = await startFakeServer((socket) => socket.end('N'));
  const said = await failedStart(`postgres://u:hunter2@127.0.0.1:${port}/x?sslmode=require`);
  expect(said).toMatch(oneSentence);
  expect(said).toMatch(
    /The database offers no TLS, which DATABASE_URL asks for \(.*\): switch it on in the server, or/,
  );
});

test('a certificate that nobody vouches for, and one for another host', async () => {
  const certificate = createSelfSignedCertificate('elsewhere.example');
  const port = await startFakeServer((socket) => {
    socket.write('S');
    const secureContext = createSecureContext(certificate);
    new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => {});
  });
  const url = `postgres://u:hunter2@127.0.0.1:${port}/x?sslmode=verify-full`;
  const untrusted = await failedStart(url);
  expect(untrusted).toMatch(oneSentence);
  expect(untrusted).toMatch(
    /The certificate of the database is not trusted \(self-signed certificate\): .*sslrootcert/,
  );

  const folder = mkdtempSync(path.join(os.tmpdir(), 'authority-'));
  const authority = path.join(folder, 'authority.pem');
  writeFileSync(authority, certificate.cert);
  const mismatch = await failedStart(`${url}&sslrootcert=${authority}`);
  rmSync(folder, { recursive: true });
  expect(mismatch).toMatch(oneSentence);
  expect(mismatch).toMatch(/The certificate of the database is for another host \(.*127\.0\.0\.1.*\): name the host/);
});

test('a migration that finds its table there already', async () => {
  const { url, database, verifyAndDrop } = await createTestDatabase({ empty: true });
  await database.raw('create table parties (name text)');
  const said = await failedStart(url);
  expect(said).toMatch(oneSentence);
  expect(said).toMatch(
    /The migration \d{14}_\w+ failed: relation "parties" already exists \(SQLSTATE 42P07\)\. Nothing of it was kept\. /,
  );
  expect(said).not.toMatch(/create table/i);
  expect(await database('parties')).toEqual([]);
  await verifyAndDrop();
});

test('a database that takes no writes', async () => {
  const { url, database, verifyAndDrop } = await createTestDatabase({ empty: true });
  await database.raw('alter database ?? set default_transaction_read_only = on', [new URL(url).pathname.slice(1)]);
  const said = await failedStart(url);
  expect(said).toMatch(oneSentence);
  expect(said).toMatch(/is a standby or read-only \(it takes no writes\): name one/);
  await verifyAndDrop();
});

test('sessions that the server does not give', async () => {
  const serverUrl = process.env.TEST_SERVER_URL!;
  const closed = await failedStart(withDatabaseName(serverUrl, 'template0'));
  expect(closed).toMatch(oneSentence);
  expect(closed).toMatch(/does not take the session .*"template0" is not currently accepting connections/);
  const odd = await failedStart(`${withDatabaseName(serverUrl, 'postgres')}?options=-c%20nonsense%3D1`);
  expect(odd).toMatch(oneSentence);
  expect(odd).toMatch(/does not take the session .*unrecognized configuration parameter "nonsense"/);
});
