import net from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';

/** A pooler that gives a client a server for one transaction at a time, and does not follow prepared statements. */
export interface TransactionPooler {
  /** The database's address by way of the pooler. */
  readonly url: string;
  /** Ends all connections of clients and servers, as when the pooler is killed; it works on. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const header = 5;
const sslRequest = 80_877_103;

/** One message of PostgreSQL's protocol (manual, chapter 54.7): its type, and all of its bytes. */
interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. */
function reader(): (bytes: Buffer) => Message[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const messages: Message[] = [];
    while (rest.length >= header) {
      const length = rest.readUInt32BE(1) + 1;
      if (rest.length < length) break;
      messages.push({ type: String.fromCharCode(rest[0]!), bytes: rest.subarray(0, length) });
      rest = rest.subarray(length);
    }
    return messages;
  };
}

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(header);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** What a server says once a client is let in. */
const welcome = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('S', Buffer.from('server_version\x0018.0\0')),
  message('K', Buffer.alloc(8)),
  message('Z', Buffer.from('I')),
]);

class ServerConnection {
  readonly socket: Duplex;
  onMessage: (message: Message) => void = () => {};

  constructor(client: pg.Client) {
    // The driver has logged in; from here on its socket is ours.
    this.socket = client.connection.stream;
    this.socket.removeAllListeners('data');
    const read = reader();
    this.socket.on('data', (bytes: Buffer) => {
      for (const received of read(bytes)) this.onMessage(received);
    });
    this.socket.on('error', () => {});
  }
}

export async function startTransactionPooler(databaseUrl: string, poolSize: number): Promise<TransactionPooler> {
  let free: ServerConnection[] = [];
  let waiting: Array<(server: ServerConnection) => void> = [];
  const clients = new Set<net.Socket>();
  const servers = new Set<ServerConnection>();

  async function connectServers(): Promise<void> {
    for (let count = 0; count < poolSize; count++) {
      const client = new pg.Client({ connectionString: databaseUrl, application_name: 'pooler' });
      client.on('error', () => {});
      await client.connect();
      const server = new ServerConnection(client);
      servers.add(server);
      free.push(server);
    }
  }

  function release(server: ServerConnection): void {
    const next = waiting.shift();
    if (next !== undefined) next(server);
    else free.push(server);
  }

  /** Each time another one, the one that has been free for longest. */
  function acquire(use: (server: ServerConnection) => void): void {
    const server = free.shift();
    if (server !== undefined) use(server);
    else waiting.push(use);
  }

  const pooler = net.createServer((client) => {
    clients.add(client);
    client.on('error', () => {}).on('close', () => clients.delete(client));
    let server: ServerConnection | undefined;
    let isAcquiring = false;
    let unanswered = 0;
    let queued: Message[] = [];

    const forward = (sent: Message) => {
      if (sent.type === 'S' || sent.type === 'Q') unanswered++;
      server!.socket.write(sent.bytes);
    };
    const attach = (acquired: ServerConnection) => {
      isAcquiring = false;
      server = acquired;
      server.onMessage = (received) => {
        client.write(received.bytes);
        if (received.type !== 'Z') return;
        unanswered--;
        if (unanswered > 0 || received.bytes[header] !== 'I'.charCodeAt(0)) return;
        server = undefined;
        acquired.onMessage = () => {};
        release(acquired);
      };
      for (const sent of queued) forward(sent);
      queued = [];
    };

    const read = reader();
    const serve = (bytes: Buffer) => {
      for (const sent of read(bytes)) {
        if (sent.type === 'X') client.end();
        else if (server !== undefined) forward(sent);
        else {
          queued.push(sent);
          if (isAcquiring) continue;
          isAcquiring = true;
          acquire(attach);
        }
      }
    };
    const greet = (bytes: Buffer) => {
      if (bytes.readUInt32BE(4) === sslRequest) {
        client.write('N');
        return;
      }
      client.off('data', greet).on('data', serve);
      client.write(welcome);
    };
    client.on('data', greet);
  });

  await connectServers();
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(pooler.address() as net.AddressInfo).port}`;
  const cutAll = () => {
    for (const client of clients) client.destroy();
    for (const server of servers) server.socket.destroy();
    servers.clear();
    [free, waiting] = [[], []];
  };
  return {
    url: url.href,
    async kill() {
      cutAll();
      await connectServers();
    },
    close() {
      const closed = new Promise<void>((resolve) => pooler.close(() => resolve()));
      cutAll();
      return closed;
    },
  };
}
