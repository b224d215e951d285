import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/lock-witness.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;
let server: ServerProcess;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ledger = await createTestLedger(testDatabase.database);
  server = await startServerProcess({ DATABASE_URL: testDatabase.url }, ['--processes', '3']);
});

afterAll(async () => {
  server.child.kill('SIGKILL');
  await testDatabase.verifyAndDrop();
});

/** The API processes that the log has announced. */
function apiPids(message: string): number[] {
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.includes(message));
  return lines.map((line) => JSON.parse(line).apiPid);
}

interface Answered {
  status: number;
  text: string;
}

/** Sends until it is answered, always with the same key. */
async function depositUntilAnswered(account: string, key: string): Promise<Answered> {
  for (;;) {
    try {
      const answer = await fetch(`${server.url}/v1/accounts/${account}/deposits`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ledger.apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify({ amount: '1.00', currency: 'USD' }),
      });
      return { status: answer.status, text: await answer.text() };
    } catch {
      await sleep(20);
    }
  }
}

test('loses nothing acknowledged when API processes are killed in the middle of load, and replaces them', async () => {
  const client = createTestClient(server.url, ledger.apiKey);
  const account = await client.openAccount();
  expect(new Set(apiPids('an API process listens')).size).toBe(3);

  const each = manyOrFew(40, 20);
  const answers = new Map<string, Answered>();
  let killed = 0;
  await startTogether(24, async (caller) => {
    for (let round = 0; round < each; round++) {
      const key = `${caller}-${round}`;
      answers.set(key, await depositUntilAnswered(account, key));
      // Two of the three die while all callers are busy.
      if (answers.size >= 5 * each * (killed + 1) && killed < 2)
        process.kill(apiPids('an API process listens')[killed++]!, 'SIGKILL');
    }
  });

  expect(killed).toBe(2);
  expect([...answers.values()].filter(({ status }) => status !== 201)).toEqual([]);
  expect(await client.balance(account)).toBe(`${24 * each}.00`);
  for (const key of ['0-0', `11-${each / 2}`, `23-${each - 1}`]) {
    expect(await depositUntilAnswered(account, key)).toEqual(answers.get(key));
  }
  await until(async () => apiPids('an API process was replaced').length === 2);
  expect(new Set(apiPids('an API process listens')).size).toBe(5);
});

test('leaves no API process behind when the supervising process is killed', async () => {
  await server.end('SIGKILL');
  await until(() =>
    fetch(`${server.url}/healthz`).then(
      () => false,
      () => true,
    ),
  );
  await until(async () => apiPids('an API process listens').every((pid) => !isAlive(pid)));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
