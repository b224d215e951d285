import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { countDeadlocks, untilSessionsEnded } from '../support/lock-witness.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let apiKey: string;
let servers: ServerProcess[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ({ apiKey } = await createTestLedger(testDatabase.database));
  servers = await startTogether(6, () => startServerProcess({ DATABASE_URL: testDatabase.url }));
});

afterAll(async () => {
  for (const server of servers) server.child.kill('SIGKILL');
  await testDatabase.verifyAndDrop();
});

/** Callers at once, over all processes. Enough to keep every session of every pool busy. */
const callers = 48;
const transfersEach = manyOrFew(50, 10);

test.each([2, 6])('books transfers in both directions through %i processes', async (processes) => {
  const { database } = testDatabase;
  const client = createTestClient(servers[0]!.url, apiKey);
  const accounts = await Promise.all([1, 2, 3].map(() => client.openAccount({ balance: '100000.00' })));

  const expected = accounts.map(() => 100_000);
  await startTogether(callers, async (caller) => {
    for (let round = 0; round < transfersEach; round++) {
      // Neighbours go in opposite directions, and the pairs overlap in a circle.
      const pair = [(caller >> 1) % 3, ((caller >> 1) + 1) % 3] as const;
      const [from, to] = caller % 2 === 0 ? pair : [pair[1], pair[0]];
      const units = 1 + ((caller + round) % 5);
      const answer = await fetch(`${servers[caller % processes]!.url}/v1/transfers`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          fromAccountId: accounts[from],
          toAccountId: accounts[to],
          amount: `${units}.00`,
          currency: 'USD',
        }),
      });
      expect(answer.status).toBe(201);
      await answer.arrayBuffer();
      expected[from]! -= units;
      expected[to]! += units;
    }
  });

  const balances = await Promise.all(accounts.map((account) => client.balance(account)));
  expect(balances).toEqual(expected.map((units) => `${units}.00`));
  const entries = await database('entries').whereIn('account_id', accounts).whereNot('version', 1).select('id');
  expect(entries).toHaveLength(2 * callers * transfersEach);
});

test('none of these transfers met another in a deadlock', async () => {
  const { database } = testDatabase;
  // Sessions report theirs when they end.
  expect(await Promise.all(servers.map((server) => server.end('SIGTERM')))).toEqual(servers.map(() => 0));
  await untilSessionsEnded(database);
  expect(await countDeadlocks(database)).toBe(0);
});
