import { expect } from '@jest/globals';
import { pino } from 'pino';
import type { Database } from '../../src/database/create-database.ts';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { startWorker } from '../../src/process/worker-process.ts';
import { startDealingProxy } from './dealing-proxy.ts';
import { localWebhooks } from './local-webhooks.ts';
import { markDistributed } from './mark-distributed.mjs';
import { createTestDatabase, openTestPool } from './test-database.ts';

/** The service with its workers on a database whose ledgers live on several nodes. */
export interface DistributedPlace {
  readonly url: string;
  readonly api: HttpListener;
  readonly database: Database;
  close(): Promise<void>;
}

/** Where the service can be tried as on several nodes. */
export const placeNames =
  process.env.DISTRIBUTED_DATABASE_URL === undefined
    ? (['a server that says it is Citus', 'two databases that ledgers are dealt to'] as const)
    : (['the server of DISTRIBUTED_DATABASE_URL'] as const);

interface OpenDatabase {
  readonly url: string;
  close(): Promise<void>;
}

/** The Citus is made ready by `global-setup.mjs`, and left with what the test wrote; everything else is the test's own. */
async function openDatabase(name: (typeof placeNames)[number]): Promise<OpenDatabase> {
  if (name === 'the server of DISTRIBUTED_DATABASE_URL') {
    return { url: process.env.DISTRIBUTED_DATABASE_URL!, close: async () => {} };
  }
  const first = await createTestDatabase();
  await markDistributed(first.database);
  if (name === 'a server that says it is Citus') return { url: first.url, close: () => first.verifyAndDrop() };
  const second = await createTestDatabase();
  await markDistributed(second.database);
  const proxy = await startDealingProxy([first.url, second.url]);
  return {
    url: proxy.url,
    async close() {
      await proxy.close();
      const ledgers = [first, second].map(({ database }) => database('ledgers').pluck('id'));
      const [ofFirst, ofSecond] = (await Promise.all(ledgers)) as [string[], string[]];
      // Both had some, and no ledger is in two places.
      expect(Math.min(ofFirst.length, ofSecond.length)).toBeGreaterThan(1);
      expect(ofFirst.filter((id) => ofSecond.includes(id))).toEqual([]);
      await first.verifyAndDrop();
      await second.verifyAndDrop();
    },
  };
}

export async function openDistributedPlace(name: (typeof placeNames)[number]): Promise<DistributedPlace> {
  const own = await openDatabase(name);
  const databaseUrl = own.url;
  const database = openTestPool(databaseUrl);
  const logger = pino({ level: 'silent' });
  // What is prepared on one node is not known to the other one.
  const settings = { databaseUrl, ...localWebhooks, logger, preparedStatements: false };
  const api = await startApi({
    ...{ host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 65_000, databasePoolSize: 10 },
    ...{ ...settings, lockTimeoutMs: 30_000, lab: false },
  });
  const workers = startWorker({ ...settings, idempotencyRetentionHours: 168, auditRetentionDays: 365 });
  return {
    ...{ url: `http://127.0.0.1:${api.port}`, api, database },
    async close() {
      await workers.stop(10_000);
      await api.stop(5_000);
      await database.destroy();
      await own.close();
    },
  };
}
