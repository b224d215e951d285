import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchOptionsError } from './bench-options.ts';
import { formatTable } from './report/bench-tables.ts';
import type { StopList } from './stop-list.ts';

const projectFolder = fileURLToPath(new URL('../', import.meta.url));

/** What a version's bench leaves in its file for each load and subject; older ones know fewer figures. */
interface Median {
  readonly load: string;
  readonly connections: number;
  readonly subject: string;
  readonly notMeasured?: string;
  readonly [figure: string]: unknown;
}

/** The figures that are compared, and what they are called in the table. */
const figures = {
  movementsPerSecond: 'a second',
  serviceMicros: 'CPU µs service',
  postgresMicros: 'CPU µs PostgreSQL',
  walBytes: 'WAL bytes',
  tableBytes: 'table bytes',
} as const;

/**
 * `--compare REF`: has the bench of another version of this project, from its git history, and that of this one take
 * turns, each on a PostgreSQL of its own with its own schema, and puts the medians side by side. `args` are the options
 * for both. Answers the table as text. Throws BenchOptionsError where the other version can't be had or measured so.
 */
export async function compareVersions(
  { ref, args, rounds }: { ref: string; args: readonly string[]; rounds: number },
  stops: StopList,
): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'joint-ledger-compare-'));
  const other = path.join(folder, 'other');
  stops.add(async () => {
    await run('git', ['worktree', 'remove', '--force', other], projectFolder, stops).catch(() => {});
    fs.rmSync(folder, { recursive: true, force: true });
  });
  await run('git', ['worktree', 'add', '--detach', other, ref], projectFolder, stops);
  await install(other, stops);
  for (const built of [other, projectFolder]) {
    await run('npm', ['run', 'build'], built, stops);
    await run('npx', ['tsc', '-p', 'tsconfig.bench.json'], built, stops);
  }
  const measured = new Map<string, Median[]>([
    [other, []],
    [projectFolder, []],
  ]);
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 1 ? [other, projectFolder] : [projectFolder, other];
    for (const version of order) {
      const file = path.join(folder, 'result.json');
      const command = ['--import', 'tsx', 'bench/run-bench.ts', ...args, '--rounds', '1', '--out', file];
      await run(process.execPath, command, version, stops);
      measured.get(version)!.push(...JSON.parse(fs.readFileSync(file, 'utf8')).medians);
    }
  }
  return formatComparison(measured.get(other)!, measured.get(projectFolder)!);
}

/** The packages are the same where the lock file is. */
async function install(folder: string, stops: StopList): Promise<void> {
  const lockFile = (of: string) => fs.readFileSync(path.join(of, 'package-lock.json'), 'utf8');
  if (lockFile(folder) === lockFile(projectFolder)) {
    fs.symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  } else await run('npm', ['ci'], folder, stops);
}

async function run(command: string, args: readonly string[], cwd: string, stops: StopList): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  stops.add(async () => void child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new BenchOptionsError(`In ${cwd}, "${command} ${args.join(' ')}" ended with ${code}.`);
}

function formatComparison(before: readonly Median[], now: readonly Median[]): string {
  const nameOf = ({ load, connections, subject }: Median) => [load, String(connections), subject];
  const rows = new Map(now.map((row) => [nameOf(row).join(), row]));
  const heads = ['load', 'connections', 'subject', ...Object.values(figures).flatMap((title) => [title, 'ratio'])];
  const lines = [...rows.values()].map((row) => {
    const own = (medians: readonly Median[], figure: string) =>
      medianOf(
        medians
          .filter((other) => nameOf(other).join() === nameOf(row).join())
          .flatMap((other) => (other[figure] as { median: number } | undefined)?.median ?? []),
      );
    const cells = Object.keys(figures).flatMap((figure) => {
      const [old, current] = [own(before, figure), own(now, figure)];
      if (old === undefined || current === undefined) return [formatFigure(current), ''];
      return [`${formatFigure(old)} → ${formatFigure(current)}`, (current / old).toFixed(2)];
    });
    return [...nameOf(row), ...cells];
  });
  return formatTable([heads, ...lines], ['left', 'right', 'left', ...Array<'right'>(heads.length - 3).fill('right')]);
}

function formatFigure(value: number | undefined): string {
  return value === undefined ? '' : Math.round(value).toLocaleString('en-US');
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
