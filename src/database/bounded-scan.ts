import type { Knex } from 'knex';
import type { Database } from './create-database.ts';
import { prepared } from './prepared-statement.ts';

/** So many rows of its index a page looks at, at most: what does not match costs as much as what does. */
export const maxScanned = 10_000;

export type Order = 'asc' | 'desc';

/** SQL: how what follows in this order compares with what comes before. */
export const behind = { asc: '>', desc: '<' } as const;

/** SQL that is true for what is looked for, with its named bindings. */
export interface Condition {
  readonly sql: string;
  readonly bindings?: Readonly<Record<string, Knex.Value>>;
}

export interface Scan {
  /** The columns that order the list, with the alias of their table: those of one index, in its order. */
  readonly by: readonly string[];
  readonly order: Order;
  /** The values of these columns behind which to begin; null for the beginning. */
  readonly after: readonly Knex.Value[] | null;
  readonly limit: number;
  /** What the rows must fulfil beyond what the index says of them. */
  readonly matches: readonly Condition[];
  /** Names the statement where its text depends on nothing but this, `order` and whether there is an `after`. */
  readonly name?: string | undefined;
}

/** A page of a list, and where looking for more of it ended: null where the page is full, or the list is over. */
export interface Scanned<Key, Item> {
  readonly items: readonly Item[];
  readonly stoppedAt: Key | null;
}

/**
 * Reads a page of `rows`, which is narrowed to a range of one index by its own conditions and selects the columns in
 * `by`: in their order it looks at no more than `maxScanned` rows and takes those that match. One statement, which ends
 * as soon as the page is full, because rows are numbered as they come; the last one that is looked at comes back even
 * if it does not match, so that the next page goes on behind it.
 *
 * @example
 * const rows = knex('transactions as t').select('t.*').where('t.ledger_id', ledgerId);
 * const scan = { by: ['t.booked_at', 't.id'], order, after, limit, matches };
 * const { items, stoppedAt } = await scanRows<Row>(knex, rows, scan);
 */
export async function scanRows<Row extends object>(
  knex: Database | Knex,
  rows: Knex.QueryBuilder,
  { by, order, after, limit, matches, name }: Scan,
): Promise<Scanned<Row, Row>> {
  const inOrder = by.map((column) => `${column} ${order}`).join();
  const condition = matches.map(({ sql }) => `(${sql})`).join(' and ') || 'true';
  const bindings = Object.assign({}, ...matches.map((match) => match.bindings));
  rows.select(
    knex.raw(`row_number() over (order by ${inOrder}) as scanned`),
    knex.raw(`coalesce(${condition}, false) as is_match`, bindings),
  );
  if (after !== null) {
    rows.whereRaw(`(${by.join()}) ${behind[order]} (${after.map(() => '?').join()})`, after);
  }
  rows.orderByRaw(inOrder).limit(maxScanned);
  type Found = Row & { scanned: number; is_match: boolean };
  const statement = knex
    .from(rows.as('s'))
    .select('*')
    .whereRaw(`(is_match or scanned = ${maxScanned})`)
    .orderByRaw(inOrder.replaceAll(/\w+\./g, 's.'))
    .limit(limit);
  if (name !== undefined) statement.options(prepared(knex, `${name} ${order}${after === null ? '' : ' after'}`));
  const found: Found[] = await statement;
  const items = found.filter((row) => row.is_match);
  const last = found.at(-1);
  return { items, stoppedAt: items.length < limit && last?.scanned === maxScanned ? last : null };
}

/** The page that is made of these rows. */
export function mapScanned<Row, Key, Item>(
  { items, stoppedAt }: Scanned<Row, Row>,
  keyOf: (row: Row) => Key,
  itemOf: (row: Row) => Item,
): Scanned<Key, Item> {
  return { items: items.map(itemOf), stoppedAt: stoppedAt === null ? null : keyOf(stoppedAt) };
}
