import { readConfig } from './config.ts';
import { apiOptionsVariable, runClusteredApi } from './process/api-cluster.ts';
import { createLogger } from './process/create-logger.ts';
import { operatorSentence } from './process/operator-sentence.ts';
import { type Service, startService } from './process/service.ts';
import { startTracing } from './tracing/start-tracing.ts';
import { tracing } from './tracing/tracer.ts';

/** Signals by their number, which the exit code of a second one is made of (128 + n). */
const signals = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * A signal to a whole process group arrives twice, because npm passes its own on: what comes so soon is the same one.
 */
const sameSignalMs = 500;

const clusteredOptions = process.env[apiOptionsVariable];
if (clusteredOptions !== undefined && process.send !== undefined) {
  const { logLevel, tracing: isTraced } = readConfig(process.env, []);
  if (isTraced) await startTracing();
  await runClusteredApi(JSON.parse(clusteredOptions), createLogger(logLevel));
} else {
  await runService();
}

async function runService(): Promise<void> {
  const stopping = new AbortController();
  let signalledAt = 0;
  let starting: Promise<Service> | undefined;
  let service: Service | undefined;

  async function stopInOrder(): Promise<void> {
    const running = await starting?.catch(() => undefined);
    const isInOrder = running === undefined || (await running.stop());
    await tracing.tracer?.stop();
    process.exit(isInOrder ? 0 : 1);
  }

  function onSignal(signal: keyof typeof signals): void {
    const now = performance.now();
    if (!stopping.signal.aborted) {
      signalledAt = now;
      stopping.abort();
      void stopInOrder();
    } else if (service !== undefined && now - signalledAt > sameSignalMs) {
      service.stopNow();
      process.exit(128 + signals[signal]);
    }
    // A start that was told to stop ends by itself, and with it all that it had begun.
  }

  // Before anything starts, so that a signal never leaves half a service behind.
  for (const signal of Object.keys(signals) as Array<keyof typeof signals>) process.on(signal, () => onSignal(signal));

  try {
    const config = readConfig(process.env, process.argv.slice(2));
    if (config.tracing) await startTracing();
    starting = startService(config, createLogger(config.logLevel), stopping.signal);
    service = await starting;
    if (!stopping.signal.aborted) process.stdout.write(service.welcome);
  } catch (error) {
    if (stopping.signal.aborted) return;
    process.stderr.write(`joint-ledger: ${operatorSentence(error)}\n`);
    process.exit(1);
  }
}
