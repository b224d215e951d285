import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const projectFolder = fileURLToPath(new URL('../../', import.meta.url));
const stopLimitMs = 15_000;

/** A service in a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** Asks it to stop, and makes it when it takes too long. */
  stop(): Promise<void>;
}

export interface ServiceCommand {
  /** A built file, from the project's folder, and its arguments. */
  readonly args: readonly string[];
  /** Environment variables beside those that the bench was started with. */
  readonly settings: Readonly<Record<string, string>>;
  /** Told how to stop the process before it does anything, so that no failure can leave it behind. */
  readonly onSpawned: (stop: () => Promise<void>) => void;
}

/**
 * Starts a service as a user would and waits until it says where it listens. What it writes to its error output, or
 * logs as a warning, shows on ours: a subject in trouble must not pass for a slow one.
 */
export async function startServiceProcess({ args, settings, onSpawned }: ServiceCommand): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...args], {
    cwd: projectFolder,
    env: { ...process.env, NODE_ENV: 'production', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => endProcess(child);
  onSpawned(stop);
  return { url: await untilListening(child), pid: child.pid!, stop };
}

async function untilListening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let listening = false;
    child.stdout!.on('data', (chunk: Buffer) => {
      if (listening) process.stderr.write(chunk);
      printed = listening ? '' : printed + chunk;
      const url = /listens on (\S+)/.exec(printed)?.[1];
      if (url === undefined) return;
      listening = true;
      resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`a service ended with ${signal ?? code}: ${printed}`)));
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  await exited;
  clearTimeout(impatience);
}
