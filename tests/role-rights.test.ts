import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Database } from '../src/database/create-database.ts';
import { sqlStateOf } from '../src/database/sqlstate.ts';
import { roleRights } from '../src/role-rights.ts';
import { rolesScript } from '../src/roles-script.ts';
import { verifyBooks } from '../src/verify-books.ts';
import { createWorkQueues } from '../src/work-queues.ts';
import { runCommand } from './support/command-line.ts';
import { createDatabaseWithRoles, type DatabaseWithRoles } from './support/database-roles.ts';
import { localWebhookSettings, localWebhooks } from './support/local-webhooks.ts';
import { until } from './support/lock-witness.ts';
import { type RouteCall, routeCalls } from './support/route-calls.ts';
import { type ServerProcess, startServerProcess } from './support/server-process.ts';
import { createBoundKey, openScene, type Scene } from './support/shared-scene.ts';
import { makeDue } from './support/standing-orders.ts';
import { createTestClient, type TestClient } from './support/test-client.ts';
import { createTestLedger, type TestLedger } from './support/test-database.ts';
import type { TestService } from './support/test-service.ts';
import { startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.ts';

/** So that events have traces, which are tidied up; where spans go to nothing answers. */
const tracing = { TRACING: 'on', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };

let roles: DatabaseWithRoles;
let ledger: TestLedger;
let [api, worker]: ServerProcess[] = [];
let receiver: WebhookReceiver;
let client: TestClient;

beforeAll(async () => {
  roles = await createDatabaseWithRoles();
  ledger = await createTestLedger(roles.database);
  receiver = await startWebhookReceiver();
  const start = (purpose: 'service' | 'worker', role: string) =>
    startServerProcess({ DATABASE_URL: roles.urlOf(purpose), ...tracing, ...localWebhookSettings }, ['--role', role]);
  api = await start('service', 'api');
  worker = await start('worker', 'worker');
  client = createTestClient(api.url, ledger.apiKey);
});

afterAll(async () => {
  const codes = [await worker?.end('SIGTERM'), await api?.end('SIGTERM')];
  await receiver.close();
  await roles.drop();
  expect(codes).toEqual([0, 0]);
});

test('the service and the workers can do all their work as roles that may do nothing else', async () => {
  const { id: endpointId } = await created(client.post('/v1/webhook-endpoints', { url: `${receiver.url}/hooks` }));
  await callAllRoutes();
  await created(client.post(`/v1/webhook-endpoints/${endpointId}/secret-rotations`, {}));
  await administer();
  await until(async () => receiver.received.length > 20);

  await makeAllDue(endpointId);
  const queues = createWorkQueues({
    ...{
      stopping: AbortSignal.abort(),
      logger: pino({ level: 'silent' }),
      idempotencyRetentionHours: 168,
      auditRetentionDays: 365,
    },
    ...localWebhooks,
  });
  let idle: string[] = [];
  const failures = () => roles.database('failed_work').pluck('error');
  await until(async () => {
    const metrics = await (await fetch(`${worker!.url}/metrics`)).text();
    const names = queues.map(({ name }) => name);
    idle = names.filter((name) => !metrics.includes(`joint_ledger_work_items_total{queue="${name}"}`));
    return idle.length === 0 || (await failures()).length > 0;
  });
  expect([await failures(), idle]).toEqual([[], []]);
  expect(`${api!.output()}${worker!.output()}`).not.toMatch(/permission denied|42501/);
  expect(await verifyBooks(roles.openAs('owner'))).toEqual([]);
});

/** Every route, as a holder and as the service, in an order in which most of them do what they are for. */
async function callAllRoutes(): Promise<void> {
  const scene = await openScene(client);
  const service = { ...ledger, url: api!.url, database: roles.database } as TestService;
  const holder = createTestClient(api!.url, await createBoundKey(service, scene.party.ann));
  for (const each of routeCalls) {
    const { status, body } = await send(holder, each, scene);
    expect([each.route, body.code === undefined ? `${status}` : `${status} ${body.code}`]).toEqual([
      each.route,
      each.holder,
    ]);
  }
  for (const each of routeCalls) {
    const { status } = await send(client, each, scene);
    expect([each.route, status]).not.toEqual([each.route, 500]);
  }
}

function send(caller: TestClient, { route, path, body }: RouteCall, scene: Scene) {
  const method = route.split(' ')[0]!.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
  if (method === 'get' || method === 'delete') return caller[method](path(scene));
  return caller[method](path(scene), body?.(scene), { 'Idempotency-Key': randomUUID() });
}

async function created(sent: PromiseLike<{ status: number; body: { id: string } }>): Promise<{ id: string }> {
  const { status, body } = await sent;
  expect([body, status < 300]).toEqual([body, true]);
  return body;
}

/** What the service alone may do. */
async function administer(): Promise<void> {
  const { id: party } = await created(client.post('/v1/parties', { name: 'Eve', externalId: 'eve' }));
  await created(client.patch(`/v1/parties/${party}`, { name: 'Eva' }));
  await created(client.post(`/v1/parties/${party}/erase`, {}));
  const sole = { name: 'X', currency: 'EUR', ownership: 'sole', metadata: { a: '1' } };
  const { id: account } = await created(client.post('/v1/accounts', sole));
  await created(client.patch(`/v1/accounts/${account}`, { metadata: null }));
  const deposit = await created(client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'EUR' }));
  await created(client.post(`/v1/transactions/${deposit.id}/reversals`, { reason: 'x' }));
  const { id: restriction } = await created(
    client.post(`/v1/accounts/${account}/restrictions`, { reason: 'x', scope: 'both' }),
  );
  await created(client.post(`/v1/restrictions/${restriction}/lift`, { reason: 'x' }));
  await created(client.post(`/v1/accounts/${account}/close`, {}));
  const { id: key } = await created(client.post('/v1/api-keys', { name: 'X' }));
  const { id: rotated } = await created(client.post(`/v1/api-keys/${key}/rotate`, {}));
  await created(client.post(`/v1/api-keys/${rotated}/revoke`, {}));
  await roles.database('failed_work').insert({
    ...{ ledger_id: ledger.ledgerId, queue: 'expiries', item_id: account, attempts: 9, error: 'x' },
    ...{ first_failed_at: new Date(), last_failed_at: new Date() },
  });
  await created(client.post(`/v1/failed-work/expiries/${account}/requeue`, {}));
}

