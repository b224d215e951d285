import { z } from 'zod';
import { type Condition, mapScanned, type Order, type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { beginsWith, narrowToPrefix, rowsWithSortName } from '../database/name-order.ts';
import { id } from '../http/read-input.ts';
import { findParties, type PartyDocument } from './party-queries.ts';

export interface PartyFilters {
  readonly ids?: readonly string[] | undefined;
  readonly externalId?: string | undefined;
  readonly namePrefix?: string | undefined;
}

/** The id of the last party seen; where parties are listed by name, behind what it is ordered by. */
export type PartyKey = string | readonly [sortName: string, id: string];

interface FoundParty {
  readonly id: string;
  readonly sort_name: string;
}

/** What cursors of such a list hold. */
export function partyKey(filters: PartyFilters): z.ZodType<PartyKey> {
  return isByName(filters) ? z.tuple([z.string(), id]).readonly() : id;
}

/** By name where that is all that is asked for, otherwise by id, which is the order of their creation. */
function isByName({ ids, externalId, namePrefix }: PartyFilters): boolean {
  return namePrefix !== undefined && ids === undefined && externalId === undefined;
}

/** A page of the parties that match, each with the key of a cursor behind it. */
export async function listParties(
  source: LedgerSource,
  page: { limit: number; after: PartyKey | null; order: Order },
  filters: PartyFilters,
): Promise<Scanned<PartyKey, { key: PartyKey; document: PartyDocument }>> {
  const { knex, ledgerId } = source;
  const { ids, externalId, namePrefix } = filters;
  const rows = rowsWithSortName(knex, 'parties', ledgerId, 'p').select('p.id', 'p.sort_name');
  const matches: Condition[] = namePrefix === undefined ? [] : [beginsWith('p', namePrefix)];
  if (ids !== undefined) rows.whereRaw('p.id = any(?::uuid[])', [[...ids]]);
  if (externalId !== undefined) rows.where('p.external_id', externalId);
  if (namePrefix !== undefined && isByName(filters)) narrowToPrefix(rows, 'p', namePrefix);
  const by = isByName(filters) ? ['p.sort_name', 'p.id'] : ['p.id'];
  const after = page.after === null ? null : [page.after].flat();
  const scanned = await scanRows<FoundParty>(knex, rows, { by, order: page.order, after, limit: page.limit, matches });
  const documents = await findParties(
    source,
    scanned.items.map((found) => found.id),
  );
  const keyOf = (found: FoundParty): PartyKey => (isByName(filters) ? [found.sort_name, found.id] : found.id);
  return mapScanned(scanned, keyOf, (found) => ({ key: keyOf(found), document: documents.get(found.id)! }));
}
