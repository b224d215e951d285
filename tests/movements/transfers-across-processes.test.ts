import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { countDeadlocks, untilSessionsEnded } from '../support/lock-witness.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
});

afterEach(() => testDatabase.verifyAndDrop());

/** Callers at once, over all processes. Enough to keep every session of every pool busy. */
const callers = 48;
const transfersEach = manyOrFew(50, 10);

test.each([2, 6])('books transfers in both directions through %i processes without a deadlock', async (processes) => {
  const { database, url } = testDatabase;
  const { apiKey } = await createTestLedger(database);
  const servers: ServerProcess[] = await Promise.all(
    Array.from({ length: processes }, () => startServerProcess({ DATABASE_URL: url })),
  );
  try {
    const client = createTestClient(servers[0]!.url, apiKey);
    const accounts = await Promise.all([1, 2, 3].map(() => client.openAccount({ balance: '100000.00' })));
    const deadlocksBefore = await countDeadlocks(database);

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
    const booked = await database('transactions').where({ type: 'transfer' }).count('id as count').first();
    expect(booked?.count).toBe(callers * transfersEach);

    const codes = await Promise.all(servers.map((server) => server.end('SIGTERM')));
    expect(codes).toEqual(servers.map(() => 0));
    await untilSessionsEnded(database);
    expect(await countDeadlocks(database)).toBe(deadlocksBefore);
  } finally {
    for (const server of servers) server.child.kill('SIGKILL');
  }
});
