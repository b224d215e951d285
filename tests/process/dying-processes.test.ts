import { writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../support/lock-witness.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;
let server: ServerProcess | undefined;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  ledger = await createTestLedger(testDatabase.database);
});

afterEach(async () => {
  server?.child.kill('SIGKILL');
  await testDatabase.verifyAndDrop();
});

async function start(settings: Record<string, string> = {}): Promise<ServerProcess> {
  server = await startServerProcess({ DATABASE_URL: testDatabase.url, ...settings }, ['--processes', '2']);
  return server;
}

/** The API processes that the log has announced, the oldest first. */
function apiPids({ output }: ServerProcess): number[] {
  const announced = output().matchAll(/^.*an API process listens.*$/gm);
  return [...announced].map(([line]) => JSON.parse(line).apiPid);
}

/** Opens a connection, sends a request, and waits until it is answered or closed. */
function ask({ url }: ServerProcess): Promise<'answered' | 'closed'> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve) => {
    const socket = net.connect(Number.parseInt(port, 10), hostname, () => {
      socket.write(`GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ledger.apiKey}\r\n\r\n`);
    });
    socket.once('data', () => {
      socket.destroy();
      resolve('answered');
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve('closed'));
  });
}

test('leaves no caller waiting whose connection was on its way to a process that died', async () => {
  const service = await start();
  const [first] = apiPids(service);
  // It accepts nothing that it is given, as if it died in this moment, which lasts long enough to fill.
  process.kill(first!, 'SIGSTOP');
  const outcomes = Array.from({ length: 40 }, () => ask(service));
  await until(async () => (await Promise.race([outcomes[0]!, outcomes[1]!])) === 'answered');
  await sleep(200);
  process.kill(first!, 'SIGKILL');
  const ended = await Promise.all(outcomes);
  expect(ended.filter((outcome) => outcome === 'answered').length).toBeGreaterThanOrEqual(20);
  expect(ended).toHaveLength(40);
});

test('kills and replaces a process that is frozen, so that its callers come to an end', async () => {
  const service = await start();
  const [first] = apiPids(service);
  process.kill(first!, 'SIGSTOP');
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => ask(service)));
  expect(outcomes.filter((outcome) => outcome === 'closed')).toHaveLength(5);
  expect(service.output()).toContain('an API process does not answer and is killed');
  await until(async () => apiPids(service).length === 3);
  expect(await ask(service)).toBe('answered');
});

test('answers metrics while a process is being replaced, without the one that is not ready', async () => {
  const service = await start();
  const scrape = async () => {
    const answer = await fetch(`${service.url}/metrics`, { headers: { connection: 'close' } });
    return { status: answer.status, text: await answer.text() };
  };
  process.kill(apiPids(service)[0]!, 'SIGKILL');
  await until(async () => service.output().includes('an API process ended and is replaced'));
  let scrapes = 0;
  while (apiPids(service).length < 3) {
    const { status, text } = await scrape();
    expect(status).toBe(200);
    expect(text).toContain('joint_ledger_queue_depth 0');
    scrapes++;
  }
  expect(scrapes).toBeGreaterThan(0);
});

test('replaces an API process that dies during the first start', async () => {
  // The first process that runs this with the options of an API process kills itself; the mark says that one did.
  const script = path.join(os.tmpdir(), `dies-once-${process.pid}-${ledger.ledgerId}.cjs`);
  writeFileSync(
    script,
    `if (process.env.JOINT_LEDGER_API_OPTIONS !== undefined) {
       try { require('fs').writeFileSync(__filename + '.mark', '', { flag: 'wx' }); process.kill(process.pid, 'SIGKILL'); }
       catch {}
     }`,
  );
  const service = await start({ NODE_OPTIONS: `--require ${script}` });
  expect(service.output()).toContain('an API process ended and is replaced');
  expect(apiPids(service)).toHaveLength(2);
  expect(await ask(service)).toBe('answered');
});

test('gives a start up in a sentence when API processes die again and again', async () => {
  const script = path.join(os.tmpdir(), `dies-always-${process.pid}-${ledger.ledgerId}.cjs`);
  writeFileSync(
    script,
    "if (process.env.JOINT_LEDGER_API_OPTIONS !== undefined) process.kill(process.pid, 'SIGKILL');",
  );
  const starting = start({ NODE_OPTIONS: `--require ${script}`, LOG_LEVEL: 'silent' });
  await expect(starting).rejects.toThrow(
    /^the service ended with 1: joint-ledger: An API process ended 5 times before it was ready, with SIGKILL\.\n$/,
  );
});
