import { type ChildProcess, fork } from 'node:child_process';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { OperatorError } from '../errors/operator-error.ts';
import { tracing } from '../tracing/tracer.ts';
import { type ApiOptions, startApi } from './api-process.ts';
import { createMetricsReader, MetricsCollector, type MetricsMessage } from './cluster-metrics.ts';
import { ConnectionHandover, type ConnectionMessage } from './connection-handover.ts';
import { answerConnections, type ConnectionAnswerer, type HttpListener, listen } from './listen-http.ts';
import { operatorSentence } from './operator-sentence.ts';

/**
 * What the supervising process and its API processes tell each other. A drain travels as a message, because a signal
 * typed at a terminal reaches every process at once and must count only once.
 */
export type ClusterMessage =
  | { type: 'ready' }
  | { type: 'failed'; sentence: string }
  | { type: 'drain'; drainMs: number }
  | { type: 'ping' }
  | { type: 'pong' }
  | ConnectionMessage
  | MetricsMessage;

/** What an API process needs to know; the supervising process has worked it out. */
export type ClusteredApiOptions = Omit<ApiOptions, 'logger' | 'readMetrics' | 'workerProblem' | 'answer'>;

export interface ApiClusterOptions extends ClusteredApiOptions {
  readonly processes: number;
  readonly logger: Logger;
  /** Ends the start early. */
  readonly signal: AbortSignal;
}

interface Death {
  /** Undefined where it could not even begin. */
  readonly apiPid: number | undefined;
  /** The signal or the exit code. */
  readonly reason: string;
}

/** Where an API process finds its options. */
export const apiOptionsVariable = 'JOINT_LEDGER_API_OPTIONS';

const firstPauseMs = 100;
const maxPauseMs = 5_000;
/** A process that lived this long was well; the next pause is the first again. */
const wellAfterMs = 10_000;
/** A start is given up when a process has died so often without ever having been ready. */
const maxDeathsAtStart = 5;

/** How often each process is asked whether it still answers, and how often it may not before it is killed. */
const pingEveryMs = 3_000;
const maxPingsUnanswered = 5;

/** Runs the API in several processes behind one port. One that dies is replaced, at the start as well as later. */
export async function startApiCluster(
  options: ApiClusterOptions,
): Promise<HttpListener & { readMetrics(): Promise<string> }> {
  const { processes, logger, signal, ...apiOptions } = options;
  signal.throwIfAborted();
  const cluster = new ApiCluster(apiOptions, logger);
  await cluster.start(processes, signal);
  return {
    port: cluster.port,
    stop: (drainMs) => cluster.stop(drainMs),
    stopNow: () => cluster.stopNow(),
    readMetrics: () => cluster.readMetrics(),
  };
}

