import { once } from 'node:events';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { holdAccountLock, until, untilLockWaiters, untilSessionsEnded } from '../support/lock-witness.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;
let server: ServerProcess | undefined;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ledger = await createTestLedger(testDatabase.database);
});

afterEach(async () => {
  server?.child.kill('SIGKILL');
  server = undefined;
  await untilSessionsEnded(testDatabase.database);
});

afterAll(() => testDatabase.verifyAndDrop());

async function start(processes: string, settings: Record<string, string> = {}): Promise<ServerProcess> {
  server = await startServerProcess({ DATABASE_URL: testDatabase.url, ...settings }, ['--processes', processes]);
  return server;
}

/** A deposit that is in flight for as long as the row is held. */
async function depositInFlight(server: ServerProcess) {
  const client = createTestClient(server.url, ledger.apiKey);
  const account = await client.openAccount();
  const held = await holdAccountLock(testDatabase.database, account);
  const deposit = client
    .post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }, { Prefer: 'wait=20' })
    .then(
      (answer) => answer.status,
      () => 'cut',
    );
  await untilLockWaiters(testDatabase.database, 1);
  return { held, deposit };
}

async function refusesConnections(server: ServerProcess): Promise<boolean> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = net.connect(Number.parseInt(port, 10), hostname);
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

test.each(['1', '2'])('finishes what is in flight on SIGTERM and exits 0, with %s processes', async (processes) => {
  const server = await start(processes);
  const { held, deposit } = await depositInFlight(server);
  const exit = server.end('SIGTERM');
  await until(() => refusesConnections(server));
  await held.release();
  expect(await deposit).toBe(201);
  expect(await exit).toBe(0);
});

test.each(['1', '2'])('exits at once on a second signal, with %s processes', async (processes) => {
  const server = await start(processes);
  const { held, deposit } = await depositInFlight(server);
  const exit = server.end('SIGTERM');
  await until(() => refusesConnections(server));
  // What comes within half a second is taken for the same signal, as npm passes a group's on.
  const again = setInterval(() => server.child.kill('SIGTERM'), 100);
  expect(await exit).toBe(143);
  clearInterval(again);
  expect(await deposit).toBe('cut');
  await held.release();
});

test('cuts off what is still in flight when the time is over, and says so with its exit code', async () => {
  const server = await start('1', { SHUTDOWN_TIMEOUT_MS: '400' });
  const { held, deposit } = await depositInFlight(server);
  expect(await server.end('SIGTERM')).toBe(1);
  expect(await deposit).toBe('cut');
  await held.release();
});

test.each(['1', '2'])('says in one sentence that the port is taken, with %s processes', async (processes) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as net.AddressInfo;
  const settings = { DATABASE_URL: testDatabase.url, PORT: `${port}`, LOG_LEVEL: 'silent' };
  await expect(startServerProcess(settings, ['--processes', processes])).rejects.toThrow(
    /^the service ended with 1: joint-ledger: Port \d+ is taken: stop the program that has it, or set PORT to another one\.\n$/,
  );
  other.close();
});

test.each(['1', '2'])(
  'says in one sentence that the address is not of this machine, with %s processes',
  async (processes) => {
    const elsewhere = startServerProcess({ DATABASE_URL: testDatabase.url, HOST: '192.0.2.1', LOG_LEVEL: 'silent' }, [
      '--processes',
      processes,
    ]);
    await expect(elsewhere).rejects.toThrow(
      /^the service ended with 1: joint-ledger: This machine has no address 192\.0\.2\.1: .*\n$/,
    );
  },
);

test('is ready when the database is migrated, and not while it is away', async () => {
  const server = await start('1');
  const client = createTestClient(server.url, ledger.apiKey);
  // Where the machine is busy, the database may not have answered in time.
  await until(async () => (await client.get('/readyz')).body.status === 'ready');
  const [latest] = await testDatabase.database('knex_migrations').orderBy('id', 'desc').limit(1);
  await testDatabase.database('knex_migrations').where({ id: latest.id }).delete();
  expect((await client.get('/readyz')).body).toMatchObject({ status: 503, code: 'not_ready' });
  expect((await client.get('/healthz')).status).toBe(200);
});
