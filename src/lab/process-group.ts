import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabCommand, LabReport } from './lab-messages.ts';

type ReportOf<Type> = Extract<LabReport, { type: Type }>;

/** A run can't go on: one of its processes is gone, or of no use. */
export class BrokenRunError extends Error {
  override name = 'BrokenRunError';
}

/** The script that the processes run, next to this file: `.ts` in the sources, `.js` in the build. */
const ownScript = fileURLToPath(import.meta.url).replace('process-group', 'lab-process');

/** The processes of a run. Each ends when this process does, in whatever way. */
export class ProcessGroup {
  readonly #children: ChildProcess[];
  readonly #received: LabReport[][];
  #failure: Error | undefined;
  #onNews = () => {};

  /** @param script What they run, where it is not the one that belongs to this file. */
  constructor(count: number, script = ownScript) {
    // Sources run with the loader that this process was started with itself.
    const execArgv = path.extname(script) === '.ts' ? process.execArgv : [];
    this.#received = Array.from({ length: count }, () => []);
    this.#children = this.#received.map((received) => {
      const child = fork(script, [], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const fail = (reason: string) => {
        this.#failure ??= new BrokenRunError(reason);
        this.#onNews();
      };
      child.on('message', (report: LabReport) => {
        if (report.type === 'broken') fail(`A process of the run failed: ${report.detail}.`);
        else received.push(report);
        this.#onNews();
      });
      child.on('error', (error) => fail(`A process of the run could not be started: ${error.message}.`));
      child.on('exit', (code, signal) => fail(`A process of the run ended with ${signal ?? code}.`));
      return child;
    });
  }

  get pids(): number[] {
    return this.#children.map(({ pid }) => pid!);
  }

  /**
   * Tells each process something of its own, and waits until all have answered with this type. Throws BrokenRunError
   * when one can't, and the reason of the signal.
   */
  async ask<Type extends LabReport['type']>(
    commandOf: (index: number) => LabCommand,
    type: Type,
    signal: AbortSignal,
  ): Promise<Array<ReportOf<Type>>> {
    for (const [index, child] of this.#children.entries()) child.send(commandOf(index), () => {});
    const onAbort = () => this.#onNews();
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#received.every((received) => received.length > 0)) break;
        await new Promise<void>((resolve) => {
          this.#onNews = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    return this.#received.map((received) => {
      const report = received.shift()!;
      if (report.type !== type) throw new BrokenRunError(`A process of the run answered ${report.type}, not ${type}.`);
      return report as ReportOf<Type>;
    });
  }

  /** Ends all of them, whatever they are doing. */
  async end(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
  }
}
