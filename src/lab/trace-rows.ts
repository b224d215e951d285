import type { RoundRecord } from './round-record.ts';
import type { RowStep, TracedRow } from './run-result.ts';
import type { RowChange } from './scenario-tables.ts';
import type { RecordedLane, TraceLanes } from './trace-lanes.ts';
import type { TracedTransaction } from './trace-transactions.ts';

/** A row with its steps; the first step is the change with revision 1. */
export type RowHistory = Omit<TracedRow, 'steps'> & { readonly steps: Array<Writable<RowStep>> };

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

type Committed = Pick<RowStep, 'lane' | 'statement' | 'atUs'>;

/** The rows that a scenario shows, with every committed change and the lane that made it. */
export function traceRows(
  { scenario, before, changes }: Pick<RoundRecord, 'scenario' | 'before' | 'changes'>,
  lanes: TraceLanes,
  transactions: readonly TracedTransaction[],
): RowHistory[] {
  const rows: RowHistory[] = before.map(({ table, id, value }) => ({ ...rowOf(table, id), before: value }));
  const writes = committedWrites(transactions, lanes);
  for (const change of changes) {
    let row = rows.find(({ table, id }) => table === change.table && id === change.id);
    if (row === undefined) {
      row = { ...rowOf(change.table, change.id), before: null };
      rows.push(row);
    }
    const committed = change.pid === null ? ofEngine(change, lanes) : writes.get(change.pid)?.shift();
    if (committed !== undefined) row.steps.push({ ...committed, value: change.value, erasedBy: null });
  }
  return rows;

  function rowOf(table: string, id: string) {
    return { table, id, column: scenario.tables.find(({ name }) => name === table)!.shows!, steps: [] };
  }
}

/**
 * The writes that were committed, a row each, by backend and in the order in which it made them; the triggers noted
 * theirs in the same order.
 */
function committedWrites(transactions: readonly TracedTransaction[], lanes: TraceLanes): Map<number, Committed[]> {
  const startOf = ({ statements }: TracedTransaction) => statements[0]!.fromUs;
  const writes = new Map<number, Committed[]>();
  for (const transaction of transactions.toSorted((a, b) => startOf(a) - startOf(b))) {
    const { pid } = lanes.lanes[transaction.lane]!;
    if (!transaction.isCommitted || pid === null) continue;
    const ofPid = writes.get(pid) ?? [];
    writes.set(pid, ofPid);
    for (const { index, command, affected } of transaction.statements) {
      if (command !== 'UPDATE' && command !== 'INSERT') continue;
      const write = { lane: transaction.lane, statement: index, atUs: transaction.endUs };
      for (let row = 0; row < affected; row++) ofPid.push({ ...write });
    }
  }
  return writes;
}

/** A caller of the engine knows of the commit by its answer. */
function ofEngine({ transactionId }: RowChange, { lanes }: TraceLanes): Committed | undefined {
  const lane = lanes.find(({ record }: RecordedLane) => record?.transactionId === transactionId);
  return lane && { lane: lane.index, statement: null, atUs: lane.record!.answer.atUs };
}
