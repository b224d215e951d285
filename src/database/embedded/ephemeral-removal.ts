import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster-location.ts';
import { killPostmaster } from './postmaster.ts';

/** What an ephemeral server leaves: all of it is in the folder `home`. */
export interface EphemeralRemains {
  home: string;
  cluster: Cluster;
  binDir: string;
}

/**
 * Stops the server and deletes its folder. An initdb or pg_ctl of a process killed in the middle of the start may
 * still be writing, so this looks again after the deletion, until nothing comes back.
 */
export async function removeEphemeralServer({ home, cluster, binDir }: EphemeralRemains): Promise<void> {
  for (let attempt = 0; attempt < 20 && existsSync(home); attempt++) {
    if (existsSync(cluster.folder)) await killPostmaster(cluster, binDir);
    await rm(home, { recursive: true, force: true }).catch(() => {});
    if (existsSync(home)) await sleep(500);
  }
}
