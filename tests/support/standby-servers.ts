import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createDatabase } from '../../src/database/create-database.ts';
import type { EmbeddedServer } from '../../src/database/embedded/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createDatabaseServers, type DatabaseServers, runOn } from './database-servers.ts';

/** A primary and its standby, each a real server with a migrated database. */
export interface StandbyServers {
  readonly primaryUrl: string;
  readonly standbyUrl: string;
  /** Runs a statement on one of them, outside of any transaction. */
  run(url: string, statement: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function startStandbyServers(): Promise<StandbyServers> {
  const servers = createDatabaseServers();
  const first = await servers.start('primary');
  await migrateDatabase(first.url);
  await first.stop();
  const { primary, standby } = await startWithStandby(servers, 'primary', 'standby');
  return { primaryUrl: primary.url, standbyUrl: standby.url, run: runOn, stop: () => servers.stopAll() };
}

export async function migrateDatabase(url: string): Promise<void> {
  const database = createDatabase({ url, poolSize: 2, applicationName: 'test', acquireTimeoutMs: 10_000 });
  await migrate(database);
  await database.destroy();
}

/** The standby is a copy of the primary's folder, made while it is stopped, that streams from it. */
export async function startWithStandby(
  servers: DatabaseServers,
  primaryName: string,
  standbyName: string,
): Promise<{ primary: EmbeddedServer; standby: EmbeddedServer }> {
  servers.copy(primaryName, standbyName);
  const primary = await servers.start(primaryName);
  const { port, username, password } = new URL(primary.url);
  const conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password}`;
  appendFileSync(path.join(servers.data(standbyName), 'postgresql.conf'), `\nprimary_conninfo = '${conninfo}'\n`);
  writeFileSync(path.join(servers.data(standbyName), 'standby.signal'), '');
  return { primary, standby: await servers.start(standbyName) };
}
