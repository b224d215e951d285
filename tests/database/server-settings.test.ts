import { expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createDatabase } from '../../src/database/create-database.ts';
import { typeParsers } from '../../src/database/type-parsers.ts';
import { startServerProcess } from '../support/server-process.ts';
import { withDatabaseName } from '../support/template-database.ts';
import { startTestService } from '../support/test-service.ts';

/** What somebody may have set for a database, and what would change what is read or written. */
const hostileSettings = {
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  array_nulls: 'off',
  TimeZone: 'Pacific/Auckland',
  standard_conforming_strings: 'off',
  client_encoding: 'LATIN1',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  synchronous_commit: 'off',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
};

async function alterDatabase(url: string, settings: Readonly<Record<string, string>>): Promise<string> {
  const admin = createDatabase({ url, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 10_000 });
  const name = new URL(url).pathname.slice(1);
  for (const [setting, value] of Object.entries(settings)) {
    await admin.raw(`alter database ${name} set ${setting} = '${value}'`);
  }
  await admin.destroy();
  return url;
}

test.each([
  ['everything set otherwise', hostileSettings],
  ['dates the other way round', { DateStyle: 'SQL, DMY' }],
  ['repeatable read', { default_transaction_isolation: 'repeatable read' }],
  ['serializable', { default_transaction_isolation: 'serializable' }],
])('keeps the books right on a database with %s', async (_name, settings) => {
  const service = await startTestService({ by: (url) => alterDatabase(url, settings) });
  const { client } = service;
  const account = await client.openAccount({ balance: '100.00' });
  const rename = await client.patch(`/v1/accounts/${account}`, { name: 'Łódź € \\\' "NULL"' });
  expect(rename.body).toMatchObject({ name: 'Łódź € \\\' "NULL"' });
  const expiresAt = new Date(Date.now() + 300).toISOString();
  const hold = await client.post('/v1/holds', { accountId: account, amount: '40.00', currency: 'USD', expiresAt });
  expect(hold.status).toBe(201);
  const texts = { description: 'NULL', reference: 'it\'s {"a",NULL}\\' };
  const together = await Promise.all(
    Array.from({ length: 10 }, () =>
      client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD', ...texts }),
    ),
  );
  expect(together.map(({ status }) => status)).toEqual(Array(10).fill(201));
  expect(together[0]!.body).toMatchObject(texts);
  await new Promise((resolve) => setTimeout(resolve, 400));
  const withdrawal = await client.post(`/v1/accounts/${account}/withdrawals`, { amount: '110.00', currency: 'USD' });
  expect(withdrawal.status).toBe(201);
  const entries = await client.get(`/v1/accounts/${account}/entries`);
  for (const { bookedAt } of entries.body.data) expect(Date.now() - Date.parse(bookedAt)).toBeLessThan(3_600_000);
  expect(entries.body.data[1]).toMatchObject(texts);
  await service.stop();
});

test('lets no default end its transactions, or acknowledge what is not on the disk', async () => {
  const service = await startTestService({
    async by(url) {
      await alterDatabase(url, { synchronous_commit: 'off' });
      const admin = createDatabase({ url, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 10_000 });
      // PostgreSQL 17 brought it.
      const { rows } = await admin.raw("select from pg_settings where name = 'transaction_timeout'");
      await admin.destroy();
      return rows.length === 0 ? url : alterDatabase(url, { transaction_timeout: '50ms' });
    },
  });
  const options = { url: service.databaseUrl, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 10_000 };
  const database = createDatabase(options);
  const { rows } = await database.raw(`
    select current_setting('synchronous_commit') as commits, coalesce(current_setting('transaction_timeout', true), '0') as ends`);
  expect(rows).toEqual([{ commits: 'on', ends: '0' }]);
  await database.destroy();
  await service.stop();
});

test('refuses to start on a database that does not hold all names', async () => {
  const serverUrl = process.env.TEST_SERVER_URL!;
  const server = createDatabase({ url: serverUrl, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 10_000 });
  const name = `test_${uuidv7().replaceAll('-', '')}`;
  await server.raw(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`);
  const starting = startServerProcess({ DATABASE_URL: withDatabaseName(serverUrl, name), LOG_LEVEL: 'silent' });
  await expect(starting).rejects.toThrow(
    /joint-ledger: The database is encoded in LATIN1, which does not hold every name: create one with ENCODING 'UTF8'\.\n$/,
  );
  await server.raw(`drop database ${name} with (force)`);
  await server.destroy();
});

test.each([
  ['a time', 1184, '31.12.2026 10:00:00 CET'],
  ['a time without end', 1184, 'infinity'],
  ['a day', 1082, '31.12.2026'],
  ['a whole number', 20, '9007199254740993'],
])('reads %s as it is or not at all', (_name, oid, text) => {
  const parse = typeParsers.getTypeParser(oid, 'text') as (text: string) => unknown;
  expect(() => parse(text)).toThrow(RangeError);
});
