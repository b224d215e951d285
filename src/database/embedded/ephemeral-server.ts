import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createCluster } from './cluster-creation.ts';
import { rootCache } from './cluster-location.ts';
import { clusterUrl } from './cluster-session.ts';
import { startDetachedScript } from './detached-script.ts';
import { EmbeddedServerError, explainFileError } from './embedded-server-error.ts';
import { type EphemeralRemains, removeEphemeralServer } from './ephemeral-removal.ts';
import { findBinaries } from './postgres-binaries.ts';
import { canEnter, chooseAccount, giveTo, isRoot, type ServerAccount } from './server-account.ts';
import { attach } from './server-attachment.ts';

export interface EphemeralServerOptions {
  /** Writes reach the disk as in production; for measurements. */
  durable?: boolean | undefined;
  /** Further settings for postgresql.conf. */
  settings?: Record<string, string> | undefined;
  /** A folder with initdb, postgres and pg_ctl to use instead of those in node_modules. */
  binDir?: string | undefined;
}

export interface EphemeralServer {
  /** Of the database `postgres`; tests make their own next to it. */
  url: string;
  serverVersion: string;
  /** Stops the server and deletes its folder. */
  stop(): Promise<void>;
}

/**
 * A throw-away server for tests and the bench: fsync off unless `durable`, its own temporary folder, deleted at stop,
 * and a watchdog that stops and deletes it when this process dies, even by SIGKILL.
 */
export async function startEphemeralServer(options: EphemeralServerOptions = {}): Promise<EphemeralServer> {
  const durable = options.durable ?? false;
  const account = chooseAccount();
  const binaries = await findBinaries({
    binDir: options.binDir,
    account,
    cacheDir: isRoot() ? rootCache : path.join(os.tmpdir(), `joint-ledger-binaries-${process.getuid?.() ?? ''}`),
    log: () => {},
  });
  const { binDir } = binaries;
  const home = path.join(fs.realpathSync(os.tmpdir()), `joint-ledger-ephemeral-${randomBytes(8).toString('hex')}`);
  const cluster = { folder: path.join(home, 'data'), account };
  // Before there is anything to clean up, so that no moment is unguarded.
  const watchdog = startWatchdog({ home, cluster, binDir });
  try {
    makeTemporaryFolder(home, account);
    const speed = { fsync: 'off', full_page_writes: 'off' };
    const settings = { ...(durable ? {} : speed), ...options.settings };
    await createCluster(cluster, binaries, { durable, settings });
    const { session, port } = await attach({ cluster, binDir });
    await session.end(); // nobody shares this server, so nobody needs to see our mark
    return { url: clusterUrl(cluster, port, 'postgres'), serverVersion: binaries.version, stop: watchdog.cleanUp };
  } catch (error) {
    await watchdog.cleanUp();
    throw explainFileError(error, home);
  }
}

/** The temporary folder, which belongs to the server's user and can be entered by it. */
function makeTemporaryFolder(home: string, account: ServerAccount): void {
  fs.mkdirSync(home, { mode: 0o700 });
  giveTo(account, home);
  if (canEnter(account, home)) return;
  throw new EmbeddedServerError(
    `The temporary folder ${os.tmpdir()} can't be entered by the user that PostgreSQL runs as (uid ${account.uid}): ` +
      'set TMPDIR to one that can.',
  );
}

/** A process that waits for the end of a pipe from us: it ends when we ask, and when we die in whatever way. */
function startWatchdog(remains: EphemeralRemains): { cleanUp(): Promise<void> } {
  const child = startDetachedScript('ephemeral-watchdog', remains, 'pipe');
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve()).once('error', () => resolve());
  });
  const pipe = child.stdin as net.Socket;
  pipe.on('error', () => {});
  // A forgotten stop() must not keep this process from ending.
  child.unref();
  pipe.unref();
  return {
    cleanUp: async () => {
      child.ref();
      pipe.end();
      await gone;
      await removeEphemeralServer(remains); // finds nothing to do, unless the watchdog was killed
    },
  };
}
