import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CommitCutter, startCommitCutter } from '../support/commit-cutter.ts';
import { holdAccountLock, until, untilLockWaiters } from '../support/lock-witness.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;
let cutter: CommitCutter;
const servers: ServerProcess[] = [];

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  ledger = await createTestLedger(testDatabase.database);
  cutter = await startCommitCutter(testDatabase.url);
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.child.kill('SIGKILL');
  await cutter.close();
  await testDatabase.verifyAndDrop();
});

async function startServer(databaseUrl: string): Promise<ServerProcess> {
  // Without workers, whose commits would be taken for those of groups.
  const server = await startServerProcess({ DATABASE_URL: databaseUrl }, ['--role', 'api']);
  servers.push(server);
  return server;
}

const callers = 40;

/** Sends a deposit with the caller's own key and answers what came back; undefined when the connection broke. */
async function sendDeposit({ url }: ServerProcess, account: string, caller: number) {
  const answer = await fetch(`${url}/v1/accounts/${account}/deposits`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ledger.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': `deposit-${caller}`,
      prefer: 'wait=20',
    },
    body: JSON.stringify({ amount: '1.00', currency: 'USD' }),
  }).catch(() => undefined);
  const replayed = answer?.headers.get('idempotent-replayed') === 'true';
  return answer && { status: answer.status, text: await answer.text(), replayed };
}

async function queueDepth({ url }: ServerProcess): Promise<string | undefined> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^joint_ledger_queue_depth (\d+)$/m.exec(metrics)?.[1];
}

async function bookedDeposits(): Promise<number> {
  const booked = await testDatabase.database('transactions').count<{ count: number }[]>('id as count');
  return booked[0]!.count;
}

test.each([
  { moment: 'between the write of a group and its commit', cut: 'beforeCommit' as const, grouped: 0 },
  { moment: 'between the commit of a group and its answers', cut: 'afterCommit' as const, grouped: callers - 2 },
])('books each of a group once when the process is killed $moment', async ({ cut, grouped }) => {
  const { database } = testDatabase;
  const doomed = await startServer(cutter.url);
  const account = await createTestClient(doomed.url, ledger.apiKey).openAccount();
  // While the row is locked, two deposits wait for it alone, and all others gather into one group.
  const held = await holdAccountLock(database, account);
  const sent = [];
  for (const caller of [0, 1]) {
    sent.push(sendDeposit(doomed, account, caller));
    await untilLockWaiters(database, caller + 1);
  }
  for (let caller = 2; caller < callers; caller++) sent.push(sendDeposit(doomed, account, caller));
  await until(async () => (await queueDepth(doomed)) === String(callers - 2));
  const died = new Promise((resolve) => doomed.child.once('exit', resolve));
  for (const _alone of [0, 1]) cutter.cutNext('none');
  cutter.cutNext(cut, () => doomed.child.kill('SIGKILL'));
  await held.release();
  await died;
  const before = await Promise.all(sent);
  expect(before.slice(2)).toEqual(Array(callers - 2).fill(undefined));
  expect(await bookedDeposits()).toBe(2 + grouped);

  const heir = await startServer(testDatabase.url);
  const answers = await startTogether(callers, (caller) => sendDeposit(heir, account, caller));
  expect(answers.map((answer) => answer?.status)).toEqual(Array(callers).fill(201));
  expect(answers.filter((answer) => answer?.replayed)).toHaveLength(2 + grouped);
  expect(await bookedDeposits()).toBe(callers);
  expect(await createTestClient(heir.url, ledger.apiKey).balance(account)).toBe(`${callers}.00`);
});
