import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedServerError, explainFileError } from './embedded-server-error.ts';

export interface CopyBinariesOptions {
  /** The package's folder with bin, lib and share. */
  root: string;
  version: string;
  cacheDir: string;
  log: (message: string) => void;
}

/**
 * Copies the binaries to a folder that the server's user can read, once for each version, and returns it. Because
 * they are run later without a second look, the copy must belong to root or to us and nobody else may write to it.
 */
export async function copyBinaries({ root, version, cacheDir, log }: CopyBinariesOptions): Promise<string> {
  const copy = path.join(cacheDir, `postgresql-${version}-${process.platform}-${process.arch}`);
  try {
    const old = fs.existsSync(copy);
    if (old && findDistrusted(copy) === undefined) return copy;
    log(`Copying the PostgreSQL binaries to ${copy}, because they can't run from ${root}.`);
    fs.mkdirSync(cacheDir, { recursive: true });
    if (process.getuid?.() === fs.statSync(cacheDir).uid) fs.chmodSync(cacheDir, 0o755); // whatever our umask is
    refuseDistrusted(cacheDir, findDistrustedAbove(copy)); // or its owner could redirect what we write
    // Built next to it and renamed, so that two processes or a killed one never leave half a copy under the final name.
    const attempt = `${copy}.${randomBytes(4).toString('hex')}`;
    try {
      fs.cpSync(root, attempt, { recursive: true, verbatimSymlinks: true });
      makeReadable(attempt);
      if (old) fs.rmSync(copy, { recursive: true, force: true });
      fs.renameSync(attempt, copy);
    } catch (error) {
      fs.rmSync(attempt, { recursive: true, force: true });
      if (!fs.existsSync(copy)) throw error; // else another process was faster
    }
    refuseDistrusted(copy, findDistrusted(copy));
    return copy;
  } catch (error) {
    throw explainFileError(error, cacheDir);
  }
}

function refuseDistrusted(folder: string, distrusted: string | undefined): void {
  if (distrusted === undefined) return;
  throw new EmbeddedServerError(
    `PostgreSQL binaries in ${folder} would not be safe to run because others can write to ${distrusted}: ` +
      'correct its owner and mode, or set DATABASE_URL to your own PostgreSQL.',
  );
}

/** Undoes a strict or a lax umask of the user who ran npm install. */
function makeReadable(folder: string): void {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) makeReadable(file);
    else if (entry.isFile()) fs.chmodSync(file, path.basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}

/** The first file or folder of the copy, or folder above it, that a user other than root or us could change. */
function findDistrusted(copy: string): string | undefined {
  const above = findDistrustedAbove(copy);
  if (above !== undefined || isDistrusted(copy)) return above ?? copy;
  const names = fs.readdirSync(copy, { recursive: true, encoding: 'utf8' });
  return names.map((name) => path.join(copy, name)).find(isDistrusted);
}

function findDistrustedAbove(file: string): string | undefined {
  const folder = path.dirname(file);
  if (isDistrusted(folder)) return folder;
  return folder === file ? undefined : findDistrustedAbove(folder);
}

function isDistrusted(file: string): boolean {
  if (process.getuid === undefined) return false; // Windows has no such modes
  const stat = fs.lstatSync(file);
  if (stat.uid !== 0 && stat.uid !== process.getuid()) return true;
  // In a sticky folder such as /tmp others can add names, but not rename or remove ours.
  const sticky = stat.isDirectory() && (stat.mode & 0o1000) !== 0;
  return (stat.mode & 0o022) !== 0 && !sticky && !stat.isSymbolicLink();
}
