import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../src/database/create-database.ts';
import { findServerKind } from '../../src/database/server-kind.ts';
import { startApi } from '../../src/process/api-process.ts';
import { lookForWork, readQueueStateOf } from '../../src/workers/claim-work.ts';
import { startWorkers } from '../../src/workers/start-workers.ts';
import { startWakeUp } from '../../src/workers/wake-up.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { localWebhooks } from '../support/local-webhooks.ts';
import { markDistributed } from '../support/mark-distributed.mjs';
import { createTestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, openTestPool, type TestDatabase } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });
let place: TestDatabase;
let database: Database;
let ledgerIds: string[];

beforeAll(async () => {
  place = await createTestDatabase();
  await markDistributed(place.database);
  database = openTestPool(place.url);
  await database.raw('create table errands (ledger_id uuid, id uuid, divisor int default 1, done int)');
  ledgerIds = await Promise.all([1, 2, 3].map(async () => (await createTestLedger(database)).ledgerId));
});

beforeEach(() => database('errands').delete());

afterAll(async () => {
  await database.destroy();
  await place.verifyAndDrop();
});

/** An errand whose divisor is nothing fails every question that comes to it, as a node does that is away. */
const errands: WorkQueue = {
  ...{ name: 'errands', table: 'errands', idColumn: 'id', batchSize: 2, lanes: 2, isUrgent: true },
  isDue: 'item.done is null and 1 / item.divisor = 1',
  dueSince: 'item.id',
  async work({ knex, ledgerId }, ids) {
    await knex('errands')
      .where('ledger_id', ledgerId)
      .whereIn('id', [...ids])
      .update({ done: knex.raw('coalesce(done, 0) + 1') });
    return undefined;
  },
};
const idle: WorkQueue = { ...errands, name: 'idle', isDue: 'item.done = 0' };

async function addErrands(ledgerId: string, count: number, divisor = 1): Promise<void> {
  const rows = Array.from({ length: count }, () => ({ ledger_id: ledgerId, id: uuidv7(), divisor }));
  await database('errands').insert(rows);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const doneOf = async (ledgerId: string) =>
  (await database('errands').where({ ledger_id: ledgerId, done: 1 }).pluck('id')).length;

test('is found out with the first session', async () => {
  const [one, several] = [openTestPool(process.env.TEST_SERVER_URL!), openTestPool(place.url)];
  expect(await findServerKind(one)).toEqual({ isDistributed: false });
  expect(await findServerKind(several)).toEqual({ isDistributed: true });
  await Promise.all([one.destroy(), several.destroy()]);
});

test('books a movement once, by its key', async () => {
  const ledger = await createTestLedger(database);
  const api = await startApi({
    ...{ host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 65_000, databaseUrl: place.url, databasePoolSize: 10 },
    ...{ lockTimeoutMs: 30_000, ...localWebhooks, lab: false, logger },
  });
  const client = createTestClient(`http://127.0.0.1:${api.port}`, ledger.apiKey);
  const account = await client.openAccount();
  const deposit = (amount: string) =>
    client.post(`/v1/accounts/${account}/deposits`, { amount, currency: 'USD' }, { 'Idempotency-Key': 'salary' });
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => deposit('10.00')));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect((await deposit('11.00')).body.code).toBe('idempotency_key_reused');
  expect(await client.balance(account)).toBe('10.00');
  await api.stop(5_000);
});

test('asks one ledger for the work of all queues', async () => {
  await addErrands(ledgerIds[0]!, 3);
  const look = lookForWork(database, 'look', [errands, idle]);
  expect(await look(ledgerIds[0]!)).toEqual(['errands']);
  expect(await look(ledgerIds[1]!)).toEqual([]);
});

test('counts the work of one ledger', async () => {
  const queue = { ...errands, dueSince: "now() - interval '1 minute'" };
  await addErrands(ledgerIds[0]!, 3);
  await addErrands(ledgerIds[1]!, 2);
  expect(await readQueueStateOf(database, queue, ledgerIds[0]!)).toEqual({ due: 3, oldestSeconds: 60 });
  expect(await readQueueStateOf(database, queue, ledgerIds[2]!)).toEqual({ due: 0, oldestSeconds: 0 });
});

test('works for all ledgers but the one that does not answer, and for that one once it does', async () => {
  const [first, away, last] = ledgerIds as [string, string, string];
  await addErrands(first, 7);
  await addErrands(away, 3, 0);
  await addErrands(last, 5);
  const pool = openTestPool(place.url);
  const wakeUp = startWakeUp({ url: place.url, database: pool, logger });
  const workers = startWorkers({ database: pool, logger, queues: [errands, idle], wakeUp });
  try {
    await until(async () => (await doneOf(first)) === 7 && (await doneOf(last)) === 5);
    expect(await doneOf(away)).toBe(0);
    expect(workers.problem()).toBeUndefined();
    await addErrands(last, 2);
    wakeUp.hint(last);
    await until(async () => (await doneOf(last)) === 7);
    await database('errands').where('ledger_id', away).update({ divisor: 1 });
    await until(async () => (await doneOf(away)) === 3);
    expect(await database('errands').where('done', '>', 1)).toEqual([]);
  } finally {
    await workers.stop(10_000);
    await wakeUp.stop();
    await pool.destroy();
  }
});

test('says that nothing can be worked on when no ledger answers', async () => {
  for (const ledgerId of await database('ledgers').pluck('id')) await addErrands(ledgerId, 1, 0);
  const pool = openTestPool(place.url);
  const wakeUp = startWakeUp({ url: place.url, database: pool, logger });
  const workers = startWorkers({ database: pool, logger, queues: [errands], wakeUp });
  try {
    await until(async () => workers.problem() !== undefined);
    expect(workers.problem()).toContain('errands');
    await database('errands').update({ divisor: 1 });
    await until(async () => workers.problem() === undefined);
  } finally {
    await workers.stop(10_000);
    await wakeUp.stop();
    await pool.destroy();
  }
});
