import type { Database } from '../database/create-database.ts';
import type { FinalValue, Scenario } from './scenario.ts';
import type { Strategy } from './strategy.ts';

/** A committed change of a row, as a trigger noted it under the lock of the row. */
export interface RowChange {
  /** The backend that made it; null where the engine did. */
  readonly pid: number | null;
  /** The engine's transaction that it belongs to; null where callers write themselves. */
  readonly transactionId: string | null;
  readonly table: string;
  readonly id: string;
  /** How many changes the row has had, this one included. What was read carries the same count. */
  readonly revision: number;
  readonly value: string | null;
}

/**
 * `revision` counts the changes of a row, so that a read tells which of them it has seen. Strategies neither read nor
 * write it.
 */
const noting = `
  create table changes (
    n bigint generated always as identity primary key,
    pid int not null default pg_backend_pid(),
    table_name text not null,
    row_id text not null,
    revision int not null,
    value text
  );
  create function count_change() returns trigger language plpgsql as $$
    begin
      new.revision := old.revision + 1;
      return new;
    end $$;
  create function note_change() returns trigger language plpgsql as $$
    begin
      insert into changes (table_name, row_id, revision, value)
      values (tg_table_name, new.id, new.revision, to_jsonb(new) ->> tg_argv[0]);
      return null;
    end $$`;

/** Makes the tables of a scenario in an empty schema, with what the strategy needs of them. */
export async function createTables(database: Database, { tables }: Scenario, { constraint }: Strategy): Promise<void> {
  await database.raw(noting);
  for (const { name, columns, shows } of tables) {
    await database.raw(
      `create table ${name} (${columns}, version int not null default 0, revision int not null default 0)`,
    );
    if (shows === undefined) continue;
    await database.raw(
      `create trigger counted before update on ${name} for each row execute function count_change();
       create trigger noted after insert or update on ${name} for each row execute function note_change('${shows}')`,
    );
  }
  if (constraint !== undefined) await database.raw(constraint);
}

/** Puts the rows there with which a round begins. */
export async function fillTables(database: Database, scenario: Scenario, callers: number): Promise<void> {
  const names = [...scenario.tables.map(({ name }) => name), 'changes'];
  await database.raw(`truncate ${names.join(', ')} restart identity; ${scenario.fill(callers)}; truncate changes`);
}

/** The values that the scenario is about, as they are now. */
export async function readValues(database: Database, { tables }: Scenario): Promise<FinalValue[]> {
  const values = [];
  for (const { name, shows } of tables) {
    if (shows === undefined) continue;
    const { rows } = await database.raw(`select id::text, ${shows}::text as value from ${name} order by ${name}.id`);
    for (const row of rows) values.push({ table: name, ...row });
  }
  return values;
}

export async function readChanges(database: Database): Promise<RowChange[]> {
  const rows = await database('changes').orderBy('n').select('pid', 'table_name', 'row_id', 'revision', 'value');
  return rows.map(({ pid, table_name: table, row_id: id, revision, value }) => ({
    ...{ pid, transactionId: null, table, id, revision, value },
  }));
}
