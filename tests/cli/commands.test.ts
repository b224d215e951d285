import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { commands } from '../../src/cli/joint-ledger.ts';
import type { Database } from '../../src/database/create-database.ts';
import { pendingMigrations } from '../../src/database/migrate.ts';
import { insertLedger } from '../../src/ledger/insert-ledger.ts';
import { runCommand, spawnCommand as spawnProgram, typeCommand } from '../support/command-line.ts';
import { inBuild, projectFolder } from '../support/server-process.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { startTestService } from '../support/test-service.ts';

const run = promisify(execFile);

/** Runs a command as npm does. */
function spawnCommand(name: string, databaseUrl: string, args: readonly string[] = []) {
  return spawnProgram([...name.split(' '), ...args], { DATABASE_URL: databaseUrl });
}

/** Runs a command in this process; without a database it may ask for none. */
function command(name: string, database: Database | undefined, args: readonly string[] = []) {
  return runCommand([...name.split(' '), ...args], database);
}

const unreachable = 'postgres://nobody:nothing@127.0.0.1:1/none';

const scripts: Record<string, string> = JSON.parse(readFileSync(`${projectFolder}/package.json`, 'utf8')).scripts;

test('each command explains itself without a database, and takes nothing that it does not know', async () => {
  for (const { name, script, summary } of commands) {
    if (script !== undefined)
      expect(scripts[script]).toBe(`node scripts/run-built.mjs src/cli/joint-ledger.js ${name}`);
    const help = await command(name, undefined, ['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: joint-ledger ${name} `));
    expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain(summary);
    const typed = script === undefined ? `joint-ledger ${name}` : `npm run ${script}`;
    expect(help.stdout).toContain(`For example:\n  ${typed}`);
    for (const args of [['--name=x'], ['-x'], ['a', 'b', 'c', 'd']]) {
      const { code, stdout, stderr } = await command(name, undefined, args);
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^joint-ledger: .* \(see --help\)\n$/)]);
    }
  }
  const { name } = commands[0]!;
  for (const args of [['--help'], ['--name=x']]) {
    expect(await spawnCommand(name, 'nonsense', args)).toEqual(await command(name, undefined, args));
  }
});

test('does nothing when it is imported, and lists all commands when asked', async () => {
  const { code, stdout } = await runCommand(['--help']);
  expect(code).toBe(0);
  for (const word of ['serve', 'worker', 'config', 'migrate', 'ledger', 'key', 'verify', 'books'])
    expect(stdout).toMatch(new RegExp(`\\n  ${word}\\b`));
});

test('a name that begins with a hyphen stands behind two of them', async () => {
  const { url, database, verifyAndDrop } = await createTestDatabase();
  expect(await spawnCommand('ledger create', url, ['--', '--help'])).toMatchObject({ code: 0 });
  expect(await database('ledgers').pluck('name')).toEqual(['--help']);
  await verifyAndDrop();
});

test('migrates an empty database, and finds it up to date after that', async () => {
  const empty = await createTestDatabase({ empty: true });
  const first = await spawnCommand('migrate', empty.url);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^Migrated: \d{14}_ledgers_and_api_keys, .*\n$/);
  expect(await pendingMigrations(empty.database)).toEqual([]);
  const second = await command('migrate', empty.database);
  expect(second).toEqual({ code: 0, stdout: 'The database is up to date.\n', stderr: '' });
  await empty.verifyAndDrop();
});

test('says in one sentence that a database is not migrated', async () => {
  const empty = await createTestDatabase({ empty: true });
  for (const [name, args] of [['verify'], ['ledger create', ['My ledger']]] as const) {
    const { code, stderr } = await command(name, empty.database, args);
    expect([code, stderr]).toEqual([1, 'joint-ledger: The database is not migrated: run npm run migrate.\n']);
  }
  await empty.verifyAndDrop();
});

test('creates a ledger whose printed key works', async () => {
  const service = await startTestService({});
  const { stdout } = await spawnCommand('ledger create', service.databaseUrl, ['My ledger']);
  const [, ledgerId, apiKey] = /^Ledger: (\S+)\nAPI key \(kept nowhere, note it now\): (\S+)\n$/.exec(stdout)!;
  const client = createTestClient(service.url, apiKey!);
  expect((await client.get('/v1/accounts')).body).toEqual({ data: [], nextCursor: null });
  expect(await service.database('ledgers').where({ id: ledgerId }).pluck('name')).toEqual(['My ledger']);
  const nameless = await command('ledger create', service.database);
  expect(nameless).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^joint-ledger: missing required argument 'name' .*\n$/),
  });
  await service.stop();
});

