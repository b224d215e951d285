import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleBuild } from './bundle-build.mjs';
import { markDistributed } from './mark-distributed.mjs';

/**
 * What a whole run needs once: the build, which tests load and start processes of, and a throw-away PostgreSQL with a
 * migrated database that test files get copies of.
 */
export default async function globalSetup() {
  compile();
  if (process.env.TEST_ROUNDS !== 'full') await bundleBuild();
  collectStatements();
  const { startEphemeralServer } = await import('../../dist/src/database/embedded/ephemeral-server.js');
  const binDir = process.env.POSTGRES_BIN;
  const server = await startEphemeralServer({ settings: { max_connections: '600' }, ...(binDir ? { binDir } : {}) });
  process.env.TEST_SERVER_URL = server.url;
  process.env.TEST_SERVER_VERSION = server.serverVersion;
  globalThis.testServer = server;
  process.stdout.write(`\nTests run on PostgreSQL ${server.serverVersion}.\n`);
  await migrateTemplate(server.url);
  if (process.env.DISTRIBUTED_DATABASE_URL !== undefined) await prepareShared(process.env.DISTRIBUTED_DATABASE_URL);
}

/** The database that test files share, and that keeps what they write. */
async function prepareShared(url) {
  const { createDatabase } = await import('../../dist/src/database/create-database.js');
  const { findServerKind } = await import('../../dist/src/database/server-kind.js');
  const { migrate } = await import('../../dist/src/database/migrate.js');
  const { distribute } = await import('../../dist/src/distribute.js');
  const database = createDatabase({ url, poolSize: 4, applicationName: 'test setup', acquireTimeoutMs: 60_000 });
  await migrate(database);
  if ((await findServerKind(database)).isDistributed) await distribute(database, 8);
  await database.destroy();
}

async function migrateTemplate(serverUrl) {
  const { createDatabase } = await import('../../dist/src/database/create-database.js');
  const { migrate } = await import('../../dist/src/database/migrate.js');
  // As `template-database.ts` calls it.
  const name = 'joint_ledger_template';
  const options = { poolSize: 4, applicationName: 'test setup', acquireTimeoutMs: 60_000 };
  const admin = createDatabase({ url: serverUrl, ...options });
  await admin.raw(`create database ${name}`);
  await admin.destroy();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const template = createDatabase({ url: url.href, ...options });
  await migrate(template);
  // AS_DISTRIBUTED=on npm test: what the service sends where ledgers live on several nodes.
  if (process.env.AS_DISTRIBUTED === 'on') await markDistributed(template);
  await template.destroy();
}

/** Processes that are started from now on note what they send to PostgreSQL; `statement-reporter.mjs` has it checked. */
function collectStatements() {
  if (process.env.STATEMENTS_FOLDER === undefined) {
    globalThis.statementsFolder = mkdtempSync(path.join(tmpdir(), 'statements-'));
    process.env.STATEMENTS_FOLDER = globalThis.statementsFolder;
  } else mkdirSync(process.env.STATEMENTS_FOLDER, { recursive: true });
  const collector = new URL('./statements/collect-statements.mjs', import.meta.url).href;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${collector}`.trim();
}

/** As `npm start` does it, which is quick when there is a build of these sources. */
function compile() {
  const script = fileURLToPath(new URL('../../scripts/run-built.mjs', import.meta.url));
  // What the compiler says about the sources is printed.
  const { status } = spawnSync(process.execPath, [script, 'build'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The tests need a build: they load it, and start processes of it.');
}
