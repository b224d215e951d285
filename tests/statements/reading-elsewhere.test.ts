import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Client, createClient, LedgerError } from '../../src/client/client.ts';
import { spawnCommand } from '../support/command-line.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// Statements by the client and the command line.

let service: TestService;
let client: Client;
let accountId: string;
const folder = mkdtempSync(path.join(tmpdir(), 'statements-'));
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  service = await startTestService();
  client = createClient({ baseUrl: service.url, apiKey: service.apiKey });
  const opened = await client.openAccount({ name: 'Flat', externalId: 'flat 7', currency: 'USD' });
  accountId = opened.id;
  await service
    .rows('accounts')
    .where('id', accountId)
    .update({ created_at: new Date(Date.now() - 5 * 86_400_000) });
  await client.createDeposit({ accountId, amount: '5.00', currency: 'USD', description: 'Grüße 🌍' });
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await service.stop();
});

const run = (...args: string[]) =>
  spawnCommand(args, { JOINT_LEDGER_URL: service.url, JOINT_LEDGER_KEY: service.apiKey });

test('issues, lists and writes statements from the command line', async () => {
  const issued = await run('statement', 'issue', 'flat 7', daysAgo(2), '--json');
  expect([issued.code, issued.stderr]).toEqual([0, '']);
  const statement = JSON.parse(issued.stdout);
  expect(statement).toMatchObject({ number: 1, accountId, closing: '0.00' });
  expect((await client.listStatements({ accountId })).data).toEqual([statement]);
  const again = await run('statement', 'issue', 'flat 7', daysAgo(2));
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('(statement_covered)')]);
  const listed = await run('statement', 'list', accountId);
  expect(listed.stdout).toMatch(/^1: \S+ to \S+, 0\.00 to 0\.00 USD: 0\.00 in \(0\), 0\.00 out \(0\)\n$/);
  const shown = await run('statement', 'show', 'flat 7', '1');
  expect(JSON.parse(shown.stdout).statement).toEqual(statement);

  const file = path.join(folder, 'interim.csv');
  const written = await run(
    'statement',
    'interim',
    accountId,
    daysAgo(1),
    daysAgo(0),
    '--format',
    'csv',
    '--out',
    file,
  );
  expect(written).toEqual({ code: 0, stdout: `The statement is in ${file}.\n`, stderr: '' });
  const csv = readFileSync(file, 'utf8');
  expect(csv).toContain('Grüße 🌍');
  const printed = await run('statement', 'interim', accountId, daysAgo(1), daysAgo(0), '--format', 'csv');
  expect(printed.stdout).toBe(csv);
});

test('says what can not be written, and leaves files alone that are there', async () => {
  const file = path.join(folder, 'there.csv');
  writeFileSync(file, 'mine');
  const days = [daysAgo(1), daysAgo(0)] as const;
  const kept = await run('statement', 'interim', accountId, ...days, '--out', file);
  expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining('EEXIST')]);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  const unknown = await run('statement', 'interim', accountId, ...days, '--format', 'doc');
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('(validation_failed)')]);
  const missing = await run('statement', 'show', accountId, '99');
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('(statement_not_found)')]);
});

test('reads documents in other formats by the client, as they come', async () => {
  const days = { accountId, from: daysAgo(1), to: daysAgo(0) };
  const opened = await client.open('getInterimStatement', { ...days, format: 'csv' });
  expect(opened.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
  expect((await text(opened.body)).split('\r\n')).toHaveLength(3);
  const whole = await client.getInterimStatement(days);
  expect(whole.lines).toMatchObject([{ amount: '5.00', description: 'Grüße 🌍' }]);
  await expect(client.getInterimStatement({ ...days, format: 'csv' })).rejects.toThrow(TypeError);
  const refused = client.open('getInterimStatement', { ...days, from: '2999-01-01' });
  await expect(refused).rejects.toThrow(LedgerError);
});

test('tries to open again until the service answers', async () => {
  let asked = 0;
  const flaky = createClient({
    ...{ baseUrl: service.url, apiKey: service.apiKey, retry: { firstPauseMs: 1 } },
    fetch: (url, init) => {
      asked++;
      if (asked === 1) return Promise.reject(new TypeError('fetch failed'));
      return asked === 2 ? Promise.resolve(new Response('', { status: 503 })) : fetch(url, init);
    },
  });
  const { body } = await flaky.open('getInterimStatement', { accountId, from: daysAgo(1), to: daysAgo(0) });
  expect(JSON.parse(await text(body)).lines).toHaveLength(1);
  expect(asked).toBe(3);
});
