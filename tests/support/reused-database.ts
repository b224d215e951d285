import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/database/create-database.ts';

/**
 * What a test may have changed of its database besides rows: the schema, the settings, what the migrations know. The
 * deadlocks are in it because tests count them.
 */
export async function readState(database: Database): Promise<unknown> {
  const catalogs = [
    'pg_class',
    'pg_attribute',
    'pg_constraint',
    'pg_index',
    'pg_namespace',
    'pg_proc',
    'pg_trigger',
    'pg_extension',
  ];
  const looks = catalogs.map(
    (catalog) => `(select json_build_array(count(*), max(xmin::text::bigint)) from ${catalog})`,
  );
  const { rows } = await database.raw(`
    select json_build_array(${looks},
      (select count(*) from pg_db_role_setting where setdatabase = d.oid), pg_stat_get_db_deadlocks(d.oid),
      (select json_agg(name order by id) from knex_migrations)) as state
    from pg_database d where datname = current_database()`);
  return rows[0].state;
}

/** Whether nothing is under way in the database. */
export async function isQuiet(database: Database): Promise<boolean> {
  const { rows } = await database.raw(`
    select count(*)::int as busy from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
      and state <> 'idle'`);
  return rows[0].busy === 0;
}

/** Whether every other session ends, as those of processes that were killed do in a moment. */
export async function isAlone(database: Database): Promise<boolean> {
  for (let looks = 0; looks < 20; looks++) {
    const { rows } = await database.raw(`
      select count(*)::int as others from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`);
    if (rows[0].others === 0) return true;
    await sleep(10);
  }
  return false;
}

/** Larger ones are not worth to be read through again and again. */
const maxBytes = 30_000_000;

/**
 * Removes all rows, past the triggers that refuse it. Answers false when that would not make the database what it was
 * at first. Deleted rather than truncated, because the sessions that are open keep their plans.
 */
export async function emptyDatabase(database: Database, state: unknown): Promise<boolean> {
  const { rows } = await database.raw('select pg_database_size(current_database())::int as bytes');
  if (rows[0].bytes > maxBytes || JSON.stringify(await readState(database)) !== JSON.stringify(state)) return false;
  const tables = await database('pg_tables').where('schemaname', 'public').pluck('tablename');
  const deletes = tables.filter((table) => !table.startsWith('knex_')).map((table) => `delete from ${table}`);
  await database.raw(
    `set local session_replication_role = replica; set local lock_timeout = '5s'; ${deletes.join('; ')}`,
  );
  return true;
}
