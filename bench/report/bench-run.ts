import type { Scenario } from '../bench-plan.ts';
import type { NotMeasured, RunMeasurement, SubjectName } from '../subjects/bench-subject.ts';

/** One subject in one scenario in one round. */
export interface BenchRun {
  readonly scenario: Scenario;
  readonly subject: SubjectName;
  readonly round: number;
  readonly measured: RunMeasurement | NotMeasured;
  /** What a movement added to PostgreSQL's write-ahead log, that of its place in ours included. */
  readonly walBytes: number | undefined;
  /** How often the log was flushed for each movement. */
  readonly flushes: number | undefined;
  /** What a movement added to tables and indexes. */
  readonly tableBytes: number | undefined;
  readonly processor: ProcessorMicros | undefined;
}

/** Processor time for each movement, or for each answer to a read, in microseconds. */
export interface ProcessorMicros {
  readonly service: number;
  readonly postgres: number;
  /** Of the load driver, which is no part of what is measured. */
  readonly driver: number;
}

/** What the rounds of a subject in a scenario come to. */
export interface BenchRow {
  readonly scenario: Scenario;
  readonly subject: SubjectName;
  /** Undefined when it could not be measured. */
  readonly figures: RowFigures | undefined;
  readonly notMeasured: string | undefined;
}

export interface RowFigures {
  readonly movementsPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly walBytes: Spread | undefined;
  readonly flushes: Spread | undefined;
  readonly tableBytes: Spread | undefined;
  readonly serviceMicros: Spread | undefined;
  readonly postgresMicros: Spread | undefined;
  readonly driverMicros: Spread | undefined;
  /** Over all rounds. */
  readonly errors: number;
  readonly unacknowledged: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Brings the runs together, in the order of the plan. */
export function summariseRuns(scenarios: readonly Scenario[], runs: readonly BenchRun[]): BenchRow[] {
  return scenarios.flatMap((scenario) =>
    scenario.subjects.map((subject) => {
      const own = runs.filter((run) => run.scenario === scenario && run.subject === subject);
      const measured = own.flatMap((run) => ('notMeasured' in run.measured ? [] : [run.measured]));
      const reason = own.flatMap((run) => ('notMeasured' in run.measured ? [run.measured.notMeasured] : []))[0];
      const figures = measured.length === 0 ? undefined : figuresOf(measured, own);
      return { scenario, subject, figures, notMeasured: reason };
    }),
  );
}

function figuresOf(measured: readonly RunMeasurement[], runs: readonly BenchRun[]): RowFigures {
  const sum = (pick: (run: RunMeasurement) => number) => measured.reduce((total, run) => total + pick(run), 0);
  return {
    movementsPerSecond: spreadOf(measured.map((run) => run.movementsPerSecond)),
    p50Ms: spreadOf(measured.map((run) => run.latency.p50)),
    p99Ms: spreadOf(measured.map((run) => run.latency.p99)),
    walBytes: spreadOfKnown(runs.map((run) => run.walBytes)),
    flushes: spreadOfKnown(runs.map((run) => run.flushes)),
    tableBytes: spreadOfKnown(runs.map((run) => run.tableBytes)),
    serviceMicros: spreadOfKnown(runs.map((run) => run.processor?.service)),
    postgresMicros: spreadOfKnown(runs.map((run) => run.processor?.postgres)),
    driverMicros: spreadOfKnown(runs.map((run) => run.processor?.driver)),
    errors: sum((run) => run.errors),
    unacknowledged: sum((run) => run.unacknowledged),
  };
}

function spreadOfKnown(values: ReadonlyArray<number | undefined>): Spread | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : spreadOf(known);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
