import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ApiOptions, startApi } from './api-process.ts';
import { answerMetricsRequests, createMetricsReader, type MetricsMessage } from './cluster-metrics.ts';
import { OperatorError } from './errors/operator-error.ts';
import type { HttpListener } from './listen-http.ts';
import { operatorSentence } from './operator-sentence.ts';

/**
 * What the supervising process and its API processes tell each other. A drain travels as a message, because a signal
 * typed at a terminal reaches every process at once and must count only once.
 */
export type ClusterMessage =
  | { type: 'listening'; port: number }
  | { type: 'failed'; sentence: string }
  | { type: 'drain'; drainMs: number }
  | MetricsMessage;

export interface ApiClusterOptions extends Omit<ApiOptions, 'logger' | 'readMetrics' | 'workerProblem'> {
  readonly processes: number;
  readonly logger: Logger;
}

/** Where an API process finds its options: the supervising process has worked them out. */
export const apiOptionsVariable = 'JOINT_LEDGER_API_OPTIONS';

const firstRestartPauseMs = 100;
const longestRestartPauseMs = 5_000;
/** A process that lived this long was well; the next pause is the first again. */
const wellAfterMs = 10_000;

/** Runs the API in several processes that share one port. One that dies is replaced. */
export async function startApiCluster({ processes, logger, ...apiOptions }: ApiClusterOptions): Promise<HttpListener> {
  let stopping = false;
  let restartPauseMs = firstRestartPauseMs;
  const answerMetrics = answerMetricsRequests();

  function fork(): { worker: Worker; listening: Promise<number> } {
    const worker = cluster.fork({ [apiOptionsVariable]: JSON.stringify(apiOptions) });
    const startedAt = Date.now();
    const listening = new Promise<number>((resolve, reject) => {
      worker.on('message', (message: ClusterMessage) => {
        if (message.type === 'listening') {
          logger.info({ apiPid: worker.process.pid, port: message.port }, 'an API process listens');
          resolve(message.port);
        }
        if (message.type === 'failed') reject(new OperatorError(message.sentence));
        if (message.type === 'metrics wanted') answerMetrics(worker, message);
      });
      worker.once('exit', (code, signal) => {
        reject(new Error(`an API process ended with ${signal ?? code} before it was ready`));
        if (!stopping) void replace(worker, signal ?? code, Date.now() - startedAt);
      });
    });
    return { worker, listening };
  }

  async function replace(dead: Worker, reason: string | number, livedMs: number): Promise<void> {
    restartPauseMs = livedMs > wellAfterMs ? firstRestartPauseMs : Math.min(longestRestartPauseMs, restartPauseMs * 2);
    logger.warn({ apiPid: dead.process.pid, reason, restartPauseMs }, 'an API process ended and is replaced');
    await sleep(restartPauseMs);
    if (stopping) return;
    const { worker, listening } = fork();
    await listening.then(
      () => logger.info({ apiPid: worker.process.pid }, 'an API process was replaced'),
      (error) => logger.error({ err: error }, 'an API process could not be replaced yet'),
    );
  }

  function workers(): Worker[] {
    return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  }

  function stopNow(): void {
    stopping = true;
    for (const worker of workers()) worker.process.kill('SIGKILL');
  }

  let ports: number[];
  try {
    ports = await Promise.all(Array.from({ length: processes }, () => fork().listening));
  } catch (error) {
    stopNow();
    throw error;
  }

  return {
    // All the same: node's cluster shares one socket, even where port 0 left the choice to the system.
    port: ports[0]!,
    async stop(drainMs) {
      stopping = true;
      const ended = workers().map(
        (worker) =>
          new Promise<boolean>((resolve) => {
            worker.once('exit', (code) => resolve(code === 0));
            if (worker.isConnected()) worker.send({ type: 'drain', drainMs } satisfies ClusterMessage);
          }),
      );
      return (await Promise.all(ended)).every(Boolean);
    },
    stopNow,
  };
}

/** The life of one API process of the cluster: listen, answer, drain when told, exit. */
export async function runClusteredApi(
  options: Omit<ApiOptions, 'logger' | 'readMetrics' | 'workerProblem'>,
  logger: Logger,
): Promise<void> {
  const tell = (message: ClusterMessage) => process.send?.(message);
  let stop: (drainMs: number) => void = () => process.exit(0);
  process.on('message', (message: ClusterMessage) => {
    if (message.type === 'drain') stop(message.drainMs);
  });
  // The supervising process decides what a signal means; without it (it was killed) node ends this process by itself.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  try {
    const api = await startApi({ ...options, logger, readMetrics: createMetricsReader() });
    stop = async (drainMs) => process.exit((await api.stop(drainMs)) ? 0 : 1);
    tell({ type: 'listening', port: api.port });
  } catch (error) {
    const sentence = operatorSentence(error);
    process.send?.({ type: 'failed', sentence } satisfies ClusterMessage, () => process.exit(1));
  }
}
