import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Database } from '../src/database/create-database.ts';
import { distribute, distributedTables } from '../src/distribute.ts';
import { OperatorError } from '../src/errors/operator-error.ts';
import { markDistributed } from './support/mark-distributed.mjs';
import { createTestDatabase, openTestPool, type TestDatabase } from './support/test-database.ts';

let place: TestDatabase;
let database: Database;

/**
 * No Citus: what stands for its functions notes how it is called, and refuses what Citus would refuse of these tables.
 * That it works on Citus itself is tried by hand (docs/distributed.md).
 */
beforeAll(async () => {
  place = await createTestDatabase();
  await markDistributed(place.database);
  database = openTestPool(place.url);
  await database.raw(`
    create table pg_dist_partition (logicalrelid regclass, call json);
    create function create_distributed_table(table_name regclass, distribution_column text,
      distribution_type text default 'hash', colocate_with text default 'default', shard_count int default null)
    returns void language plpgsql as $$
    begin
      if current_setting('citus.enable_unsafe_triggers', true) is distinct from 'on'
         and exists (select from pg_trigger t where t.tgrelid = table_name and not t.tgisinternal) then
        raise exception 'cannot distribute relation % because it has triggers', table_name;
      end if;
      if exists (select from pg_constraint c where c.conrelid = table_name and c.contype = 'f'
                 and c.confrelid <> table_name
                 and c.confrelid not in (select logicalrelid from pg_dist_partition)) then
        raise exception 'cannot distribute relation % before the one that it refers to', table_name;
      end if;
      insert into pg_dist_partition values (table_name, json_build_object(
        'column', distribution_column, 'colocatedWith', colocate_with, 'shards', shard_count));
    end $$`);
});

beforeEach(() => database('pg_dist_partition').delete());

afterAll(async () => {
  await database.raw('drop table pg_dist_partition; drop table if exists favours');
  await database.destroy();
  await place.verifyAndDrop();
});

const distributed = async () =>
  Object.fromEntries(
    (await database('pg_dist_partition').select(database.raw('logicalrelid::text as name'), 'call')).map(
      ({ name, call }) => [name, call],
    ),
  );

test('knows every table with rows of ledgers, by the column that is in all of its keys', async () => {
  const { rows } = await database.raw(`
    select t.relname as name, array_agg(distinct i.indexrelid::regclass::text)
             filter (where i.indisunique and not a.attnum = any(i.indkey)) as keys
    from pg_class t
    join pg_attribute a on a.attrelid = t.oid and a.attname = case t.relname when 'ledgers' then 'id' else 'ledger_id' end
    left join pg_index i on i.indrelid = t.oid
    where t.relkind = 'r' and t.relnamespace = 'public'::regnamespace
    group by t.relname order by t.relname`);
  const expected = Object.keys(distributedTables).sort();
  expect(rows).toEqual(expected.map((name) => ({ name, keys: null })));
  const foreign = await database.raw(`
    select c.conname from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attname = 'ledger_id'
    where c.contype = 'f' and c.conkey[1] <> a.attnum`);
  expect(foreign.rows).toEqual([]);
});

test('distributes them all by their ledgers, together, each after those that it refers to', async () => {
  expect(await distribute(database, 48)).toEqual(Object.keys(distributedTables));
  const { ledgers, ...others } = await distributed();
  expect(ledgers).toEqual({ column: 'id', colocatedWith: 'none', shards: 48 });
  expect(Object.keys(others)).toHaveLength(Object.keys(distributedTables).length - 1);
  for (const call of Object.values(others)) {
    expect(call).toEqual({ column: 'ledger_id', colocatedWith: 'ledgers', shards: null });
  }
});

test('does what is missing when it is done again', async () => {
  await distribute(database, 8);
  await database('pg_dist_partition').whereRaw("logicalrelid = 'failed_work'::regclass").delete();
  expect(await distribute(database, 8)).toEqual(['failed_work']);
  expect(await distribute(database, 8)).toEqual([]);
});

test('refuses a schema that it does not know, before it begins', async () => {
  await database.raw('create table favours (ledger_id uuid primary key)');
  await expect(distribute(database, 8)).rejects.toThrow('It is not known how to distribute favours.');
  await database.raw('drop table favours');
  await database.raw('alter table failed_work rename to work_that_failed');
  await expect(distribute(database, 8)).rejects.toThrow('work_that_failed');
  await database.raw('alter table work_that_failed rename to failed_work');
  const empty = await createTestDatabase({ empty: true });
  await markDistributed(empty.database);
  const pool = openTestPool(empty.url);
  await expect(distribute(pool, 8)).rejects.toThrow('migrate it first');
  await pool.destroy();
  await empty.verifyAndDrop();
  expect(await distributed()).toEqual({});
});

test('refuses a server without Citus', async () => {
  const single = await createTestDatabase();
  await expect(distribute(single.database, 8)).rejects.toThrow(OperatorError);
  await expect(distribute(single.database, 8)).rejects.toThrow('no extension citus');
  await single.verifyAndDrop();
});
