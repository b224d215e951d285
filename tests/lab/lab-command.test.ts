import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { allScenarios } from '../../src/lab/all-scenarios.ts';
import { runResult } from '../../src/lab/run-result.ts';
import { claimLab } from '../../src/lab/run-schema.ts';
import { allStrategies } from '../../src/lab/strategies/all-strategies.ts';
import { createLabDatabase, labRemains } from '../support/lab-runs.ts';
import { inBuild, projectFolder } from '../support/server-process.ts';
import type { TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createLabDatabase({ empty: true });
});

afterAll(() => testDatabase.verifyAndDrop());

async function lab(args: string, settings: Record<string, string> = { LAB: 'on' }) {
  const env = { ...process.env, DATABASE_URL: testDatabase.url, ...settings };
  return promisify(execFile)(process.execPath, [inBuild('src/cli/joint-ledger.js'), 'lab', ...args.split(' ')], {
    ...{ cwd: projectFolder, env, maxBuffer: 1e8 },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

test('lists all scenarios and strategies, without a database', async () => {
  const { code, stdout } = await lab('list', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  expect(code).toBe(0);
  for (const { name } of [...allScenarios, ...allStrategies]) expect(stdout).toMatch(new RegExp(`^${name}\\b`, 'm'));
});

test('compares strategies in a table, and prints the ids as they came when asked to', async () => {
  const run = 'run get-or-create --strategies unique-key,for-update --callers 3 --rounds 2 --think-ms 1';
  const { code, stdout, stderr } = await lab(run);
  expect([code, stderr.split('\n')[0]]).toEqual([0, 'unique-key, round 1 of 2: as it should be']);
  expect(stdout).toMatch(/^get-or-create: 3 callers in 2 processes, 2 rounds, 1 ms to think\n\nstrategy +wrong +lost /);
  for (const name of ['unique-key', 'for-update']) {
    expect(stdout).toMatch(new RegExp(`^${name} +0/2 +- +- +- +6 +- +- `, 'm'));
  }
  const verbose = await lab(`${run} --verbose`);
  expect(verbose.stdout.match(/ ms {2}caller [123] {3}200 done {4}1\b/g)).toHaveLength(12);
  expect(await labRemains(testDatabase)).toEqual([]);
});

test('prints the whole result as JSON, or writes it to a file', async () => {
  const run = 'run joint-account --strategies no-wait --callers 2 --rounds 1 --think-ms 5 --processes 1 --json';
  const printed = runResult.parse(JSON.parse((await lab(run)).stdout));
  expect(printed.parameters).toMatchObject({ strategies: ['no-wait'], callers: 2, processes: 1 });
  const folder = mkdtempSync(path.join(tmpdir(), 'joint-ledger-lab-'));
  const { stdout } = await lab(`${run} ${folder}/run.json`);
  expect(stdout).toMatch(/^joint-account: 2 callers/);
  expect(runResult.parse(JSON.parse(readFileSync(`${folder}/run.json`, 'utf8'))).strategies).toHaveLength(1);
  rmSync(folder, { recursive: true });
});

test('says in one sentence why it does not play', async () => {
  const cases: Array<[string, Record<string, string>, RegExp]> = [
    ['run joint-account', {}, /The race lab is off here; .* set LAB=on\./],
    ['run x', { LAB: 'on' }, /scenario: must be "joint-account" or .* \(see lab list, and lab run --help\)\./],
    [
      'run write-skew --strategies skip-locked',
      { LAB: 'on' },
      /strategies: must apply to write-skew, which skip-locked/,
    ],
    ['run write-skew --callers 500', { LAB: 'on' }, /callers: must be at most 100/],
    ['run write-skew --json /no/such/folder/x.json', { LAB: 'on' }, /The result could not be written: ENOENT.*x\.json/],
    ['run write-skew --svg /no/such/folder', { LAB: 'on' }, /The result could not be written: ENOENT/],
    ['run write-skew --callers x', { LAB: 'on' }, /It must be a whole number\. \(see --help\)/],
  ];
  for (const [args, settings, sentence] of cases) {
    const { code, stdout, stderr } = await lab(args, settings);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^joint-ledger: [^\n]*\n$/);
    expect(stderr).toMatch(sentence);
  }
});

test('says that another run is going on', async () => {
  const other = await claimLab(testDatabase.url);
  const folder = mkdtempSync(path.join(tmpdir(), 'lab-'));
  const file = path.join(folder, 'result.json');
  writeFileSync(file, 'earlier');
  const { code, stderr } = await lab(`run joint-account --json ${file}`);
  expect([code, stderr]).toEqual([
    1,
    'joint-ledger: Another run of the race lab is going on; there is one at a time.\n',
  ]);
  expect(readFileSync(file, 'utf8')).toBe('earlier');
  rmSync(folder, { recursive: true });
  await other.leave();
});