class ApiCluster {
  readonly #apiOptions: ClusteredApiOptions;
  readonly #logger: Logger;
  readonly #handover = new ConnectionHandover();
  readonly #collector = new MetricsCollector();
  readonly #server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    this.#handover.give(socket),
  );
  /** All that live, whether they answer requests, and how many questions whether they do they have not answered. */
  readonly #children = new Map<ChildProcess, { isReady: boolean; pings: number }>();
  readonly #pinging = setInterval(() => this.#ping(), pingEveryMs).unref();
  #stopping = false;

  constructor(apiOptions: ClusteredApiOptions, logger: Logger) {
    this.#apiOptions = apiOptions;
    this.#logger = logger;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when all processes are ready; throws what keeps one from it, and the signal's reason. */
  async start(processes: number, signal: AbortSignal): Promise<void> {
    await listen(this.#server, this.#apiOptions);
    try {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
      aborted.catch(() => {});
      await Promise.race([Promise.all(Array.from({ length: processes }, () => this.#keepRunning())), aborted]);
    } catch (error) {
      this.stopNow();
      throw error;
    }
  }

  /** Of all processes that answer requests. */
  readMetrics(): Promise<string> {
    return this.#collector.read(this.#ready());
  }

  async stop(drainMs: number): Promise<boolean> {
    this.#refuseConnections();
    const ended = [...this.#children].map(
      ([child, { isReady }]) =>
        new Promise<boolean>((resolve) => {
          child.once('exit', (code) => resolve(code === 0 || !isReady));
          if (isReady && child.connected) child.send({ type: 'drain', drainMs } satisfies ClusterMessage, () => {});
          else child.kill('SIGKILL');
        }),
    );
    return (await Promise.all(ended)).every(Boolean);
  }

  stopNow(): void {
    this.#refuseConnections();
    for (const child of this.#children.keys()) child.kill('SIGKILL');
  }

  #refuseConnections(): void {
    this.#stopping = true;
    clearInterval(this.#pinging);
    this.#server.close();
    this.#handover.close();
  }

  #forkApi(onReady: (apiPid: number) => void, onFailed: (sentence: string) => void): Promise<Death> {
    const env = { ...process.env, [apiOptionsVariable]: JSON.stringify(this.#apiOptions) };
    const child = fork(process.argv[1]!, [], { env });
    const state = { isReady: false, pings: 0 };
    this.#children.set(child, state);
    child.on('message', (message: ClusterMessage) => {
      state.pings = 0;
      if (message.type === 'ready' && !this.#stopping) {
        state.isReady = true;
        this.#logger.info({ apiPid: child.pid }, 'an API process listens');
        this.#handover.add(child);
        onReady(child.pid!);
      }
      if (message.type === 'failed') onFailed(message.sentence);
      if (message.type === 'taken') this.#handover.taken(message.id);
      if (message.type === 'metrics wanted') void this.#collector.tell(child, message.request, this.#ready());
      if (message.type === 'figures') this.#collector.receive(message.request, message.figures);
    });
    return new Promise((resolve) => {
      const onEnd = (reason: string) => {
        this.#children.delete(child);
        this.#handover.gone(child);
        resolve({ apiPid: child.pid, reason });
      };
      child
        .once('exit', (code, killedBy) => onEnd(`${killedBy ?? code}`))
        .once('error', (error) => onEnd(error.message));
    });
  }

  /** Keeps one process running. Resolves when it is ready for the first time; throws OperatorError when it never is. */
  #keepRunning(): Promise<void> {
    return new Promise((resolve, reject) => {
      let wasReady = false;
      const onReady = (apiPid: number) => {
        if (wasReady) this.#logger.info({ apiPid }, 'an API process was replaced');
        wasReady = true;
        resolve();
      };
      const onFailed = (sentence: string) => reject(new OperatorError(sentence));
      void (async () => {
        for (let deaths = 0; !this.#stopping; deaths++) {
          const startedAt = performance.now();
          const { apiPid, reason } = await this.#forkApi(onReady, onFailed);
          if (this.#stopping) return;
          if (performance.now() - startedAt > wellAfterMs) deaths = 0;
          if (!wasReady && deaths + 1 >= maxDeathsAtStart) {
            reject(new OperatorError(`An API process ended ${deaths + 1} times before it was ready, with ${reason}.`));
            return;
          }
          const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** deaths);
          this.#logger.warn({ apiPid, reason, pauseMs }, 'an API process ended and is replaced');
          await sleep(pauseMs);
        }
      })();
    });
  }

  /** Kills a process that is frozen, so that it is replaced: its callers would wait as long as it is. */
  #ping(): void {
    for (const [child, state] of this.#children) {
      if (!state.isReady || !child.connected) continue;
      if (state.pings >= maxPingsUnanswered) {
        this.#logger.error({ apiPid: child.pid }, 'an API process does not answer and is killed');
        child.kill('SIGKILL');
      } else {
        state.pings++;
        child.send({ type: 'ping' } satisfies ClusterMessage, () => {});
      }
    }
  }

  #ready(): ChildProcess[] {
    return [...this.#children].filter(([, { isReady }]) => isReady).map(([child]) => child);
  }
}

/** The life of one API process behind a supervising one: take connections, answer, drain when told, exit. */
export async function runClusteredApi(options: ClusteredApiOptions, logger: Logger): Promise<void> {
  const tell = (message: ClusterMessage) => process.send?.(message);
  // The supervising process decides what a signal means. Without it there is nothing to answer.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  let answerer: ConnectionAnswerer | undefined;
  try {
    const api = await startApi({
      ...options,
      logger,
      readMetrics: createMetricsReader(),
      async answer(app) {
        answerer = answerConnections(app, { ...options, logger });
        return { ...answerer, port: options.port };
      },
    });
    process.on('message', async (message: ClusterMessage, socket?: Socket) => {
      if (message.type === 'connection') {
        tell({ type: 'taken', id: message.id });
        // Undefined where the caller has hung up meanwhile.
        if (socket) answerer?.take(socket);
      }
      if (message.type === 'ping') tell({ type: 'pong' });
      if (message.type === 'drain') {
        const isInOrder = await api.stop(message.drainMs);
        await tracing.tracer?.stop();
        process.exit(isInOrder ? 0 : 1);
      }
    });
    tell({ type: 'ready' });
  } catch (error) {
    const sentence = operatorSentence(error);
    process.send?.({ type: 'failed', sentence } satisfies ClusterMessage, () => process.exit(1));
  }
}
