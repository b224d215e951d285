import type { Logger } from 'pino';
import { createDatabase } from '../database/create-database.ts';
import { createReadiness } from '../database/readiness.ts';
import { createHealthApp } from '../http/create-app.ts';
import type { TargetRules } from '../http/service-parts.ts';
import type { SecretKeys } from '../ledger/sealed-secret.ts';
import { readProcessMetrics, startProcessMetrics } from '../metrics/service-metrics.ts';
import { createWorkQueues } from '../work-queues.ts';
import { keepKeys } from '../workers/key-retention.ts';
import { startWorkers, type Workers } from '../workers/start-workers.ts';
import { startWakeUp } from '../workers/wake-up.ts';
import { type HttpListener, type ListenOptions, listenHttp } from './listen-http.ts';

export interface WorkerOptions {
  readonly databaseUrl: string;
  readonly preparedStatements?: boolean;
  readonly idempotencyRetentionHours: number;
  readonly auditRetentionDays: number;
  readonly webhookTargets: TargetRules;
  readonly secretKeys: SecretKeys;
  readonly logger: Logger;
}

/** Runs the workers of all queues in this process, with sessions of their own. */
export function startWorker(options: WorkerOptions): Workers {
  const { databaseUrl, logger, preparedStatements } = options;
  startProcessMetrics();
  const stopping = new AbortController();
  const queues = createWorkQueues({ ...options, stopping: stopping.signal });
  const database = createDatabase({
    url: databaseUrl,
    // One for each lane, and one to look and to measure with.
    poolSize: queues.reduce((sum, queue) => sum + queue.lanes, 1),
    applicationName: 'joint-ledger worker',
    acquireTimeoutMs: 10_000,
    statementTimeoutMs: 15_000,
    preparedStatements: preparedStatements ?? true,
    logger,
  });
  const wakeUp = startWakeUp({ url: databaseUrl, database, logger });
  const workers = startWorkers({ database, logger, queues, wakeUp });
  const retentionHours = options.idempotencyRetentionHours;
  const keeping = keepKeys({ database, retentionHours, logger, signal: stopping.signal });
  return {
    problem: () => workers.problem(),
    async stop(drainMs) {
      stopping.abort();
      const inTime = await workers.stop(drainMs);
      await Promise.all([wakeUp.stop(), database.destroy()]);
      await keeping;
      return inTime;
    },
  };
}

/** Lets a process say how it is at an address of its own: `/healthz`, `/readyz`, `/metrics`. */
export async function startHealth(
  options: ListenOptions & {
    databaseUrl: string;
    workerProblem: () => string | undefined;
    /** Of this process by default. */
    readMetrics?: () => Promise<string>;
  },
): Promise<HttpListener> {
  const { databaseUrl: url, logger, workerProblem } = options;
  const draining = new AbortController();
  const readiness = createReadiness({ url });
  try {
    const app = createHealthApp({
      ...{ readiness, logger, workerProblem, draining: draining.signal },
      readMetrics: options.readMetrics ?? readProcessMetrics,
    });
    const listener = await listenHttp(app, options);
    return {
      ...listener,
      async stop(drainMs) {
        draining.abort();
        const inTime = await listener.stop(drainMs);
        await readiness.stop();
        return inTime;
      },
    };
  } catch (error) {
    await readiness.stop();
    throw error;
  }
}
