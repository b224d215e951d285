import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import {
  EmbeddedServerError,
  findRunningEmbeddedServer,
  startEmbeddedServer,
} from '../../src/database/embedded/embedded-server.ts';
import { until } from '../support/lock-witness.ts';
import { inBuild } from '../support/server-process.ts';

const room = pathToFileURL(inBuild('src/database/embedded/')).href;
const database = 'ledger';
const log = () => {};
/** A data folder that all tests go on with for which the first start is not what matters: to make one takes seconds. */
let usedDir: string;
let folder: string;
let dataDir: string;
let children: ChildProcess[];

beforeAll(async () => {
  usedDir = path.join(makeFolder(), 'data');
  await (await startEmbeddedServer({ dataDir: usedDir, database, log })).stop();
});

afterAll(() => fs.rmSync(path.dirname(usedDir), { recursive: true, force: true }));

beforeEach(() => {
  folder = makeFolder();
  dataDir = path.join(folder, 'data');
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  if (fs.existsSync(dataDir) && (await findRunningEmbeddedServer({ dataDir, database })) !== undefined) {
    await (await startEmbeddedServer({ dataDir, database, log })).stop();
  }
  fs.rmSync(folder, { recursive: true, force: true });
});

function makeFolder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'emb-test-'));
  fs.chmodSync(made, 0o755); // for root, whose server runs as another user
  return made;
}

