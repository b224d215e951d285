import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { demoLedgerId } from '../../seeds/demo.ts';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { projectFolder, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const apiKey = createApiKey(demoLedgerId);
let testDatabase: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  server = await startServerProcess({ DATABASE_URL: testDatabase.url, DEMO_API_KEY: apiKey, ...localWebhookSettings });
});

afterAll(async () => {
  await server?.end('SIGTERM');
  await testDatabase.verifyAndDrop();
});

test('the wallet of the flatmates works', async () => {
  const args = ['--import', 'tsx', 'examples/flatmates/main.ts'];
  const env = { ...process.env, LEDGER_URL: server.url, KEY: apiKey, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectFolder, env });
  const [told, list, chart] = stdout.split(/\nThis month:\n|\nThese days:\n/);
  expect(told!.trimEnd().split('\n')).toEqual([
    'Light bulbs: booked',
    'Deposit: waiting, 1 signature is missing',
    'Deposit: booked',
    'Rent: paid, as a signed webhook says',
    'Sofa: too expensive, there is only 487.50',
  ]);
  expect(list!.trimEnd().split('\n')).toEqual([
    '   900.00    900.00  Share of Ann',
    '   900.00   1800.00  Share of Bob',
    '   -12.50   1787.50  Light bulbs',
    '  -600.00   1187.50  Deposit of the flat',
    '  -700.00    487.50  Rent',
  ]);
  const days = chart!.trimEnd().split('\n');
  expect(days.length).toBeGreaterThanOrEqual(3);
  expect(days.at(-1)).toMatch(/^\d{4}-\d\d-\d\d █{40} {4}487\.50$/);
});
