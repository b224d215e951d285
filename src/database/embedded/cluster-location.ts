import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedServerError, explainFileError, wayOut } from './embedded-server-error.ts';
import { accountOfOwner, canEnter, chooseAccount, giveTo, isRoot, type ServerAccount } from './server-account.ts';

/** A PostgreSQL data folder, who runs it, and our own files in it. */
export interface Cluster {
  folder: string;
  account: ServerAccount;
}

/** Where the clusters of a data folder really are: one sub-folder for each major version. */
export interface ClusterHome {
  folder: string;
  account: ServerAccount;
  /** Where a copy of the binaries may be kept. */
  cacheDir: string;
}

// Not below /tmp or /var/tmp: those are swept by age, which would eat an idle ledger.
const rootHome = '/var/lib/joint-ledger';
/** Where root keeps a copy of the binaries for the user that the server runs as. */
export const rootCache = '/var/cache/joint-ledger';

/**
 * Decides where the clusters live. That is the data folder, except for root whose data folder can't be entered by the
 * server's user (a project below /root): then a folder below /var/lib. Existing data wins over every rule, because a
 * mode that changed must never make the ledger look empty.
 */
export function locateClusterHome(dataDir: string, log: (message: string) => void): ClusterHome {
  const folder = path.resolve(dataDir);
  try {
    const cacheDir = isRoot() ? rootCache : path.join(folder, 'binaries');
    if (!isRoot()) return { folder, account: {}, cacheDir };

    const moved = path.join(rootHome, createHash('sha256').update(folder).digest('hex').slice(0, 16));
    const settled = [folder, moved].find((candidate) => majorsIn(candidate).length > 0);
    const account = settled === undefined ? chooseAccount() : accountOfOwner(newestCluster(settled));
    const home = settled ?? (canEnter(account, nearestExisting(folder)) ? folder : moved);
    if (!canEnter(account, nearestExisting(home))) {
      throw new EmbeddedServerError(
        `The data in ${home} can't be reached by the user that PostgreSQL runs as (uid ${account.uid}): ` +
          'allow others to enter the folders above it (chmod o+x), or move it and set DATA_DIR to the new place.',
      );
    }
    if (home === moved) {
      log(`The data is kept in ${moved}, because the user that PostgreSQL runs as can't enter ${folder}.`);
    }
    return { folder: home, account, cacheDir };
  } catch (error) {
    throw explainFileError(error, folder);
  }
}

/** Makes the home of the clusters, open for the server's user even under a strict umask. */
export function makeClusterHome({ folder, account }: ClusterHome): void {
  try {
    // Another user has to pass through what root makes, whatever root's umask is.
    makeFolder(folder, account.uid === undefined ? undefined : 0o711);
  } catch (error) {
    throw explainFileError(error, folder);
  }
}

/** The folder of one major version's cluster. */
export function clusterFolder(home: ClusterHome, major: number): string {
  return path.join(home.folder, `postgresql-${major}`);
}

/** The major versions that have a cluster in this folder, newest first. */
export function majorsIn(folder: string): number[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder);
  const majors = names.flatMap((name) => /^postgresql-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return majors.sort((a, b) => b - a);
}

/** Replaces a small file of ours in one step. It never follows a link that the server's user may have put there. */
export function replaceFile(cluster: Cluster, name: string, content: string): void {
  const file = path.join(cluster.folder, name);
  const draft = `${file}.${process.pid}`;
  fs.rmSync(draft, { force: true });
  fs.writeFileSync(draft, content, { mode: 0o600, flag: 'wx' });
  giveTo(cluster.account, draft);
  fs.renameSync(draft, file);
}

/**
 * Not with mkdir's own `recursive`: in node 20 that hides the reason (read-only becomes ENOENT) and never ends below
 * /proc.
 */
function makeFolder(folder: string, mode: number | undefined): void {
  if (fs.existsSync(folder)) return;
  makeFolder(path.dirname(folder), mode);
  try {
    fs.mkdirSync(folder);
    if (mode !== undefined) fs.chmodSync(folder, mode);
  } catch (error) {
    if (!fs.existsSync(folder)) throw error; // else another process was faster
  }
}

function newestCluster(folder: string): string {
  return path.join(folder, `postgresql-${majorsIn(folder)[0]}`);
}

function nearestExisting(folder: string): string {
  if (!fs.existsSync(folder)) return nearestExisting(path.dirname(folder));
  if (fs.statSync(folder).isDirectory()) return folder;
  throw new EmbeddedServerError(`The path ${folder} of the data is a file, not a folder: ${wayOut}.`);
}
