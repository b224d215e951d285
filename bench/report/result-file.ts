import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../bench-options.ts';
import type { BenchPlan } from '../bench-plan.ts';
import type { BenchRow, BenchRun } from './bench-run.ts';
import type { JudgedTarget } from './target-ratios.ts';

const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

/** Everything that a bench found out. */
export interface BenchResult {
  readonly startedAt: Date;
  readonly options: BenchOptions;
  readonly plan: BenchPlan;
  readonly postgresVersion: string;
  readonly postgresSettings: Readonly<Record<string, string>>;
  readonly runs: readonly BenchRun[];
  readonly rows: readonly BenchRow[];
  readonly targets: readonly JudgedTarget[];
  /** What the checks found wrong; empty when every movement is where it should be. */
  readonly failures: readonly string[];
}

/** Writes the result as JSON and answers where: the file that was asked for, or one named by the time. */
export function writeResult(result: BenchResult): string {
  const { startedAt, options, plan, runs, rows } = result;
  const name = `${startedAt.toISOString().replaceAll(/[:.]/g, '-')}.json`;
  const file = path.resolve(options.out ?? path.join(projectFolder, 'bench', 'results', name));
  const project = JSON.parse(fs.readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  const document = {
    startedAt,
    machine: {
      cores: os.availableParallelism(),
      processor: os.cpus()[0]?.model ?? 'unknown',
      memoryBytes: os.totalmem(),
      system: `${os.type()} ${os.release()} ${os.arch()}`,
    },
    versions: { node: process.version, postgresql: result.postgresVersion, project: project.version },
    postgresSettings: result.postgresSettings,
    options,
    rounds: plan.rounds,
    warmUpMs: plan.warmUpMs,
    measureMs: plan.measureMs,
    targets: result.targets,
    failures: result.failures,
    medians: rows.map(({ scenario, subject, figures, notMeasured }) => ({
      ...where(scenario),
      subject,
      ...(figures ?? { notMeasured }),
    })),
    // The ids have done their duty in the checks.
    runs: runs.map(({ scenario, subject, round, measured }) => ({
      ...where(scenario),
      subject,
      round,
      ...measured,
      transactionIds: undefined,
    })),
  };
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  return path.relative(process.cwd(), file);
}

function where({ load, connections, book }: BenchRow['scenario']) {
  return { load, connections, book: book.name };
}
