import type { Knex } from 'knex';
import type { Condition } from './bounded-scan.ts';

/** SQL: what a list by name is ordered by, as its index has it: the name in small letters, letter by letter. */
const sortName = (alias: string) => `lower(${alias}.name) collate "C"`;

/** The rows of a ledger in this table, as `alias`, with `sort_name`. */
export function rowsWithSortName(knex: Knex, table: string, ledgerId: string, alias: string) {
  const rows = `(select r.*, ${sortName('r')} as sort_name from ${table} r where r.ledger_id = ?) as ${alias}`;
  return knex.from(knex.raw(rows, [ledgerId]));
}

/** Whether a name begins so, whatever its capitals. */
export function beginsWith(alias: string, prefix: string): Condition {
  return { sql: `starts_with(${sortName(alias)}, lower(:prefix))`, bindings: { prefix } };
}

/** Narrows rows with `sort_name` to the range of the index in which names begin so. */
export function narrowToPrefix(rows: Knex.QueryBuilder, alias: string, prefix: string): void {
  const column = `${alias}.sort_name`;
  // Behind all that begins so, and before anything else: the last character that there is.
  rows.whereRaw(`${column} >= lower(?) and ${column} < lower(?) || chr(1114111)`, [prefix, prefix]);
}
