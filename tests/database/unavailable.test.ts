import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDatabase } from '../../src/database/create-database.ts';
import { databaseRefusal } from '../../src/database/ledger-transaction.ts';
import { until } from '../support/lock-witness.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let account: string;
const user = `app_${process.pid}_${Math.random().toString(36).slice(2)}`;

beforeEach(async () => {
  service = await startTestService({
    async by(databaseUrl) {
      const admin = createDatabase({ url: databaseUrl, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 5_000 });
      await admin.raw(`create role ${user} superuser login password 'first'`);
      await admin.destroy();
      const url = new URL(databaseUrl);
      [url.username, url.password] = [user, 'first'];
      return url.href;
    },
  });
  account = await service.client.openAccount({ balance: '10.00' });
});

afterEach(async () => {
  const { database } = service;
  await database.raw(`alter role ${user} password 'first'`);
  await database.raw('drop trigger if exists fails on entries');
  await service.api.stop(5_000);
  await database.raw(`drop owned by ${user}`);
  await database.raw(`drop role ${user}`);
  await service.stop();
});

function deposit() {
  return service.client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });
}

/** Has the next bookings fail, in the statement that writes them. */
async function failWith(sqlState: string): Promise<void> {
  await service.database.raw(`
    create or replace function fails() returns trigger language plpgsql as
      $$ begin raise exception 'no' using errcode = '${sqlState}'; end $$`);
  await service.database.raw(
    'create or replace trigger fails before insert on entries for each statement execute function fails()',
  );
}

test.each(['53100', '53200', '55000'])('knows that nothing was booked when a write fails with %s', async (sqlState) => {
  await failWith(sqlState);
  expect((await deposit()).body).toMatchObject({ status: 503, code: 'database_unavailable' });
  await service.database.raw('drop trigger fails on entries');
  expect((await deposit()).status).toBe(201);
});

test('answers 503 while the database refuses its user, and goes on afterwards', async () => {
  await service.database.raw(`alter role ${user} password 'second'`);
  // A session that was just being opened may come after those that are ended.
  await until(async () => {
    await service.database.raw('select pg_terminate_backend(pid) from pg_stat_activity where usename = ?', [user]);
    return (await deposit()).body.code === 'database_unavailable';
  });
  expect((await service.client.get('/v1/accounts')).body).toMatchObject({ status: 503, code: 'database_unavailable' });
  expect((await service.client.get('/readyz')).body.detail).toBe('The database cannot be reached.');
  await service.database.raw(`alter role ${user} password 'first'`);
  expect((await deposit()).status).toBe(201);
});

test.each([
  ['has no such database', (url: string) => url.replace(/[^/]*$/, 'not_there')],
  ['has no such socket', () => 'postgres:///postgres?host=/not/there'],
  ['speaks no TLS', (url: string) => `${url}?sslmode=verify-full`],
])('takes a server that %s for unavailable', async (_name, changed) => {
  const url = changed(service.databaseUrl);
  const database = createDatabase({ url, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 5_000 });
  const error = await database.raw('select 1').catch((failure: unknown) => failure);
  expect(databaseRefusal(error)?.refusal.code).toBe('database_unavailable');
  await database.destroy();
});
