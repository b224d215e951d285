import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { runLab } from '../../src/lab/run-lab.ts';
import { completeParameters } from '../../src/lab/run-request.ts';
import { type RunMessage, type RunResult, runResult, type StrategyResult } from '../../src/lab/run-result.ts';
import { callerSessions, claimLab } from '../../src/lab/run-schema.ts';
import { inBuild } from './server-process.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** A database whose server looks for deadlocks soon; it takes a second otherwise. */
export async function createLabDatabase(options?: { empty: true }): Promise<TestDatabase> {
  const testDatabase = await createTestDatabase(options);
  const { database } = testDatabase;
  const { rows } = await database.raw('select current_database() as name');
  await database.raw("alter database ?? set deadlock_timeout = '100ms'", [rows[0].name]);
  return testDatabase;
}

export type LabRequest = Parameters<typeof completeParameters>[0];

export const labScript = inBuild('src/lab/lab-process.js');

/** Plays a run in the lab of this database, with processes of the build, and holds the result against its schema. */
export async function playLab(
  url: string,
  request: LabRequest,
  { signal = new AbortController().signal, onMessage = (_message: RunMessage) => {} } = {},
): Promise<RunResult> {
  const parameters = completeParameters(request);
  const lab = await claimLab(url);
  return runResult.parse(await runLab(lab, { parameters, signal, onMessage, processScript: labScript }));
}

/** The same for one strategy. */
export async function playStrategy(url: string, request: LabRequest, strategy: string): Promise<StrategyResult> {
  const { strategies } = await playLab(url, { ...request, strategies: [strategy] });
  return strategies[0]!;
}

/** What runs have left in the database: schemas, and sessions of callers. */
export async function labRemains({ database }: Pick<TestDatabase, 'database'>): Promise<string[]> {
  const schemas = await database('pg_namespace').whereLike('nspname', 'race_lab_%').pluck('nspname');
  const sessions = await database('pg_stat_activity')
    .where('application_name', callerSessions)
    .whereRaw('datname = current_database()')
    .pluck('pid');
  return [...schemas, ...sessions.map((pid) => `session ${pid}`)];
}

/** The processes of runs that this process has started, as long as they are there. */
export function labProcessesOf(parent: number): number[] {
  return processesNow()
    .filter(({ parent: of, command }) => of === parent && command.includes('lab-process'))
    .map(({ pid }) => pid);
}

/** A machine with Linux may be without `ps`. */
function processesNow(): Array<{ pid: number; parent: number; command: string }> {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => {
      const [, pid, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
      return { pid: Number(pid), parent: Number(parent), command };
    });
  }
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))![1];
      return { pid: Number(name), parent: Number(parent), command: readFileSync(`/proc/${name}/cmdline`, 'utf8') };
    } catch {
      // It has ended since the folder was read.
      return [];
    }
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
