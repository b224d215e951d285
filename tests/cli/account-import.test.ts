import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { spawnCommand, typeCommand } from '../support/command-line.ts';
import { until } from '../support/lock-witness.ts';
import { inBuild, projectFolder } from '../support/server-process.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let folder: string;
let file: string;
let service: TestService;
let client: TestClient;
let settings: Record<string, string>;
let ledgerId: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'accounts-'));
  file = path.join(folder, 'accounts.csv');
  service = await startTestService();
});

beforeEach(async () => {
  const ledger = await createTestLedger(service.database);
  ({ ledgerId } = ledger);
  client = createTestClient(service.url, ledger.apiKey);
  settings = { JOINT_LEDGER_URL: service.url, JOINT_LEDGER_KEY: ledger.apiKey, DATABASE_URL: 'nonsense' };
});

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function importCsv(content: string | Buffer) {
  writeFileSync(file, content);
  return spawnCommand(['account', 'import', file, '--json'], settings);
}

async function accountOf(externalId: string) {
  return (await client.get(`/v1/accounts/by-external-id/${encodeURIComponent(externalId)}`)).body;
}

test('opens the accounts of a file with their balances, once', async () => {
  const [ann, bob] = [await client.createParty('Ann'), await client.createParty('Bob')];
  const csv =
    '\ufeffexternalId,name,currency,openingBalance,ownership,holders,timeZone\r\n' +
    `flat/7,"Flat ""7"", left",USD,100.50,joint,${ann} ${bob},Europe/Paris\r\n` +
    '\r\n' +
    'yen,Kyoto,JPY,5000,,,\r\n' +
    'empty,"One, line",USD,0.00,,,\r\n' +
    'nothing,Nothing,USD,,sole,,\r\n';
  const first = await importCsv(csv);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(first.stdout)).toEqual({ opened: 4, found: 0, deposited: 2, depositedBefore: 0 });
  expect(await accountOf('flat/7')).toMatchObject({
    ...{ name: 'Flat "7", left', balance: '100.50', ownership: 'joint', timeZone: 'Europe/Paris' },
    holders: [{ partyId: ann }, { partyId: bob }],
  });
  expect(await accountOf('yen')).toMatchObject({ balance: '5000', currency: 'JPY' });
  expect(await accountOf('empty')).toMatchObject({ balance: '0.00', name: 'One, line' });
  // In another order, and with another way to write the same amount.
  const lines = csv.replace('100.50', '100.5').split('\r\n');
  const second = await importCsv([lines[0], ...lines.slice(1).reverse()].join('\n'));
  expect(JSON.parse(second.stdout)).toEqual({ opened: 0, found: 4, deposited: 0, depositedBefore: 2 });
  expect(await accountOf('flat/7')).toMatchObject({ balance: '100.50', version: 1 });
});

test('does nothing when a line does not fit, and names all of them', async () => {
  const header = 'externalId,name,currency,openingBalance,overdraftLimit\n';
  const listed = await importCsv(
    `${header}a,A,USD,1.00,\nb,,USD,,\nc,C,XXY,1.00,\nd,D,USD,1.001,\ne,E,JPY,-5,\na,Again,USD,,\nf,F,USD,,x\n,G,USD,,\n`,
  );
  expect([listed.code, listed.stdout]).toEqual([1, '']);
  expect(listed.stderr.split('\n  ').map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    expect.stringMatching(/^joint-ledger: .* does not fit, and nothing was done$/),
    'line 3: name',
    'line 4: currency',
    'line 4: currency',
    'line 5: openingBalance',
    'line 6: openingBalance',
    'line 7: externalId',
    'line 8: overdraftLimit',
    'line 9: externalId',
  ]);
  for (const [content, why] of [
    ['', /has no accounts: its first line names externalId/],
    [header, /has no accounts/],
    ['externalId,name\n', /lacks currency; it names externalId/],
    ['externalId,name,currency,iban\n', /has "iban"/],
    ['externalId,name,currency,name\n', /has "name"/],
    [`${header}a,A,USD\n`, /is no CSV that can be read: .*line 2/],
    [`${header}a,"A,USD,,\n`, /is no CSV that can be read/],
    [Buffer.from(`${header}a,A\xe9,USD,,\n`, 'latin1'), /line 2: has characters that are not in UTF-8/],
    [`${header}${'x,'.repeat(1_000)}`, /is no CSV that can be read/],
  ] as const) {
    const { code, stdout, stderr } = await importCsv(content);
    expect([content, code, stdout, stderr]).toEqual([content, 1, '', expect.stringMatching(why)]);
  }
  const missing = await spawnCommand(['account', 'import', path.join(folder, 'nowhere.csv')], settings);
  expect(missing).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^joint-ledger: \S+ could not be read: ENOENT[^\n]*\n$/),
  });
  expect((await client.get('/v1/accounts')).body.data).toEqual([]);
});

