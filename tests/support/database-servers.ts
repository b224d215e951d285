import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/database/embedded/embedded-server.ts';

/** Real servers, each on a folder of its own under one that is removed in the end. */
export interface DatabaseServers {
  /** Starts the server of this folder, which is made when there is none. */
  start(name: string): Promise<EmbeddedServer>;
  /** Copies the folder of a server, or a folder in it, over that of another one. */
  copy(from: string, to: string, folder?: string): void;
  /** Where the server of this folder keeps its files. */
  data(name: string): string;
  stopRunning(): Promise<void>;
  /** And removes all folders. */
  stopAll(): Promise<void>;
}

export function createDatabaseServers(): DatabaseServers {
  const home = mkdtempSync(path.join(os.tmpdir(), 'database-servers-'));
  // Run by root, the server's user must be able to enter.
  chmodSync(home, 0o755);
  const running = new Set<EmbeddedServer>();
  const folders = new Map<string, string>();
  const stopRunning = async () => {
    for (const server of running) await server.stop();
  };
  return {
    async start(name) {
      const server = await startEmbeddedServer({
        ...{ dataDir: path.join(home, name), database: 'ledger', log: () => {}, binDir: process.env.POSTGRES_BIN },
      });
      folders.set(name, path.basename(server.folder));
      const started: EmbeddedServer = {
        ...server,
        url: superuserUrl(server),
        async stop() {
          running.delete(started);
          await server.stop();
        },
      };
      running.add(started);
      return started;
    },
    copy(from, to, folder) {
      const inData = folder === undefined ? [] : [folders.get(from)!, folder];
      rmSync(path.join(home, to, ...inData), { recursive: true, force: true });
      copyFolder(path.join(home, from, ...inData), path.join(home, to, ...inData));
      folders.set(to, folders.get(from)!);
    },
    data: (name) => path.join(home, name, folders.get(name)!),
    stopRunning,
    async stopAll() {
      await stopRunning();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Tests make standbys, dumps and subscriptions of it, which the service could not. */
function superuserUrl({ url, folder }: EmbeddedServer): string {
  const address = new URL(url);
  address.username = 'ledger';
  address.password = encodeURIComponent(readFileSync(path.join(folder, 'joint-ledger.password'), 'utf8'));
  return address.href;
}

/** With the owners of everything, which copying alone would change for root. */
function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  if (process.getuid?.() !== 0) return;
  for (const name of ['.', ...readdirSync(from, { recursive: true, encoding: 'utf8' })]) {
    const { uid, gid } = statSync(path.join(from, name));
    chownSync(path.join(to, name), uid, gid);
  }
}

/** Runs a statement outside of any transaction, by the driver itself: our own sessions refuse a standby. */
export async function runOn(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
