import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFull } from './rounds.ts';

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The build, which the run has made of the sources before the first test. Processes are started from it: node compiles
 * the sources three times as long as it needs to start the service. With all rounds it is the build as it is released,
 * else the one in which each program is one file (`bundle-build.mjs`).
 */
const build = path.join(projectFolder, isFull ? 'dist' : '.dist-bundled');

export const inBuild = (file: string): string => path.join(build, file);

/** The service in a process of its own, as `npm start` runs it. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** Sends a signal and waits for the end. Answers the exit code, null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts the service on a port of its own and waits until it listens. `settings` are environment variables; `program`
 * is another build's `main.js`.
 */
export async function startServerProcess(
  settings: Record<string, string>,
  args: readonly string[] = [],
  program = inBuild('src/main.js'),
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: projectFolder,
    // On a busy machine the queue for a lock moves slowly.
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'info', LOCK_TIMEOUT_MS: '30000', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const exited = once(child, 'exit');
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const url = /listens on (\S+)/.exec(await untilListening(child, /listens on \S+/))![1]!;
  return {
    url,
    pid: child.pid!,
    child,
    output: () => printed,
    async end(signal) {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

/** Waits until a starting service has printed this, and answers all it has printed. Throws when it ends instead. */
export function untilListening(child: ChildProcess, sign: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (chunk: Buffer) => {
      printed += chunk;
      if (sign.test(printed)) resolve(printed);
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('close', (code, signal) => reject(new Error(`the service ended with ${signal ?? code}: ${printed}`)));
  });
}
