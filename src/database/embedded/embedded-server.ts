import { openOrCreateCluster, readPassword } from './cluster-creation.ts';
import { type Cluster, clusterFolder, locateClusterHome, majorsIn } from './cluster-location.ts';
import { answers, ensureDatabase } from './cluster-session.ts';
import { EmbeddedServerError, explainFileError, explainProgramOutput, wayOut } from './embedded-server-error.ts';
import { findBinaries } from './postgres-binaries.ts';
import { findPostmasterPort } from './postmaster.ts';
import { prepareServiceRole, serviceUrl } from './service-role.ts';
import { supervise } from './supervisor.ts';

export { EmbeddedServerError } from './embedded-server-error.ts';

export interface EmbeddedServerOptions {
  /** Such as '.data'; the cluster lives in `postgresql-<major version>` below it. */
  dataDir: string;
  /** Created when absent. */
  database: string;
  log: (message: string) => void;
  /** A folder with initdb, postgres and pg_ctl to use instead of those in node_modules. */
  binDir?: string | undefined;
}

export interface EmbeddedServer {
  url: string;
  /** Where the cluster really lives. */
  folder: string;
  serverVersion: string;
  /** Stops the server unless another running joint-ledger uses it. Calling it again returns the same promise. */
  stop(): Promise<void>;
  /** For an exit that can't wait: leaves the stop to a process of its own and returns at once. */
  stopNow(): void;
}

/**
 * Starts the PostgreSQL that comes with the npm package on a data folder, or attaches to the one that runs there
 * already: another joint-ledger's, or one left behind by kill -9. Several processes may call it at once. While the
 * returned server is not stopped, a crashed PostgreSQL is started again on the same port.
 * @throws EmbeddedServerError with one sentence that says what to do.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { dataDir, database, log, binDir: chosenBinDir } = options;
  const home = locateClusterHome(dataDir, log);
  const { account, cacheDir } = home;
  const binaries = await findBinaries({ binDir: chosenBinDir, account, cacheDir, log });
  const cluster = await openOrCreateCluster(home, binaries, log);
  readPassword(cluster); // fails here with a clear sentence rather than in the middle of the start

  const { binDir } = binaries;
  const supervisor = await supervise({ cluster, binDir, log }).catch((error) => {
    throw explainStart(error, cluster);
  });
  try {
    await ensureDatabase(supervisor.session, database);
    await prepareServiceRole(cluster, supervisor.port, database);
    const { rows } = await supervisor.session.query<{ server_version: string }>('show server_version');
    let stopped: Promise<void> | undefined;
    return {
      url: serviceUrl(cluster, supervisor.port, database),
      folder: cluster.folder,
      serverVersion: rows[0]!.server_version,
      stop: () => {
        stopped ??= supervisor.leave();
        return stopped;
      },
      stopNow: supervisor.leaveNow,
    };
  } catch (error) {
    await supervisor.leave();
    throw explainStart(error, cluster);
  }
}

/**
 * The address of the embedded server that runs on this data folder, or undefined. It starts nothing and leaves no mark
 * of use, which suits a command like the knex CLI that runs next to the service.
 */
export async function findRunningEmbeddedServer(options: {
  dataDir: string;
  database: string;
}): Promise<string | undefined> {
  const home = locateClusterHome(options.dataDir, () => {});
  for (const major of majorsIn(home.folder)) {
    const cluster = { folder: clusterFolder(home, major), account: home.account };
    const port = findPostmasterPort(cluster);
    if (port !== undefined && (await answers(cluster, port))) return serviceUrl(cluster, port, options.database);
  }
  return undefined;
}

/** Whatever went wrong, the caller gets one sentence. */
function explainStart(error: unknown, { folder }: Cluster): unknown {
  const explained = explainFileError(error, folder);
  if (explained instanceof EmbeddedServerError) return explained;
  const reason = (error as Error).message;
  const fullDisk = explainProgramOutput(reason, folder);
  if (fullDisk !== undefined) return fullDisk;
  return new EmbeddedServerError(`PostgreSQL can't be used on the data in ${folder} (${reason}): ${wayOut}.`, error);
}
