import { pino } from 'pino';
import type { Database } from '../../src/database/create-database.ts';
import { migrate } from '../../src/database/migrate.ts';
import { findServerKind } from '../../src/database/server-kind.ts';
import { distribute } from '../../src/distribute.ts';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { startWorker } from '../../src/process/worker-process.ts';
import { markDistributed } from './mark-distributed.mjs';
import { createTestDatabase, openTestPool } from './test-database.ts';

/** The service with its workers on a database whose ledgers live on several nodes. */
export interface DistributedPlace {
  readonly url: string;
  readonly api: HttpListener;
  readonly database: Database;
  close(): Promise<void>;
}

/**
 * On the Citus that DISTRIBUTED_DATABASE_URL names, which is migrated, distributed and left with what the test wrote; or
 * else on a database of the test's own that says it is Citus.
 */
export async function openDistributedPlace(): Promise<DistributedPlace> {
  const shared = process.env.DISTRIBUTED_DATABASE_URL;
  const own = shared === undefined ? await createTestDatabase() : undefined;
  if (own !== undefined) await markDistributed(own.database);
  const databaseUrl = shared ?? own!.url;
  const database = openTestPool(databaseUrl);
  if (shared !== undefined) {
    await migrate(database);
    if ((await findServerKind(database)).isDistributed) await distribute(database, 8);
  }
  const logger = pino({ level: 'silent' });
  const webhookTargets = { allowHttp: true, allowPrivate: true };
  const api = await startApi({
    ...{ host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 65_000, databaseUrl, databasePoolSize: 10 },
    ...{ lockTimeoutMs: 30_000, webhookTargets, lab: false, logger },
  });
  const workers = startWorker({ databaseUrl, idempotencyRetentionHours: 168, webhookTargets, logger });
  return {
    ...{ url: `http://127.0.0.1:${api.port}`, api, database },
    async close() {
      await workers.stop(10_000);
      await api.stop(5_000);
      await database.destroy();
      await own?.verifyAndDrop();
    },
  };
}
