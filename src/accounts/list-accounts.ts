import type { Knex } from 'knex';
import { z } from 'zod';
import { type Condition, mapScanned, type Order, type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { beginsWith, narrowToPrefix, rowsWithSortName } from '../database/name-order.ts';
import { id } from '../http/read-input.ts';
import type { AccountStatus, Ownership } from '../ledger/locked-account.ts';
import { type AccountDocument, findAccountsById } from './account-queries.ts';

export interface AccountFilters {
  readonly ids?: readonly string[] | undefined;
  readonly externalId?: string | undefined;
  readonly namePrefix?: string | undefined;
  /** A party that is one of the holders now. */
  readonly holder?: string | undefined;
  readonly currency?: string | undefined;
  readonly status?: AccountStatus | undefined;
  /** Any but clearing accounts by default. */
  readonly ownership?: Ownership | undefined;
  /** The party whose key asks: only what it holds and may look at. */
  readonly viewer?: string | undefined;
}

/** The id of the last account seen; where accounts are listed by name, behind what it is ordered by. */
export type AccountKey = string | readonly [sortName: string, id: string];

interface FoundAccount {
  readonly id: string;
  readonly sort_name: string;
}

/** What cursors of such a list hold. */
export function accountKey(filters: AccountFilters): z.ZodType<AccountKey> {
  return isByName(filters) ? z.tuple([z.string(), id]).readonly() : id;
}

/** By name where nothing else leads to fewer accounts, otherwise by id, which is the order of their opening. */
function isByName({ ids, externalId, namePrefix, holder, viewer }: AccountFilters): boolean {
  return namePrefix !== undefined && [ids, externalId, holder, viewer].every((other) => other === undefined);
}

/** A page of the accounts that match, each with the key of a cursor behind it. */
export async function listAccounts(
  source: LedgerSource,
  page: { limit: number; after: AccountKey | null; order: Order },
  filters: AccountFilters,
): Promise<Scanned<AccountKey, { key: AccountKey; document: AccountDocument }>> {
  const { rows, by } = narrow(source, filters);
  const after = page.after === null ? null : [page.after].flat();
  const scan = { by, order: page.order, after, limit: page.limit, matches: conditionsOf(source, filters) };
  const scanned = await scanRows<FoundAccount>(source.knex, rows.select('a.id', 'a.sort_name'), scan);
  const documents = await findAccountsById(
    source,
    scanned.items.map((found) => found.id),
  );
  const keyOf = (found: FoundAccount): AccountKey => (isByName(filters) ? [found.sort_name, found.id] : found.id);
  return mapScanned(scanned, keyOf, (found) => ({ key: keyOf(found), document: documents.get(found.id)! }));
}

/** The range of the index that has the fewest rows besides those that match. */
function narrow({ knex, ledgerId }: LedgerSource, filters: AccountFilters): { rows: Knex.QueryBuilder; by: string[] } {
  const { ids, externalId, namePrefix, holder, ownership, viewer } = filters;
  const party = viewer ?? holder;
  if (party !== undefined && ids === undefined && externalId === undefined) {
    const rows = knex('holders as h')
      .joinRaw(
        `cross join lateral (
           select r.*, lower(r.name) as sort_name from accounts r
           where r.ledger_id = ? and r.id = h.account_id offset 0) a`,
        [ledgerId],
      )
      .where({ 'h.ledger_id': ledgerId, 'h.party_id': party })
      .select('h.account_id');
    return { rows, by: ['h.account_id'] };
  }
  const rows = rowsWithSortName(knex, 'accounts', ledgerId, 'a');
  if (ids !== undefined) rows.whereRaw('a.id = any(?::uuid[])', [[...ids]]);
  if (externalId !== undefined) rows.where('a.external_id', externalId);
  if (ownership === 'clearing') rows.where('a.ownership', 'clearing');
  if (namePrefix === undefined || !isByName(filters)) return { rows, by: ['a.id'] };
  narrowToPrefix(rows, 'a', namePrefix);
  return { rows, by: ['a.sort_name', 'a.id'] };
}

function conditionsOf({ ledgerId }: LedgerSource, filters: AccountFilters): Condition[] {
  const { namePrefix, holder, currency, status, ownership, viewer } = filters;
  const conditions: Condition[] = [
    ownership === undefined
      ? { sql: "a.ownership <> 'clearing'" }
      : { sql: 'a.ownership = :ownership', bindings: { ownership } },
  ];
  if (namePrefix !== undefined) conditions.push(beginsWith('a', namePrefix));
  if (currency !== undefined) conditions.push({ sql: 'a.currency = :currency', bindings: { currency } });
  if (status !== undefined) conditions.push({ sql: 'a.status = :status', bindings: { status } });
  if (holder !== undefined) conditions.push({ sql: heldBy('holder'), bindings: { ledgerId, holder } });
  if (viewer !== undefined) {
    conditions.push({ sql: heldBy('viewer', "and 'view' = any(v.rights)"), bindings: { ledgerId, viewer } });
  }
  return conditions;
}

/** A look-up for each account: with EXISTS, all that the party holds might be gathered first. */
const heldBy = (party: 'holder' | 'viewer', more = '') => `
  (select true from holders v
   where v.ledger_id = :ledgerId and v.account_id = a.id and v.party_id = :${party} and v.status = 'active' ${more}
   limit 1)`;
