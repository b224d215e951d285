import type { Database } from '../../src/database/create-database.ts';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Plan[];
}

/** What a question has read of tables, over all its statements: rows that were looked at, wanted or not. */
export interface RowsRead {
  readonly rows: number;
  /** How each table was read, "Index Scan entries" and the like. */
  readonly ways: ReadonlySet<string>;
}

/** Asks once to note the statements, and has PostgreSQL carry each out again and count what it reads. */
export async function countRowsRead(database: Database, ask: () => PromiseLike<unknown>): Promise<RowsRead> {
  const sent: Array<{ sql: string; bindings: readonly unknown[] }> = [];
  const note = ({ sql, bindings = [] }: { sql: string; bindings?: readonly unknown[] }) => sent.push({ sql, bindings });
  database.on('query', note);
  await ask();
  database.removeListener('query', note);
  const ways = new Set<string>();
  let rows = 0;
  for (const { sql, bindings } of sent.filter(({ sql: text }) => /^\s*(select|with)\b/i.test(text))) {
    // What knex has numbered already is sent as it is.
    const plain = sql.replaceAll('?', '\\?').replaceAll(/\$\d+/g, '?');
    const explained = await database.raw(`explain (analyze, format json) ${plain}`, bindings as never);
    for (const plan of nodesOf(explained.rows[0]['QUERY PLAN'][0].Plan)) {
      if (plan['Relation Name'] === undefined) continue;
      ways.add(`${plan['Node Type']} ${plan['Relation Name']}`);
      const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0);
      rows += (plan['Actual Rows'] + removed) * plan['Actual Loops'];
    }
  }
  return { rows, ways };
}

function* nodesOf(plan: Plan): Generator<Plan> {
  yield plan;
  for (const part of plan.Plans ?? []) yield* nodesOf(part);
}