/** Something for each queue. */
async function makeAllDue(endpointId: string): Promise<void> {
  const scene = await openScene(client);
  const { foreign } = scene;
  await created(client.post(`/v1/accounts/${scene.account}/projects`, { name: 'X' }));
  const invited = { partyId: await client.createParty('Ida'), by: foreign.party.zoe };
  await created(client.post(`/v1/accounts/${foreign.id}/holders`, invited));
  const due = new Date();
  const longAgo = new Date('2020-01-01T00:00:00Z');
  const { database } = roles;
  // An account of which another queue has something to note would be tidied up by that one.
  const account = await client.openAccount({ balance: '5.00' });
  await created(client.post('/v1/holds', { accountId: account, amount: '1.00', currency: 'USD' }));
  await database('holds').where('account_id', account).update({ expires_at: due });
  await database('accounts').where('id', account).update({ next_expiry: due });
  expect(await database('holders').where({ status: 'invited' }).update({ invitation_expires_at: due })).toBeGreaterThan(
    0,
  );
  expect(await database('account_changes').where({ status: 'waiting' }).update({ expires_at: due })).toBeGreaterThan(0);
  expect(await database('projects').where({ status: 'open' }).update({ expires_at: due })).toBeGreaterThan(0);
  expect(await database('idempotency_keys').update({ created_at: longAgo })).toBeGreaterThan(0);
  expect(await database('event_traces').update({ created_at: longAgo })).toBeGreaterThan(0);
  const daily = { name: 'Daily', currency: 'USD', ownership: 'sole', statements: 'daily' };
  const { id: stated } = await created(client.post('/v1/accounts', daily));
  await database('accounts')
    .where('id', stated)
    .update({ created_at: new Date(due.getTime() - 3 * 86_400_000) });
  const yesterday = `${new Date(due.getTime() - 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`;
  expect(await database('statement_schedules').where('account_id', stated).update({ next_at: yesterday })).toBe(1);
  const first = '016f5e66-e800-7000-8000-000000000000';
  const noted = { ledger_id: ledger.ledgerId, id: first, at: longAgo, channel: 'service', count: 1 };
  await database('audit_entries').insert(noted);
  const unsigned = database('standing_orders').where({ status: 'waiting' });
  expect(await unsigned.update({ expires_at: due })).toBeGreaterThan(0);
  expect(await makeDue(database, ledger.ledgerId)).toBeGreaterThan(0);
  const delivered = database('webhook_deliveries').where({ status: 'delivered' });
  expect(await delivered.update({ finished_at: longAgo })).toBeGreaterThan(0);
  await database('webhook_endpoints').where('id', endpointId).update({ failing_since: due });
  const { id: other } = await created(client.post('/v1/webhook-endpoints', { url: `${receiver.url}/other` }));
  await created(client.delete(`/v1/webhook-endpoints/${other}`));
}

