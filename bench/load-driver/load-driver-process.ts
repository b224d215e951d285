import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadFailure, LoadOrder, LoadReport } from './load-order.ts';

/** The load driver, which is a process of its own so that it shares no event loop with anything that is measured. */
export interface LoadDriver {
  /** Runs one load to its end. Loads can't overlap. */
  run(order: LoadOrder): Promise<LoadReport>;
  stop(): Promise<void>;
}

/** Forks the compiled driver: what translates TypeScript while it is loaded would cost time in every call. */
export function startLoadDriver(): LoadDriver {
  const script = fileURLToPath(new URL('../../dist/bench/load-driver/load-driver.js', import.meta.url));
  const child = fork(script, { serialization: 'advanced', execArgv: [] });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  return {
    run: (order) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error('the load driver ended'));
        child.once('exit', onExit);
        child.once('message', (answer: LoadReport | LoadFailure) => {
          child.off('exit', onExit);
          if ('failure' in answer) reject(new Error(`the load driver failed: ${answer.failure}`));
          else resolve(answer);
        });
        child.send(order);
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL'); // it holds nothing that could be lost
      await exited;
    },
  };
}