test('keeps data, port and password from the first start to the second', async () => {
  const first = await startEmbeddedServer({ dataDir, database, log });
  await query(first.url, 'create table kept as select 42 as answer');
  expect(fs.statSync(path.join(first.folder, 'joint-ledger.password')).mode & 0o777).toBe(0o600);
  expect(await query(first.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect(await query(first.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  await first.stop();
  expect(await isUp(first.url)).toBe(false);

  const second = await startEmbeddedServer({ dataDir, database, log });
  expect(second.url).toBe(first.url);
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await second.stop();
});

test('the service is no superuser there, and owns what builds before wrote as one', async () => {
  const first = await startEmbeddedServer({ dataDir, database, log });
  const { username } = new URL(first.url);
  const password = fs.readFileSync(path.join(first.folder, 'joint-ledger.password'), 'utf8');
  const superuser = new URL(first.url);
  superuser.username = 'ledger';
  superuser.password = password;
  // As it was before: all belongs to the superuser, and there is no other.
  await query(superuser.href, `reassign owned by ${username} to ledger`);
  await query(superuser.href, `alter database ledger owner to ledger`);
  await query(superuser.href, 'create table of_before as select 7 as answer');
  await query(superuser.href, 'create table counted (id bigint generated always as identity, n serial)');
  await query(superuser.href, 'create schema lab_of_before create table inside (answer int)');
  await query(superuser.href, 'create function told() returns int language sql as $$ select 1 $$');
  await first.stop();

  const second = await startEmbeddedServer({ dataDir, database, log });
  expect(second.url).toBe(first.url);
  const [role] = await query(second.url, 'select * from pg_roles where rolname = current_user');
  expect(role).toMatchObject({ rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false });
  await query(second.url, 'alter table of_before add column more int');
  await query(second.url, 'alter table lab_of_before.inside add column more int');
  await query(second.url, 'drop table counted');
  await query(second.url, 'drop function told()');
  await query(second.url, 'create schema another');
  await expect(query(second.url, "select pg_read_file('PG_VERSION')")).rejects.toThrow(/permission denied/);
  await expect(query(second.url, 'create role other')).rejects.toThrow(/permission denied/);
  expect(await findRunningEmbeddedServer({ dataDir, database })).toBe(second.url);
  await second.stop();
});

test('two first starts at once share one server, which stays until the last of them stops', async () => {
  const [a, b] = await Promise.all([startInChild(), startInChild()]);
  expect(a.url).toBe(b.url);
  expect(fs.readdirSync(dataDir)).toHaveLength(1);

  const user = new pg.Client(a.url);
  user.on('error', () => {}); // the last stop cuts this session: it is not a mark of use
  await user.connect();
  await a.stop();
  expect(await isUp(b.url)).toBe(true);
  await b.stop();
  expect(await isUp(b.url)).toBe(false);
  await user.end().catch(() => {});
});

test('attaches to the server that a killed process left behind', async () => {
  dataDir = usedDir;
  const owner = await startInChild();
  await owner.end('SIGKILL');
  expect(await findRunningEmbeddedServer({ dataDir, database })).toBe(owner.url);
  const before = await query(owner.url, 'select pg_postmaster_start_time()::text as since');

  const heir = await startEmbeddedServer({ dataDir, database, log });
  expect(heir.url).toBe(owner.url);
  expect(await query(heir.url, 'select pg_postmaster_start_time()::text as since')).toEqual(before);
  await heir.stop();
  expect(await isUp(heir.url)).toBe(false);
});

test('brings a killed PostgreSQL back on the same port with what was committed', async () => {
  dataDir = usedDir;
  const messages: string[] = [];
  const server = await startEmbeddedServer({ dataDir, database, log: (message) => messages.push(message) });
  await query(server.url, 'create table kept as select 42 as answer');
  process.kill(postmasterPid(server.folder), 'SIGKILL');
  await until(async () => messages.some((message) => message.includes('runs again')));
  expect(await query(server.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await server.stop();
});

test('starts on data whose PostgreSQL was killed together with its owner', async () => {
  dataDir = usedDir;
  const owner = await startInChild();
  const pid = postmasterPid(path.join(dataDir, fs.readdirSync(dataDir)[0]!));
  await owner.end('SIGKILL');
  process.kill(pid, 'SIGKILL');

  const heir = await startEmbeddedServer({ dataDir, database, log });
  expect(await isUp(heir.url)).toBe(true);
  await heir.stop();
});

test('a newcomer has a working server however closely it follows a stop', async () => {
  dataDir = usedDir;
  let last = await startEmbeddedServer({ dataDir, database, log });
  for (let round = 0; round < 4; round++) {
    const leaving = last.stop();
    await sleep(round * 5);
    last = await startEmbeddedServer({ dataDir, database, log });
    await leaving;
    expect(await query(last.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  }
  await last.stop();
});

test('stopNow stops the server after the process is gone', async () => {
  dataDir = usedDir;
  const owner = await startInChild();
  await owner.tell('stopNow');
  await until(async () => !(await isUp(owner.url)));
});

test('says in one sentence what is wrong with the data folder', async () => {
  fs.writeFileSync(path.join(folder, 'file'), '');
  await expectOneSentence(path.join(folder, 'file', 'data'), /file.*set DATA_DIR to a folder you can write to/);

  dataDir = usedDir;
  const versionFile = path.join(dataDir, fs.readdirSync(dataDir)[0]!, 'PG_VERSION');
  const version = fs.readFileSync(versionFile);
  fs.writeFileSync(versionFile, 'gibberish');
  await expectOneSentence(dataDir, /PG_VERSION is damaged.*restore/);
  fs.writeFileSync(versionFile, '12\n');
  await expectOneSentence(dataDir, /made by PostgreSQL 12.*set POSTGRES_BIN/);
  fs.writeFileSync(versionFile, version);
});

test('refuses to begin an empty ledger beside the data of another major version', async () => {
  dataDir = usedDir;
  const [cluster, older] = [path.join(dataDir, fs.readdirSync(dataDir)[0]!), path.join(dataDir, 'postgresql-12')];
  fs.renameSync(cluster, older);
  await expectOneSentence(dataDir, /postgresql-12 was made by PostgreSQL 12/);
  fs.renameSync(older, cluster);
});

test('the ephemeral server survives Ctrl-C, and is stopped and deleted when its owner is killed', async () => {
  const owner = await startInChild('ephemeral');
  const [row] = await query(
    owner.url,
    `select current_setting('data_directory') as place, current_setting('fsync') as fsync`,
  );
  expect(row).toMatchObject({ fsync: 'off' });
  const place = String(row!.place);
  process.kill(-owner.pid, 'SIGINT'); // the child ignores it, as a test runner in the middle of its clean-up would
  await sleep(300);
  expect(await isUp(owner.url)).toBe(true);

  await owner.end('SIGKILL');
  await until(async () => !(await isUp(owner.url)) && !fs.existsSync(path.dirname(place)));
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function isUp(url: string): Promise<boolean> {
  return await query(url, 'select 1').then(
    () => true,
    () => false,
  );
}

function postmasterPid(cluster: string): number {
  return Number(fs.readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

async function expectOneSentence(unusable: string, pattern: RegExp): Promise<void> {
  const error: unknown = await startEmbeddedServer({ dataDir: unusable, database, log }).then(
    async (server) => await server.stop(),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(EmbeddedServerError);
  const { message } = error as Error;
  expect(message).toMatch(pattern);
  expect(message).not.toContain('\n');
}

/** Starts a server in a process (and process group) of its own, which can then be stopped, asked or killed. */
async function startInChild(kind: 'lasting' | 'ephemeral' = 'lasting') {
  const program = `
    import { startEmbeddedServer } from '${room}embedded-server.js';
    import { startEphemeralServer } from '${room}ephemeral-server.js';
    process.on('SIGINT', () => {});
    const server = '${kind}' === 'ephemeral' ? await startEphemeralServer({})
      : await startEmbeddedServer({ dataDir: ${JSON.stringify(dataDir)}, database: '${database}', log() {} });
    process.stdin.on('data', async (line) => {
      await server[String(line).trim()]();
      process.exit();
    });
    console.log(server.url);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', () => reject(new Error('the child ended before its server was up')));
  });
  const tell = async (message: string) => {
    child.stdin.write(`${message}\n`);
    await exit;
  };
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exit;
  };
  return { url, pid: child.pid!, tell, end, stop: async () => await tell('stop') };
}
