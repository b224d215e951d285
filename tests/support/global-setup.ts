import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { createDatabase } from '../../src/database/create-database.ts';
import { startEphemeralServer } from '../../src/database/embedded/ephemeral-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { projectFolder } from './server-process.ts';
import { templateDatabase, withDatabaseName } from './template-database.ts';

/**
 * What a whole run needs once: the build, which tests start processes of, and a throw-away PostgreSQL with a migrated
 * database that test files get copies of.
 */
export default async function globalSetup(): Promise<void> {
  compile();
  const binDir = process.env.POSTGRES_BIN;
  const server = await startEphemeralServer({ settings: { max_connections: '300' }, ...(binDir ? { binDir } : {}) });
  process.env.TEST_SERVER_URL = server.url;
  process.env.TEST_SERVER_VERSION = server.serverVersion;
  (globalThis as { testServer?: typeof server }).testServer = server;
  process.stdout.write(`\nTests run on PostgreSQL ${server.serverVersion}.\n`);

  const admin = createDatabase({
    url: server.url,
    poolSize: 1,
    applicationName: 'test setup',
    acquireTimeoutMs: 60_000,
  });
  await admin.raw(`create database ${templateDatabase}`);
  await admin.destroy();
  const url = withDatabaseName(server.url, templateDatabase);
  const template = createDatabase({ url, poolSize: 4, applicationName: 'test setup', acquireTimeoutMs: 60_000 });
  await migrate(template);
  await template.destroy();
}

/** As `npm start` does it, which is quick when there is a build of these sources. */
function compile(): void {
  const script = path.join(projectFolder, 'scripts/run-built.mjs');
  // What the compiler says about the sources is printed.
  const { status } = spawnSync(process.execPath, [script, 'build'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The tests need a build: they start processes of it.');
}
