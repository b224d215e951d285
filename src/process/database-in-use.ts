import type { Config } from '../config.ts';
import { findRunningEmbeddedServer } from '../database/embedded/embedded-server.ts';
import { OperatorError } from '../errors/operator-error.ts';

/**
 * For commands that run next to the service: the database in DATABASE_URL, else the embedded one, which must be
 * running. Throws OperatorError when there is neither.
 */
export async function findDatabaseInUse({ databaseUrl, dataDir }: Config): Promise<string> {
  const url = databaseUrl ?? (await findRunningEmbeddedServer({ dataDir, database: embeddedDatabaseName }));
  if (url !== undefined) return url;
  throw new OperatorError(
    'There is no database: set DATABASE_URL, or start the service and its embedded database first.',
  );
}

/** What the database is called on the embedded server. */
export const embeddedDatabaseName = 'ledger';
