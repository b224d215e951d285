import { expect, test } from '@jest/globals';
import { type CommitCutter, startCommitCutter } from '../support/commit-cutter.ts';
import { startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger } from '../support/test-database.ts';
import { startTestService } from '../support/test-service.ts';

/** Reads one value; 0 for a label that was never counted. */
async function readMetric(url: string, name: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const line = (await answer.text()).split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number.parseFloat(line.slice(name.length));
}

test('counts groups, waits, commits, retries and refusals, for whoever asks without a key', async () => {
  let cutter: CommitCutter | undefined;
  const service = await startTestService({
    by: async (databaseUrl) => {
      cutter = await startCommitCutter(databaseUrl);
      return cutter.url;
    },
  });
  const { client, url } = service;
  const withdrawals = 'method="POST",route="/v1/accounts/:accountId/withdrawals"';
  const names = [
    'joint_ledger_group_movements_sum',
    'joint_ledger_group_movements_count',
    'joint_ledger_queue_wait_seconds_count',
    'joint_ledger_lock_wait_seconds_count',
    'joint_ledger_commit_seconds_count',
    'joint_ledger_transaction_retries_total{sqlstate="connection"}',
    'joint_ledger_refusals_total{code="insufficient_funds"}',
    'joint_ledger_refusals_total{code="validation_failed"}',
    `joint_ledger_http_request_seconds_count{${withdrawals},status="422"}`,
    `joint_ledger_http_request_seconds_count{${withdrawals},status="400"}`,
    'joint_ledger_http_request_seconds_count{method="GET",route="none",status="404"}',
  ];
  const read = () => Promise.all(names.map((name) => readMetric(url, name)));
  const account = await client.openAccount();
  const before = await read();

  const one = { amount: '1.00', currency: 'USD' };
  const item = { ...one, accountId: account };
  await client.post(`/v1/accounts/${account}/deposits`, one);
  await client.post(`/v1/accounts/${account}/withdrawals`, { ...one, amount: '9.00' });
  await client.post(`/v1/accounts/${account}/withdrawals`, { ...one, amount: 'x' });
  const items = [
    { ...item, type: 'deposit' },
    { ...item, type: 'withdrawal', amount: '9.00' },
  ];
  await client.post('/v1/batches', { atomic: false, items });
  await fetch(`${url}/nothing`);
  cutter?.cutNext('beforeCommit');
  await client.post(`/v1/accounts/${account}/deposits`, one);

  const after = await read();
  // The transaction that was cut was locked and sent to commit twice, and committed once.
  expect(after.map((value, index) => value - before[index]!)).toEqual([5, 4, 4, 5, 4, 1, 2, 1, 1, 1, 1]);
  expect(await readMetric(url, 'joint_ledger_queue_depth')).toBe(0);
  expect(await readMetric(url, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  await service.stop();
  await cutter?.close();
});

test('tells of all processes behind a port, whichever of them is asked', async () => {
  const testDatabase = await createTestDatabase();
  const { apiKey } = await createTestLedger(testDatabase.database);
  const server = await startServerProcess({ DATABASE_URL: testDatabase.url }, ['--processes', '3']);
  try {
    const client = createTestClient(server.url, apiKey);
    const account = await client.openAccount();
    const answers = await startTogether(30, () =>
      client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(30).fill(201));
    const told = await startTogether(9, () => readMetric(server.url, 'joint_ledger_group_movements_sum'));
    expect(told).toEqual(Array(9).fill(31));
  } finally {
    await server.end('SIGTERM');
    await testDatabase.verifyAndDrop();
  }
});
