import { expect } from '@jest/globals';
import { type Logger, pino } from 'pino';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { countDeadlocks, untilSessionsEnded } from './lock-witness.ts';
import { createTestClient, type TestClient } from './test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from './test-database.ts';

export interface TestService extends TestLedger {
  readonly url: string;
  readonly client: TestClient;
  readonly database: TestDatabase['database'];
  readonly databaseUrl: string;
  readonly api: HttpListener;
  /** Stops the service, proves the books and removes the database. */
  stop(): Promise<void>;
}

/**
 * The whole service in the test's process, on a database of its own, listening on a port of its own. `by` may put
 * something between the service and its database: it is given the address and answers another.
 */
export async function startTestService(
  options: { lockTimeoutMs?: number; logger?: Logger; by?: (databaseUrl: string) => Promise<string> } = {},
): Promise<TestService> {
  const testDatabase = await createTestDatabase();
  const ledger = await createTestLedger(testDatabase.database);
  const api = await startTestApi((await options.by?.(testDatabase.url)) ?? testDatabase.url, options);
  const url = `http://127.0.0.1:${api.port}`;
  return {
    ...ledger,
    url,
    api,
    client: createTestClient(url, ledger.apiKey),
    database: testDatabase.database,
    databaseUrl: testDatabase.url,
    async stop() {
      await api.stop(5_000);
      await testDatabase.verifyAndDrop();
    },
  };
}

/**
 * The service once more, as another process would run it: its own pool and its own queue on the same database. The
 * caller stops it before the service itself.
 */
export async function startSecondApi({
  databaseUrl,
  apiKey,
}: TestService): Promise<{ api: HttpListener; client: TestClient }> {
  const api = await startTestApi(databaseUrl);
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
  { lockTimeoutMs = 30_000, logger = pino({ level: 'silent' }) }: { lockTimeoutMs?: number; logger?: Logger } = {},
): Promise<HttpListener> {
  const webhookTargets = { allowHttp: true, allowPrivate: true };
  return startApi({
    host: '127.0.0.1',
    port: 0,
    keepAliveTimeoutMs: 65_000,
    databaseUrl,
    databasePoolSize: 10,
    lockTimeoutMs,
    webhookTargets,
    lab: true,
    logger,
  });
}
