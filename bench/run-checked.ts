import type { BenchPlan } from './bench-plan.ts';
import { checkRun, countTransactions } from './books/check-run.ts';
import type { BenchRun } from './report/bench-run.ts';
import type { StopList } from './stop-list.ts';
import type { Arena } from './subjects/arena.ts';
import { runWorkers } from './subjects/run-workers.ts';

/** A run, and a sentence for each thing that its check found wrong. */
export interface CheckedRun {
  readonly run: BenchRun;
  readonly failures: readonly string[];
}

/**
 * Carries out one run and compares what it claims with the book.
 *
 * The run begins on vacuumed tables. A hot row leaves dead versions behind faster than PostgreSQL's own vacuum comes
 * by, and the next subject would have to step over them; whoever happens to meet that vacuum would be lucky or unlucky.
 */
export async function runChecked(
  { book, subjects }: Arena,
  which: Omit<BenchRun, 'measured'>,
  { warmUpMs, measureMs }: Pick<BenchPlan, 'warmUpMs' | 'measureMs'>,
  stops: StopList,
): Promise<CheckedRun> {
  const { scenario, subject, round } = which;
  const { load, connections } = scenario;
  await book.database.raw('vacuum analyze accounts, idempotency_keys');
  const countBefore = await countTransactions(book);
  const measured =
    load === 'standing-orders'
      ? await runWorkers(book, subject, { workers: connections, warmUpMs, measureMs }, stops)
      : await subjects.get(subject)!.run({ load, connections, warmUpMs, measureMs, seed: round });
  const run = { ...which, measured };
  // An echo books nothing, and says so by its name.
  if ('notMeasured' in measured || subject === 'echo') return { run, failures: [] };
  return { run, failures: await checkRun(book, countBefore, measured) };
}
