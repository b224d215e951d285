import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import type { EmbeddedServer } from '../../src/database/embedded/embedded-server.ts';
import { formatPlace } from '../../src/log/log-place.ts';
import { readLog } from '../../src/log/read-log.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { createDatabaseServers, type DatabaseServers, runOn } from '../support/database-servers.ts';
import { type FaultyProxy, startFaultyProxy } from '../support/faulty-proxy.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { believed, type LogReader, startPoller, startStreamReader } from '../support/log-readers.ts';
import { pay, sign } from '../support/payment-orders.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { migrateDatabase, startWithStandby } from '../support/standby-servers.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger, type TestLedger } from '../support/test-database.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

// The service goes on running while its database is put back, fails over or moves. Whoever reads the log must have been
// told everything in the end, once and in order, or that the log forked.

let servers: DatabaseServers;
let proxy: FaultyProxy;
let service: ServerProcess;
let receiver: WebhookReceiver;
let ledger: TestLedger;
let client: TestClient;
let readers: LogReader[];
let traffic: Traffic | undefined;

interface Traffic {
  /** How many rounds have been booked. */
  rounds(): number;
  stop(): Promise<void>;
}

beforeAll(async () => {
  servers = createDatabaseServers();
  const migrated = await servers.start('migrated');
  await migrateDatabase(migrated.url);
  await migrated.stop();
  // No machine fails here, only servers.
  appendFileSync(path.join(servers.data('migrated'), 'postgresql.conf'), '\nfsync = off\n');
});

afterAll(() => servers.stopAll());

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  traffic = undefined;
});

afterEach(async () => {
  await traffic?.stop();
  service?.child.kill('SIGKILL');
  await proxy?.close();
  await receiver.close();
  await servers.stopRunning();
});

/** A first server with a ledger and what else its configuration says, stopped. */
async function prepare(settings = ''): Promise<void> {
  servers.copy('migrated', 'first');
  const first = await servers.start('first');
  const database = openDatabase(first.url);
  ledger = await createTestLedger(database);
  await database.destroy();
  appendFileSync(path.join(servers.data('first'), 'postgresql.conf'), settings);
  await first.stop();
}

function openDatabase(url: string): Database {
  return createDatabase({ url, poolSize: 2, applicationName: 'test', acquireTimeoutMs: 10_000 });
}

/** Starts the service on a server by way of the proxy, its readers, and traffic that goes on until it is stopped. */
async function serve(server: EmbeddedServer): Promise<void> {
  proxy = await startFaultyProxy(server.url);
  const settings = { DATABASE_URL: proxy.url, ...localWebhookSettings, LAB: 'off' };
  service = await startServerProcess(settings);
  client = createTestClient(service.url, ledger.apiKey);
  const { status } = await client.post('/v1/webhook-endpoints', { url: `${receiver.url}/hooks`, ordered: true });
  expect(status).toBe(201);
  readers = [startPoller(service.url, ledger.apiKey), startStreamReader(service.url, ledger.apiKey)];
  traffic = await startTraffic();
}

/** A joint account on which two sign, holds and a standing order. What can't be had at the moment is left out. */
async function startTraffic(): Promise<Traffic> {
  const holders = { ann: {}, bob: {} };
  const bands = [{ rule: 'any', upTo: '5.00' }, { rule: 'all' }];
  const joint = await openJointAccount(client, holders, { balance: '100000.00', mandate: () => ({ bands }) });
  const other = await client.openAccount({ balance: '10.00' });
  const standing = {
    ...{ fromAccountId: joint.id, toAccountId: other, amount: '1.00', currency: 'USD' },
    schedule: { start: new Date(Date.now() + 300).toISOString(), every: 'day' },
  };
  await client.post('/v1/standing-orders', standing);
  let [going, rounds] = [true, 0];
  async function round(): Promise<void> {
    const { ann, bob } = joint.party;
    await pay(client, joint.id, { amount: '1.00', toAccountId: other, initiatedBy: ann });
    const order = await pay(client, joint.id, { amount: '6.00', initiatedBy: ann });
    if (order.status === 202) await sign(client, order.body, bob!);
    const held = await client.post('/v1/holds', { accountId: joint.id, amount: '2.00', currency: 'USD' });
    if (held.status === 201) await client.post(`/v1/holds/${held.body.id}/void`);
    const paid = await client.post(`/v1/accounts/${other}/deposits`, { amount: '1.00', currency: 'USD' });
    if (paid.status === 201) rounds++;
  }
  const callers = Array.from({ length: 3 }, async () => {
    while (going) await round();
  });
  return {
    rounds: () => rounds,
    async stop() {
      going = false;
      await Promise.all(callers);
    },
  };
}

async function untilMoved(more: number): Promise<void> {
  const before = traffic!.rounds();
  await until(async () => traffic!.rounds() >= before + more);
}

/** Lets traffic go on for a while on the server that is left, and looks at what everybody has seen in the end. */
async function expectAllTold(server: EmbeddedServer): Promise<{ forks: number[]; events: number }> {
  await untilMoved(10);
  await traffic!.stop();
  const database = openDatabase(server.url);
  await until(async () => (await database('log_inbox').select('stamp').limit(1)).length === 0);
  const source = { knex: database, ledgerId: ledger.ledgerId };
  const ids: string[] = [];
  for (let after = -1; ; ) {
    const { events, lookedTo } = await readLog(source, { after, limit: 500 });
    if (lookedTo === null) break;
    ids.push(...events.map(({ place }) => formatPlace(place)));
    after = lookedTo.position;
  }
  for (const reader of readers) expect(await reader.end(ids.at(-1)!)).toEqual(ids);
  // The endpoint was made before the traffic, and is told of all that came after it.
  const first = believed(receiver.received)[0]!;
  const told = ids.slice(ids.indexOf(first));
  await until(async () => believed(receiver.received).length >= told.length);
  expect(believed(receiver.received)).toEqual(told);
  expect(await verifyBooks(database)).toEqual([]);
  await database.destroy();
  return { forks: readers.map(({ forks }) => forks), events: ids.length };
}

