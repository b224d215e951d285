import net from 'node:net';

/**
 * What happens to the next COMMIT: `afterCommit` lets the server commit and cuts the connection before its answer,
 * `beforeCommit` cuts it before the server hears of it, `whileCommitting` cuts it and delivers the COMMIT a moment
 * later. `afterCommitForGood` is the first and then cuts and refuses every connection, until `reopen`.
 */
export type Cut = 'afterCommit' | 'beforeCommit' | 'whileCommitting' | 'afterCommitForGood';

export interface CommitCutter {
  /** The database's address by way of the cutter. */
  readonly url: string;
  /** Arms the next cut, one a call. */
  cutNext(cut: Cut): void;
  /** Lets connections through again. */
  reopen(): void;
  /** How many cuts were made. */
  cuts(): number;
  close(): Promise<void>;
}

const deliveryDelayMs = 300;

/** A proxy between a service and PostgreSQL that breaks connections around COMMIT. */
export async function startCommitCutter(databaseUrl: string): Promise<CommitCutter> {
  const target = new URL(databaseUrl);
  const armed: Cut[] = [];
  let made = 0;
  let refusing = false;
  const sockets = new Set<net.Socket>();

  const proxy = net.createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const server = net.connect(Number.parseInt(target.port, 10), target.hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    const cutForGood = () => {
      refusing = true;
      for (const socket of sockets) socket.destroy();
    };
    client.on('data', (sent) => {
      const next = sent.includes('COMMIT;') ? armed.shift() : undefined;
      if (next !== undefined) made++;
      if (next === 'beforeCommit') {
        cut();
        return;
      }
      if (next === 'afterCommit' || next === 'afterCommitForGood') {
        server.unpipe(client);
        server.once('data', next === 'afterCommit' ? cut : cutForGood);
        server.resume();
      }
      if (next === 'whileCommitting') {
        server.unpipe(client);
        server.resume();
        client.destroy();
        setTimeout(() => {
          server.write(sent);
          server.once('data', () => server.destroy());
        }, deliveryDelayMs);
        return;
      }
      server.write(sent);
    });
    server.pipe(client);
    client.on('end', () => server.end());
    server.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));

  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
  return {
    url: url.href,
    cutNext: (cut) => {
      armed.push(cut);
    },
    reopen: () => {
      refusing = false;
    },
    cuts: () => made,
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
