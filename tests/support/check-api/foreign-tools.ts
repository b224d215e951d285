import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** What a check found, for people. */
export interface Failed {
  readonly found: string;
}

interface Outcome {
  readonly isOk: boolean;
  /** All that was printed. */
  readonly text: string;
}

/** Runs a program to its end; one that cannot be started has failed. */
export function outcomeOf(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ isOk: error === null, text: `${stdout}${stderr}` }),
    );
  });
}

export async function isThere(program: string, args: readonly string[]): Promise<boolean> {
  return (await outcomeOf(program, args)).isOk;
}

/** Does something in a folder that is gone afterwards. */
export async function inTemporaryFolder<Result>(act: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'joint-ledger-check-'));
  // The user of the embedded database is another one where root runs this.
  await chmod(folder, 0o755);
  try {
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Where the programs of an environment of Python are, or why there are none. */
export type Python = { readonly bin: string } | { readonly missing: string };

/** Installs packages into an environment in this folder. */
export async function installPython(folder: string, requirements: readonly string[]): Promise<Python> {
  const isNewEnough = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  if (!(await isThere('python3', ['-c', isNewEnough])))
    return { missing: 'left out: there is no Python 3.10 with venv' };
  const environment = path.join(folder, 'python');
  const made = await outcomeOf('python3', ['-m', 'venv', environment]);
  const bin = path.join(environment, 'bin');
  const brief = ['--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '20'];
  const install = ['install', ...brief, ...requirements];
  const isInstalled = made.isOk && (await outcomeOf(path.join(bin, 'pip'), install)).isOk;
  return isInstalled ? { bin } : { missing: `left out: ${requirements.join(' and ')} could not be loaded` };
}
