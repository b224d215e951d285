import { createInterface } from 'node:readline/promises';
import cliProgress from 'cli-progress';
import { OperatorError } from '../errors/operator-error.ts';
import type { CommandTerminal } from './ledger-command.ts';

/** What commands have of the terminal or the pipes that this process was started with. */
export function openTerminal(): Omit<CommandTerminal, 'config'> {
  // Whatever is printed into a pipe that was closed reaches nobody; `write` tells its caller.
  process.stdout.on('error', () => {});
  return { progress: createProgress(), write, confirm: process.stdin.isTTY ? confirm : undefined };
}

/** A bar at a terminal; nothing in a pipe. */
function createProgress(): CommandTerminal['progress'] {
  let bar: cliProgress.SingleBar | undefined;
  return (done, total, doing) => {
    if (!process.stderr.isTTY) return;
    const format = '{bar} {value} of {total}, {duration_formatted}: {doing}';
    bar ??= new cliProgress.SingleBar({ format, stream: process.stderr, clearOnComplete: true });
    if (bar.isActive) bar.update(done, { doing });
    else bar.start(total, done, { doing });
    if (done === total) bar.stop();
  };
}

function write(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(new OperatorError(`Standard output was closed before the end (${error.message}).`));
      else resolve();
    });
  });
}

async function confirm(question: string): Promise<boolean> {
  // Standard output is for the result alone.
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    return /^y(es)?$/i.test((await Promise.race([lines.question(`${question} [y/N] `), ended])).trim());
  } finally {
    lines.close();
  }
}