test('names the line that the service refuses, and goes on from there once it is mended', async () => {
  const header = 'externalId,name,currency,openingBalance\n';
  expect((await importCsv(`${header}a,A,USD,1.00\n`)).code).toBe(0);
  const other = await importCsv(`${header}b,B,USD,2.00\na,A,EUR,1.00\nc,C,USD,3.00\n`);
  expect(other).toMatchObject({ code: 1, stdout: '' });
  expect(other.stderr).toMatch(
    /^joint-ledger: Line 3: [^\n]+ \(external_id_differs\) Run the same command again[^\n]*\n$/,
  );
  const changed = await importCsv(`${header}a,A,USD,1.01\n`);
  expect(changed.stderr).toMatch(/Line 2: The opening balance was booked as 1\.00, not as 1\.01\. Run/);
  const mended = await importCsv(`${header}b,B,USD,2.00\na,A,USD,1.00\nc,C,USD,3.00\n`);
  expect(JSON.parse(mended.stdout)).toEqual({ opened: 0, found: 3, deposited: 0, depositedBefore: 3 });
  expect(await accountOf('a')).toMatchObject({ balance: '1.00' });
});

test('goes on after it was killed, and books nothing twice', async () => {
  const count = 2_000;
  const rows = Array.from({ length: count }, (_, index) => `n${index},Number ${index},USD,0.01`);
  writeFileSync(file, `externalId,name,currency,openingBalance\n${rows.join('\n')}\n`);
  const booked = () => service.database('transactions').where({ ledger_id: ledgerId }).pluck('id');
  const program = [inBuild('src/cli/joint-ledger.js'), 'account', 'import', file];
  for (const until_ of [50, 500]) {
    const child = spawn(process.execPath, program, { cwd: projectFolder, env: { ...process.env, ...settings } });
    const exited = once(child, 'exit');
    await until(async () => (await booked()).length >= until_);
    child.kill('SIGKILL');
    await exited;
  }
  const before = (await booked()).length;
  const last = await spawnCommand(['account', 'import', file, '--json'], settings);
  expect(last).toMatchObject({ code: 0, stderr: '' });
  const { opened, found, deposited, depositedBefore } = JSON.parse(last.stdout);
  expect([opened + found, deposited + depositedBefore]).toEqual([count, count]);
  expect(depositedBefore).toBeGreaterThanOrEqual(before);
  expect(await booked()).toHaveLength(count);
  const balances = await service
    .database('accounts')
    .where({ ledger_id: ledgerId, ownership: 'sole' })
    .pluck('balance');
  expect([...new Set(balances)]).toEqual(['0.0100']);
});

test('shows at a terminal how far it is', async () => {
  writeFileSync(file, 'externalId,name,currency\na,A,USD\nb,B,USD\n');
  const typed = await typeCommand(['account', 'import', file], settings);
  if (typed === undefined) return;
  expect(typed).toMatchObject({
    code: 0,
    shown: expect.stringMatching(/ of 2, .*2 accounts were opened, 0 were there/s),
  });
});
