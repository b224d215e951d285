import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDatabase } from '../../src/database/create-database.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/database/embedded/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';

/** A primary and its standby, each a real server with a migrated database. */
export interface StandbyServers {
  readonly primaryUrl: string;
  readonly standbyUrl: string;
  /** Runs a statement on one of them, outside of any transaction. */
  run(url: string, statement: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** The standby is a copy of the primary's folder, made while it is stopped, that streams from it. */
export async function startStandbyServers(): Promise<StandbyServers> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'standby-servers-'));
  // Run by root, the server's user must be able to enter.
  chmodSync(home, 0o755);
  const folders = { primary: path.join(home, 'primary'), standby: path.join(home, 'standby') };
  const start = (dataDir: string): Promise<EmbeddedServer> =>
    startEmbeddedServer({ dataDir, database: 'ledger', log: () => {}, binDir: process.env.POSTGRES_BIN });

  const first = await start(folders.primary);
  const database = createDatabase({ url: first.url, poolSize: 2, applicationName: 'test', acquireTimeoutMs: 10_000 });
  await migrate(database);
  await database.destroy();
  await first.stop();
  copyFolder(folders.primary, folders.standby);

  const primary = await start(folders.primary);
  const { port, username, password } = new URL(primary.url);
  const data = path.join(folders.standby, path.basename(primary.folder));
  const conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password}`;
  appendFileSync(path.join(data, 'postgresql.conf'), `\nprimary_conninfo = '${conninfo}'\n`);
  writeFileSync(path.join(data, 'standby.signal'), '');
  const standby = await start(folders.standby);

  return {
    primaryUrl: primary.url,
    standbyUrl: standby.url,
    run,
    async stop() {
      await standby.stop();
      await primary.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function run(url: string, statement: string): Promise<Record<string, unknown>[]> {
  // The driver itself: our own sessions refuse a standby.
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
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
