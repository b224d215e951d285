import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from './support/lock-witness.ts';
import { projectFolder, untilListening } from './support/server-process.ts';
import { createTestDatabase } from './support/test-database.ts';

// What the README tells its reader to type is typed here, in its order. The only differences: data and port are the
// test's own, what is printed anew at each start takes the place of what stands for it, and nothing is installed or
// tested, which is under way already: `npm ci` would take the packages away from under the running tests.

const run = promisify(execFile);

const allBlocks = [
  ...readFileSync(path.join(projectFolder, 'README.md'), 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm),
].map(([, language, text]) => ({ language, text: text! }));

/** The shell blocks of the README, each as the lines that are not empty. */
const blocks = allBlocks
  .filter(({ language }) => language !== 'js')
  .map(({ text }) => text.split('\n').filter((line) => line !== ''));
const [script, ...otherScripts] = allBlocks.filter(({ language }) => language === 'js');

let folder: string;
let dataDir: string;
const started: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'readme-'));
  dataDir = path.join(folder, 'data');
  mkdirSync(dataDir);
  // Run by root, the server's user must be able to enter, or the data would be kept elsewhere.
  for (const entered of [folder, dataDir]) chmodSync(entered, 0o755);
});

afterAll(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function environment(): NodeJS.ProcessEnv {
  const { PATH, ...env } = process.env;
  return { ...env, PATH: `${PATH}:${folder}`, DATA_DIR: dataDir, PORT: '0', DATABASE_URL: '', DEMO_API_KEY: '' };
}

/** Starts what stays in the foreground of a terminal, and answers what it has printed by the time it is ready. */
async function startInTerminal(command: string, ready: RegExp) {
  const options = { cwd: projectFolder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] as const };
  const child = spawn('bash', ['-c', `exec ${command}`], { ...options, stdio: [...options.stdio] });
  started.push(child);
  const exited = once(child, 'exit');
  return {
    printed: await untilListening(child, ready),
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

/** Runs blocks in one shell, as in one terminal; answers what each printed. Throws when a command fails. */
async function runBlocks(scripts: readonly (readonly string[])[]): Promise<string[]> {
  const mark = '-- the next block --';
  const script = scripts.map((lines) => lines.join('\n')).join(`\necho; echo '${mark}'\n`);
  const { stdout } = await run('bash', ['-euc', script], { cwd: projectFolder, env: environment() });
  return stdout.split(mark);
}

const codesIn = (printed: string) => [...printed.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);

/** A machine that has only Node has no curl. This does what the README asks of it, and knows no other option. */
async function provideCurl(): Promise<void> {
  const isThere = await run('bash', ['-c', 'command -v curl']).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const standIn = `#!/usr/bin/env node
    const { values, positionals: [url, ...others] } = require('node:util').parseArgs({ allowPositionals: true, options: {
      silent: { type: 'boolean', short: 's' }, 'show-error': { type: 'boolean', short: 'S' },
      header: { type: 'string', short: 'H', multiple: true }, data: { type: 'string', short: 'd' } } });
    if (others.length > 0) throw new Error('one address, please');
    const headers = values.header.map((header) => header.split(/: (.*)/).slice(0, 2));
    const body = values.data === undefined ? {} : { method: 'POST', body: values.data };
    fetch(url, { headers, ...body }).then((answer) => answer.text()).then((text) => process.stdout.write(text));`;
  writeFileSync(path.join(folder, 'curl'), standIn, { mode: 0o755 });
}

test('has the blocks that are run here, and no others', () => {
  expect(blocks.map(([first]) => first)).toEqual([
    'npm ci',
    'KEY=...the printed key...',
    expect.stringMatching(/^DREW=/),
    expect.stringMatching(/^EARNER=/),
    expect.stringMatching(/^curl -sS \$LEDGER\/standing-orders /),
    'npm ci',
    'npm ci',
  ]);
  expect(blocks[0]).toEqual(['npm ci', 'npm start']);
  expect(blocks[5]).toEqual(['npm ci', 'npm test']);
  expect(otherScripts).toEqual([]);
});

test('"Try it" works as it is written', async () => {
  await provideCurl();
  const service = await startInTerminal(blocks[0]![1]!, /Look at it:\s+curl.*\n/);
  const [, key] = /Bearer ([^'"\s]+)/.exec(service.printed)!;
  const [, origin] = /listens on (\S+)/.exec(service.printed)!;
  const printed = {
    'KEY=...the printed key...': `KEY=${key}`,
    'LEDGER=http://127.0.0.1:3000/v1': `LEDGER=${origin}/v1`,
  };
  const [first, ...others] = blocks.slice(1, 5);
  expect(first).toEqual(expect.arrayContaining(Object.keys(printed)));
  const typed = first!.map((line) => printed[line as keyof typeof printed] ?? line);

  const [moving, signing, accepting, standing] = await runBlocks([typed, ...others]);
  // The dry run is of more money than there is.
  expect(codesIn(moving!)).toEqual(['insufficient_funds']);
  expect(moving).toContain('"amount":"40.00"');
  expect(moving).toContain('The books are right.');
  expect(codesIn(signing!)).toEqual([]);
  expect(signing).toMatch(/"status":"waiting"[\s\S]*"status":"booked"/);
  // Of two who accept at one instant the second is told so.
  expect(codesIn(accepting!)).toEqual(['project_already_assigned']);
  expect(accepting).toContain('"status":"accepted"');
  expect(codesIn(standing!)).toEqual([]);
  // On a slow machine it takes longer than the README sleeps.
  const [savings] = first!.filter((line) => line.startsWith('SAVINGS=')).map((line) => line.slice('SAVINGS='.length));
  await until(async () => {
    const answer = await fetch(`${origin}/v1/accounts/${savings}/entries?limit=1`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { data } = (await answer.json()) as { data: { amount: string }[] };
    return data[0]?.amount === '5.00';
  });
  const inScript = script!.text.replace('http://127.0.0.1:3000', origin!);
  const args = ['--input-type=module', '--eval', inScript];
  const env = { ...environment(), KEY: key };
  const { stdout } = await run(process.execPath, args, { cwd: projectFolder, env });
  expect(stdout).toMatch(/^There is only \d+\.\d\d\.\n(\d{4}-\S+Z -?\d+\.\d\d\n)+$/);
  expect(await service.stop()).toBe(0);
});

test('"Run it for real" works as it is written, on a database that is there', async () => {
  const { url, verifyAndDrop } = await createTestDatabase({ empty: true });
  const named = 'postgres://user:password@host:5432/database';
  const [install, build, start, terminal, create, ...others] = blocks[6]!;
  expect([install, build, terminal, others]).toEqual(['npm ci', 'npm run build', '# in another terminal', []]);
  for (const line of [start, create]) expect(line).toContain(`DATABASE_URL=${named} `);
  const onDatabase = (line: string) => line.replace(named, url);

  await runBlocks([[build!]]);
  const service = await startInTerminal(`env ${onDatabase(start!)}`, /listens on \S+/);
  const [printed] = await runBlocks([[onDatabase(create!)]]);
  const [, apiKey] = /API key .*: (\S+)\n/.exec(printed!)!;
  const origin = /listens on (\S+)/.exec(service.printed)![1]!.replace('0.0.0.0', '127.0.0.1');
  const answer = await fetch(`${origin}/v1/accounts`, { headers: { authorization: `Bearer ${apiKey}` } });
  expect([answer.status, await answer.json()]).toEqual([200, { data: [], nextCursor: null }]);
  expect(await service.stop()).toBe(0);
  await verifyAndDrop();
});
