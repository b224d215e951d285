import { z } from 'zod';
import { RefusalError } from '../errors/refusal.ts';

const largestPage = 200;

/** The query parameters of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, `must be a whole number from 1 to ${largestPage}`)
    .transform((digits) => Number.parseInt(digits, 10))
    .refine((limit) => limit <= largestPage, `must be at most ${largestPage}`)
    .default(50),
  cursor: z.string().min(1).max(512).optional(),
};

export const orderQuery = z.enum(['asc', 'desc']);

export interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}

/**
 * Where a list goes on: after the item with this key. Opaque to callers; it names its list (with whatever the list is
 * filtered and ordered by), so that a cursor does not wander into another one.
 */
export function encodeCursor(list: string, after: string | number): string {
  return Buffer.from(JSON.stringify([list, after])).toString('base64url');
}

/** The key in a cursor, null without one. Throws RefusalError `invalid_cursor` for anything this list did not give. */
export function decodeCursor<Key extends string | number>(
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

/** Makes a page of at most `limit` items out of one more than that, which tells that there is a next page. */
export function pageOf<Item>(items: readonly Item[], limit: number, cursorAfter: (last: Item) => string): Page<Item> {
  const data = items.slice(0, limit);
  const last = data.at(-1);
  return { data, nextCursor: items.length > limit && last !== undefined ? cursorAfter(last) : null };
}
