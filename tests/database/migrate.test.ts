import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { migrate, pendingMigrations } from '../../src/database/migrate.ts';
import { dumpSchema } from '../support/dump-schema.ts';
import { until } from '../support/lock-witness.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));
const allNames = readdirSync(folder)
  .map((file) => path.parse(file).name)
  .sort();

let testDatabase: TestDatabase;
let database: Database;

beforeEach(async () => {
  testDatabase = await createTestDatabase({ empty: true });
  database = testDatabase.database;
});

afterEach(() => testDatabase.verifyAndDrop());

async function appliedNames(): Promise<string[]> {
  return database('knex_migrations').orderBy('id').pluck('name');
}

test('starts on a schema that a newer build has migrated, and adds what is still missing', async () => {
  await migrate(database);
  const batch = { batch: 2, migration_time: new Date() };
  await database('knex_migrations').insert({ name: '29991231000000_of_a_newer_build', ...batch });
  expect(await migrate(database)).toEqual([]);
  expect(await pendingMigrations(database)).toEqual([]);

  await database.raw('drop table idempotency_keys');
  await database('knex_migrations').where('name', 'like', '%idempotency_keys').delete();
  expect(await migrate(database)).toEqual([allNames.find((name) => name.endsWith('idempotency_keys'))]);
});

test('lets ten processes migrate one empty database at once', async () => {
  const pools = Array.from({ length: 10 }, (_, index) =>
    createDatabase({ url: testDatabase.url, poolSize: 4, applicationName: `pool ${index}`, acquireTimeoutMs: 30_000 }),
  );
  try {
    const ran = await startTogether(pools.length, (caller) => migrate(pools[caller]!));
    expect(ran.filter((names) => names.length > 0)).toEqual([allNames]);
    expect(ran.filter((names) => names.length === 0)).toHaveLength(9);
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
  expect(await appliedNames()).toEqual(allNames);
  expect(await database('knex_migrations_lock').pluck('is_locked')).toEqual([0]);
});

test('names migrations without their extension, which differs between the sources and the build', async () => {
  expect(await migrate(database)).toEqual(allNames);
  expect(await appliedNames()).toEqual(allNames);
  for (const name of allNames) expect(name).toMatch(/^\d{14}_[a-z_]+$/);
});

test('goes on where a killed process stopped, past the lock that it left', async () => {
  await database.migrate.up();
  await database('knex_migrations_lock').update({ is_locked: 1 });
  expect(await migrate(database)).toEqual(allNames.slice(1));
  expect(await appliedNames()).toEqual(allNames);
  expect(await database('knex_migrations_lock').pluck('is_locked')).toEqual([0]);
});

test('keeps nobody waiting behind it while somebody else has a table in use', async () => {
  for (let name = ''; name < '20261121001600_work'; ) [, [name]] = await database.migrate.up();
  const reader = await database.transaction();
  await reader.raw('select from transactions');
  const migrating = migrate(database);
  try {
    await until(async () => {
      const { rows } = await database.raw(`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          and query like '%alter table transactions%'`);
      return rows.length > 0;
    });
    const writing = database.transaction(async (writer) => {
      await writer.raw("set local lock_timeout = '5s'");
      await writer.raw('lock table transactions in row exclusive mode');
      return 'went on';
    });
    expect(await writing.catch((error) => error.message)).toBe('went on');
  } finally {
    await reader.rollback();
    expect(await migrating).toEqual(allNames.filter((name) => name > '20261121001600_work'));
  }
});

test('says which migrations are missing, from the first to none', async () => {
  expect(await pendingMigrations(database)).toEqual(allNames);
  await database.migrate.up();
  expect(await pendingMigrations(database)).toEqual(allNames.slice(1));
  await migrate(database);
  expect(await pendingMigrations(database)).toEqual([]);
});

test('misses nothing in a database that a newer build has migrated', async () => {
  await migrate(database);
  const newer = { name: '29991231000000_from_the_future', batch: 2, migration_time: new Date() };
  await database('knex_migrations').insert(newer);
  expect(await pendingMigrations(database)).toEqual([]);
  expect(await migrate(database)).toEqual([]);
});

test('can be taken back entirely and run again to the same schema', async () => {
  const empty = await dumpSchema(database);
  await migrate(database);
  const migrated = await dumpSchema(database);
  await database.migrate.rollback(undefined, true);
  expect(await appliedNames()).toEqual([]);
  expect(await dumpSchema(database)).toBe(empty);
  await migrate(database);
  expect(await dumpSchema(database)).toBe(migrated);
  expect(migrated.length).toBeGreaterThan(empty.length);
});

/** Everything but the order of the columns, which nothing depends on. */
async function dumpUnordered(): Promise<string[]> {
  return (await dumpSchema(database)).split('\n').sort();
}

test('takes each migration back to exactly where it started', async () => {
  const schemas = [await dumpUnordered()];
  for (const name of allNames) {
    const [, ran] = await database.migrate.up();
    expect(ran).toEqual([name]);
    schemas.push(await dumpUnordered());
  }
  for (const before of schemas.slice(0, -1).reverse()) {
    await database.migrate.down();
    expect(await dumpUnordered()).toEqual(before);
  }
});
