import type { HeldLock, LockWait } from './run-result.ts';
import type { PlacedStatement } from './trace-lanes.ts';
import type { RowHistory } from './trace-rows.ts';
import type { TracedTransaction } from './trace-transactions.ts';

/** The locks that transactions held until they ended, as follows from what they sent and what was answered. */
export function traceLocks(
  transactions: readonly TracedTransaction[],
  rows: readonly RowHistory[],
  waits: readonly LockWait[],
): HeldLock[] {
  return transactions.flatMap(({ lane, statements, isOpened, endUs }) => {
    const held = new Map<string, HeldLock>();
    for (const statement of isOpened ? statements : []) {
      if (statement.sqlState !== null) continue;
      const wait = waits.find((each) => each.statement === statement.index);
      for (const { row, what } of locksOf(statement, rows)) {
        if (!held.has(what)) held.set(what, { lane, row, what, fromUs: wait?.toUs ?? statement.toUs, toUs: endUs });
      }
    }
    return [...held.values()];
  });
}

function locksOf(statement: PlacedStatement, rows: readonly RowHistory[]): Array<Pick<HeldLock, 'row' | 'what'>> {
  const { sql, values, command } = statement;
  const table = tableOf(statement);
  if (/^lock table/i.test(sql)) return [{ row: null, what: `table ${table}` }];
  if (/pg_advisory_xact_lock/.test(sql)) return [{ row: null, what: `"${values[0]}"` }];
  const isLocking = command === 'UPDATE' || /\bfor update\b/i.test(sql);
  if (!isLocking || statement.affected === 0) return [];
  const ids = statement.rows.length > 0 ? statement.rows.map((row) => `${row.id}`) : values.map(String);
  const known = rows.flatMap((row, index) =>
    row.table === table && ids.includes(row.id) ? [{ row: index, what: `${row.table} ${row.id}` }] : [],
  );
  return known.length > 0 ? known : [{ row: null, what: `${table} ${ids[0]}` }];
}

/** The table that a statement is about. */
export function tableOf({ sql }: { sql: string }): string | undefined {
  return /\b(?:from|update|into|table) "?(\w+)"?/i.exec(sql)?.[1];
}
