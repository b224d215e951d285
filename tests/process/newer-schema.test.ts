import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { untilLogged } from '../support/event-log.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

// This build as the older one of two. The newer one is made here: it does to the schema everything that
// tests/database/older-builds.test.ts allows to a migration, and tells of things that this build does not know.

let testDatabase: TestDatabase;
let receiver: WebhookReceiver;
let processes: ServerProcess[];
/** Waits for whoever still moves money. */
let ending: () => Promise<unknown>;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  receiver = await startWebhookReceiver();
  processes = [];
  ending = async () => {};
});

afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await ending();
  await receiver.close();
  await testDatabase.verifyAndDrop();
});

async function start(role: 'api' | 'worker'): Promise<ServerProcess> {
  const settings = { DATABASE_URL: testDatabase.url, ...localWebhookSettings };
  const started = await startServerProcess(settings, ['--role', role]);
  processes.push(started);
  return started;
}

/** Adds columns to every table and values to every list of known ones, and a table that refers to accounts. */
async function migrateAsNewerBuild(): Promise<void> {
  const { database } = testDatabase;
  const { rows } = await database.raw(`
    select c.relname as name, coalesce(json_object_agg(k.conname, pg_get_constraintdef(k.oid)) filter (
      where k.conname like '%\\_known'), '{}') as checks
    from pg_class c left join pg_constraint k on k.conrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'knex\\_%'
    group by c.relname`);
  for (const { name, checks } of rows) {
    const changes = ['add column newer text', 'add column newest integer not null default 7 check (newest > 0)'];
    for (const [constraint, definition] of Object.entries<string>(checks)) {
      const wider = definition.replace('ARRAY[', "ARRAY['newer'::text, ");
      changes.push(`drop constraint ${constraint}`, `add constraint ${constraint} ${wider} not valid`);
    }
    await database.raw(`alter table ${name} ${changes.join(', ')}`);
  }
  await database.raw(`
    create table newer_things (ledger_id uuid, account_id uuid,
                               foreign key (ledger_id, account_id) references accounts (ledger_id, id))`);
  const mark = { name: '29991231000000_of_a_newer_build', batch: 99, migration_time: new Date() };
  await database('knex_migrations').insert(mark);
}

/** Tells of something about an account that only the newer build knows. */
async function tellNews(accountId: string): Promise<void> {
  await testDatabase.database.transaction(async (newer) => {
    await newer('accounts').where('id', accountId).forUpdate().select('id');
    await newer.raw(
      `with account as (
         update accounts set event_count = event_count + 1, last_event_stamp = last_event_stamp + 1 where id = ?
         returning ledger_id, id, event_count, last_event_stamp),
       told as (
         insert into events (ledger_id, id, account_id, sequence, type, subject_id, occurred_at, data)
         select ledger_id, gen_random_uuid(), id, event_count, 'account.newer', id, clock_timestamp(), '{}'
         from account returning *)
       insert into log_inbox (ledger_id, stamp, salt, account_ids, sequences, event_ids)
       select t.ledger_id, a.last_event_stamp, 0, array[t.account_id], array[t.sequence], array[t.id]
       from told t, account a`,
      [accountId],
    );
  });
}

/** Reads until a stream has told of something; false when it ended before. */
async function hasTold(stream: Response, what: string): Promise<boolean> {
  let text = '';
  for await (const chunk of stream.body!) {
    text += Buffer.from(chunk).toString();
    if (text.includes(what)) return true;
  }
  return false;
}

test('an API and a worker go on while a newer build migrates and runs beside them, and start again after it', async () => {
  const { database } = testDatabase;
  const { apiKey } = await createTestLedger(database);
  const [older, worker] = await Promise.all([start('api'), start('worker')]);
  const client = createTestClient(older.url, apiKey);
  const pair = [await client.openAccount({ balance: '500.00' }), await client.openAccount({ balance: '500.00' })];
  const quiet = await client.openAccount({ balance: '10.00' });
  // What the endpoint is not to be told of.
  await untilLogged(testDatabase);
  await client.post('/v1/webhook-endpoints', { url: `${receiver.url}/hooks`, accountIds: [quiet], ordered: true });
  const headers = { authorization: `Bearer ${apiKey}` };
  const stream = await fetch(`${older.url}/v1/events/stream`, { headers });
  const streamed = hasTold(stream, 'event: account.newer');

  const answers: number[] = [];
  let moving = true;
  async function keepMoving(by: TestClient, from: number): Promise<void> {
    const transfer = { fromAccountId: pair[from], toAccountId: pair[1 - from], amount: '1.00', currency: 'USD' };
    const hold = { accountId: pair[from], amount: '1.00', currency: 'USD' };
    while (moving && processes.every(({ child }) => child.exitCode === null && !child.killed)) {
      answers.push((await by.post('/v1/transfers', transfer)).status);
      const held = await by.post('/v1/holds', hold);
      answers.push(held.status, (await by.post(`/v1/holds/${held.body.id}/void`)).status);
      answers.push((await by.get(`/v1/accounts/${pair[from]}/entries`)).status, (await by.get('/v1/events')).status);
      answers.push((await by.get('/v1/webhook-endpoints')).status);
    }
  }
  const untilMoved = (more: number, before = answers.length) => until(async () => answers.length > before + more);
  const movers = [keepMoving(client, 0), keepMoving(client, 1)];
  ending = () => Promise.allSettled(movers);
  await untilMoved(50);
  await migrateAsNewerBuild();
  await untilMoved(50);

  // Nobody but the older worker is there to do it.
  const hold = await client.post('/v1/holds', { accountId: quiet, amount: '1.00', currency: 'USD' });
  const over = database.raw('now()');
  await database('holds').where('id', hold.body.id).update({ expires_at: over });
  await database('accounts').where('id', quiet).update({ next_expiry: over });
  await tellNews(quiet);
  const refused = () => answers.filter((status) => status !== 200 && status !== 201);
  await until(async () => receiver.received.length >= 3 || refused().length > 0);
  expect(refused()).toEqual([]);
  expect(await streamed).toBe(true);
  const told = receiver.received.map(({ body }) => JSON.parse(body).type).sort();
  expect(told).toEqual(['account.newer', 'hold.expired', 'hold.placed']);

  const [again] = await Promise.all([start('api'), start('worker')]);
  movers.push(keepMoving(createTestClient(again.url, apiKey), 0), keepMoving(createTestClient(again.url, apiKey), 1));
  await untilMoved(100);
  moving = false;
  await Promise.all(movers);
  expect(refused()).toEqual([]);
  expect(processes).toHaveLength(4);
  for (const { url } of processes) await until(async () => (await fetch(`${url}/readyz`)).status === 200);
  expect(await database('failed_work')).toEqual([]);
  const openStream = await fetch(`${older.url}/v1/events/stream`, { headers });
  for (const { end } of [worker, older]) expect(await end('SIGTERM')).toBe(0);
  expect(await openStream.text()).toMatch(/^retry: /);
  expect((await createTestClient(again.url, apiKey).get(`/v1/accounts/${pair[0]}`)).status).toBe(200);
});
