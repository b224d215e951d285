import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadModule } from 'libpg-query';
import { ledgerTables } from '../support/statements/ledger-tables.ts';
import { lintStatement } from '../support/statements/lint-statement.ts';

beforeAll(loadModule);

const problems = (text: string) => lintStatement(text).map(({ problem }) => problem);

test('knows the tables of ledgers, and the columns that would be dated by whichever node plans an insert', () => {
  expect(ledgerTables.size).toBeGreaterThan(20);
  expect(ledgerTables.get('ledgers')).toEqual({ key: 'id', volatileDefaults: ['created_at', 'keys_kept_from'] });
  expect(ledgerTables.get('holders')).toEqual({ key: 'ledger_id', volatileDefaults: ['created_at'] });
});

describe('a statement that names its ledger', () => {
  test.each([
    'select * from accounts where ledger_id = $1 and id = $2',
    'select "a"."id" from "accounts" as "a" where $1::uuid = "a"."ledger_id"',
    'select 1 from holds h join accounts a on a.ledger_id = $1 and a.id = h.account_id where h.ledger_id = $2',
    'select 1 from holds h left join accounts a on a.ledger_id = $1 and a.id = h.account_id where h.ledger_id = $2',
    'select clock_timestamp() from ledgers where id = $1',
    'with mine as (select id from accounts where ledger_id = $1 for update) select * from mine',
    'select (select count(*) from holds h where h.ledger_id = $1) from accounts a where a.ledger_id = $2',
    'insert into parties (ledger_id, id, name, created_at) values ($1, $2, $3, $4), ($5, $6, $7, $8)',
    `insert into idempotency_keys (ledger_id, key, request_hash, created_at)
     select l.id, c.key, c.hash, $1 from ledgers l cross join unnest($2::text[], $3::bytea[]) as c (key, hash)
     where l.id = $4`,
    'update holds h set status = c.status from unnest($1::uuid[], $2::text[]) as c (id, status) where h.ledger_id = $3',
    'delete from failed_work where ledger_id = $1 and queue = $2',
    "select 1 from knex_migrations union all select count(*) from pg_class where relname = 'accounts'",
    'begin isolation level read committed, deferrable',
  ])('%s', (text) => expect(problems(text)).toEqual([]));
});

describe('a statement that does not', () => {
  test.each([
    ['select * from accounts where id = $1', ['accounts']],
    ["select * from accounts where ledger_id = '01936f00-0000-7000-8000-000000000001'", ['accounts']],
    ['select * from accounts where ledger_id = $1 or id = $2', ['accounts']],
    ['select * from accounts where ledger_id <> $1', ['accounts']],
    ['select * from accounts where not (ledger_id = $1)', ['accounts']],
    ['select * from accounts where ledger_id = any($1)', ['accounts']],
    ['select 1 from holds h join accounts a on a.ledger_id = h.ledger_id where h.ledger_id = $1', ['accounts']],
    ['select 1 from holds h left join accounts a on h.ledger_id = $1 and a.ledger_id = $1', ['holds']],
    [
      'select (select count(*) from holds h where h.ledger_id = a.ledger_id) from accounts a where a.ledger_id = $1',
      ['holds'],
    ],
    [
      'select 1 from accounts a where a.ledger_id = $1 and exists (select from holds h where a.ledger_id = $1)',
      ['holds'],
    ],
    ['with all_of_them as (select * from accounts) select * from all_of_them where ledger_id = $1', ['accounts']],
    ['select 1 from accounts where ledger_id = $1 union select 1 from holds', ['holds']],
    ['update accounts set version = 1 where id = $1', ['accounts']],
    ['delete from holds using accounts a where holds.ledger_id = $1 and a.ledger_id = holds.ledger_id', ['accounts']],
  ])('%s', (text, tables) => {
    const key = (table: string) => `compares the ledger_id of ${table} with no parameter`;
    expect(problems(text)).toEqual(tables.map(key));
  });

  test('inserts into a ledger that is no parameter', () => {
    const problem = 'inserts into mandates with a ledger_id that is no parameter';
    expect(problems('insert into mandates (account_id, version) values ($1, $2)')).toEqual([problem]);
    expect(problems('insert into mandates (ledger_id) values ($1), (default)')).toEqual([problem]);
    expect(problems('insert into mandates (ledger_id) select l.x from unnest($1::uuid[]) as l (x)')).toEqual([problem]);
  });
});

describe('a statement that would be right on one node only', () => {
  test.each([
    ['update parties set created_at = now() where ledger_id = $1', 'calls now in a write'],
    [
      'update parties set created_at = current_timestamp where ledger_id = $1',
      'calls SVFOP_CURRENT_TIMESTAMP in a write',
    ],
    ['delete from holds where ledger_id = $1 and expires_at < clock_timestamp()', 'calls clock_timestamp in a write'],
    ['update holds set id = gen_random_uuid() where ledger_id = $1', 'calls gen_random_uuid in a write'],
    ['update accounts set version = nextval($2) where ledger_id = $1', 'calls nextval in a write'],
    [
      "with l as (select set_config('lock_timeout', $2, true)) delete from holds where ledger_id = $1",
      'calls set_config in a write',
    ],
    ['select pg_current_xact_id()', 'calls pg_current_xact_id and reads no table of a ledger'],
    [
      'insert into parties (ledger_id) values ($1)',
      'leaves parties.created_at to its default, which is a clock or a sequence',
    ],
    [
      'insert into parties (ledger_id, created_at) values ($1, default)',
      'leaves parties.created_at to its default, which is a clock or a sequence',
    ],
    ['update holders set rights[1] = $2 where ledger_id = $1', 'subscripts an array in SET rights'],
    ['update webhook_deliveries set answers = answers[2:] where ledger_id = $1', 'subscripts an array in SET answers'],
    [
      'insert into mandates (ledger_id) values ($1) on conflict (ledger_id) do update set terms = (excluded.x)[1]',
      'subscripts an array in SET terms',
    ],
    ['with new as (insert into mandates (ledger_id) values ($1)) select 1', 'inserts in the CTE new'],
    [
      'with mine as (select $1::uuid as id) insert into mandates (ledger_id) select $2 from mine',
      'inserts from the CTE mine',
    ],
  ])('%s', (text, problem) => expect(problems(text)).toEqual([problem]));
});
