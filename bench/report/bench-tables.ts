import type { Scenario } from '../bench-plan.ts';
import { standardSize } from '../books/book-size.ts';
import { isRead } from '../load-driver/load-order.ts';
import { subjectTitles } from '../subjects/bench-subject.ts';
import type { BenchRow } from './bench-run.ts';
import type { JudgedTarget } from './target-ratios.ts';

/** All rows as text, each beside what its baseline did in the same scenario: A, or C for standing orders. */
export function formatRows(rows: readonly BenchRow[]): string {
  const heads = [
    'load',
    'connections',
    'subject',
    'a second [min–max]',
    'p50 ms',
    'p99 ms',
    'CPU µs service',
    'PostgreSQL',
    'driver',
    'WAL bytes',
    'table bytes',
    'flushes',
    'errors',
    'against A or C',
  ];
  const lines = rows.map((row) => {
    const { scenario, subject, figures } = row;
    const first = [scenarioTitle(scenario), formatParallel(scenario), subjectTitles[subject]];
    if (figures === undefined) return [...first, row.notMeasured ?? 'not measured', ...Array<string>(10).fill('')];
    const { median, min, max } = figures.movementsPerSecond;
    return [
      ...first,
      `${formatCount(median)} [${formatCount(min)}–${formatCount(max)}]`,
      formatMs(figures.p50Ms.median),
      formatMs(figures.p99Ms.median),
      ...[
        figures.serviceMicros,
        figures.postgresMicros,
        figures.driverMicros,
        figures.walBytes,
        figures.tableBytes,
      ].map((spread) => (spread === undefined ? '' : formatCount(spread.median))),
      figures.flushes === undefined ? '' : figures.flushes.median.toFixed(3),
      formatCount(figures.errors + figures.unacknowledged),
      formatRatio(ratioToBaseline(rows, row)),
    ];
  });
  return formatTable([heads, ...lines], ['left', 'right', 'left', ...Array<'right'>(11).fill('right')]);
}

/** The targets as text. */
export function formatTargets(judged: readonly JudgedTarget[]): string {
  const lines = judged.map(({ text, target, measured, verdict }) => [text, target, formatRatio(measured), verdict]);
  return formatTable([['target', 'ratio', 'measured', 'verdict'], ...lines], ['left', 'right', 'right', 'left']);
}

const readTitles = {
  account: 'read an account',
  entries: 'a page of 50 entries',
  'balance-at': 'a balance in the past',
};

/** The load and, where it is not the ordinary one, the book. */
export function scenarioTitle({ load, book }: Scenario): string {
  if (load === 'standing-orders') return 'standing orders';
  const title = isRead(load)
    ? readTitles[load]
    : load.startsWith('batches')
      ? `batches of ${formatCount(Number.parseInt(load.slice(8), 10))}`
      : load;
  return book.name === standardSize.name ? title : `${title}, ${book.name.replaceAll('-', ' ')}`;
}

/** How many do it at the same time. */
export function formatParallel({ load, connections }: Scenario): string {
  if (load !== 'standing-orders') return formatCount(connections);
  return connections === 1 ? '1 worker' : `${formatCount(connections)} workers`;
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function ratioToBaseline(rows: readonly BenchRow[], { scenario, figures }: BenchRow): number | undefined {
  const baseline = scenario.load === 'standing-orders' ? 'c' : 'a';
  const base = rows.find((row) => row.scenario === scenario && row.subject === baseline)?.figures;
  if (base === undefined || figures === undefined) return undefined;
  return figures.movementsPerSecond.median / base.movementsPerSecond.median;
}

function formatMs(value: number): string {
  if (Number.isNaN(value)) return '';
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function formatRatio(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '' : value.toFixed(value < 1 ? 3 : 2);
}

/** Columns under their heads, each as wide as its widest cell. */
export function formatTable(lines: readonly string[][], sides: ReadonlyArray<'left' | 'right'>): string {
  const widths = sides.map((_side, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  const formatted = lines.map((cells) =>
    cells
      .map((cell, column) => (sides[column] === 'left' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  const [head, ...rest] = formatted;
  return [head, widths.map((width) => '─'.repeat(width)).join('  '), ...rest].join('\n');
}