const notAllowed = '42501';

const ownTables = ['transactions', 'entries', 'transaction_metadata', 'events', 'log_blocks', 'log_numbers'];
const onlyInserted = [...ownTables, 'authorisations', 'mandates', 'booking_time_corrections', 'statements'];

test.each(['service', 'worker'] as const)('the %s can change or delete nothing that is only inserted', async (role) => {
  const pool = roles.openAs(role);
  for (const table of onlyInserted) {
    for (const statement of [
      `update ${table} set ledger_id = ledger_id`,
      `delete from ${table}`,
      `truncate ${table}`,
    ]) {
      expect([statement, await stateOf(pool, statement)]).toEqual([statement, notAllowed]);
    }
  }
  for (const statement of [
    'create table more (id int)',
    'drop table events',
    'alter table entries disable trigger all',
    "set session_replication_role = 'replica'",
    'create role more',
    'delete from ledgers',
    'delete from accounts',
    'delete from parties',
    'delete from api_keys',
  ]) {
    expect([statement, await stateOf(pool, statement)]).toEqual([statement, notAllowed]);
  }
});

/** The SQLSTATE with which a statement fails. */
async function stateOf(pool: Database, statement: string): Promise<string | undefined> {
  try {
    await pool.raw(statement);
    return undefined;
  } catch (error) {
    return sqlStateOf(error);
  }
}

test('the triggers refuse even the owner to rewrite the journal', async () => {
  const owner = roles.openAs('owner');
  expect(await stateOf(owner, 'delete from entries')).toBe('23001');
  expect(await stateOf(owner, 'create table more (id int); drop table more')).toBeUndefined();
});

test('readers see the books and no secret', async () => {
  const readers = roles.openAs('readonly');
  for (const table of Object.keys(roleRights)) {
    const { rows } = await roles.database.raw(
      'select column_name as name from information_schema.columns where table_schema = ? and table_name = ?',
      ['public', table],
    );
    const columns: string[] = rows.map(({ name }: { name: string }) => name);
    const { readable } = roleRights[table]!;
    const shown = readable?.split(', ') ?? columns;
    expect([table, await stateOf(readers, `select ${shown} from ${table}`)]).toEqual([table, undefined]);
    const hidden = columns.filter((column) => !shown.includes(column));
    expect([table, hidden]).toEqual([table, secrets[table] ?? []]);
    for (const column of hidden) {
      expect([column, await stateOf(readers, `select ${column} from ${table}`)]).toEqual([column, notAllowed]);
    }
    expect([table, await stateOf(readers, `delete from ${table}`)]).toEqual([table, notAllowed]);
  }
});

const secrets: Readonly<Record<string, string[]>> = {
  api_keys: ['key_hash'],
  webhook_endpoints: ['secret', 'previous_secret'],
  idempotency_keys: ['outcome'],
};

test('every table of the schema is named, so that a new one is thought of', async () => {
  const { rows } = await roles.database.raw("select tablename as name from pg_tables where schemaname = 'public'");
  const found = rows.map(({ name }: { name: string }) => name).sort();
  expect(Object.keys(roleRights).sort()).toEqual(found);
});

test('the owner can migrate, and brings the rights up to date by running it again', async () => {
  const owner = roles.openAs('owner');
  expect(await runCommand(['migrate'], owner)).toMatchObject({ code: 0 });
  expect(await runCommand(['roles', '--apply', '--prefix', roles.prefix], owner)).toMatchObject({
    code: 0,
    stderr: '',
  });
});

test('prints what it would run, and takes no name that is none', async () => {
  const { code, stdout } = await runCommand(['roles'], roles.database);
  expect([code, stdout]).toEqual([0, `begin;\n${rolesScript('joint_ledger')}commit;\n`]);
  expect(await runCommand(['roles', '--prefix', 'a"b'], roles.database)).toMatchObject({ code: 1, stdout: '' });
});

test('does nothing when a role of that name is above all rights', async () => {
  const prefix = `${roles.prefix}_b`;
  await roles.database.raw(`create role ${prefix}_worker superuser`);
  const { code, stderr } = await runCommand(['roles', '--apply', '--prefix', prefix], roles.database);
  const left = await roles.database('pg_roles').where('rolname', 'like', `${prefix}%`).pluck('rolname');
  await roles.database.raw(`drop role ${prefix}_worker`);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`the role ${prefix}_worker is above all rights`)]);
  expect(left).toEqual([`${prefix}_worker`]);
});
