import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Order, Scanned } from '../database/bounded-scan.ts';
import { RefusalError } from '../errors/refusal.ts';
import { canonicalJson } from '../ledger/canonical-json.ts';
import { id } from './read-input.ts';
import { ok, type Success } from './reply.ts';

/** How many items a page has, and where it begins. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|1\d\d|200)$/, 'must be a whole number from 1 to 200')
    .transform((digits) => Number.parseInt(digits, 10))
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: 200, pattern: undefined, default: 50 }),
  cursor: z
    .string()
    .min(1)
    .max(512)
    .optional()
    // Whatever is no base64url is no cursor of this list; which of them are, only the list knows.
    .meta({ description: '`nextCursor` of the page before.', pattern: '^[A-Za-z0-9_-]+$' }),
};

/** The query parameters of every list, which is in this order unless another is asked for. */
export function pageQuery(order: Order) {
  return { ...pageFields, order: z.enum(['asc', 'desc']).default(order) };
}

/** A page of these documents. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ data: z.array(item), nextCursor: z.string().nullable() });
}

/**
 * What is asked of a list: so many items behind the one with the key `after`, from its beginning where that is null.
 */
export interface PageAsked<Key> {
  readonly limit: number;
  readonly after: Key | null;
  readonly order: Order;
}

/** Finds the items; where looking for them may end before the page is full, together with where it ended. */
type Find<Key, Item> = (page: PageAsked<Key>) => Promise<readonly Item[] | Scanned<Key, Item>>;

interface List<Key, Item> {
  readonly key: z.ZodType<Key>;
  find: Find<Key, Item>;
  keyOf(item: Item): Key;
  /** Makes the documents of a page; the items are documents themselves when it is left out. */
  present?: Present<Item> | undefined;
}

type Present<Item> = (items: readonly Item[]) => Promise<readonly unknown[]> | readonly unknown[];

/** What orders a list: one column, or several together. */
type CursorKey = string | number | readonly (string | number)[];

interface PageQuery {
  readonly limit: number;
  readonly order: Order;
  readonly cursor?: string | undefined;
}

/** Longer names stand in cursors as their hashes. */
const maxNameLength = 100;

/** A list's name in its cursors, with all that it is filtered and ordered by. */
function nameOf(list: readonly string[], { limit: _limit, cursor: _cursor, ...filters }: PageQuery): string {
  const name = [...list, canonicalJson(JSON.parse(JSON.stringify(filters)))].join(' ');
  return name.length > maxNameLength ? hash('sha256', name, 'base64url') : name;
}

/**
 * Answers a page of a list that is ordered by ids. `list` has its name, and whatever else it is filtered and ordered
 * by. Throws RefusalError `invalid_cursor`.
 *
 * @example
 * return readPage(query, ['projects', accountId], (page) => listProjects(source, accountId, { ...page, status }));
 */
export function readPage<Item extends { readonly id: string }>(
  query: PageQuery,
  list: readonly string[],
  find: Find<string, Item>,
  present?: Present<Item>,
): Promise<Success> {
  return readPageBy(query, list, { key: id, find, keyOf: (item) => item.id, present });
}

/**
 * Answers a page of a list that is ordered by another key. One item more than asked for means that there is a next
 * page.
 */
export async function readPageBy<Key extends CursorKey, Item>(
  query: PageQuery,
  list: readonly string[],
  { key, find, keyOf, present }: List<Key, Item>,
): Promise<Success> {
  const { limit, cursor, order } = query;
  const name = nameOf(list, query);
  const found = await find({ limit: limit + 1, after: decodeCursor(name, key, cursor), order });
  const { items: all, stoppedAt } = 'items' in found ? found : { items: found, stoppedAt: null };
  const items = all.slice(0, limit);
  const documents = present === undefined ? items : await present(items);
  const data = documents.slice(0, countFitting(documents));
  const last = items[data.length - 1];
  const goesOn = all.length > data.length && last !== undefined;
  const goesOnAfter = goesOn ? keyOf(last) : stoppedAt;
  return ok({ data, nextCursor: goesOnAfter === null ? null : encodeCursor(name, goesOnAfter) });
}

/** What a page has at most of lines of transactions, of which one may have a hundred. */
const maxLines = 2_000;

/** How many of the documents fit on a page, one at least: those with many lines make it shorter. */
export function countFitting(documents: readonly unknown[]): number {
  let lines = 0;
  const tooMuch = documents.findIndex((document, place) => {
    const { entries } = document as { entries?: unknown };
    lines += Array.isArray(entries) ? entries.length : 1;
    return place > 0 && lines > maxLines;
  });
  return tooMuch === -1 ? documents.length : tooMuch;
}

/**
 * Where a list goes on: after the item with this key. Opaque to callers; it names its list (with whatever the list is
 * filtered and ordered by), so that a cursor does not wander into another one.
 */
export function encodeCursor(list: string, after: CursorKey): string {
  return Buffer.from(JSON.stringify([list, after])).toString('base64url');
}

/** The key in a cursor, null without one. Throws RefusalError `invalid_cursor` for anything this list did not give. */
export function decodeCursor<Key extends CursorKey>(
  list: string,
  key: z.ZodType<Key>,
  cursor: string | undefined,
): Key | null {
  if (cursor === undefined) return null;
  try {
    const [, after] = z
      .tuple([z.literal(list), key])
      .parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    // Decoding passes over whatever is not base64url.
    if (encodeCursor(list, after) !== cursor) throw new RangeError('the cursor was changed');
    return after;
  } catch (error) {
    const detail = 'The cursor is not one that this list gave. Start again without a cursor.';
    throw new RefusalError('invalid_cursor', detail, undefined, { cause: error });
  }
}