test('creates a key that is bound to a party, which sees only what the party holds', async () => {
  const service = await startTestService({});
  const partyId = await service.client.createParty('Erin');
  const account = { name: 'Hers', currency: 'USD', ownership: 'sole', holders: [{ partyId }] };
  const { id } = (await service.client.post('/v1/accounts', account)).body;
  await service.client.openAccount();
  const { stdout } = await spawnCommand('key create', service.databaseUrl, [service.ledgerId, 'Erin', partyId]);
  const [, keyId, apiKey] = /^Key: (\S+)\nAPI key \(kept nowhere, note it now\): (\S+)\n$/.exec(stdout)!;
  const keys = { ledger_id: service.ledgerId, id: keyId };
  expect(await service.database('api_keys').where(keys).pluck('party_id')).toEqual([partyId]);
  const client = createTestClient(service.url, apiKey!);
  const { data } = (await client.get('/v1/accounts')).body;
  expect(data.map((seen: { id: string }) => seen.id)).toEqual([id]);
  for (const [args, sentence] of [
    [[], /missing required argument 'ledger-id'/],
    [[service.ledgerId, 'Erin', 'x'], /'party-id'. It must be a UUID/],
    [[randomUUID(), 'Erin'], /There is no ledger/],
    [[service.ledgerId, 'Erin', randomUUID()], /There is no party/],
  ] as const) {
    const { code, stderr } = await command('key create', service.database, args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)]);
  }
  await service.stop();
});

test('lists keys without their secrets, and revokes one', async () => {
  const service = await startTestService({});
  const { ledgerId, apiKey, database, databaseUrl: url } = service;
  const created = await command('key create', database, [ledgerId, 'Night "shift"']);
  const [, keyId, secret] = /^Key: (\S+)\n.*: (\S+)\n$/.exec(created.stdout)!;
  const listed = (await spawnCommand('key list', url, [ledgerId])).stdout;
  expect(listed).toMatch(
    new RegExp(
      `\n${keyId} "Night \\\\"shift\\\\"" acts for the service, made \\S+Z, last used never; for accounts:read .*operate\n$`,
    ),
  );
  for (const key of [secret!, apiKey]) expect(listed).not.toContain(key);
  const first = await spawnCommand('key revoke', url, [ledgerId, keyId!]);
  expect(first.stdout).toMatch(/^Revoked \S+Z\.\n$/);
  expect(await command('key revoke', database, [ledgerId, keyId!])).toEqual(first);
  expect((await command('key list', database, [ledgerId])).stdout).toMatch(/, revoked \S+Z; for accounts:read .*\n$/);
  expect((await createTestClient(service.url, secret!).get('/v1/accounts')).status).toBe(401);
  expect((await service.client.get('/v1/accounts')).status).toBe(200);
  for (const [name, args, sentence] of [
    ['key list', [], /missing required argument 'ledger-id'/],
    ['key list', [randomUUID()], /There is no ledger/],
    ['key revoke', [ledgerId], /missing required argument 'key-id'/],
    ['key revoke', [ledgerId, randomUUID()], /There is no key/],
    ['key revoke', [randomUUID(), keyId!], /There is no key/],
  ] as const) {
    const { code, stderr } = await command(name, database, args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)]);
  }
  await service.stop();
});

test('proves right books, and names what is wrong in others', async () => {
  const { url, database, verifyAndDrop } = await createTestDatabase();
  expect(await spawnCommand('verify', url)).toEqual({ code: 0, stdout: 'The books are right.\n', stderr: '' });
  const [ledger_id, id] = [randomUUID(), randomUUID()];
  await insertLedger(database, { id: ledger_id, name: 'Wrong' });
  const stored = { name: 'Wrong', currency: 'USD', ownership: 'sole', held: 0, overdraft_limit: 0, version: 0 };
  await database('accounts').insert({ ledger_id, id, ...stored, balance: 5 });
  const wrong = await spawnCommand('verify', url);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toBe('');
  expect(wrong.stdout).toContain(`the balance of an account is the sum of its entries (ledger ${ledger_id}, ${id})`);
  const told = JSON.parse((await command('verify', database, ['--json'])).stdout);
  expect(told).toMatchObject({
    right: false,
    findings: [{ rule: 'the balance of an account is the sum of its entries', ledgerId: ledger_id, subject: id }],
  });
  await database('accounts').where({ id }).update({ balance: 0 });
  await verifyAndDrop();
});

