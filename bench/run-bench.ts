import { type BenchOptions, BenchOptionsError, optionsOfBoth, readBenchOptions } from './bench-options.ts';
import { createBenchPlan } from './bench-plan.ts';
import { compareVersions } from './compare-versions.ts';
import { measurePlan } from './measure-plan.ts';
import { summariseRuns } from './report/bench-run.ts';
import { formatRows, formatTargets } from './report/bench-tables.ts';
import { writeResult } from './report/result-file.ts';
import { judgeTargets } from './report/target-ratios.ts';
import { StopList } from './stop-list.ts';

/**
 * `npm run bench`: measures joint-ledger against its baselines on a PostgreSQL of its own and prints what it found.
 * Exit code 0 when every movement is where it should be, whatever the figures; 1 when a check failed or something
 * broke; 2 when the options don't fit; 128 plus its number after a signal.
 */
const stops = new StopList();
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.on(signal, async () => {
    if (stops.isStopping) process.exit(128 + number); // asked twice: what still runs is left to its watchdog
    process.stderr.write('\nbench: stopping everything\n');
    await stops.stopAll();
    process.exit(128 + number);
  });
}

try {
  process.exitCode = await runBench(readBenchOptions(process.argv.slice(2)));
} catch (error) {
  if (!stops.isStopping) {
    const wrongOptions = error instanceof BenchOptionsError;
    process.stderr.write(`bench: ${wrongOptions ? error.message : (error as Error).stack}\n`);
    process.exitCode = wrongOptions ? 2 : 1;
  }
} finally {
  await stops.stopAll();
}

async function runBench(options: BenchOptions): Promise<number> {
  if (options.compare !== undefined) return compare(options.compare, options.rounds ?? 3);
  const plan = createBenchPlan(options);
  if (plan.scenarios.length === 0) throw new BenchOptionsError('None of these subjects can be put under these loads.');
  const startedAt = new Date();
  const { runs, failures, ...postgres } = await measurePlan(plan, stops);
  const rows = summariseRuns(plan.scenarios, runs);
  const targets = judgeTargets(rows);
  const file = writeResult({ startedAt, options, plan, ...postgres, runs, rows, targets, failures });
  console.log(`\n${formatRows(rows)}\n\n${formatTargets(targets)}\n\nAll rounds are in ${file}`);
  for (const failure of failures) process.stderr.write(`bench: CHECK FAILED: ${failure}\n`);
  if (failures.length > 0) return 1;
  console.log('Every acknowledged movement is in the books, once, and the books verify.');
  return 0;
}

async function compare(ref: string, rounds: number): Promise<number> {
  console.log(await compareVersions({ ref, args: optionsOfBoth(process.argv.slice(2)), rounds }, stops));
  return 0;
}
