import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { OperatorError } from './errors/operator-error.ts';
import { createHttpServer } from './http/http-server.ts';
import { answerUnreadableRequests } from './http/unreadable-request.ts';

export interface Address {
  readonly host: string;
  /** Zero: the system chooses one. */
  readonly port: number;
}

export interface ListenOptions extends Address {
  /** For how long a connection is kept on which nothing is asked. */
  readonly keepAliveTimeoutMs: number;
  /** For requests that no application sees, because they can't be read. */
  readonly logger: Logger;
}

/** Something that answers HTTP requests. */
export interface HttpListener {
  readonly port: number;
  /**
   * Accepts nothing new, finishes what is in flight and closes. Answers false when that took longer than `drainMs` and
   * requests were cut off.
   */
  stop(drainMs: number): Promise<boolean>;
  /** Ends without waiting for anything. */
  stopNow(): void;
}

/** Longer than an operation may wait in the queue and for locks together in any sane configuration. */
const requestTimeoutMs = 60_000;

/** Lets an application answer at this address. Throws OperatorError when it can't be listened on. */
export async function listenHttp(app: Express, options: ListenOptions): Promise<HttpListener> {
  // Without `requireHostHeader: false` node answers a request that has no host with a bare 400; the application does it.
  const { keepAliveTimeoutMs: keepAliveTimeout, logger } = options;
  const requestTimeout = requestTimeoutMs;
  const server = createHttpServer({ requestTimeout, keepAliveTimeout, requireHostHeader: false }, app);
  // The 16 KiB that all headers may have are limit enough; node would silently drop those after the 2,000th.
  server.maxHeadersCount = 0;
  answerUnreadableRequests(server, logger);
  // Without this node answers an `Expect` that it does not know with a bare 417; the header may as well be ignored.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  try {
    await listen(server, options);
  } catch (error) {
    throw explainListening(error, options);
  }
  return {
    port: (server.address() as AddressInfo).port,
    stop: (drainMs) => drain(server, drainMs),
    stopNow: () => server.closeAllConnections(),
  };
}

function listen(server: Server, { port, host }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function explainListening(error: unknown, { host, port }: Address): unknown {
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