test('lists and renames ledgers, and answers programs in JSON', async () => {
  const { database, verifyAndDrop } = await createTestDatabase();
  expect((await command('ledger list', database)).stdout).toBe('There is no ledger yet.\n');
  const opened = JSON.parse((await command('ledger create', database, ['One', '--json'])).stdout);
  expect(opened).toEqual({ id: expect.any(String), name: 'One', apiKey: expect.stringMatching(/^jl_/) });
  const renamed = await command('ledger rename', database, [opened.id, 'The first']);
  expect(renamed).toMatchObject({ code: 0, stdout: `Ledger ${opened.id} is called "The first".\n` });
  const { stdout } = await command('ledger list', database, ['--json']);
  expect(JSON.parse(stdout)).toEqual([{ id: opened.id, name: 'The first', createdAt: expect.any(String) }]);
  expect((await command('ledger list', database)).stdout).toContain(`${opened.id} "The first", opened `);
  const missing = await command('ledger rename', database, [randomUUID(), 'Nothing']);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/There is no ledger/)]);
  const made = JSON.parse((await command('key create', database, [opened.id, 'Night', '--json'])).stdout);
  const keys = JSON.parse((await command('key list', database, [opened.id, '--json'])).stdout);
  expect(keys.map(({ name }: { name: string }) => name)).toEqual(['First key', 'Night']);
  expect(JSON.stringify(keys)).not.toContain(made.apiKey);
  const revoked = JSON.parse((await command('key revoke', database, [opened.id, made.id, '--json'])).stdout);
  expect(revoked).toEqual({ id: made.id, ledgerId: opened.id, revokedAt: expect.any(String) });
  expect(JSON.parse((await command('migrate', database, ['--json'])).stdout)).toEqual({ migrated: [] });
  expect(JSON.parse((await command('books correct-times', database, ['--json'])).stdout)).toEqual({ corrected: {} });
  expect(JSON.parse((await command('verify', database, ['--json'])).stdout)).toEqual({ right: true, findings: [] });
  await verifyAndDrop();
});

test('prints every setting with its source and its meaning, and no secret', async () => {
  const env = { ...process.env, DATABASE_URL: 'postgres://ann:s3cret@db/ledger', PORT: '4000', LOG_LEVEL: '' };
  const file = inBuild('src/cli/joint-ledger.js');
  const { stdout } = await run(process.execPath, [file, 'config'], { env });
  const settings = JSON.parse((await run(process.execPath, [file, 'config', '--json'], { env })).stdout);
  expect(stdout).toContain('PORT=4000  (environment)\n');
  expect(stdout).toContain('LOG_LEVEL=info  (default)\n');
  expect(stdout).toContain('DATABASE_URL=(secret)  (environment)\n');
  expect(stdout + JSON.stringify(settings)).not.toContain('s3cret');
  const documented = readFileSync(`${projectFolder}/docs/operations.md`, 'utf8');
  for (const { name, meaning } of settings) {
    expect(documented).toContain(`| \`${name}\` |`);
    expect(meaning.length).toBeGreaterThan(10);
  }
});

test('shows how far it is at a terminal alone', async () => {
  const { url, verifyAndDrop } = await createTestDatabase();
  const typed = await typeCommand(['verify'], { DATABASE_URL: url });
  if (typed !== undefined) expect(typed.shown).toMatch(/ of \d+, .*\n?.*The books are right\./s);
  expect(await spawnCommand('verify', url)).toEqual({ code: 0, stdout: 'The books are right.\n', stderr: '' });
  await verifyAndDrop();
});

test('says in one sentence that the database is not there', async () => {
  const { code, stderr } = await spawnCommand('verify', unreachable);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^joint-ledger: The database cannot be reached \(.*\): check DATABASE_URL\.\n$/);
});
