import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Cluster } from './cluster-location.ts';
import { startDetachedScript } from './detached-script.ts';
import { withdrawMark } from './mark-of-use.ts';
import { stopPostmaster } from './postmaster.ts';
import { attach } from './server-attachment.ts';

export interface SupervisorOptions {
  cluster: Cluster;
  binDir: string;
  log: (message: string) => void;
}

/** Keeps the server running as long as this process wants it. */
export interface Supervisor {
  port: number;
  /** The session at the start, for whatever has to be prepared in the cluster. */
  session: pg.Client;
  /** Takes our mark away, and stops the server if it was the last one. */
  leave(): Promise<void>;
  /** The same for an exit that can't wait: another process does it after we are gone. */
  leaveNow(): void;
}

// Seven tries, 38 seconds in all: enough for a crash, an end for a server that can't come back.
const pausesMs = [100, 500, 1_000, 2_000, 5_000, 10_000, 20_000];
// A server that stood this long gets all its tries again.
const stableMs = 60_000;

/**
 * Attaches to the server and starts it again, on the same port, whenever our session drops although we did not leave:
 * the server crashed, or was stopped by one who does not know of this process.
 */
export async function supervise({ cluster, binDir, log }: SupervisorOptions): Promise<Supervisor> {
  const leaving = new AbortController();
  const { signal } = leaving;
  const first = await attach({ cluster, binDir });
  const { port } = first;
  let session: pg.Client | undefined;
  let recovery = Promise.resolve();
  let tries = 0;

  const watch = (attached: pg.Client) => {
    const since = Date.now();
    session = attached;
    attached.once('end', () => {
      session = undefined;
      if (Date.now() - since > stableMs) tries = 0;
      if (!signal.aborted) recovery = recover();
    });
  };

  const recover = async () => {
    let reason = 'it kept stopping';
    while (tries < pausesMs.length) {
      try {
        await sleep(pausesMs[tries++], undefined, { signal });
        watch((await attach({ cluster, binDir, port, signal })).session);
        log(`PostgreSQL stopped unexpectedly and runs again on port ${port}.`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        reason = (error as Error).message;
      }
    }
    log(`PostgreSQL stopped and could not be brought back: ${reason}`);
  };

  const leave = async () => {
    leaving.abort();
    await recovery;
    const mark = session;
    if (mark === undefined) return; // it is down and could not be brought back
    try {
      if (!(await withdrawMark(mark))) return;
      if (await stopPostmaster(cluster, binDir)) log('PostgreSQL is stopped.');
      else log(`PostgreSQL did not stop when asked: see server.log in ${cluster.folder}.`);
    } catch (error) {
      log(`PostgreSQL was left as it is, because it does not answer (${(error as Error).message}).`);
    } finally {
      await mark.end().catch(() => {});
    }
  };

  const leaveNow = () => {
    leaving.abort();
    startDetachedScript('stop-when-unused', { cluster, binDir, port }, 'ignore').unref();
    void session?.end().catch(() => {});
  };

  watch(first.session);
  return { port, session: first.session, leave, leaveNow };
}
