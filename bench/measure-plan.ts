import { startEphemeralServer } from '../src/database/embedded/ephemeral-server.ts';
import { verifyBooks } from '../src/verify-books.ts';
import type { BenchPlan, Scenario } from './bench-plan.ts';
import type { BookSize } from './books/book-size.ts';
import { provideWalFiles } from './books/wal-files.ts';
import { startLoadDriver } from './load-driver/load-driver-process.ts';
import { createBenchProgress } from './report/bench-progress.ts';
import type { BenchRun } from './report/bench-run.ts';
import { formatCount, formatParallel, scenarioTitle } from './report/bench-tables.ts';
import { runChecked } from './run-checked.ts';
import type { StopList } from './stop-list.ts';
import { type Arena, openArena } from './subjects/arena.ts';
import { subjectTitles } from './subjects/bench-subject.ts';
import type { MovementSubject } from './subjects/start-subject.ts';

/** What came of a plan. */
export interface PlanOutcome {
  readonly runs: readonly BenchRun[];
  /** A sentence for each thing that a check found wrong. */
  readonly failures: readonly string[];
  readonly postgresVersion: string;
  readonly postgresSettings: Readonly<Record<string, string>>;
}

/**
 * The same server for all subjects. Writes reach the disk (`durable`); checkpoints are so far apart that hardly one
 * falls into one subject's run and spares another.
 */
const postgresSettings = {
  shared_buffers: '512MB',
  min_wal_size: '6GB',
  max_wal_size: '12GB',
  checkpoint_timeout: '1h',
  max_connections: '300',
  work_mem: '32MB',
  maintenance_work_mem: '128MB',
};

/**
 * Starts a server, books and subjects, and runs every scenario in every round. The subjects take turns within a
 * scenario, forwards in odd rounds and backwards in even ones, so that whatever else happens on the machine happens to
 * all of them. Each run is checked, and at the end all books are proved.
 */
export async function measurePlan({ scenarios, ...plan }: BenchPlan, stops: StopList): Promise<PlanOutcome> {
  const runsOfRound = scenarios.reduce((sum, scenario) => sum + scenario.subjects.length, 0);
  const progress = createBenchProgress(runsOfRound * plan.rounds);
  stops.add(async () => progress.stop());
  progress.say('starting PostgreSQL');
  const server = await startEphemeralServer({ durable: true, settings: postgresSettings });
  stops.add(() => server.stop());
  await provideWalFiles(server.url, (runsOfRound * plan.rounds * (plan.warmUpMs + plan.measureMs)) / 1_000);
  const driver = startLoadDriver();
  stops.add(() => driver.stop());

  const arenas = new Map<BookSize, Arena>();
  for (const size of new Set(scenarios.map((scenario) => scenario.book))) {
    progress.say(`filling a book with ${formatCount(size.accounts)} accounts, ${formatCount(size.entries)} entries`);
    const subjects = askedForMovements(scenarios, size);
    const terms = { serverUrl: server.url, size, subjects, driver, pgledger: plan.pgledger };
    arenas.set(size, await openArena(terms, stops));
  }

  const runs: BenchRun[] = [];
  const failures: string[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    for (const scenario of scenarios) {
      const order = round % 2 === 1 ? scenario.subjects : [...scenario.subjects].reverse();
      for (const subject of order) {
        const title = `${scenarioTitle(scenario)} at ${formatParallel(scenario)}, ${subjectTitles[subject]}`;
        progress.beginRun(title);
        const checked = await runChecked(arenas.get(scenario.book)!, { scenario, subject, round }, plan, stops);
        runs.push(checked.run);
        failures.push(...checked.failures.map((failure) => `${title}, round ${round}: ${failure}`));
        progress.endRun(describeRun(checked.run));
      }
    }
  }

  for (const { book } of arenas.values()) {
    progress.say(`proving the books (${book.size.name})`);
    const findings = await verifyBooks(book.database);
    failures.push(...findings.map(({ rule, subject }) => `${book.size.name}: not true that ${rule}: ${subject}`));
  }
  progress.stop();
  return { runs, failures, postgresVersion: server.serverVersion, postgresSettings };
}

/** Whom callers ask for movements in a book. */
function askedForMovements(scenarios: readonly Scenario[], size: BookSize): Set<MovementSubject> {
  const asked = scenarios.filter(({ book, load }) => book === size && load !== 'standing-orders');
  return new Set(asked.flatMap(({ subjects }) => subjects.filter((subject) => subject !== 'c')));
}

function describeRun({ measured }: BenchRun): string {
  if ('notMeasured' in measured) return measured.notMeasured;
  const { movementsPerSecond, errors, unacknowledged } = measured;
  const failed = errors + unacknowledged > 0 ? `, ${formatCount(errors + unacknowledged)} errors` : '';
  return `${formatCount(movementsPerSecond)} a second${failed}`;
}
