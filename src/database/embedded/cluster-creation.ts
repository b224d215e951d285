import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type Cluster, type ClusterHome, clusterFolder, majorsIn, makeClusterHome } from './cluster-location.ts';
import { EmbeddedServerError, explainFileError, explainProgramOutput, wayOut } from './embedded-server-error.ts';
import { type PostgresBinaries, programPath } from './postgres-binaries.ts';
import { isProcessAlive } from './process-check.ts';
import { accountOfOwner, giveTo, runAs } from './server-account.ts';

/** The superuser of the cluster; its password is made up at creation and kept in the file below. */
export const clusterUser = 'ledger';
const passwordFile = 'joint-ledger.password';

const defaultSettings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  // One way in is enough, and the path of a socket may be too long for the system or lie in a missing folder.
  unix_socket_directories: '',
  shared_buffers: '128MB',
  // Filling a new file of the log with zeros takes 60 to 100 ms, in which nobody can commit.
  wal_init_zero: 'off',
  // Files that are kept are used again.
  min_wal_size: '256MB',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Attempts of this process that are still running; their process id alone would not tell them from a dead one's. */
const ownAttempts = new Set<string>();

/** Returns the cluster of this major version, checked, and made first when there is none yet. */
export async function openOrCreateCluster(
  home: ClusterHome,
  binaries: PostgresBinaries,
  log: (message: string) => void,
): Promise<Cluster> {
  const folder = clusterFolder(home, binaries.major);
  try {
    removeDeadAttempts(home, binaries.major);
    if (fs.existsSync(folder)) accountOfOwner(folder); // another user's data is called that, not merely unreadable
    if (!isMade(folder)) {
      refuseOtherMajor(home, binaries);
      makeClusterHome(home);
      log(`Creating the PostgreSQL ${binaries.version} data folder ${folder}; this happens once.`);
      await createCluster({ folder, account: home.account }, binaries, { durable: true, settings: {} });
    }
    const cluster = { folder, account: accountOfOwner(folder) };
    checkVersionFile(folder, binaries.major);
    return cluster;
  } catch (error) {
    throw explainFileError(error, folder);
  }
}

/**
 * Makes a cluster in a folder next to its final name and renames it, so that a killed attempt leaves nothing half made
 * and two at once can't mix: the slower one throws its own away. A durable cluster reaches the disk before it has its
 * name.
 */
export async function createCluster(
  cluster: Cluster,
  binaries: PostgresBinaries,
  options: { durable: boolean; settings: Record<string, string> },
): Promise<void> {
  const { folder, account } = cluster;
  const attempt = `${folder}.attempt-${process.pid}-${randomBytes(4).toString('hex')}`;
  const data = path.join(attempt, 'data');
  const password = path.join(attempt, passwordFile);
  const initdb = programPath(binaries.binDir, 'initdb');
  ownAttempts.add(attempt);
  try {
    fs.mkdirSync(attempt, { mode: 0o700 });
    fs.writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
    giveTo(account, attempt);
    giveTo(account, password);
    const identity = ['-U', clusterUser, '-A', 'scram-sha-256', `--pwfile=${password}`];
    await runAs(account, initdb, ['-D', data, ...identity, '-E', 'UTF8', '--locale=C', '--no-sync']);
    fs.renameSync(password, path.join(data, passwordFile));
    appendSettings(path.join(data, 'postgresql.conf'), { ...defaultSettings, ...options.settings });
    // One pass over everything at the end instead of initdb's own, which would miss what was written after it.
    if (options.durable) await runAs(account, initdb, ['-D', data, '--sync-only']);
    fs.renameSync(data, folder);
    if (options.durable) syncFolder(path.dirname(folder));
  } catch (error) {
    if (isMade(folder)) return; // another process finished first; its cluster is as good
    const output = (error as { stderr?: string }).stderr;
    if (output === undefined) throw error;
    const reason = /error: (.*)/.exec(output)?.[1] ?? /FATAL: +(.*)/.exec(output)?.[1] ?? (error as Error).message;
    throw (
      explainProgramOutput(output, folder) ??
      new EmbeddedServerError(`PostgreSQL could not make its data folder ${folder} ("${reason}"): ${wayOut}.`, error)
    );
  } finally {
    fs.rmSync(attempt, { recursive: true, force: true, maxRetries: 3 });
    ownAttempts.delete(attempt);
  }
}

/** Reads the password of the cluster's superuser. */
export function readPassword(cluster: Cluster): string {
  const file = passwordPath(cluster);
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new EmbeddedServerError(
      `The password file ${file} can't be read, and without it nobody can log in: ` +
        'restore it from a backup, or set DATA_DIR to another folder to begin with an empty ledger.',
      error,
    );
  }
}

/** Where the password is kept. */
export function passwordPath({ folder }: Cluster): string {
  return path.join(folder, passwordFile);
}

function isMade(folder: string): boolean {
  return fs.existsSync(folder) && fs.readdirSync(folder).length > 0;
}

/** An upgrade of the binaries must not open an empty ledger next to the full one. */
function refuseOtherMajor(home: ClusterHome, { major }: PostgresBinaries): void {
  const other = majorsIn(home.folder).find((found) => found !== major && isMade(clusterFolder(home, found)));
  if (other === undefined) return;
  throw new EmbeddedServerError(
    `The data in ${clusterFolder(home, other)} was made by PostgreSQL ${other}, ` +
      `but the binaries are of version ${major}: ` +
      `set POSTGRES_BIN to the binaries of ${other} (to go on or to dump it), ` +
      'or set DATA_DIR to another folder to begin with an empty ledger.',
  );
}

function checkVersionFile(folder: string, major: number): void {
  const file = path.join(folder, 'PG_VERSION');
  const content = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : undefined;
  if (content === String(major)) return;
  const restore = 'restore the folder from a backup, or set DATA_DIR to another folder to begin with an empty ledger';
  if (content === undefined) {
    throw new EmbeddedServerError(
      `The folder ${folder} is not a PostgreSQL data folder (no PG_VERSION in it): ${restore}.`,
    );
  }
  if (!/^\d+(\.\d+)?$/.test(content)) {
    throw new EmbeddedServerError(
      `The file ${file} is damaged (it should hold the version number ${major}): ${restore}.`,
    );
  }
  throw new EmbeddedServerError(
    `The data in ${folder} was made by PostgreSQL ${content}, but the binaries are of version ${major}: ` +
      `set POSTGRES_BIN to the binaries of ${content}, or ${wayOut}.`,
  );
}

/** Settings go into the file, not on the command line, so that an operator can change them there. */
function appendSettings(file: string, settings: Record<string, string>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  fs.appendFileSync(file, `\n# Set by joint-ledger when it made this folder.\n${lines.join('\n')}\n`);
}

function removeDeadAttempts(home: ClusterHome, major: number): void {
  if (!fs.existsSync(home.folder)) return;
  const pattern = new RegExp(`^postgresql-${major}\\.attempt-(\\d+)-`);
  for (const name of fs.readdirSync(home.folder)) {
    const pid = Number(pattern.exec(name)?.[1]);
    const attempt = path.join(home.folder, name);
    if (!(pid > 0) || ownAttempts.has(attempt) || (pid !== process.pid && isProcessAlive(pid))) continue;
    try {
      fs.rmSync(attempt, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // Its initdb may still be dying, or it is another user's; the next start tries again.
    }
  }
}

/** Makes the new name itself survive a power cut; Windows can't open folders and does not need it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
