import { expect } from '@jest/globals';
import type { Knex } from 'knex';
import { type Logger, pino } from 'pino';
import type { Database } from '../../src/database/create-database.ts';
import { noRateLimits, type RateLimits } from '../../src/http/rate-limits.ts';
import { machineClock } from '../../src/ledger/trusted-clock.ts';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { localWebhooks } from './local-webhooks.ts';
import { countDeadlocks, sharedDatabases, untilSessionsEnded } from './lock-witness.ts';
import { emptyDatabase, isQuiet } from './reused-database.ts';
import { createTestClient, type TestClient } from './test-client.ts';
import { createTestLedger, leaveDatabase, openTestPool, type TestLedger, takeDatabase } from './test-database.ts';

export interface TestService extends TestLedger {
  readonly url: string;
  readonly client: TestClient;
  readonly database: Database;
  /** The rows that its ledger has in a table. */
  rows(table: string): Knex.QueryBuilder;
  readonly databaseUrl: string;
  readonly api: HttpListener;
  /** Proves the books, and stops the service and removes the database unless another test file can have both. */
  stop(): Promise<void>;
}

interface ServiceOptions {
  readonly lockTimeoutMs?: number;
  readonly logger?: Logger;
  readonly rateLimits?: RateLimits;
  readonly by?: (databaseUrl: string) => Promise<string>;
}

/**
 * The whole service in the test's process, on a database that is the test's alone while it has it. Without options it
 * may have served another test file before, whose rows are gone; and it shares the database of
 * `DISTRIBUTED_DATABASE_URL` with others, where there is one, each on a ledger of its own. `by` may put something
 * between the service and its database: it is given the address and answers another.
 *
 * A test that looks at more than its ledger (locks, workers, metrics, schema) gives options, be they empty.
 */
export function startTestService(options?: ServiceOptions): Promise<TestService> {
  return sharedUrl === undefined || options !== undefined ? startAlone(options) : startOnShared(sharedUrl);
}

const sharedUrl = process.env.DISTRIBUTED_DATABASE_URL;

/** On the service that the test files of a worker process share as well. */
async function startOnShared(databaseUrl: string): Promise<TestService> {
  const api = sharedApis.pop() ?? (await startTestApi(databaseUrl));
  let isRunning = true;
  const database = openTestPool(databaseUrl);
  sharedDatabases.add(database);
  const ledger = await createTestLedger(database);
  const url = `http://127.0.0.1:${api.port}`;
  return {
    ...ledger,
    ...{ url, database, rows: rowsOf(database, ledger), databaseUrl, client: createTestClient(url, ledger.apiKey) },
    api: {
      port: api.port,
      stop(drainMs) {
        isRunning = false;
        return api.stop(drainMs);
      },
      stopNow() {
        isRunning = false;
        api.stopNow();
      },
    },
    async stop() {
      if (isRunning) sharedApis.push(api);
      const findings = await verifyBooks(database);
      await database.destroy();
      expect(findings.filter(({ ledgerId }) => ledgerId === ledger.ledgerId)).toEqual([]);
    },
  };
}

async function startAlone(options?: ServiceOptions): Promise<TestService> {
  const served = (isPlain(options) ? keptServices.pop() : undefined) ?? (await serveDatabase(options));
  const database = openTestPool(served.databaseUrl);
  const ledger = await createTestLedger(database);
  const url = `http://127.0.0.1:${served.api.port}`;
  let isReusable = isPlain(options);
  return {
    ...ledger,
    ...{
      url,
      database,
      rows: rowsOf(database, ledger),
      databaseUrl: served.databaseUrl,
      client: createTestClient(url, ledger.apiKey),
    },
    api: {
      port: served.api.port,
      stop(drainMs) {
        isReusable = false;
        return served.api.stop(drainMs);
      },
      stopNow() {
        isReusable = false;
        served.api.stopNow();
      },
    },
    async stop() {
      const isKept = isReusable && (await isQuiet(database));
      if (!isKept) await served.api.stop(5_000);
      const findings = await verifyBooks(database);
      const isAsItWas = isKept && (await emptyDatabase(database, served.state));
      await database.destroy();
      // The clock of the process was that of this database, and the next test file has the process.
      machineClock.now = () => Date.now();
      if (isAsItWas) keptServices.push(served);
      else {
        if (isKept) await served.api.stop(5_000);
        await leaveDatabase({ url: served.databaseUrl, state: served.state });
      }
      expect(findings).toEqual([]);
    },
  };
}

function rowsOf(database: Database, { ledgerId }: TestLedger): TestService['rows'] {
  return (table) => database(table).where(`${table}.ledger_id`, ledgerId);
}

const isPlain = (options: ServiceOptions = {}) => Object.keys(options).length === 0;

/** A service on a database, and what that database was like before anything was done with it. */
interface ServedDatabase {
  readonly api: HttpListener;
  readonly databaseUrl: string;
  readonly state: unknown;
}

/** Of `shared-build-environment.mjs`. */
declare const loadOnce: (url: string) => Promise<{ keptServices: ServedDatabase[]; sharedApis: HttpListener[] }>;
const { keptServices, sharedApis } = await loadOnce(new URL('./kept-services.mjs', import.meta.url).href);

async function serveDatabase(options: ServiceOptions = {}): Promise<ServedDatabase> {
  const { url, state } = await takeDatabase();
  const api = await startTestApi((await options.by?.(url)) ?? url, options);
  return { api, databaseUrl: url, state };
}

/**
 * The service once more, as another process would run it: its own pool and its own queue on the same database. The
 * caller stops it before the service itself.
 */
export async function startSecondApi(
  { databaseUrl, apiKey }: Pick<TestService, 'databaseUrl' | 'apiKey'>,
  options: Pick<ServiceOptions, 'rateLimits'> = {},
): Promise<{ api: HttpListener; client: TestClient }> {
  const api = await startTestApi(databaseUrl, options);
  return { api, client: createTestClient(`http://127.0.0.1:${api.port}`, apiKey) };
}

/**
 * Runs `meet` with the clients of two services that share a database of their own and nothing else, and expects that
 * PostgreSQL had to end no deadlock. The service would survive one unnoticed, by another try.
 */
export async function withoutDeadlock(meet: (first: TestClient, second: TestClient) => Promise<void>): Promise<void> {
  const first = await startTestService();
  const second = await startSecondApi(first);
  try {
    await meet(first.client, second.client);
    await Promise.all([first.api.stop(5_000), second.api.stop(5_000)]);
    await untilSessionsEnded(first.database);
    expect(await countDeadlocks(first.database)).toBe(0);
  } finally {
    await second.api.stop(5_000);
    await first.stop();
  }
}

function startTestApi(
  databaseUrl: string,
  { lockTimeoutMs = 30_000, logger = pino({ level: 'silent' }), rateLimits = noRateLimits }: ServiceOptions = {},
): Promise<HttpListener> {
  return startApi({
    host: '127.0.0.1',
    port: 0,
    keepAliveTimeoutMs: 65_000,
    databaseUrl,
    databasePoolSize: 10,
    lockTimeoutMs,
    ...localWebhooks,
    rateLimits,
    lab: true,
    logger,
  });
}
