import type { Knex } from 'knex';
import { distributedTables, requireKnownTables } from '../distribute.ts';

/** A table with rows of ledgers, as the database describes it. */
export interface TableShape {
  readonly name: string;
  /** The column that says of which ledger a row is. */
  readonly ledgerColumn: string;
  /** All others, in their order. */
  readonly columns: readonly TableColumn[];
}

export interface TableColumn {
  readonly name: string;
  /** As SQL names it: `numeric(22,4)`, `uuid[]`. */
  readonly type: string;
  /** Its place in the order of the rows, that of the primary key; undefined where it has none. */
  readonly keyPlace: number | undefined;
}

interface ColumnRow {
  table: string;
  name: string;
  type: string;
  key_place: number | null;
}

/** Of tables without a primary key. */
const orders: Readonly<Record<string, readonly string[]>> = { entries: ['transaction_id', 'id'] };

/**
 * The tables that together are a ledger, each after those that it refers to. Throws OperatorError when the schema has
 * another that holds rows of ledgers.
 */
export async function readTableShapes(knex: Knex): Promise<readonly TableShape[]> {
  await requireKnownTables(knex, 'export');
  const { rows } = await knex.raw<{ rows: ColumnRow[] }>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
           array_position(i.indkey::int2[], a.attnum) as key_place
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    order by c.relname, a.attnum`);
  return Object.entries(distributedTables).map(([name, ledgerColumn]) => {
    const own = rows.filter((row) => row.table === name && row.name !== ledgerColumn);
    const order = orders[name];
    const placeOf = (row: ColumnRow) => (order === undefined ? row.key_place : order.indexOf(row.name) + 1 || null);
    const columns = own.map((row) => ({ name: row.name, type: row.type, keyPlace: placeOf(row) ?? undefined }));
    const isOrdered = order !== undefined || rows.some((row) => row.table === name && row.key_place !== null);
    if (!isOrdered) throw new Error(`nothing says in which order the rows of ${name} are`);
    return { name, ledgerColumn, columns };
  });
}

/** The last migration that the schema has seen: schemas with the same one are the same. */
export async function lastMigration(knex: Knex): Promise<string> {
  const { rows } = await knex.raw('select max(name) as name from knex_migrations');
  return rows[0].name;
}
