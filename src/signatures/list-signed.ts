import type { Scanned } from '../database/bounded-scan.ts';
import type { PageAsked } from '../http/paging.ts';

interface Signed {
  readonly id: string;
  readonly multiAuthorisation: { readonly missingFrom: readonly string[] };
}

/** A list of what takes signatures: its rows, and the documents that are made of them. */
interface SignedList<Item, Document> {
  list(page: PageAsked<string>): Promise<Scanned<string, Item>>;
  describe(items: readonly Item[]): Promise<readonly Document[]>;
}

/** Who still has to sign is known of documents only: so many are made at a time, and so often for a page. */
const [madeAtOnce, mostTimes] = [200, 5];

/** A page of such documents; with `missingFrom` of those that lack the signature of this party. */
export async function listSigned<Item extends { readonly id: string }, Document extends Signed>(
  page: PageAsked<string>,
  { list, describe }: SignedList<Item, Document>,
  missingFrom: string | undefined,
): Promise<Scanned<string, Document>> {
  if (missingFrom === undefined) {
    const { items, stoppedAt } = await list(page);
    return { items: await describe(items), stoppedAt };
  }
  const found: Document[] = [];
  let after = page.after;
  for (let time = 0; time < mostTimes; time++) {
    const { items, stoppedAt } = await list({ ...page, limit: madeAtOnce, after });
    const documents = await describe(items);
    found.push(...documents.filter(({ multiAuthorisation }) => multiAuthorisation.missingFrom.includes(missingFrom)));
    if (found.length >= page.limit) return { items: found.slice(0, page.limit), stoppedAt: null };
    const isOver = items.length < madeAtOnce && stoppedAt === null;
    if (isOver) return { items: found, stoppedAt: null };
    after = stoppedAt ?? items.at(-1)!.id;
  }
  return { items: found, stoppedAt: after };
}
