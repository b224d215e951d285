import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster-location.ts';
import { EmbeddedServerError, explainProgramOutput, wayOut } from './embedded-server-error.ts';
import { programPath } from './postgres-binaries.ts';
import { isPostmasterOf, isProcessAlive } from './process-check.ts';
import { childOptions } from './server-account.ts';

// The last checkpoint of a busy server on a slow disk takes its time.
const stopPatienceMs = 300_000;

/** The log that pg_ctl keeps for the server. */
export function serverLog({ folder }: Cluster): string {
  return path.join(folder, 'server.log');
}

/**
 * The port of the server that runs (or is just starting or stopping) on this data, from its lock file postmaster.pid;
 * undefined when there is no such process. A lock file alone proves nothing: a killed server leaves it behind.
 */
export function findPostmasterPort(cluster: Cluster): number | undefined {
  const lines = readLockFile(cluster);
  if (lines === undefined || !isPostmasterOf(Number(lines[0]), cluster.folder)) return undefined;
  return Number(lines[3]);
}

export type StartOutcome = 'started' | 'port taken' | 'not yet';

/**
 * Starts the server once. 'not yet' means that another process is starting or stopping it at this moment: look again.
 * @throws EmbeddedServerError when the server can't run on this data.
 */
export async function startPostmaster(cluster: Cluster, binDir: string, port: number): Promise<StartOutcome> {
  const { folder } = cluster;
  fs.accessSync(folder, fs.constants.W_OK);
  disownReusedPid(cluster);
  const logStart = fs.statSync(serverLog(cluster), { throwIfNoEntry: false })?.size ?? 0;
  const args = ['start', '-w', '-t', '300', '-s', '-D', folder, '-l', serverLog(cluster), '-o', `-p ${port}`];
  if (await runPgCtl(cluster, binDir, args)) return 'started';

  const output = readLogFrom(serverLog(cluster), logStart);
  if (/lock file "postmaster\.pid" already exists|pre-existing shared memory block/.test(output)) return 'not yet';
  if (/could not bind|Address already in use/.test(output)) return 'port taken';
  const { bavail, bsize } = fs.statfsSync(folder);
  // A full disk may leave no room even for the message.
  const explained = explainProgramOutput(bavail * bsize < 100_000 ? 'No space left on device' : output, folder);
  if (explained !== undefined) throw explained;
  const reason = /(?:FATAL|PANIC): +(.*)/.exec(output)?.[1] ?? 'it gave no reason';
  throw new EmbeddedServerError(
    `PostgreSQL did not start on the data in ${folder} ("${reason}"): see ${serverLog(cluster)}, or ${wayOut}.`,
    new Error(output),
  );
}

/**
 * Stops the server in the orderly way: sessions end, everything is written. Resolves when that server is down. It
 * does not let pg_ctl wait, which looks only at the lock file: when another process starts the server again at once,
 * pg_ctl would take the new server for the old one and wait for minutes.
 */
export async function stopPostmaster(cluster: Cluster, binDir: string): Promise<boolean> {
  const pid = Number(readLockFile(cluster)?.[0]);
  const args = ['stop', '-W', '-s', '-m', 'fast', '-D', cluster.folder];
  if (!(await runPgCtl(cluster, binDir, args))) return !isPostmasterOf(pid, cluster.folder);
  const deadline = Date.now() + stopPatienceMs;
  while (isPostmasterOf(pid, cluster.folder)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Stops the server at once, without writing anything: for data that is thrown away. */
export async function killPostmaster(cluster: Cluster, binDir: string): Promise<boolean> {
  return await runPgCtl(cluster, binDir, ['stop', '-w', '-t', '30', '-s', '-m', 'immediate', '-D', cluster.folder]);
}

/**
 * Runs pg_ctl in a session of its own (detached), where Ctrl-C does not reach it: interrupted while it starts the
 * server, it would kill it. No pipes, because on Windows the server would inherit and hold them.
 */
async function runPgCtl(cluster: Cluster, binDir: string, args: string[]): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const child = spawn(programPath(binDir, 'pg_ctl'), args, {
      ...childOptions(cluster.account),
      detached: true,
      stdio: 'ignore',
    });
    child.on('error', reject).on('exit', (code) => resolve(code === 0));
  });
}

function readLockFile({ folder }: Cluster): string[] | undefined {
  try {
    return fs.readFileSync(path.join(folder, 'postmaster.pid'), 'utf8').split(/\r?\n/);
  } catch {
    return undefined;
  }
}

/**
 * In a restarted container the number in a dead server's lock file often belongs to some new process, and PostgreSQL
 * then refuses to start. It accepts the number of the process that called pg_ctl, so we put ours there. The file
 * itself stays, as PostgreSQL reads from it whether sessions of the dead server still use its shared memory.
 */
function disownReusedPid(cluster: Cluster): void {
  const lines = readLockFile(cluster);
  const pid = Number(lines?.[0]);
  if (process.platform !== 'linux' || lines === undefined || !(pid > 0) || isPostmasterOf(pid, cluster.folder)) return;
  if (!isProcessAlive(pid)) return;
  lines[0] = String(process.pid);
  fs.writeFileSync(path.join(cluster.folder, 'postmaster.pid'), lines.join('\n'));
}

function readLogFrom(file: string, start: number): string {
  try {
    return fs.readFileSync(file).subarray(start).toString('utf8');
  } catch {
    return '';
  }
}
