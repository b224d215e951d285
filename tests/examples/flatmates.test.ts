import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { demoLedgerId } from '../../seeds/demo.ts';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { projectFolder, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const apiKey = createApiKey(demoLedgerId);
let testDatabase: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const webhooks = { WEBHOOK_ALLOW_HTTP: 'on', WEBHOOK_ALLOW_PRIVATE: 'on' };
  server = await startServerProcess({ DATABASE_URL: testDatabase.url, DEMO_API_KEY: apiKey, ...webhooks });
});

afterAll(async () => {
  await server?.end('SIGTERM');
  await testDatabase.verifyAndDrop();
});

test('the wallet of the flatmates works', async () => {
  const args = ['--import', 'tsx', 'examples/flatmates/main.ts'];
  const env = { ...process.env, LEDGER_URL: server.url, KEY: apiKey, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectFolder, env });
  const [told, list] = stdout.split('\nThis month:\n');
  expect(told!.trimEnd().split('\n')).toEqual([
    'Light bulbs: booked',
    'Deposit: waiting, 1 signature is missing',
    'Deposit: booked',
    'Rent: paid, as a signed webhook says',
    'Sofa: too expensive, there is only 487.50',
  ]);
  const rows = list!.trimEnd().split('\n');
  const shown = rows.map((row) => /^\d{4}-\d\d-\d\d (█*) +(\S+) {2}(.*)$/.exec(row)!.slice(2));
  expect(shown).toEqual([
    ['900.00', 'Share of Ann'],
    ['1800.00', 'Share of Bob'],
    ['1787.50', 'Light bulbs'],
    ['1187.50', 'Deposit of the flat'],
    ['487.50', 'Rent'],
  ]);
  expect(rows.map((row) => row.replaceAll(/[^█]/g, '').length)).toEqual([20, 40, 39, 26, 10]);
});
