import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/lock-witness.ts';
import { inBuild, projectFolder } from '../support/server-process.ts';

let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'interrupted-start-'));
  chmodSync(dataDir, 0o755);
});

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Starts the service with its embedded database as the leader of a process group, as a terminal does. */
function startGroup(): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [inBuild('src/main.js'), '--processes', '2'], {
    cwd: projectFolder,
    env: { ...process.env, DATA_DIR: dataDir, PORT: '0', DATABASE_URL: '', DEMO_API_KEY: '', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (printed += chunk));
  return { child, output: () => printed };
}

/** The process number of the database server that runs on the folder, undefined when none does. */
function postmaster(): number | undefined {
  const cluster = readdirSync(dataDir).find((name) => name.startsWith('postgresql-'));
  const file = cluster && path.join(dataDir, cluster, 'postmaster.pid');
  if (!file || !existsSync(file)) return undefined;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

/** Both signals: the group's own, and the same once more, as npm passes it on. */
async function interrupt({ child }: { child: ChildProcess }): Promise<number | null> {
  const exited = once(child, 'exit');
  process.kill(-child.pid!, 'SIGTERM');
  await sleep(20);
  if (child.exitCode === null) child.kill('SIGTERM');
  const [code] = await exited;
  return code;
}

const moments: Record<string, (started: { output: () => string }) => boolean> = {
  'before anything is there': () => true,
  'while the database server starts': () => postmaster() !== undefined,
  'once the database is there': () => existsSync(path.join(dataDir, 'demo-api-key')),
  'with one of two API processes ready': ({ output }) => output().includes('an API process listens'),
  'when all is ready': ({ output }) => /listens on http/.test(output()),
};

test.each(Object.keys(moments))('ends a start, and leaves nothing, %s', async (moment) => {
  const started = startGroup();
  try {
    await until(async () => moments[moment]!(started));
    const code = await interrupt(started);
    // A signal that comes before the first line of ours is node's own to answer.
    expect([0, null]).toContain(code);
    await until(async () => postmaster() === undefined);
  } finally {
    started.child.kill('SIGKILL');
  }
});
