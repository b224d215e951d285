import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readTableShapes } from '../../src/cli/table-shapes.ts';
import type { Database } from '../../src/database/create-database.ts';
import { distributedTables } from '../../src/distribute.ts';
import { checkPlace } from '../../src/log/check-place.ts';
import { latestPlace, readLog } from '../../src/log/read-log.ts';
import { controlOf } from '../support/account-control.ts';
import { untilNoted } from '../support/audit-trail.ts';
import { runCommand, spawnCommand, typeCommand } from '../support/command-line.ts';
import { untilLogged } from '../support/event-log.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { writeLongHistory } from '../support/long-history.ts';
import { manyOrFew } from '../support/rounds.ts';
import { inBuild, startServerProcess } from '../support/server-process.ts';
import { openScene } from '../support/shared-scene.ts';
import { makeDue, runDue } from '../support/standing-orders.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { openWebhookScene, type WebhookScene } from '../support/webhook-scene.ts';

let folder: string;
let service: TestService;
let scene: WebhookScene;
let client: TestClient;
let account: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'export-'));
  service = await startTestService({});
  scene = await openWebhookScene(service);
  ({ client } = scene);
  account = await fillLedger();
});

afterAll(async () => {
  await scene.close();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Ends of lines of Unicode, quotes, what SQL and JSON write otherwise, and keys out of their order. */
const awkward = 'A\u2028\u2029\u0085 "quoted" \\ \\n {1,2} ☃ 𝄞 \t\u0001 null';

/** A row in each table, at least. */
async function fillLedger(): Promise<string> {
  const { ledgerId } = scene;
  const { database } = service;
  const books = { ledgerId, database };
  const made = await openScene(client);
  await scene.register();
  const metadata = { z: awkward, a: [1.5, null, { y: 1.5e15, b: 0.1 }] };
  const deposit = { amount: '0.01', currency: 'USD', description: awkward, metadata: { [`k ${awkward}`]: 'x' } };
  for (const sent of [
    client.post(`/v1/accounts/${made.account}/deposits`, { ...deposit, metadata: { z: awkward, a: 'first' } }),
    client.patch(`/v1/accounts/${made.account}`, { metadata, statements: 'monthly' }),
    client.patch(`/v1/parties/${made.party.ann}`, { name: awkward.replaceAll(/\p{Cc}/gu, ''), metadata }),
    controlOf(client, made.foreign.id).restrict({ scope: 'credits' }),
  ]) {
    expect((await sent).body).toMatchObject({ id: expect.any(String) });
  }
  const to = await client.openAccount();
  await issueStatements(to);
  const schedule = { startsAt: '2099-01-01T09:00:00' };
  const order = { fromAccountId: await client.openAccount({ balance: '9.00' }), toAccountId: to, currency: 'USD' };
  const { id } = (await client.post('/v1/standing-orders', { ...order, amount: '5.00', schedule })).body;
  await makeDue(database, ledgerId, [id]);
  expect(await runDue(books)).toBe(1);
  await scene.worker.deliver();
  const [transaction] = await database('transactions').where({ ledger_id: ledgerId }).limit(1);
  await database('booking_time_corrections').insert({
    ...{ ledger_id: ledgerId, transaction_id: transaction.id, corrected_at: '2026-01-02T03:04:05.678Z' },
    ...{ booked_at_before: transaction.booked_at, value_date_before: transaction.value_date },
  });
  await database('failed_work').insert({
    ...{ ledger_id: ledgerId, queue: 'errands', item_id: awkward, attempts: 3, error: awkward },
    ...{ first_failed_at: new Date(), last_failed_at: new Date() },
  });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await database('event_traces').insert({ ledger_id: ledgerId, account_id: to, sequence: 1, traceparent });
  await database('token_issuers').insert({
    ...{ ledger_id: ledgerId, issuer: awkward, jwks: '{"keys":[]}', algorithms: ['ES256'], leeway_seconds: 30 },
    ...{ scopes: ['accounts:read'], created_at: new Date() },
  });
  // What has no position in the log yet.
  await client.openAccount({ balance: '1.00' });
  await untilNoted(books, client);
  return made.account;
}

/** Two, of which the second refers to the first. */
async function issueStatements(accountId: string): Promise<void> {
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
  await service
    .database('accounts')
    .where('id', accountId)
    .update({ created_at: daysAgo(5) });
  for (const days of [3, 2]) {
    const through = daysAgo(days).toISOString().slice(0, 10);
    expect((await client.post(`/v1/accounts/${accountId}/statements`, { through })).status).toBe(201);
  }
}

const file = (name: string) => path.join(folder, name);

function exportTo(name: string, url: string, ledgerId = scene.ledgerId, settings = {}) {
  return spawnCommand(['export', ledgerId, '--to', file(name), '--json'], { DATABASE_URL: url, ...settings });
}

/** How many rows there are of the ledger in each table that the database has. */
async function countAll(database: Database, ledgerId: string): Promise<Record<string, number>> {
  const { rows } = await database.raw(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_name not like 'knex%'",
  );
  const counts: Record<string, number> = {};
  for (const { name } of rows) {
    const ofLedger = { [name === 'ledgers' ? 'id' : 'ledger_id']: ledgerId };
    counts[name] = (await database(name).where(ofLedger)).length;
  }
  return counts;
}

async function withEmptyDatabase(run: (target: TestDatabase) => Promise<void>): Promise<void> {
  const target = await createTestDatabase({});
  try {
    await run(target);
  } finally {
    await target.verifyAndDrop();
  }
}

test('a ledger with something in every table is the same to the byte after it was imported elsewhere', async () => {
  const exported = await exportTo('whole.jsonl', service.databaseUrl);
  expect(exported).toMatchObject({ code: 0, stderr: '' });
  const { rows } = JSON.parse(exported.stdout);
  expect(Object.keys(rows).sort()).toEqual(Object.keys(distributedTables).sort());
  expect(rows).toEqual(await countAll(service.database, scene.ledgerId));
  expect(Object.entries(rows).filter(([, count]) => count === 0)).toEqual([]);
  expect(statSync(file('whole.jsonl')).mode & 0o777).toBe(0o600);
  // Of the ledger that lives beside it there is nothing.
  expect(readFileSync(file('whole.jsonl'), 'utf8')).not.toContain(service.ledgerId);
  await withEmptyDatabase(async ({ url, database }) => {
    const imported = await spawnCommand(['import', file('whole.jsonl'), '--json'], { DATABASE_URL: url });
    expect([imported.code, imported.stderr]).toEqual([0, '']);
    expect(JSON.parse(imported.stdout)).toMatchObject({ ledgerId: scene.ledgerId, rows });
    expect(await countAll(database, scene.ledgerId)).toEqual(rows);
    // In a pipe the ledger alone is on standard output.
    const again = await spawnCommand(['export', scene.ledgerId], { DATABASE_URL: url });
    expect(again.stderr).toBe('');
    expect(again.stdout).toBe(readFileSync(file('whole.jsonl'), 'utf8'));
  });
});

test('every column of every table is in the file', async () => {
  const { rows } = await service.database.raw(
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and table_name not like 'knex%' order by 1`,
  );
  const shapes = await readTableShapes(service.database);
  const known = shapes.flatMap(({ name, ledgerColumn, columns }) =>
    [ledgerColumn, ...columns.map((column) => column.name)].map((column) => `${name}.${column}`),
  );
  expect(known.sort()).toEqual(rows.map(({ name }: { name: string }) => name).sort());
});

test('is of one moment while others write, and locks none of them out', async () => {
  let [isWriting, booked] = [true, 0];
  const callers = Array.from({ length: 4 }, async () => {
    while (isWriting) {
      const deposit = { amount: '0.01', currency: 'USD' };
      expect((await client.post(`/v1/accounts/${account}/deposits`, deposit)).status).toBe(201);
      booked++;
    }
  });
  const before = booked;
  expect(await exportTo('moment.jsonl', service.databaseUrl)).toMatchObject({ code: 0 });
  isWriting = false;
  await Promise.all(callers);
  expect(booked).toBeGreaterThan(before);
  await withEmptyDatabase(async ({ url, database }) => {
    expect((await runCommand(['import', file('moment.jsonl')], database)).code).toBe(0);
    expect((await exportTo('again.jsonl', url)).code).toBe(0);
    expect(readFileSync(file('again.jsonl')).equals(readFileSync(file('moment.jsonl')))).toBe(true);
  });
});

test('a file that is not whole, or not for this database, imports nothing and says why in a line', async () => {
  expect((await exportTo('good.jsonl', service.databaseUrl)).code).toBe(0);
  const good = readFileSync(file('good.jsonl'), 'utf8');
  const lines = good.trimEnd().split('\n');
  const changed = (from: string, to: string) => good.replace(from, to);
  const bad: Array<[string | Buffer, RegExp]> = [
    ['', /cut off/],
    [lines[0]!, /cut off/],
    [`${lines.slice(0, 40).join('\n')}\n`, /cut off/],
    [good.slice(0, -2), /cut off/],
    [good.slice(0, good.length >> 1), /cut off/],
    [`${good}{}\n`, /behind its end/],
    [changed('0.0100', '0.0200'), /SHA-256/],
    [changed('["', '[ "'), /SHA-256/],
    [`${lines.toSpliced(20, 1).join('\n')}\n`, /SHA-256/],
    [changed('"version":1', '"version":2'), /first line/],
    ['externalId,name\n1,Ann\n', /first line/],
    [Buffer.from([0, 1, 2, 255, 10, 10]), /first line/],
  ];
  await withEmptyDatabase(async ({ database }) => {
    for (const [content, why] of bad) {
      writeFileSync(file('bad.jsonl'), content);
      const { code, stdout, stderr } = await runCommand(['import', file('bad.jsonl')], database);
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(why)]);
      expect(stderr).toMatch(/^joint-ledger: [^\n]* Nothing was imported\.\n$/);
      expect(await database('ledgers')).toEqual([]);
    }
    for (const [name, why] of [
      ['nowhere.jsonl', 'ENOENT'],
      ['.', 'EISDIR'],
    ] as const) {
      const unread = await runCommand(['import', file(name)], database);
      const sentence = new RegExp(`^joint-ledger: \\S+ could not be read: ${why}[^\\n]*\\n$`);
      expect([unread.code, unread.stderr]).toEqual([1, expect.stringMatching(sentence)]);
    }
    await database('knex_migrations').insert({ name: '99999999999999_later', batch: 9, migration_time: new Date() });
    const other = await runCommand(['import', file('good.jsonl')], database);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/of the schema \d+_\w+, the database of 9+_/),
    ]);
    await database('knex_migrations').where({ name: '99999999999999_later' }).delete();
  });
  const twice = await runCommand(['import', file('good.jsonl')], service.database);
  expect([twice.code, twice.stderr]).toEqual([1, expect.stringMatching(/^joint-ledger: There is a ledger .* already/)]);
});

test('an export that fails leaves no file behind, and takes the place of none', async () => {
  const { databaseUrl: url } = service;
  const none = await exportTo('none.jsonl', url, '01936f00-0000-7000-8000-00000000abcd');
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/^joint-ledger: There is no ledger/)]);
  expect(readdirSync(folder)).not.toContain('none.jsonl');
  writeFileSync(file('there.jsonl'), 'kept');
  const there = await exportTo('there.jsonl', url);
  expect([there.code, there.stderr]).toEqual([1, expect.stringMatching(/^joint-ledger: [^\n]*EEXIST[^\n]*\n$/)]);
  expect(readFileSync(file('there.jsonl'), 'utf8')).toBe('kept');
  // As on a disk that is full: files may have 4 KB here.
  const program = `'${process.execPath}' '${inBuild('src/cli/joint-ledger.js')}'`;
  const typed = `trap '' XFSZ; ulimit -f 4; ${program} export ${scene.ledgerId} --to '${file('full.jsonl')}'`;
  // Without the notes of its statements, which are a file as well.
  const { STATEMENTS_FOLDER: _folder, NODE_OPTIONS: _options, ...inherited } = process.env;
  const env = { ...inherited, DATABASE_URL: url };
  const full = await promisify(execFile)('bash', ['-c', typed], { env }).catch((error) => error);
  expect([full.code, full.stderr]).toEqual([
    1,
    expect.stringMatching(/^joint-ledger: The ledger could not be written: EFBIG/),
  ]);
  expect(readdirSync(folder)).not.toContain('full.jsonl');
});

test('says in a line that its standard output was closed', async () => {
  const program = `'${process.execPath}' '${inBuild('src/cli/joint-ledger.js')}' export ${scene.ledgerId}`;
  const env = { ...process.env, DATABASE_URL: service.databaseUrl };
  // The other end reads nothing, and is closed before anything is written.
  const ended = await promisify(execFile)(
    'bash',
    ['-c', `exec 3>&1; (${program} 2>&3; echo "code $?" >&3) | exec true`],
    { env },
  );
  expect(ended.stdout).toMatch(/^joint-ledger: Standard output was closed before the end [^\n]*\ncode 1\n$/);
});

test('readers of the log go on behind their cursor, and a paused service calls nobody', async () => {
  await untilLogged({ database: service.database, ledgerId: scene.ledgerId });
  const seen = await latestPlace({ knex: service.database, ledgerId: scene.ledgerId });
  expect((await exportTo('log.jsonl', service.databaseUrl)).code).toBe(0);
  await withEmptyDatabase(async ({ url, database }) => {
    expect((await runCommand(['import', file('log.jsonl')], database)).code).toBe(0);
    const source = { knex: database, ledgerId: scene.ledgerId };
    const { length } = scene.receiver.received;
    const settings = { ...localWebhookSettings, WORKERS: 'off' };
    const paused = await startServerProcess({ DATABASE_URL: url, ...settings });
    const apiKey = (await runCommand(['key', 'create', scene.ledgerId, 'Copy', '--scopes', 'all', '--json'], database))
      .stdout;
    const copied = createTestClient(paused.url, JSON.parse(apiKey).apiKey);
    const deposit = { amount: '1.00', currency: 'USD' };
    expect((await copied.post(`/v1/accounts/${account}/deposits`, deposit)).status).toBe(201);
    expect(await paused.end('SIGTERM')).toBe(0);
    expect([scene.receiver.received.length, await latestPlace(source)]).toEqual([length, seen]);

    await untilLogged({ database });
    await checkPlace(source, seen);
    const { events } = await readLog(source, { after: seen.position, limit: 2 });
    expect(events.map(({ type, place }) => [type, place.position, place.number])).toEqual([
      ['log.continued', seen.position + 1, seen.number + 1],
      ['transaction.booked', seen.position + 2, seen.number + 1],
    ]);
  });
});

test('shows at a terminal how far it is', async () => {
  const exported = await typeCommand(['export', scene.ledgerId, '--to', file('typed.jsonl')], {
    DATABASE_URL: service.databaseUrl,
  });
  if (exported === undefined) return;
  expect(exported).toMatchObject({ code: 0, shown: expect.stringMatching(/ of \d+, .*as secret as the database/s) });
  await withEmptyDatabase(async ({ url }) => {
    const imported = await typeCommand(['import', file('typed.jsonl')], { DATABASE_URL: url });
    expect(imported).toMatchObject({ code: 0, shown: expect.stringMatching(/ of \d+, .*is imported/s) });
  });
});

/** Of a machine that has other work: a million rows are written twice and read twice. */
const halfAnHour = 1_800_000;

test(
  'takes no more memory for a million entries than for few',
  async () => {
    const source = await createTestDatabase({});
    const { ledgerId } = await createTestLedger(source.database);
    const transactions = manyOrFew(500_000, 50_000);
    await writeLongHistory(source.database, ledgerId, { transactions, secondsApart: 100 });
    const small = { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --max-old-space-size=40` };
    const exported = await exportTo('long.jsonl', source.url, ledgerId, small);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(exported.stdout).rows.entries).toBe(2 * transactions);
    await withEmptyDatabase(async ({ url, database }) => {
      await killImport(url, database);
      expect(await database('ledgers')).toEqual([]);
      const imported = await spawnCommand(['import', file('long.jsonl')], { DATABASE_URL: url, ...small });
      expect(imported).toMatchObject({ code: 0, stderr: '' });
      expect((await exportTo('long-again.jsonl', url, ledgerId, small)).code).toBe(0);
      expect(JSON.parse(exported.stdout).sha256).toBe(lastLine('long-again.jsonl').sha256);
    });
    await source.verifyAndDrop();
  },
  halfAnHour,
);

/** Kills an import of many rows when it has begun to write them, and waits until its session has ended. */
async function killImport(url: string, database: Database): Promise<void> {
  const env = { ...process.env, DATABASE_URL: url };
  const child = spawn(process.execPath, [inBuild('src/cli/joint-ledger.js'), 'import', file('long.jsonl')], { env });
  const sessions = (state: string) =>
    database('pg_stat_activity')
      .whereRaw("datname = current_database() and application_name = 'joint-ledger cli'")
      .where('query', 'like', state)
      .pluck('pid');
  await until(async () => (await sessions('insert into "entries"%')).length > 0);
  child.kill('SIGKILL');
  await until(async () => (await sessions('%')).length === 0);
}

function lastLine(name: string): { sha256: string } {
  const text = readFileSync(file(name), 'latin1').trimEnd();
  return JSON.parse(text.slice(text.lastIndexOf('\n') + 1));
}
