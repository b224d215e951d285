import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createWorkQueues } from '../../src/work-queues.ts';
import { localWebhooks } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { startServerProcess } from '../support/server-process.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger } from '../support/test-database.ts';

test('runs the API and the workers apart, and each says how it is', async () => {
  const { database, url, verifyAndDrop } = await createTestDatabase();
  const { apiKey } = await createTestLedger(database);
  const settings = { DATABASE_URL: url };
  const [api, worker] = await Promise.all([
    startServerProcess(settings, ['--role', 'api']),
    startServerProcess(settings, ['--role', 'worker']),
  ]);
  const client = createTestClient(api.url, apiKey);
  const account = await client.openAccount({ balance: '100.00' });
  const hold = await client.post('/v1/holds', { accountId: account, amount: '10.00', currency: 'USD' });
  await database('holds')
    .where('id', hold.body.id)
    .update({ expires_at: database.raw('now()') });
  await database('accounts')
    .where('id', account)
    .update({ next_expiry: database.raw('now()') });
  // Nobody but the worker comes by.
  await until(async () => (await database('accounts').where('id', account).pluck('held'))[0] === '0.0000');

  const get = async (path: string) => {
    const answer = await fetch(`${worker.url}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  await until(async () => (await get('/readyz')).text === '{"status":"ready"}');
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/v1/accounts')).status).toBe(404);
  const options = {
    stopping: AbortSignal.abort(),
    logger: pino({ level: 'silent' }),
    idempotencyRetentionHours: 24,
    auditRetentionDays: 1,
  };
  const queues = createWorkQueues({ ...options, ...localWebhooks });
  // The queues are measured now and then: the last time may have been before the worker came by.
  await until(async () => {
    const { text } = await get('/metrics');
    return (
      /joint_ledger_work_items_total\{queue="expiries"\} 1\n/.test(text) &&
      queues.every(({ name }) => text.includes(`joint_ledger_work_due{queue="${name}"} 0\n`)) &&
      /joint_ledger_work_oldest_seconds\{queue="expiries"\} \d/.test(text)
    );
  });

  expect(await worker.end('SIGTERM')).toBe(0);
  expect(await api.end('SIGTERM')).toBe(0);
  await verifyAndDrop();
});
