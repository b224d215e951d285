import { createDatabase } from '../../src/database/create-database.ts';
import { startEphemeralServer } from '../../src/database/embedded/ephemeral-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { templateDatabase, withDatabaseName } from './template-database.ts';

/** One throw-away PostgreSQL for the whole run, with a migrated database that every test file gets a copy of. */
export default async function globalSetup(): Promise<void> {
  const binDir = process.env.POSTGRES_BIN;
  const server = await startEphemeralServer({ settings: { max_connections: '300' }, ...(binDir ? { binDir } : {}) });
  process.env.TEST_SERVER_URL = server.url;
  (globalThis as { testServer?: typeof server }).testServer = server;
  process.stdout.write(`\nTests run on PostgreSQL ${server.serverVersion}.\n`);

  const admin = createDatabase({
    url: server.url,
    poolSize: 1,
    applicationName: 'test setup',
    acquireTimeoutMs: 10_000,
  });
  await admin.raw(`create database ${templateDatabase}`);
  await admin.destroy();
  const url = withDatabaseName(server.url, templateDatabase);
  const template = createDatabase({ url, poolSize: 4, applicationName: 'test setup', acquireTimeoutMs: 10_000 });
  await migrate(template);
  await template.destroy();
}
