import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedServerError } from './embedded-server-error.ts';

const execFileAsync = promisify(execFile);

/** The user the server runs as; empty for "the user we are". */
export interface ServerAccount {
  uid?: number;
  gid?: number;
}

/** True when we could change to another user, and must: PostgreSQL refuses to run as root. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Chooses the user for a new cluster: ourselves, or, for root, `postgres` if there is one, else `nobody`. */
export function chooseAccount(): ServerAccount {
  if (!isRoot()) return {};
  for (const user of ['postgres', 'nobody']) {
    const uid = lookUpId('-u', user);
    const gid = lookUpId('-g', user);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new EmbeddedServerError(
    'PostgreSQL does not run as root and this system has neither a user postgres nor nobody: ' +
      'start joint-ledger as an ordinary user, or set DATABASE_URL to your own PostgreSQL.',
  );
}

/**
 * The user for an existing cluster. Root takes the owner of the data, whatever user that is, so that a `postgres` user
 * that appears later (or a first start without sudo) does not lock the data away.
 */
export function accountOfOwner(folder: string): ServerAccount {
  const { uid, gid } = fs.statSync(folder);
  if (isRoot()) {
    if (uid !== 0) return { uid, gid };
    if (fs.readdirSync(folder).length === 0) return chooseAccount();
    throw new EmbeddedServerError(
      `The data in ${folder} belongs to root, but PostgreSQL does not run as root: ` +
        'give it to the user it ran as before (for example with chown -R postgres), or set DATA_DIR to another folder.',
    );
  }
  if (process.getuid === undefined || uid === process.getuid()) return {};
  throw new EmbeddedServerError(
    `The data in ${folder} belongs to another user (uid ${uid}): start joint-ledger as that user, ` +
      'or set DATA_DIR to a folder of your own.',
  );
}

/** Gives a file or folder that we made to the server's user. */
export function giveTo(account: ServerAccount, file: string): void {
  if (account.uid !== undefined && account.gid !== undefined) fs.chownSync(file, account.uid, account.gid);
}

/** Tells whether the server's user can step into a folder, by trying: modes alone would miss groups and ACLs. */
export function canEnter(account: ServerAccount, folder: string): boolean {
  if (account.uid === undefined) return true;
  try {
    execFileSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...childOptions(account), stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Options for every child that is a PostgreSQL program: the user, a folder that exists and can be entered, and our
 * environment without the PG* variables, which would redirect the server (PGPORT, PGDATA), and in a language that
 * our reading of the messages understands.
 */
export function childOptions(account: ServerAccount) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return {
    ...account,
    cwd: path.parse(process.execPath).root,
    env: { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC' },
    windowsHide: true,
  };
}

/** Runs a PostgreSQL program to its end and returns what it printed; rejects with `stderr` on the error. */
export async function runAs(account: ServerAccount, program: string, args: string[]): Promise<string> {
  const { stdout } = await execFileAsync(program, args, { ...childOptions(account), encoding: 'utf8' });
  return stdout;
}

function lookUpId(flag: '-u' | '-g', user: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
  } catch {
    return undefined;
  }
}
