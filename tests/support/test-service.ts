import { pino } from 'pino';
import { type Api, startApi } from '../../src/api-process.ts';
import { createTestClient, type TestClient } from './test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from './test-database.ts';

export interface TestService extends TestLedger {
  readonly url: string;
  readonly client: TestClient;
  readonly database: TestDatabase['database'];
  readonly databaseUrl: string;
  readonly api: Api;
  /** Stops the service, proves the books and removes the database. */
  stop(): Promise<void>;
}

/**
 * The whole service in the test's process, on a database of its own, listening on a port of its own. `by` may put
 * something between the service and its database: it is given the address and answers another.
 */
export async function startTestService(
  options: { lockTimeoutMs?: number; by?: (databaseUrl: string) => Promise<string> } = {},
): Promise<TestService> {
  const testDatabase = await createTestDatabase();
  const ledger = await createTestLedger(testDatabase.database);
  const api = await startApi({
    host: '127.0.0.1',
    port: 0,
    databaseUrl: (await options.by?.(testDatabase.url)) ?? testDatabase.url,
    databasePoolSize: 10,
    lockTimeoutMs: options.lockTimeoutMs ?? 5_000,
    logger: pino({ level: 'silent' }),
  });
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
