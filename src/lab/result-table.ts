import type { CallerAnswer, RunResult, StrategyResult } from './run-result.ts';

/** The columns of a comparison: what stands above them, and how a strategy's figure is written. */
const columns: ReadonlyArray<readonly [string, (result: StrategyResult) => string]> = [
  ['strategy', ({ strategy }) => strategy],
  ['wrong', ({ brokenRounds, rounds }) => `${brokenRounds}/${rounds}`],
  ['lost', ({ lost }) => amount(lost)],
  ['made', ({ made }) => amount(made)],
  ['double', ({ duplicates }) => figure(duplicates)],
  ['done', ({ done }) => `${done}`],
  ['refused', ({ refused }) => figure(refused)],
  ['failed', ({ failed }) => figure(failed)],
  ['40P01', ({ sqlStates }) => figure(sqlStates['40P01'] ?? 0)],
  ['40001', ({ sqlStates }) => figure(sqlStates['40001'] ?? 0)],
  ['55P03', ({ sqlStates }) => figure(sqlStates['55P03'] ?? 0)],
  ['23505', ({ sqlStates }) => figure(sqlStates['23505'] ?? 0)],
  ['retries', ({ retries }) => figure(retries)],
  ['waits', ({ lockWaits }) => figure(lockWaits)],
  ['op/s', ({ operationsPerSecond }) => operationsPerSecond.toFixed(operationsPerSecond < 10 ? 1 : 0)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(0)],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(0)],
];

/** A run as a table in plain text, and what was found in the rounds that went wrong. */
export function resultTable(result: RunResult): string {
  return [figuresTable(result), ...result.strategies.flatMap(found)].join('\n');
}

/** The figures of a run, a strategy a line. */
export function figuresTable({ parameters, strategies }: RunResult): string {
  const { scenario, callers, processes, rounds, thinkMs } = parameters;
  const lines = [
    columns.map(([title]) => title),
    ...strategies.map((result) => columns.map(([, write]) => write(result))),
  ];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const table = lines.map((line) =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join('  '),
  );
  const head = `${scenario}: ${callers} callers in ${processes} processes, ${rounds} rounds, ${thinkMs} ms to think`;
  const isShort = strategies.some((result) => result.rounds < rounds);
  const short = isShort ? ['', 'Not all rounds were played: a run has 100 seconds, shared by its strategies.'] : [];
  return [head, '', ...table, ...short].join('\n');
}

/** How many findings of a round are told; more of them say the same. */
const toldFindings = 3;

function found({ strategy, verdict, trace }: StrategyResult): string[] {
  if (verdict.problem === null && trace.findings.length === 0) return [];
  const { expected, cameOut, problem } = verdict;
  const told = trace.findings.slice(0, toldFindings).map(({ text }) => `  ${text}`);
  const more = trace.findings.length > toldFindings ? [`  and ${trace.findings.length - toldFindings} more.`] : [];
  const outcome = problem === null ? cameOut : `${cameOut} (${problem})`;
  const head = `${strategy}, round ${trace.round}: expected ${expected}; came out ${outcome}`;
  return ['', head, ...told, ...more];
}

/** A caller's answer, a line. */
export function answerLine({ caller, outcome, text, status, sqlState, retries, atUs }: CallerAnswer): string {
  const after = [sqlState ?? [], retries > 0 ? `${retries} retries` : []].flat().join(', ');
  const time = `${(atUs / 1000).toFixed(1)} ms`.padStart(10);
  return `${time}  caller ${`${caller + 1}`.padEnd(3)} ${status} ${outcome.padEnd(7)} ${text}${after && ` (${after})`}`;
}

function figure(count: number): string {
  return count === 0 ? '-' : `${count}`;
}

function amount(text: string): string {
  return /[1-9]/.test(text) ? text : '-';
}
