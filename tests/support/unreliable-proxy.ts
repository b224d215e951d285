import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request on its way, and of its answer on the way back. */
export type Mishap =
  /** Nothing. */
  | 'none'
  /** The connection is cut before the service has the request. */
  | 'cut-before'
  /** The service does it, and the connection is cut before a byte of the answer. */
  | 'cut-after'
  /** The same in the middle of the answer. */
  | 'cut-within'
  /** The proxy answers 503 by itself, and the service never knows. */
  | 'refused'
  /** The service does it, and the proxy answers 504. */
  | 'gave-up'
  /** The answer comes a little later. */
  | 'late';

export interface UnreliableProxy {
  readonly url: string;
  /** How often each mishap has come about. */
  readonly seen: ReadonlyMap<Mishap, number>;
  /** Cuts all connections that are open. */
  cut(): void;
  close(): Promise<void>;
}

/** An HTTP proxy before a service, to which `next` says what to do with each request. */
export async function startUnreliableProxy(
  serviceUrl: string,
  next: (request: http.IncomingMessage) => Mishap,
): Promise<UnreliableProxy> {
  const target = new URL(serviceUrl);
  const seen = new Map<Mishap, number>();
  const server = http.createServer((request, response) => {
    const mishap = next(request);
    seen.set(mishap, (seen.get(mishap) ?? 0) + 1);
    if (mishap === 'cut-before') return void request.socket.destroy();
    if (mishap === 'refused') return void response.writeHead(503, { 'Retry-After': '0' }).end('busy');
    const { method, url: path, headers } = request;
    const options = { host: target.hostname, port: target.port, method: method!, path: path!, headers };
    const passed = http.request(options, (answer) => {
      if (mishap === 'cut-after') return void request.socket.destroy();
      if (mishap === 'gave-up') return void response.writeHead(504).end();
      const pass = () => {
        response.writeHead(answer.statusCode!, answer.headers);
        if (mishap !== 'cut-within') return void answer.pipe(response);
        response.flushHeaders();
        answer.once('data', (chunk: Buffer) => {
          response.write(chunk.subarray(0, chunk.length / 2), () => request.socket.destroy());
        });
      };
      if (mishap === 'late') setTimeout(pass, 20);
      else pass();
    });
    response.on('close', () => passed.destroy());
    passed.on('error', () => request.socket.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    cut: () => server.closeAllConnections(),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
