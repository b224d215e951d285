import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { createDatabase } from './database/create-database.ts';
import { OperatorError } from './errors/operator-error.ts';
import { createHttpServer } from './http/http-server.ts';
import { answerUnreadableRequests } from './http/unreadable-request.ts';
import { createPostingEngine } from './ledger/posting-engine.ts';
import { readProcessMetrics, startProcessMetrics } from './metrics/service-metrics.ts';

/** Sessions that transactions waiting for locks leave to reads, dry runs and callers that don't wait. */
const sessionsKeptFree = 2;
const queueLimit = 2_000;
/** Longer than an operation may wait in the queue and for locks together in any sane configuration. */
const requestTimeoutMs = 60_000;

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  readonly preparedStatements?: boolean;
  readonly lockTimeoutMs: number;
  readonly logger: Logger;
  /** Where `/metrics` comes from when this process is one of several; otherwise from the process itself. */
  readonly readMetrics?: () => Promise<string>;
}

/** Something that answers HTTP requests: one process, or a cluster of them. */
export interface Api {
  readonly port: number;
  /**
   * Accepts nothing new, finishes what is in flight and closes. Answers false when that took longer than `drainMs` and
   * requests were cut off.
   */
  stop(drainMs: number): Promise<boolean>;
  /** Ends without waiting for anything. */
  stopNow(): void;
}

/** Runs the API in this process. Throws OperatorError when the address can't be listened on. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { logger, readMetrics = readProcessMetrics } = options;
  startProcessMetrics();
  let draining = false;
  const database = createDatabase({
    url: options.databaseUrl,
    poolSize: options.databasePoolSize,
    applicationName: 'joint-ledger api',
    acquireTimeoutMs: 10_000,
    preparedStatements: options.preparedStatements ?? true,
  });
  const engine = createPostingEngine({
    database,
    lockTimeoutMs: options.lockTimeoutMs,
    lanes: options.databasePoolSize - sessionsKeptFree,
    queueLimit,
  });
  const app = createApp({ database, engine, logger, isDraining: () => draining, readMetrics });
  const server = createHttpServer({ requestTimeout: requestTimeoutMs, keepAliveTimeout: 65_000 }, app);
  // The 16 KiB that all headers may have are limit enough; node would silently drop those after the 2,000th.
  server.maxHeadersCount = 0;
  answerUnreadableRequests(server);
  // Without this node answers an `Expect` that it does not know with a bare 417; the header may as well be ignored.
  server.on('checkExpectation', app);
  try {
    await listen(server, options);
  } catch (error) {
    await database.destroy();
    throw explainListening(error, options);
  }

  return {
    port: (server.address() as AddressInfo).port,
    async stop(drainMs) {
      draining = true;
      const inTime = await drain(server, drainMs);
      await database.destroy();
      return inTime;
    },
    stopNow: () => server.closeAllConnections(),
  };
}

function listen(server: Server, { port, host }: ApiOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function explainListening(error: unknown, { host, port }: ApiOptions): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new OperatorError(`Port ${port} is taken: stop the program that has it, or set PORT to another one.`);
    case 'EACCES':
      return new OperatorError(`This user may not listen on port ${port}: set PORT to one above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OperatorError(`This machine has no address ${host}: set HOST to 127.0.0.1, or to 0.0.0.0 for all.`);
    default:
      return error;
  }
}

async function drain(server: Server, drainMs: number): Promise<boolean> {
  const closed = new Promise<true>((resolve) => server.close(() => resolve(true)));
  // A kept-alive connection becomes idle when its last answer is sent, and would hold the server open until it times out.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    deadline = setTimeout(() => resolve(false), drainMs);
  });
  const inTime = await Promise.race([closed, late]);
  clearInterval(sweep);
  clearTimeout(deadline);
  if (!inTime) server.closeAllConnections();
  return inTime;
}
