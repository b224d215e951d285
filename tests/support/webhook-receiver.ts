import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

/** A webhook as it arrived. */
export interface ReceivedWebhook {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver does with a webhook that it has read. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export const behaviour = {
  answer:
    (status: number, body: string | Buffer = '', headers: Record<string, string> = {}): Behaviour =>
    (_request, response) =>
      response.writeHead(status, headers).end(body),

  redirectTo: (url: string): Behaviour => behaviour.answer(307, '', { location: url }),

  hang: (): void => {},

  /** Does something once this has come about. */
  after:
    (moment: Promise<unknown>, then: Behaviour): Behaviour =>
    async (request, response) => {
      await moment;
      then(request, response);
    },

  /** Never comes to the end of its headers. */
  trickleHeaders: ({ socket }: IncomingMessage): void => {
    socket.write('HTTP/1.1 200 OK\r\n');
    trickle(socket, 'x-still-coming: 1\r\n');
  },

  /** Never comes to the end of its body. */
  trickleBody: (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200).write('so far');
    trickle(response, ' ');
  },

  /** Sends more than anybody wants to read. */
  sendHugeBody: (_request: IncomingMessage, response: ServerResponse): void => {
    const block = Buffer.alloc(65_536, 'x');
    const writeMore = () => {
      while (response.write(block));
    };
    response.writeHead(200).on('drain', writeMore);
    writeMore();
  },

  /** Writes bytes instead of an answer and closes the connection. */
  breakOff:
    (bytes = ''): Behaviour =>
    ({ socket }) =>
      socket.end(bytes),
};

function trickle(into: NodeJS.WritableStream & { once(event: 'close', listener: () => void): unknown }, drop: string) {
  const timer = setInterval(() => into.write(drop), 5);
  into.once('close', () => clearInterval(timer));
}

export interface WebhookReceiver {
  readonly url: string;
  readonly port: number;
  /** All webhooks that have been read, in their order. */
  readonly received: readonly ReceivedWebhook[];
  /** How many connections were made, whatever came over them. */
  connections(): number;
  /** What is done with the webhooks to come, one each; the last one stays. At first it is `answer(204)`. */
  behave(...behaviours: readonly [Behaviour, ...Behaviour[]]): void;
  /** Waits until so many webhooks have been read. */
  untilReceived(count: number): Promise<void>;
  /** Waits until no connection is open any more. */
  untilLetGo(): Promise<void>;
  close(): Promise<void>;
}

/** Somebody else's server on a loopback address, which does with webhooks what it is told to. */
export async function startWebhookReceiver(tls?: { key: string; cert: string }): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  let script: readonly Behaviour[] = [behaviour.answer(204)];
  let [made, open] = [0, 0];
  let changed: () => void = () => {};
  let change = new Promise<void>((resolve) => {
    changed = resolve;
  });
  const announce = () => {
    changed();
    change = new Promise((resolve) => {
      changed = resolve;
    });
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await change;
  };

  const onRequest: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    received.push({ method: method!, path: url!, headers, body: Buffer.concat(chunks).toString() });
    const [next, ...rest] = script;
    if (rest.length > 0) script = rest;
    next!(request, response);
    announce();
  };
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer(tls, onRequest);
  server.on('connection', (socket) => {
    made++;
    open++;
    socket.on('error', () => {});
    socket.on('close', () => {
      open--;
      announce();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    port,
    received,
    connections: () => made,
    behave: (...behaviours) => {
      script = behaviours;
    },
    untilReceived: (count) => until(() => received.length >= count),
    untilLetGo: () => until(() => open === 0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
