import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Cluster } from './cluster-location.ts';
import { answers } from './cluster-session.ts';
import { EmbeddedServerError, wayOut } from './embedded-server-error.ts';
import { choosePort, rememberPort } from './loopback-port.ts';
import { markUse } from './mark-of-use.ts';
import { findPostmasterPort, startPostmaster } from './postmaster.ts';

export interface AttachOptions {
  cluster: Cluster;
  binDir: string;
  /** The only port that will do, because addresses with it are in use; any port when absent. */
  port?: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/** This process's hold on a running server. */
export interface Attachment {
  /** The session that marks our use. */
  session: pg.Client;
  port: number;
}

// Crash recovery of a big cluster on a slow disk takes minutes; a healthy start less than a second.
const patienceMs = 300_000;
const pauseMs = 200;

/**
 * Starts the server unless it runs, and puts our mark of use on it. Others may be starting or stopping it at the same
 * time: then this looks again until one state or the other is reached.
 * @throws EmbeddedServerError when the server can't be started, or does not answer within five minutes.
 */
export async function attach(options: AttachOptions): Promise<Attachment> {
  const { cluster, signal } = options;
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const port = await findOrStart(options);
    // The session may be refused or cut although the server answered: it is being stopped.
    const session = port === undefined ? undefined : await markUse(cluster, port).catch(() => undefined);
    if (port !== undefined && session !== undefined) return { session, port };
    await sleep(pauseMs, undefined, { signal });
  }
  throw new EmbeddedServerError(
    `The PostgreSQL server of ${cluster.folder} did not answer within ${patienceMs / 60_000} minutes: ` +
      `see server.log in that folder, or ${wayOut}.`,
  );
}

/** The port of the running server when it answers; undefined when it is worth another look a little later. */
async function findOrStart({ cluster, binDir, port: needed }: AttachOptions): Promise<number | undefined> {
  const running = findPostmasterPort(cluster);
  if (running === undefined) {
    const port = needed ?? (await choosePort(cluster));
    const outcome = await startPostmaster(cluster, binDir, port);
    if (outcome === 'started') rememberPort(cluster, port);
    if (outcome === 'port taken' && needed !== undefined) throw portLost(needed);
    return undefined;
  }
  if (!(await answers(cluster, running))) return undefined;
  if (needed !== undefined && running !== needed) throw portLost(needed);
  return running;
}

function portLost(port: number): EmbeddedServerError {
  return new EmbeddedServerError(`Its port ${port} was taken by another program meanwhile: start joint-ledger again.`);
}
