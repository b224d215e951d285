import net from 'node:net';

/** Something between a service and its database that can break what a network can break. */
export interface FaultyProxy {
  /** The database's address by way of the proxy. */
  readonly url: string;
  /**
   * The connections that are open die silently: they stay open, and nothing travels on them any more, as when a host is
   * gone or a firewall has forgotten them. New ones work.
   */
  freeze(): void;
  /** As above, and new connections are taken and answered nothing. */
  swallow(): void;
  /** What is sent arrives this much later. */
  delay(ms: number): void;
  /** Cuts all connections that are open. */
  cut(): void;
  /** New connections go to another server. */
  reroute(databaseUrl: string): void;
  /** Lets new connections through again, without delay. */
  heal(): void;
  /** How many connections were made. */
  connections(): number;
  close(): Promise<void>;
}

/** Stands for both ends of one connection. */
interface Pair {
  readonly client: net.Socket;
  readonly server: net.Socket;
  isFrozen: boolean;
}

export async function startFaultyProxy(databaseUrl: string): Promise<FaultyProxy> {
  let target = new URL(databaseUrl);
  let swallowing = false;
  let delayMs = 0;
  let made = 0;
  const pairs = new Set<Pair>();

  const proxy = net.createServer((client) => {
    made++;
    const server = net.connect(Number.parseInt(target.port, 10), target.hostname);
    const pair: Pair = { client, server, isFrozen: swallowing };
    pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => {});
      from.on('data', (bytes) => {
        const pass = () => {
          if (!pair.isFrozen && !to.destroyed) to.write(bytes);
        };
        if (delayMs === 0) pass();
        else setTimeout(pass, delayMs);
      });
      // Of a frozen connection neither side learns that the other has gone.
      from.on('close', () => {
        if (!pair.isFrozen) to.destroy();
        if (client.destroyed && server.destroyed) pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;

  const freeze = () => {
    for (const pair of pairs) pair.isFrozen = true;
  };
  const cut = () => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    url: url.href,
    freeze,
    swallow() {
      swallowing = true;
      freeze();
    },
    delay(ms) {
      delayMs = ms;
    },
    cut,
    reroute(other) {
      target = new URL(other);
    },
    heal() {
      swallowing = false;
      delayMs = 0;
    },
    connections: () => made,
    close() {
      const closed = new Promise<void>((resolve) => proxy.close(() => resolve()));
      cut();
      return closed;
    },
  };
}
