import { writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/lock-witness.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;
const services: ServerProcess[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ledger = await createTestLedger(testDatabase.database);
});

afterAll(async () => {
  for (const { child } of services) child.kill('SIGKILL');
  await testDatabase.verifyAndDrop();
});

async function start(settings: Record<string, string> = {}): Promise<ServerProcess> {
  const service = await startServerProcess({ DATABASE_URL: testDatabase.url, ...settings }, ['--processes', '2']);
  services.push(service);
  return service;
}

/** The API processes that the log has announced, the oldest first. */
function apiPids({ output }: ServerProcess): number[] {
  const announced = output().matchAll(/^.*an API process listens.*$/gm);
  return [...announced].map(([line]) => JSON.parse(line).apiPid);
}

/** How often the log says that an API process ended. */
function countEnds({ output }: ServerProcess): number {
  return output().split('an API process ended and is replaced').length - 1;
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

describe('of the two API processes of a service', () => {
  let service: ServerProcess;

  beforeAll(async () => {
    service = await start();
  });

  /** The one that has run for longest, and a wait for the one that takes its place. */
  function firstOfTwo(): { pid: number; untilReplaced: () => Promise<void> } {
    const announced = apiPids(service);
    const untilReplaced = () => until(async () => apiPids(service).length > announced.length);
    return { pid: announced.at(-2)!, untilReplaced };
  }

  test('one that dies leaves no caller waiting whose connection was on its way to it', async () => {
    const { pid, untilReplaced } = firstOfTwo();
    // It accepts nothing that it is given, as if it died in this moment, which lasts long enough to fill.
    process.kill(pid, 'SIGSTOP');
    const outcomes = Array.from({ length: 40 }, () => ask(service));
    await until(async () => (await Promise.race([outcomes[0]!, outcomes[1]!])) === 'answered');
    await sleep(200);
    process.kill(pid, 'SIGKILL');
    const ended = await Promise.all(outcomes);
    expect(ended.filter((outcome) => outcome === 'answered').length).toBeGreaterThanOrEqual(20);
    expect(ended).toHaveLength(40);
    await untilReplaced();
  });

  test('one that is frozen is killed and replaced, so that its callers come to an end', async () => {
    const { pid, untilReplaced } = firstOfTwo();
    process.kill(pid, 'SIGSTOP');
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => ask(service)));
    expect(outcomes.filter((outcome) => outcome === 'closed')).toHaveLength(5);
    expect(service.output()).toContain('an API process does not answer and is killed');
    await untilReplaced();
    expect(await ask(service)).toBe('answered');
  });

  test('one that is not ready yet is missing in the metrics, which are answered', async () => {
    const scrape = async () => {
      const answer = await fetch(`${service.url}/metrics`, { headers: { connection: 'close' } });
      return { status: answer.status, text: await answer.text() };
    };
    const [announced, ends] = [apiPids(service).length, countEnds(service)];
    process.kill(firstOfTwo().pid, 'SIGKILL');
    await until(async () => countEnds(service) > ends);
    let scrapes = 0;
    while (apiPids(service).length === announced) {
      const { status, text } = await scrape();
      expect(status).toBe(200);
      expect(text).toContain('joint_ledger_queue_depth 0');
      scrapes++;
    }
    expect(scrapes).toBeGreaterThan(0);
  });
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
