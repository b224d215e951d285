import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnCommand } from '../support/command-line.ts';
import { dumpSchema } from '../support/dump-schema.ts';
import { until } from '../support/lock-witness.ts';
import { createNextVersion, type NextVersion } from '../support/next-version.ts';
import { projectFolder, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { type SteadyLoad, startSteadyLoad } from '../support/steady-load.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';

// The way of an upgrade as docs/upgrading.md tells it to an operator: this build is the version before, and a copy of
// it with a migration of its own is the next one.

const { version: thisVersion } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
const opening = 1000;
/** Behind all migrations of this build. */
const [expand, halfway] = ['29990101000000_batch_marks', '29990102000000_halfway'];

let testDatabase: TestDatabase;
let next: NextVersion;
let processes: ServerProcess[];
let load: SteadyLoad;
let older: ServerProcess;
let accountIds: string[];

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  next = createNextVersion('99.0.0');
  processes = [];
  const { apiKey } = await createTestLedger(testDatabase.database);
  older = await start();
  const client = createTestClient(older.url, apiKey);
  accountIds = [];
  for (let count = 0; count < 3; count++) accountIds.push(await client.openAccount({ balance: `${opening}.00` }));
  load = startSteadyLoad({ apiKey, accountIds, callers: 4, urls: [older.url] });
});

afterEach(async () => {
  await load.giveUp();
  for (const { child } of processes) child.kill('SIGKILL');
  next.remove();
  await testDatabase.verifyAndDrop();
});

/** Starts two API processes of this build, or of another one's `program`, and the workers. */
async function start(program?: string): Promise<ServerProcess> {
  const started = await startServerProcess({ DATABASE_URL: testDatabase.url }, ['--processes', '2'], program);
  processes.push(started);
  return started;
}

/** Waits until so many calls more were answered, or until one was refused. */
async function untilAnswered(more = 60): Promise<void> {
  const before = load.answered.length;
  await until(async () => load.answered.length > before + more || refused().length > 0);
  expect(refused()).toEqual([]);
}

/** The first few of those that came to nothing. */
const refused = () => load.answered.filter(({ status }) => status !== 201).slice(0, 3);

async function versionOf({ url }: ServerProcess): Promise<string | undefined> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^joint_ledger_build_info\{.*version="([^"]+)"/m.exec(metrics)?.[1];
}

/** Ends the load, and proves that what was answered is what was booked. */
async function expectBookedOnce(): Promise<void> {
  await load.stop();
  expect(refused()).toEqual([]);
  const { database } = testDatabase;
  const openings = accountIds.length;
  const ids = load.answered.map(({ text }) => JSON.parse(text).id);
  expect(new Set(ids).size).toBe(ids.length);
  const booked = new Set(await database('transactions').pluck('id'));
  expect([booked.size, ids.filter((id) => !booked.has(id))]).toEqual([ids.length + openings, []]);
  for (const id of accountIds) {
    const balance = load.answered.reduce((sum, { changes }) => sum + (changes[id] ?? 0), opening);
    const [row] = await database('accounts').where({ id }).select(database.raw('trunc(balance, 2)::text as balance'));
    expect(row.balance).toBe(`${balance}.00`);
  }
  const verified = await spawnCommand(['verify'], { DATABASE_URL: testDatabase.url }, next.command);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
}

test('the next version migrates and takes over while callers move money, and the version before may come back', async () => {
  next.putMigration(
    expand,
    "await knex.raw('alter table transactions add column batch_mark text');" +
      "await knex.raw('create index ledgers_by_name on ledgers (name)');",
  );
  await untilAnswered();
  const newer = await start(next.service);
  expect(await testDatabase.database('knex_migrations').pluck('name')).toContain(expand);
  load.urls = [older.url, newer.url];
  await untilAnswered();
  expect([await versionOf(older), await versionOf(newer)]).toEqual([thisVersion, next.version]);

  // Calls go on arriving at the one that stops, and are sent again to the other.
  expect(await older.end('SIGTERM')).toBe(0);
  await until(async () => load.retries > 0);
  load.urls = [newer.url];
  await untilAnswered();

  const back = await start();
  load.urls = [newer.url, back.url];
  await untilAnswered();
  expect(await newer.end('SIGTERM')).toBe(0);
  load.urls = [back.url];
  await untilAnswered();
  // Keys are those of the database, not of a version.
  for (const call of [load.answered[0]!, load.answered.at(-1)!]) expect(await load.send(call)).toEqual(call);
  await expectBookedOnce();
  expect(await versionOf(back)).toBe(thisVersion);
  expect(await back.end('SIGTERM')).toBe(0);
});

const rulesOut = "await knex.raw(`alter table accounts add constraint accounts_renamed check (name <> 'Test')`);";
const failures = [
  {
    ending: rulesOut,
    reason: 'check constraint "accounts_renamed" of relation "accounts" is violated by some row (SQLSTATE 23514).',
  },
  { ending: "throw new Error('The ledger has no mark.');", reason: 'The ledger has no mark.' },
];

test('a migration that fails halfway leaves the version before at work on the schema that it had', async () => {
  const { database } = testDatabase;
  const half = "await knex.raw('alter table transactions add column half text');";
  const schemaOf = async () => [await dumpSchema(database), await database('knex_migrations').pluck('name')];
  const before = await schemaOf();
  for (const { ending, reason } of failures) {
    next.putMigration(halfway, half + ending);
    await untilAnswered();
    const settings = { LOG_LEVEL: 'silent', NODE_NO_WARNINGS: '1', DATABASE_URL: testDatabase.url };
    const failing = startServerProcess(settings, ['--processes', '2'], next.service);
    await expect(failing).rejects.toThrow(
      `the service ended with 1: joint-ledger: The migration ${halfway} failed: ${reason} Nothing of it was kept. ` +
        'The version before goes on working on this database. ' +
        'Put right what is named here, or take a version that corrects it, and start again.\n',
    );
    expect(await schemaOf()).toEqual(before);
  }
  await untilAnswered();
  expect((await fetch(`${older.url}/readyz`)).status).toBe(200);

  next.putMigration(halfway, half);
  const corrected = await start(next.service);
  load.urls = [older.url, corrected.url];
  await untilAnswered();
  expect(await database('knex_migrations').pluck('name')).toEqual([...before[1]!, halfway]);
  expect(await older.end('SIGTERM')).toBe(0);
  load.urls = [corrected.url];
  await untilAnswered();
  await expectBookedOnce();
  expect(await corrected.end('SIGTERM')).toBe(0);
});
