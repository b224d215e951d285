import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { demoLedgerId } from '../../seeds/demo.ts';
import { projectFolder, untilListening } from '../support/server-process.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// The package as it is packed, with what it depends on and without the embedded PostgreSQL, in a folder that cannot be
// written to, by an ordinary user: what an image runs.

const run = promisify(execFile);
/** The user "nobody", where there is the right to become it. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
let folder: string;
let testDatabase: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'packed-'));
  testDatabase = await createTestDatabase();
  const modules = path.join(folder, 'node_modules');
  const own = path.join(modules, 'joint-ledger');
  mkdirSync(own, { recursive: true });
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', packing, { cwd: projectFolder });
  const [{ filename }] = JSON.parse(stdout);
  await run('tar', ['-xzf', path.join(folder, filename), '-C', own, '--strip-components', '1']);
  const listing = ['ls', '--omit=dev', '--omit=optional', '--all', '--parseable'];
  const listed = await run('npm', listing, { cwd: projectFolder });
  const installed = path.join(projectFolder, 'node_modules');
  for (const dependency of listed.stdout.split('\n').filter((line) => line.startsWith(installed))) {
    cpSync(dependency, path.join(modules, path.relative(installed, dependency)), { recursive: true });
  }
  writeFileSync(path.join(folder, 'package.json'), '{"name": "somewhere-else"}');
  makeReadOnly(folder);
});

afterAll(async () => {
  await testDatabase.verifyAndDrop();
  rmSync(folder, { recursive: true, force: true });
});

function makeReadOnly(at: string): void {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    if (entry.isDirectory()) makeReadOnly(path.join(at, entry.name));
    else if (entry.isFile()) chmodSync(path.join(at, entry.name), 0o444);
  }
  chmodSync(at, 0o555);
}

const { STATEMENTS_FOLDER: _folder, NODE_OPTIONS: _options, ...inherited } = process.env;

function options() {
  // A machine that does other work too may take its time to stop.
  const settings = { DATABASE_URL: testDatabase.url, PORT: '0', SHUTDOWN_TIMEOUT_MS: '120000' };
  return { cwd: folder, env: { ...inherited, ...settings }, ...nobody };
}

/** As the link that npm makes for the command would have it run. */
async function command(args: readonly string[], env: NodeJS.ProcessEnv = options().env): Promise<string> {
  const { bin } = await import(path.join(folder, 'node_modules/joint-ledger/package.json'), {
    with: { type: 'json' },
  }).then((manifest) => manifest.default);
  const file = path.join(folder, 'node_modules/joint-ledger', bin['joint-ledger']);
  return (await run(process.execPath, [file, ...args], { ...options(), env })).stdout;
}

async function serve(): Promise<{ child: ChildProcess; url: string }> {
  const file = path.join(folder, 'node_modules/joint-ledger/dist/src/cli/joint-ledger.js');
  const child = spawn(process.execPath, [file, 'serve', '--processes', '2'], {
    ...options(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, url: /listens on (\S+)/.exec(await untilListening(child, /listens on \S+/))![1]! };
}

test('starts, moves money and verifies, read-only and without the embedded server', async () => {
  expect(await command(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await command(['migrate'])).toBe('The database is up to date.\n');
  const { apiKey } = JSON.parse(await command(['ledger', 'create', 'Packed', '--scopes', 'all', '--json']));
  const { child, url } = await serve();
  const client = createTestClient(url, apiKey);
  const account = await client.openAccount({ balance: '12.00' });
  expect(await client.balance(account)).toBe('12.00');
  for (const page of ['/docs', '/openapi.json', '/errors', '/']) {
    expect([page, (await fetch(`${url}${page}`)).status]).toEqual([page, 200]);
  }
  expect(JSON.parse(await command(['ledger', 'list', '--json']))).toMatchObject([{ name: 'Packed' }]);
  const moving = { ...options().env, JOINT_LEDGER_URL: url, JOINT_LEDGER_KEY: apiKey };
  expect(await command(['move', 'deposit', account, '0.50', 'USD', '--yes'], moving)).toMatch(/ is booked:/);
  expect(await client.balance(account)).toBe('12.50');
  const seeding = { ...options().env, DEMO_API_KEY: 'packed-demo-key' };
  expect(await command(['seed'], seeding)).toBe('Demo API key: packed-demo-key\n');
  const [exported] = (await command(['export', demoLedgerId])).split('\n');
  expect(JSON.parse(exported!)).toMatchObject({ format: 'joint-ledger', ledgerId: demoLedgerId });
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(JSON.parse(await command(['verify', '--json']))).toEqual({ right: true, findings: [] });
});
