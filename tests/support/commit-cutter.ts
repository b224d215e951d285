import net from 'node:net';

/**
 * What happens to the next COMMIT: `afterCommit` lets the server commit and cuts the connection before its answer,
 * `beforeCommit` cuts it before the server hears of it, `whileCommitting` cuts it and delivers the COMMIT a moment
 * later. `afterCommitForGood` is the first and then cuts and refuses every connection, until `reopen`. `none` lets one
 * pass.
 */
export type Cut = 'afterCommit' | 'beforeCommit' | 'whileCommitting' | 'afterCommitForGood' | 'none';

export interface CommitCutter {
  /** The database's address by way of the cutter. */
  readonly url: string;
  /**
   * Arms the next cut, one a call. What else is to happen at that moment happens first: the death of the service, say.
   */
  cutNext(cut: Cut, first?: () => void): void;
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
  const armed: Array<{ cut: Cut; first: () => void }> = [];
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
    const end = () => {
      client.destroy();
      server.destroy();
    };
    const endForGood = () => {
      refusing = true;
      for (const socket of sockets) socket.destroy();
    };
    client.on('data', (sent) => {
      const { cut, first } = (sent.includes('COMMIT;') && armed.shift()) || { cut: 'none', first: () => {} };
      if (cut !== 'none') made++;
      if (cut === 'beforeCommit') {
        first();
        end();
        return;
      }
      if (cut === 'afterCommit' || cut === 'afterCommitForGood') {
        server.unpipe(client);
        server.on('data', (answer) => {
          // What was sent before COMMIT is answered before it.
          if (!answer.includes('COMMIT\0') && !answer.includes('ROLLBACK\0')) return;
          first();
          if (cut === 'afterCommit') end();
          else endForGood();
        });
        server.resume();
      }
      if (cut === 'whileCommitting') {
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
    cutNext: (cut, first = () => {}) => {
      armed.push({ cut, first });
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