/** Sends what connects from now on to another server. */
function moveTo(server: EmbeddedServer): void {
  proxy.reroute(server.url);
  proxy.cut();
  proxy.heal();
}

test('a copy of the data folder that is put back', async () => {
  await prepare();
  const before = await servers.start('first');
  await serve(before);
  await untilMoved(10);
  await before.stop();
  servers.copy('first', 'backup');
  const first = await servers.start('first');
  moveTo(first);
  await untilMoved(20);
  await first.stop();
  const second = await servers.start('backup');
  moveTo(second);
  const { forks } = await expectAllTold(second);
  for (const count of forks) expect(count).toBe(1);
});

test('an asynchronous standby that is promoted without the last commits', async () => {
  await prepare();
  const { primary, standby } = await startWithStandby(servers, 'first', 'standby');
  await serve(primary);
  await untilMoved(10);
  await runOn(standby.url, "alter system set primary_conninfo = ''");
  await runOn(standby.url, 'select pg_reload_conf()');
  await until(async () => (await runOn(primary.url, 'select 1 from pg_stat_replication')).length === 0);
  await untilMoved(30);
  await primary.stop();
  await runOn(standby.url, 'select pg_promote()');
  moveTo(standby);
  const { forks } = await expectAllTold(standby);
  for (const count of forks) expect(count).toBe(1);
});

test('a synchronous standby that is promoted', async () => {
  await prepare();
  const { primary, standby } = await startWithStandby(servers, 'first', 'standby');
  await until(async () => (await runOn(primary.url, 'select 1 from pg_stat_replication')).length === 1);
  await runOn(primary.url, "alter system set synchronous_standby_names = '*'");
  await runOn(primary.url, 'select pg_reload_conf()');
  await serve(primary);
  await untilMoved(20);
  await primary.stop();
  await runOn(standby.url, 'select pg_promote()');
  moveTo(standby);
  const { forks } = await expectAllTold(standby);
  expect(forks).toEqual([0, 0]);
});

test.each([
  ['lower', 0],
  ['higher', 5_000],
])(
  'a dump that is restored to another cluster, whose transaction ids are %s, while the service runs',
  async (_, burnt) => {
    await prepare();
    const first = await servers.start('first');
    await serve(first);
    await untilMoved(10);
    const second = await startOther(burnt);
    await copyBooks(first.url, second.url);
    await untilMoved(20);
    moveTo(second);
    await first.stop();
    const { forks } = await expectAllTold(second);
    for (const count of forks) expect(count).toBe(1);
  },
);

test('logical replication, whose subscriber takes over', async () => {
  await prepare("\nwal_level = 'logical'\n");
  const first = await servers.start('first');
  const second = await startOther(0);
  const names = 'knex_migrations, knex_migrations_lock';
  await runOn(second.url, `truncate ${names}`);
  await runOn(first.url, 'create publication books for all tables');
  const { port, username, password } = new URL(first.url);
  const conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password} dbname=ledger`;
  await runOn(second.url, `create subscription books connection '${conninfo}' publication books`);
  await serve(first);
  await untilMoved(20);
  // What is answered from here on could not be replicated any more.
  proxy.swallow();
  proxy.cut();
  const [{ lsn }] = (await runOn(first.url, 'select pg_current_wal_lsn() as lsn')) as [{ lsn: string }];
  const isBehind = `select 1 from pg_stat_replication where replay_lsn < '${lsn}'`;
  await until(async () => (await runOn(first.url, isBehind)).length === 0);
  await runOn(second.url, 'drop subscription books');
  await first.stop();
  moveTo(second);
  const { forks } = await expectAllTold(second);
  expect(forks).toEqual([0, 0]);
});

/** Another server with the schema, which has used up so many transaction ids. */
async function startOther(burntIds: number): Promise<EmbeddedServer> {
  servers.copy('migrated', 'second');
  const second = await servers.start('second');
  if (burntIds > 0) {
    await runOn(
      second.url,
      `do $$ begin for i in 1..${burntIds} loop perform pg_current_xact_id(); commit; end loop; end $$`,
    );
  }
  return second;
}

/** As a dump that is restored: every table as one snapshot has it. */
async function copyBooks(from: string, to: string): Promise<void> {
  const [source, target] = [openDatabase(from), openDatabase(to)];
  await source.transaction(
    async (snapshot) => {
      const tables: string[] = await snapshot('pg_tables').where('schemaname', 'public').pluck('tablename');
      await target.transaction(async (copy) => {
        await copy.raw('set local session_replication_role = replica');
        for (const table of tables.filter((name) => !name.startsWith('knex_'))) {
          const { rows } = await snapshot.raw('select json_agg(t)::text as rows from ?? t', [table]);
          if (rows[0].rows === null) continue;
          await copy.raw('insert into ?? select * from json_populate_recordset(null::??, ?::json)', [
            ...[table, table, rows[0].rows],
          ]);
        }
      });
    },
    { isolationLevel: 'repeatable read' },
  );
  await source.destroy();
  await target.destroy();
}
