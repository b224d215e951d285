import { expect } from '@jest/globals';
import type { TestClient } from './test-client.ts';

const mostPages = 100;

/**
 * Reads a list from its first page to its last, two items at a time, and returns every item in the order it came.
 * `path` may have a query of its own. `afterPage` is called between pages, to change what is being read.
 */
export async function walkPages(
  client: TestClient,
  path: string,
  afterPage: (page: number) => PromiseLike<unknown> = async () => {},
): Promise<Array<Record<string, unknown>>> {
  const items: Array<Record<string, unknown>> = [];
  let cursor = '';
  for (let page = 1; page <= mostPages; page++) {
    const answer = await client.get(`${path}${path.includes('?') ? '&' : '?'}limit=2${cursor}`);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['data', 'nextCursor']);
    items.push(...answer.body.data);
    if (answer.body.nextCursor === null) return items;
    expect(answer.body.data).toHaveLength(2);
    cursor = `&cursor=${encodeURIComponent(answer.body.nextCursor)}`;
    await afterPage(page);
  }
  throw new Error(`${path} has more than ${mostPages} pages`);
}
