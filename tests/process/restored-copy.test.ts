import { chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { verifyBooks } from '../../src/verify-books.ts';
import { createDatabaseServers, type DatabaseServers } from '../support/database-servers.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { startServerProcess } from '../support/server-process.ts';
import { migrateDatabase } from '../support/standby-servers.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestLedger, openTestPool } from '../support/test-database.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let servers: DatabaseServers;
let receiver: WebhookReceiver;

beforeAll(async () => {
  servers = createDatabaseServers();
  receiver = await startWebhookReceiver();
});

afterAll(async () => {
  await servers.stopAll();
  await receiver.close();
});

/**
 * A backup of a server that goes on writing (PostgreSQL manual, 26.3.3, "Making a Base Backup Using the Low Level API"):
 * the files in whatever state they are, then the log up to the end, and the label that says where it begins.
 */
async function backUp(url: string, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("select current_setting('server_version_num')::int >= 150000 as is_new");
  const [begin, end] = rows[0].is_new
    ? ["pg_backup_start('test', true)", 'pg_backup_stop(false)']
    : ["pg_start_backup('test', true, false)", 'pg_stop_backup(false, false)'];
  await client.query(`select ${begin}`);
  servers.copy(from, to);
  const stopped = await client.query(`select labelfile from ${end}`);
  servers.copy(from, to, 'pg_wal');
  for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(path.join(servers.data(to), file), { force: true });
  const label = path.join(servers.data(to), 'backup_label');
  writeFileSync(label, stopped.rows[0].labelfile, { mode: 0o600 });
  const { uid, gid } = statSync(servers.data(to));
  chownSync(label, uid, gid);
  await client.end();
}

test('pays nobody and calls nobody a second time while it is paused, and goes on once it is not', async () => {
  const live = await servers.start('live');
  await migrateDatabase(live.url);
  const service = await startServerProcess({ ...localWebhookSettings, DATABASE_URL: live.url });
  const database = openTestPool(live.url);
  const { apiKey } = await createTestLedger(database);
  const client = createTestClient(service.url, apiKey);
  const [payer, payee] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
  const paid = async (of = client) => (await of.balance(payee)) === '5.00';

  // Due after the backup: the copy knows of it and does not know that it was paid.
  const startsAt = new Date(Date.now() + 6_000).toISOString().slice(0, 19);
  const order = { fromAccountId: payer, toAccountId: payee, currency: 'USD', amount: '5.00' };
  const made = await client.post('/v1/standing-orders', { ...order, schedule: { startsAt, timeZone: 'UTC' } });
  expect(made.status).toBe(201);
  const about = { url: `${receiver.url}/hooks`, eventTypes: ['standing_order.run_booked'] };
  expect((await client.post('/v1/webhook-endpoints', about)).status).toBe(201);

  let isWriting = true;
  const writing = (async () => {
    for (let number = 0; isWriting; number++) {
      const deposit = { amount: '0.01', currency: 'USD' };
      await client.post(`/v1/accounts/${payer}/deposits`, deposit, { 'Idempotency-Key': `while-${number}` });
    }
  })();
  await backUp(live.url, 'live', 'copy');
  isWriting = false;
  await writing;
  await until(() => paid());
  await receiver.untilReceived(1);
  // All that was there to be done is done.
  await until(async () => (await database('webhook_deliveries').where('status', 'pending')).length === 0);

  const copy = await servers.start('copy');
  const paused = await startServerProcess({ ...localWebhookSettings, DATABASE_URL: copy.url, WORKERS: 'off' });
  expect(paused.output()).toContain('WORKERS=off');
  const onCopy = createTestClient(paused.url, apiKey);
  const copied = openTestPool(copy.url);
  const stateOf = () => copied('standing_orders').select('status', 'next_attempt_at', 'attempts');
  const before = await stateOf();
  expect(before).toMatchObject([{ status: 'active', attempts: 0 }]);
  expect(before[0].next_attempt_at.getTime()).toBeLessThan(Date.now());
  // It answers and books, and leaves alone what workers do.
  const deposit = await onCopy.post(`/v1/accounts/${payer}/deposits`, { amount: '1.00', currency: 'USD' });
  expect([deposit.status, await paid(onCopy)]).toEqual([201, false]);
  await sleep(2_000);
  expect([await stateOf(), await paid(onCopy), receiver.received.length]).toEqual([before, false, 1]);

  // It takes the place of the one that it is a copy of.
  expect(await service.end('SIGTERM')).toBe(0);
  expect(await paused.end('SIGTERM')).toBe(0);
  await database.destroy();
  await live.stop();
  const successor = await startServerProcess({ ...localWebhookSettings, DATABASE_URL: copy.url });
  const after = createTestClient(successor.url, apiKey);
  await until(() => paid(after));
  await receiver.untilReceived(2);
  expect(await verifyBooks(copied)).toEqual([]);
  expect((await after.get(`/v1/standing-orders/${made.body.id}/runs`)).body.data).toHaveLength(1);
  expect(await successor.end('SIGTERM')).toBe(0);
  await copied.destroy();
});
