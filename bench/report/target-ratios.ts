import { growthSizes, standardSize } from '../books/book-size.ts';
import type { LoadName } from '../load-driver/load-order.ts';
import type { SubjectName } from '../subjects/bench-subject.ts';
import type { BenchRow, RowFigures } from './bench-run.ts';

/** What joint-ledger should reach against something else on the same machine. */
export interface TargetRatio {
  readonly text: string;
  /** `atLeast`: the measured ratio must not be below it; `atMost`: not above. */
  readonly kind: 'atLeast' | 'atMost';
  readonly target: number;
  readonly measure: (rows: readonly BenchRow[]) => number | undefined;
}

export interface JudgedTarget {
  readonly text: string;
  readonly target: string;
  readonly measured: number | undefined;
  readonly verdict: 'passed' | 'missed' | 'not measured';
}

/** Judges every target by the medians. One whose rows were not measured has no verdict. */
export function judgeTargets(rows: readonly BenchRow[]): JudgedTarget[] {
  return targets.map(({ text, kind, target, measure }) => {
    const measured = measure(rows);
    const sign = kind === 'atLeast' ? '≥' : '≤';
    const reached = measured !== undefined && (kind === 'atLeast' ? measured >= target : measured <= target);
    const verdict = measured === undefined ? 'not measured' : reached ? 'passed' : 'missed';
    return { text, target: `${sign} ${target}`, measured, verdict };
  });
}

const throughput = (figures: RowFigures | undefined) => figures?.movementsPerSecond.median;
const p99 = (figures: RowFigures | undefined) => figures?.p99Ms.median;

const targets: readonly TargetRatio[] = [
  atLeast(1.3, 'uniform, 1 connection: movements/s against A', againstA('uniform', 1)),
  atLeast(5, 'uniform, 64 connections: movements/s against A', againstA('uniform', 64)),
  atLeast(10, 'hot, 64 connections: movements/s against A', againstA('hot', 64)),
  {
    text: 'hot, 64 connections: p99 against A',
    kind: 'atMost',
    target: 1 / 8,
    measure: (rows) => ratio(p99(find(rows, 'joint-ledger', 'hot', 64)), p99(find(rows, 'a', 'hot', 64))),
  },
  atLeast(8, 'uniform, 1,024 connections: movements/s against A', againstA('uniform', 1_024)),
  atLeast(12, 'hot, 1,024 connections: movements/s against A', againstA('hot', 1_024)),
  atLeast(4, "hot, 64 connections: movements/s against B's best", (rows) =>
    ratio(throughput(find(rows, 'joint-ledger', 'hot', 64)), best(rows, 'b', 'hot')),
  ),
  atLeast(20, "batches of 1,000: movements/s against A's best uniform", (rows) =>
    ratio(best(rows, 'joint-ledger', 'batches-1000'), best(rows, 'a', 'uniform')),
  ),
  atLeast(0.8, '10 million entries against 10 thousand: movements/s, uniform, 64 connections', (rows) => {
    const [few, many] = growthSizes.map((size) => find(rows, 'joint-ledger', 'uniform', 64, size.name));
    return ratio(throughput(many), throughput(few));
  }),
];

function atLeast(target: number, text: string, measure: TargetRatio['measure']): TargetRatio {
  return { text, kind: 'atLeast', target, measure };
}

function againstA(load: LoadName, connections: number): TargetRatio['measure'] {
  return (rows) =>
    ratio(throughput(find(rows, 'joint-ledger', load, connections)), throughput(find(rows, 'a', load, connections)));
}

function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined || base === 0 ? undefined : value / base;
}

function find(
  rows: readonly BenchRow[],
  subject: SubjectName,
  load: LoadName,
  connections: number,
  book = standardSize.name,
): RowFigures | undefined {
  return rows.find(
    ({ subject: name, scenario }) =>
      name === subject && scenario.load === load && scenario.connections === connections && scenario.book.name === book,
  )?.figures;
}

/** The best median over all numbers of connections. */
function best(rows: readonly BenchRow[], subject: SubjectName, load: LoadName): number | undefined {
  const own = rows.filter(
    (row) => row.subject === subject && row.scenario.load === load && row.scenario.book === standardSize && row.figures,
  );
  return own.length === 0 ? undefined : Math.max(...own.map((row) => throughput(row.figures)!));
}
