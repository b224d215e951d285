import cluster from 'node:cluster';
import { apiOptionsVariable, runClusteredApi } from './api-cluster.ts';
import { readConfig } from './config.ts';
import { createLogger } from './create-logger.ts';
import { operatorSentence } from './operator-sentence.ts';
import { type Service, startService } from './service.ts';

/** Signals by their number, which the exit code of a second one is made of (128 + n). */
const signals = { SIGINT: 2, SIGTERM: 15 } as const;

const clusteredOptions = process.env[apiOptionsVariable];
if (cluster.isWorker && clusteredOptions !== undefined) {
  const { logLevel } = readConfig(process.env, []);
  await runClusteredApi(JSON.parse(clusteredOptions), createLogger(logLevel));
} else {
  await runService();
}

async function runService(): Promise<void> {
  let starting: Promise<Service> | undefined;
  let service: Service | undefined;
  let signalled = false;

  async function stopInOrder(): Promise<void> {
    const running = await starting?.catch(() => undefined);
    process.exit(running === undefined || (await running.stop()) ? 0 : 1);
  }

  function onSignal(signal: keyof typeof signals): void {
    if (signalled) {
      service?.stopNow();
      process.exit(128 + signals[signal]);
    }
    signalled = true;
    void stopInOrder();
  }

  // Before anything starts, so that a signal never leaves half a service behind.
  for (const signal of Object.keys(signals) as Array<keyof typeof signals>) process.on(signal, () => onSignal(signal));

  try {
    const config = readConfig(process.env, process.argv.slice(2));
    starting = startService(config, createLogger(config.logLevel));
    service = await starting;
    if (!signalled) process.stdout.write(service.welcome);
  } catch (error) {
    if (signalled) return;
    process.stderr.write(`joint-ledger: ${operatorSentence(error)}\n`);
    process.exit(1);
  }
}
