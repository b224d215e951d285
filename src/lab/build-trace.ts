import { findDeadlocks } from './find-deadlocks.ts';
import { findLostUpdates } from './find-lost-updates.ts';
import type { RoundRecord } from './round-record.ts';
import type { Finding, Lane, LockWait, RoundTrace } from './run-result.ts';
import type { Judgement } from './scenario.ts';
import { type RecordedLane, TraceLanes } from './trace-lanes.ts';
import { traceLocks } from './trace-locks.ts';
import { type RowHistory, traceRows } from './trace-rows.ts';
import { traceSpans } from './trace-spans.ts';
import { transactionsOf } from './trace-transactions.ts';
import { traceWaits } from './trace-waits.ts';

/** Makes the trace of a round of what was gathered: who did what when, and what went wrong. */
export function buildTrace(record: RoundRecord): RoundTrace {
  const lanes = new TraceLanes(record);
  const transactions = lanes.lanes.flatMap(transactionsOf);
  const waits = traceWaits(record.samples, lanes, transactions);
  const rows = traceRows(record, lanes, transactions);
  const locks = traceLocks(transactions, rows, waits);
  const lost = findLostUpdates(rows, lanes.lanes);
  const findings = [...lost, ...findDeadlocks(lanes), ...findingsOf(record.judgement, rows, lanes)];
  return {
    round: record.round,
    durationUs: Math.max(...lanes.lanes.map(({ record: caller }) => caller?.answer.atUs ?? 0)),
    lanes: lanes.lanes.map((lane) => presentLane(lane, waits)),
    rows,
    statements: lanes.statements.map(({ lane, sql, values, fromUs, toUs, rows: read, affected, sqlState }) => ({
      ...{ lane, sql, values: [...values], fromUs, toUs, rows: [...read], affected, sqlState },
    })),
    ...{ locks, waits, findings },
  };
}

function presentLane(lane: RecordedLane, waits: readonly LockWait[]): Lane {
  const { record, process, pid } = lane;
  return {
    kind: record === undefined ? 'engine' : 'caller',
    caller: record?.caller ?? null,
    ...{ process, pid },
    name: record?.name ?? `engine of process ${process + 1}`,
    spans: traceSpans(lane, waits),
    answer: record?.answer ?? null,
  };
}

/** What the scenario finds wrong, at the lanes and rows that it is about. */
function findingsOf({ doubled, skew }: Judgement, rows: readonly RowHistory[], lanes: TraceLanes): Finding[] {
  const lanesOf = (callers: readonly number[]) => callers.map((caller) => lanes.ofCaller(caller).index);
  const duplicates = doubled.map(({ text, callers, rowIds }) => ({
    kind: 'duplicate' as const,
    text,
    lanes: lanesOf(callers),
    rows: rows.flatMap(({ id }, index) => (rowIds.includes(id) ? [index] : [])),
  }));
  if (skew === null) return duplicates;
  const { text, value, callers } = skew;
  const broken: Finding = {
    kind: 'write skew',
    text,
    value,
    lanes: lanesOf(callers),
    rows: rows.map((_, index) => index),
  };
  return [...duplicates, broken];
}
