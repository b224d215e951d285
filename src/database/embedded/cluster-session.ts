import pg from 'pg';
import { clusterUser, passwordPath, readPassword } from './cluster-creation.ts';
import type { Cluster } from './cluster-location.ts';
import { EmbeddedServerError } from './embedded-server-error.ts';

/** The address of a database of this cluster for its superuser. */
export function clusterUrl(cluster: Cluster, port: number, database: string): string {
  const password = encodeURIComponent(readPassword(cluster));
  return `postgres://${clusterUser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** Opens a session of the superuser, in the maintenance database unless it says otherwise. The caller ends it. */
export async function openSession(
  cluster: Cluster,
  port: number,
  applicationName: string,
  database = 'postgres',
): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: clusterUrl(cluster, port, database),
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    // PGSSLMODE and PGOPTIONS in a user's environment are meant for other servers. The mark of use must not time out.
    ssl: false,
    options: '-c idle_session_timeout=0 -c statement_timeout=0',
  });
  client.on('error', () => {}); // without a listener a dropped connection would end the process; 'end' follows
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/**
 * Tells whether the cluster's server answers on this port; false is for what may pass, such as a recovery.
 * @throws EmbeddedServerError when it refuses us for good.
 */
export async function answers(cluster: Cluster, port: number): Promise<boolean> {
  try {
    const client = await openSession(cluster, port, 'joint-ledger probe');
    await client.end();
    return true;
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    if (!isSqlState(code) || passingClasses.has(code.slice(0, 2))) return false;
    if (code !== '28P01') {
      throw new EmbeddedServerError(
        `The PostgreSQL server of ${cluster.folder} refuses a connection ("${message}"): ` +
          'correct that, or set DATABASE_URL to your own PostgreSQL.',
        error,
      );
    }
    throw new EmbeddedServerError(
      `The PostgreSQL server of ${cluster.folder} refuses the password in ${passwordPath(cluster)}: ` +
        `write the current password of the user ${clusterUser} into that file, ` +
        'or set DATABASE_URL to your own PostgreSQL.',
      error,
    );
  }
}

// SQLSTATE classes: connection exception, insufficient resources, operator intervention (a start or stop).
const passingClasses = new Set(['08', '53', '57']);

/** Not ECONNREFUSED and the like. */
function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code);
}

/** Makes a database unless it exists. Of two callers at once both succeed. */
export async function ensureDatabase(client: pg.Client, database: string): Promise<void> {
  const existing = await client.query('select 1 from pg_database where datname = $1', [database]);
  if (existing.rowCount !== 0) return;
  try {
    // template0, because another session in template1 would block the copy.
    await client.query(`create database ${pg.escapeIdentifier(database)} template template0`);
  } catch (error) {
    const code = (error as { code?: string }).code;
    const madeMeanwhile = code === '42P04' || code === '23505'; // duplicate_database, unique_violation in pg_database
    if (!madeMeanwhile) throw error;
  }
}
