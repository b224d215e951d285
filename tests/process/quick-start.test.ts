import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnCommand } from '../support/command-line.ts';
import { projectFolder, untilListening } from '../support/server-process.ts';

let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'quick-start-'));
  // Run by root, the server's user must be able to enter, or the data would be kept elsewhere.
  chmodSync(dataDir, 0o755);
});

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Exactly what the README says, but for the folder of the data and a free port. */
async function npmStart(
  args: readonly string[] = [],
  { settings = {}, sign = /Look at it:\s+curl.*\n/ }: { settings?: Record<string, string>; sign?: RegExp } = {},
) {
  const child = spawn('npm', ['start', '--', ...args], {
    cwd: projectFolder,
    env: { ...process.env, DATA_DIR: dataDir, PORT: '0', DATABASE_URL: '', DEMO_API_KEY: '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const output = await untilListening(child, sign);
  return {
    output,
    /** Ends npm, as a process manager would, and with it whatever npm started. */
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

/** Sends the request of a printed curl command: -H for a header, -d for the body of a POST. */
async function paste(curl: string): Promise<{ status: number; body: { balance?: string } }> {
  const url = /https?:\/\/\S+/.exec(curl)![0];
  const headers = [...curl.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name, value]) => [name!, value!] as [string, string],
  );
  const data = /-d '([^']+)'/.exec(curl)?.[1];
  const answer = await fetch(url, { headers, ...(data === undefined ? {} : { method: 'POST', body: data }) });
  return { status: answer.status, body: (await answer.json()) as { balance?: string } };
}

/** The command on the page at `/`, as a shell reads it. */
async function firstCallOfPage(origin: string): Promise<string> {
  const page = await (await fetch(origin)).text();
  const text = /<code>(curl[^<]+)/.exec(page)![1]!.replaceAll('&quot;', '"').replaceAll('\\\n', '');
  const [, header, file] = /(-H "Authorization: Bearer \$\(cat '([^']+)'\)")/.exec(text)!;
  const key = readFileSync(path.resolve(projectFolder, file!), 'utf8');
  return text.replace(header!, `-H 'Authorization: Bearer ${key}'`);
}

test('starts with npm start, moves money with the printed commands, and goes on after a stop', async () => {
  const first = await npmStart();
  const [deposit, look] = first.output.match(/^curl.*$/gm)!;
  expect((await paste(look!)).body.balance).toBe('1000.00');
  expect((await paste(deposit!)).status).toBe(201);
  expect((await paste(look!)).body.balance).toBe('1100.00');
  expect((await paste(await firstCallOfPage(/https?:\/\/[^/]+/.exec(look!)![0]))).status).toBe(201);
  expect((await paste(look!)).body.balance).toBe('1200.00');
  expect(await first.stop()).toBe(0);

  const second = await npmStart(['--processes', '2']);
  expect(second.output).toContain('(2 processes and workers)');
  const [, lookAgain] = second.output.match(/^curl.*$/gm)!;
  expect((await paste(lookAgain!)).body.balance).toBe('1200.00');
  expect(await second.stop()).toBe(0);
  await expect(fetch(/https?:\/\/\S+/.exec(lookAgain!)![0])).rejects.toThrow();
});

test('with DEMO=off the embedded database has no demo ledger and no key for one', async () => {
  const folder = path.join(dataDir, 'without-demo');
  const settings = { DATA_DIR: folder, DEMO: 'off' };
  const started = await npmStart([], { settings, sign: /There are no demo accounts here.*\n/ });
  expect(readdirSync(folder)).not.toContain('demo-api-key');
  const list = await spawnCommand(['ledger', 'list', '--json'], { DATABASE_URL: '', DATA_DIR: folder });
  expect(list).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(await started.stop()).toBe(0);
});
