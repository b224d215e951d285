import type { Knex } from 'knex';
import { behind, type Condition, maxScanned, type Order, type Scanned, scanRows } from './bounded-scan.ts';
import type { Database } from './create-database.ts';

/** A page of what belongs to accounts, in the order of its ids. */
export interface AccountsPage {
  readonly limit: number;
  /** The id of the last one seen. */
  readonly after: string | null;
  readonly order: Order;
  /** Null for those of all accounts. */
  readonly accountIds: readonly string[] | null;
  readonly joined: Joined;
}

/** By account, since when its reader belongs to it; without the accounts of which it sees all. */
export type Joined = ReadonlyMap<string, Date>;

interface RowOfAccount {
  readonly id: string;
}

/**
 * Reads a page of `rows`, of the table with this alias, as `scanRows` does it: along the index of each account, or
 * where all accounts are meant along that of the ids. The rows must select `id` and `account_id`. What had ended before
 * its reader joined is left out.
 */
export async function scanAccounts<Row extends RowOfAccount>(
  knex: Database | Knex,
  { rows, alias }: { rows: Knex.QueryBuilder; alias: string },
  page: AccountsPage,
  asked: readonly Condition[],
): Promise<Scanned<string, Row>> {
  const { accountIds, order, after, limit } = page;
  if (accountIds?.length === 0) return { items: [], stoppedAt: null };
  const matches = [...asked, ...notBefore(page.joined, alias)];
  if (accountIds !== null && accountIds.length > 1) {
    return scanEach(knex, { rows, alias }, { ...page, accountIds }, matches);
  }
  if (accountIds !== null) rows.where(`${alias}.account_id`, accountIds[0]);
  const scan = { by: [`${alias}.id`], order, after: after === null ? null : [after], limit, matches };
  const { items, stoppedAt } = await scanRows<Row>(knex, rows, scan);
  return { items, stoppedAt: stoppedAt?.id ?? null };
}

/**
 * Several accounts at once: of each so many rows that all together are no more than may be looked at. Where one of them
 * has more, what others have behind its last row is left to the next page.
 */
async function scanEach<Row extends RowOfAccount>(
  knex: Database | Knex,
  { rows, alias }: { rows: Knex.QueryBuilder; alias: string },
  { accountIds, order, after, limit }: AccountsPage & { accountIds: readonly string[] },
  matches: readonly Condition[],
): Promise<Scanned<string, Row>> {
  const share = matches.length === 0 ? limit : Math.max(1, Math.floor(maxScanned / accountIds.length));
  const [comparison, first, last] = order === 'asc' ? ['<=', 'min', 'max'] : ['>=', 'max', 'min'];
  const condition = matches.map(({ sql }) => `(${sql})`).join(' and ') || 'true';
  const bindings = Object.assign({}, ...matches.map((match) => match.bindings));
  rows
    .select(knex.raw(`coalesce(${condition}, false) as is_match`, bindings))
    .whereRaw(`${alias}.account_id = listed.id`)
    .orderBy(`${alias}.id`, order)
    .limit(share);
  if (after !== null) rows.where(`${alias}.id`, behind[order], after);
  // PostgreSQL 14 to 17 have no least UUID; as text they have the same order.
  const result = await knex.raw(
    `with looked as materialized (
       select r.* from unnest(?::uuid[]) as listed (id) cross join lateral ? as r),
     ends as (
       select ${first}(last) as until from (
         select ${last}(id::text) as last from looked group by account_id having count(*) >= ${share}) e)
     select looked.*, ends.until from looked cross join ends
     where (until is null or id::text ${comparison} until) and (is_match or id::text = until)
     order by id ${order} limit ${limit}`,
    [[...accountIds], rows],
  );
  type Found = Row & { is_match: boolean; until: string | null };
  const found: Found[] = result.rows;
  const items = found.filter((row) => row.is_match);
  return { items, stoppedAt: items.length < limit ? (found[0]?.until ?? null) : null };
}

/** That what a row of the table with this alias is about had not ended when its reader joined its account. */
export function notBefore(joined: Joined, alias: string): Condition[] {
  if (joined.size === 0) return [];
  // Next to the row, as times by account: a join would have the planner gather memberships first.
  const since = JSON.stringify(Object.fromEntries(joined));
  const joinedAt = `(:joined::jsonb ->> ${alias}.account_id::text)::timestamptz`;
  return [{ sql: `coalesce(${alias}.finished_at >= ${joinedAt}, true)`, bindings: { joined: since } }];
}

/**
 * Narrows to what has this status by the clock: what waits for signatures has expired at its time, whether or not that
 * is recorded. Answers what is left to look at of each row.
 */
export function narrowToStatus(rows: Knex.QueryBuilder, alias: string, status: string | undefined): Condition[] {
  const isOver = `${alias}.expires_at <= clock_timestamp()`;
  if (status === undefined) return [];
  if (status === 'waiting') {
    rows.whereRaw(`${alias}.status = 'waiting'`);
    return [{ sql: `not ${isOver}` }];
  }
  if (status === 'expired')
    return [{ sql: `${alias}.status = 'expired' or (${alias}.status = 'waiting' and ${isOver})` }];
  return [{ sql: `${alias}.status = :status`, bindings: { status } }];
}
