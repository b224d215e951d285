import type { Server } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { OperatorError } from '../errors/operator-error.ts';
import type { HttpApp } from '../http/create-app.ts';
import { createHttpServer } from '../http/http-server.ts';
import { answerUnreadableRequests } from '../http/unreadable-request.ts';

export interface Address {
  readonly host: string;
  /** Zero: the system chooses one. */
  readonly port: number;
}

export interface ServeOptions {
  /** For how long a connection is kept on which nothing is asked. */
  readonly keepAliveTimeoutMs: number;
  /** For requests that no application sees, because they can't be read. */
  readonly logger: Logger;
}

export type ListenOptions = Address & ServeOptions;

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
export async function listenHttp(app: HttpApp, options: ListenOptions): Promise<HttpListener> {
  const { server, stop, stopNow } = serve(app, options);
  await listen(server, options);
  return { port: (server.address() as AddressInfo).port, stop, stopNow };
}

/** Something that answers on connections which another process has accepted. */
export interface ConnectionAnswerer extends Pick<HttpListener, 'stop' | 'stopNow'> {
  take(socket: Socket): void;
}

/** Lets an application answer on the connections that it is given, and listens to nothing. */
export function answerConnections(app: HttpApp, options: ServeOptions): ConnectionAnswerer {
  const { server, stop, stopNow } = serve(app, options);
  // On this event node begins to watch over the times of requests and over idle connections.
  server.emit('listening');
  return {
    stop,
    stopNow,
    take(socket) {
      // As node does with those that a server of HTTP accepts by itself.
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      server.emit('connection', socket);
    },
  };
}

function serve(app: HttpApp, { keepAliveTimeoutMs, logger }: ServeOptions) {
  // Without `requireHostHeader: false` node answers a request that has no host with a bare 400; the application does
  // it.
  const options = {
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    requireHostHeader: false,
  };
  const server = createHttpServer(options, app);
  // The 16 KiB that all headers may have are limit enough; node would silently drop those after the 2,000th.
  server.maxHeadersCount = 0;
  answerUnreadableRequests(server, logger);
  // Without this node answers an `Expect` that it does not know with a bare 417; the header may as well be ignored.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    // Each request that waits on it listens for its end.
    socket.setMaxListeners(0);
    socket.once('close', () => connections.delete(socket));
  });
  return {
    server,
    stop: (drainMs: number) => drain(server, connections, drainMs),
    stopNow: () => server.closeAllConnections(),
  };
}

/** Has a server listen at an address. Throws OperatorError when that is not possible. */
export async function listen(server: NetServer, { port, host }: Address): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw explainListening(error, { port, host });
  }
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

/** How often is looked whether a kept-alive connection has become idle. */
const sweepMs = 20;

async function drain(server: Server, connections: ReadonlySet<Socket>, drainMs: number): Promise<boolean> {
  const deadline = performance.now() + drainMs;
  server.close();
  for (;;) {
    // A kept-alive connection becomes idle when its last answer is sent, and would stay open until it times out.
    server.closeIdleConnections();
    if (connections.size === 0) return true;
    if (performance.now() >= deadline) break;
    await sleep(sweepMs);
  }
  server.closeAllConnections();
  return false;
}
