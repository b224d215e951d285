import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { runCommandLine } from '../../src/cli/joint-ledger.ts';
import { readConfig } from '../../src/config.ts';
import type { Database } from '../../src/database/create-database.ts';
import { inBuild, projectFolder } from './server-process.ts';

const run = promisify(execFile);

/** How a command ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ownProgram = inBuild('src/cli/joint-ledger.js');

/** Environment variables that are added; those that are undefined are taken away. */
type Settings = Readonly<Record<string, string | undefined>>;

/** Runs a command as a process of its own, in pipes; of this build, or of another build's `program`. */
export function spawnCommand(args: readonly string[], settings: Settings = {}, program = ownProgram): Promise<Ended> {
  const options = { cwd: projectFolder, env: { ...process.env, ...settings }, maxBuffer: 100_000_000 };
  return run(process.execPath, [program, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

/**
 * Runs a command in this process, with a terminal that keeps what is printed; without a database it may ask for none,
 * and without settings not for these.
 */
export async function runCommand(
  args: readonly string[],
  database?: Database,
  settings?: Readonly<Record<string, string>>,
): Promise<Ended> {
  const printed = { stdout: '', stderr: '' };
  const code = await runCommandLine(args, {
    print: (text) => (printed.stdout += text),
    complain: (text) => (printed.stderr += text),
    progress: () => {},
    async write(text) {
      printed.stdout += Buffer.from(text);
    },
    confirm: undefined,
    config() {
      if (settings !== undefined) return readConfig(settings, []);
      throw new Error('no settings were asked for');
    },
    withDatabase: (runOn) => (database === undefined ? fail() : runOn(database)),
    withService: fail,
    withLab: fail,
    serve: fail,
  });
  return { code, ...printed };
}

async function fail(): Promise<never> {
  throw new Error('neither a database nor a service was asked for');
}

/** What gives a process a terminal, each with how it is called. */
const terminals: ReadonlyArray<(command: readonly string[]) => [string, string[]]> = [
  (command) => ['script', ['-qec', command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '), '/dev/null']],
  (command) => [
    'python3',
    ['-c', 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))', ...command],
  ],
];

/**
 * Runs a command at a pseudo-terminal, and types each answer when its question has been printed. Undefined where
 * nothing here can make a terminal.
 */
export async function typeCommand(
  args: readonly string[],
  settings: Settings = {},
  answers: ReadonlyArray<{ to: RegExp; type: string }> = [],
): Promise<{ code: number | null; shown: string } | undefined> {
  for (const terminal of terminals) {
    const [file, words] = terminal([process.execPath, ownProgram, ...args]);
    const child = spawn(file, words, { cwd: projectFolder, env: { ...process.env, TERM: 'xterm', ...settings } });
    const left = [...answers];
    let [shown, seen] = ['', 0];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      const next = left[0];
      if (next === undefined || !next.to.test(shown.slice(seen))) return;
      left.shift();
      seen = shown.length;
      child.stdin.write(next.type);
    });
    const code = await new Promise<number | null | undefined>((resolve) => {
      child.once('error', () => resolve(undefined));
      child.once('close', resolve);
    });
    if (code !== undefined) return { code, shown };
  }
  process.stdout.write('Neither script nor python3 is here: no terminal was played.\n');
  return undefined;
}
