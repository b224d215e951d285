import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../src/database/create-database.ts';
import { dumpSchema, schemaFile } from '../support/dump-schema.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let database: Database;
let ledgerId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  ({ ledgerId } = await createTestLedger(database));
});

afterAll(() => testDatabase.verifyAndDrop());

test('docs/schema.sql describes the schema that the migrations make', async () => {
  const written = await readFile(schemaFile, 'utf8').catch(() => '');
  const advice = 'docs/schema.sql is out of date: run `npm run schema:dump` and commit it with the migration.';
  expect({ advice, schema: written.replaceAll('\r\n', '\n') }).toEqual({ advice, schema: await dumpSchema(database) });
});

/** Every constraint and index of our tables with its first column. NOT NULL is listed since PostgreSQL 18 only. */
async function namedThings(): Promise<Array<{ name: string; kind: string; firstColumn: string | null }>> {
  const { rows } = await database.raw(`
    with things as (
      select conrelid as relid, conname as name, contype::text as kind, conkey[1] as first
      from pg_constraint where contype in ('p', 'u', 'f', 'c', 'x')
      union all
      select i.indrelid, c.relname, 'index', i.indkey[0]
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid))
    select things.name, things.kind, a.attname as "firstColumn"
    from things
    join pg_class t on t.oid = things.relid
    left join pg_attribute a on a.attrelid = t.oid and a.attnum = things.first
    where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and t.relname not like 'knex\\_%'`);
  return rows;
}

test('ledger_id comes first in every key and index, but for the look-up that finds the ledger', async () => {
  const keys = (await namedThings()).filter(({ kind }) => kind !== 'c');
  const others = keys.filter(({ firstColumn }) => firstColumn !== 'ledger_id').map(({ name }) => name);
  expect(others.sort()).toEqual(['api_keys_by_hash', 'ledgers_pkey']);
  for (const kind of ['p', 'u', 'f', 'index']) expect(keys.map((key) => key.kind)).toContain(kind);
});

test('every table but ledgers belongs to a ledger, and every one but entries has a primary key', async () => {
  const { rows } = await database.raw(`
    select t.relname as name,
      exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'ledger_id' and a.attnotnull) as owned,
      exists (select from pg_constraint k where k.conrelid = t.oid and k.contype = 'p') as keyed
    from pg_class t
    where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and t.relname not like 'knex\\_%'`);
  // Entries of customers are told apart by account and version (migration entries_of_transactions).
  const unkeyed = rows.filter((table: { keyed: boolean }) => !table.keyed);
  expect(unkeyed.map((table: { name: string }) => table.name)).toEqual(['entries']);
  const unowned = rows.filter((table: { owned: boolean }) => !table.owned);
  expect(unowned.map((table: { name: string }) => table.name)).toEqual(['ledgers']);
});

test('every constraint and index has the name that a migration gave it', async () => {
  const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));
  const files = await readdir(folder);
  const sources = await Promise.all(files.map((file) => readFile(`${folder}${file}`, 'utf8')));
  const given = new Set(
    [...sources.join('\n').matchAll(/\b(?:constraint|create(?: unique)? index) ([a-z_0-9]+)/g)].map(([, name]) => name),
  );
  const names = (await namedThings()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !given.has(name))).toEqual([]);
  // What PostgreSQL makes up by itself; another server could make up another name.
  expect(names.filter((name) => /_(check|key|excl|idx)\d*$|_[fp]key\d+$/.test(name))).toEqual([]);
});

const someId = uuidv7();

function insertAccount(values: object) {
  const money = { balance: '0', held: '0', overdraft_limit: '0', version: 0 };
  const common = { ledger_id: ledgerId, id: uuidv7(), name: 'Test', currency: 'USD', ownership: 'joint' };
  return database('accounts').insert({ ...common, ...money, ...values });
}

function entry(values: object) {
  const ids = { ledger_id: ledgerId, transaction_id: uuidv7(), id: uuidv7(), account_id: someId };
  return { ...ids, amount: '1', balance_after: '1', version: 1, booked_at: new Date(), ...values };
}

describe('the database itself refuses', () => {
  test.each([
    ['accounts_available_not_negative', { balance: '-0.0001' }],
    ['accounts_available_not_negative', { balance: '-5', overdraft_limit: '4.99' }],
    ['accounts_available_not_negative', { balance: '5', held: '5.01' }],
    ['accounts_held_not_negative', { held: '-1' }],
    ['accounts_overdraft_limit_not_negative', { balance: '10', overdraft_limit: '-1' }],
    ['accounts_version_not_negative', { version: -1 }],
    ['accounts_closed_with_nothing', { balance: '1', status: 'closed', closed_at: new Date() }],
    ['accounts_closed_at_matches_status', { status: 'closed' }],
    ['accounts_only_clearing_without_balance', { ownership: 'clearing' }],
    ['accounts_only_clearing_without_balance', { balance: null }],
    ['accounts_currency_is_a_code', { currency: 'usd' }],
  ])('%s: an account with %j', async (constraint, values) => {
    await expect(insertAccount(values)).rejects.toMatchObject({ constraint });
  });

  test.each([
    ['entries_amount_not_zero', [{ amount: '0' }]],
    ['entries_version_unique', [{}, {}]],
    ['entries_version_positive', [{ version: 0 }]],
    ['entries_version_with_balance', [{ version: null }]],
  ])('%s: entries with %j', async (constraint, lines) => {
    await expect(database('entries').insert(lines.map(entry))).rejects.toMatchObject({ constraint });
    expect(await database('entries').where({ ledger_id: ledgerId })).toEqual([]);
  });

  test('a second clearing account in a currency', async () => {
    const clearing = { ownership: 'clearing', balance: null, held: null, overdraft_limit: null, version: null };
    await insertAccount({ ...clearing, currency: 'CHF' });
    const constraint = 'accounts_one_clearing_account_a_currency';
    await expect(insertAccount({ ...clearing, currency: 'CHF' })).rejects.toMatchObject({ constraint });
  });

  test.each([
    'update transactions set description = null',
    'delete from transactions',
    'truncate transactions',
    'update entries set amount = 1',
    'delete from entries',
    'truncate entries',
    'delete from accounts',
    'delete from parties',
    'delete from ledgers',
    'truncate accounts cascade',
    'truncate parties cascade',
    'truncate ledgers cascade',
  ])('to %s', async (statement) => {
    const refused = { code: '23001', message: expect.stringContaining('is not allowed') };
    await expect(database.raw(statement)).rejects.toMatchObject(refused);
    expect(await database('ledgers').where({ id: ledgerId })).toHaveLength(1);
  });
});
