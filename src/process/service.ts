import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { demoAccountIds, demoLedgerId, seedDemo } from '../../seeds/demo.ts';
import type { RouteSettings } from '../all-routes.ts';
import type { Config } from '../config.ts';
import { isReachedInClear } from '../database/clear-text-database.ts';
import { createDatabase } from '../database/create-database.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../database/embedded/embedded-server.ts';
import { isLoopback } from '../database/loopback.ts';
import { migrate } from '../database/migrate.ts';
import { sweepAbandoned } from '../lab/run-schema.ts';
import type { SecretKeys } from '../ledger/sealed-secret.ts';
import type { Workers } from '../workers/start-workers.ts';
import { startApiCluster } from './api-cluster.ts';
import { startApi } from './api-process.ts';
import { embeddedDatabaseName } from './database-in-use.ts';
import { demoKeyFile, readDemoApiKey } from './demo-api-key.ts';
import type { HttpListener } from './listen-http.ts';
import { secretKeysInUse } from './secret-keys-in-use.ts';
import { welcome } from './welcome.ts';
import { startHealth, startWorker } from './worker-process.ts';

/** Everything that one `npm start` runs. */
export interface Service {
  /** What to tell the operator who started it. */
  readonly welcome: string;
  /** Stops in order within the configured time. Answers false when requests had to be cut off. */
  stop(): Promise<boolean>;
  /** Stops without waiting for anything; an embedded database is left to stop by itself. */
  stopNow(): void;
}

const inClear =
  'SECRETS_KEY is not set, so webhook secrets are stored in clear: set it, then run joint-ledger secrets encrypt';

/**
 * Starts the service: the embedded database unless there is another one, then migrations, then demo accounts (always
 * on the embedded database, on another one only when `DEMO_API_KEY` asks for them), then what its role asks for: the
 * workers, the API. What was started is stopped again when a later step fails, or when the signal ends the start.
 */
export async function startService(config: Config, logger: Logger, signal: AbortSignal): Promise<Service> {
  signal.throwIfAborted();
  const embedded = config.databaseUrl === undefined ? await startEmbedded(config, logger) : undefined;
  let workers: Workers | undefined;
  try {
    signal.throwIfAborted();
    const databaseUrl = embedded?.url ?? config.databaseUrl!;
    const secretKeys = secretKeysInUse(config);
    if (secretKeys.current === null) logger.warn(inClear);
    for (const warning of clearTextWarnings(config)) logger.warn(warning);
    const demoApiKey = config.demo ? readDemoApiKey(config, demoLedgerId) : undefined;
    await prepareDatabase(databaseUrl, { demoApiKey, logger, signal });
    if (config.lab && config.role !== 'worker') await sweepAbandoned(databaseUrl, { waits: false });
    if (config.role !== 'api') {
      if (config.workers) workers = startWorker({ ...config, databaseUrl, secretKeys, logger });
      else
        logger.warn('WORKERS=off: nothing is paid by schedule, expires, is told to readers of events or to webhooks');
    }
    const listener = await startListener(config, { databaseUrl, secretKeys, logger, workers, signal });
    const { host, role, apiProcesses } = config;
    const database = embedded && `embedded PostgreSQL ${embedded.serverVersion} in ${embedded.folder}`;
    const stopNow = () => {
      listener.stopNow();
      embedded?.stopNow();
    };
    const stopInOrder = async () => {
      // The database's own stop takes its share of the time.
      const drainMs = config.shutdownTimeoutMs - Math.min(2_000, config.shutdownTimeoutMs / 4);
      const drained = await Promise.all([listener.stop(drainMs), workers?.stop(drainMs)]);
      await embedded?.stop();
      return !drained.includes(false);
    };
    return {
      welcome: welcome({
        host,
        port: listener.port,
        role,
        hasWorkers: config.workers,
        processes: apiProcesses,
        database,
        demoApiKey,
      }),
      async stop() {
        const enough = new AbortController();
        const late = sleep(config.shutdownTimeoutMs, 'late' as const, { signal: enough.signal }).catch(
          () => 'late' as const,
        );
        const outcome = await Promise.race([stopInOrder(), late]);
        enough.abort();
        if (outcome === 'late') stopNow();
        return outcome === true;
      },
      stopNow,
    };
  } catch (error) {
    await workers?.stop(0);
    await embedded?.stop();
    throw error;
  }
}

function startEmbedded(config: Config, logger: Logger): Promise<EmbeddedServer> {
  return startEmbeddedServer({
    dataDir: config.dataDir,
    database: embeddedDatabaseName,
    binDir: config.postgresBin,
    log: (message) => logger.info(message),
  });
}

/** Migrates, and seeds the demo accounts where there is a key for them. Ends in a second when the signal is aborted. */
async function prepareDatabase(
  url: string,
  { demoApiKey, logger, signal }: { demoApiKey: string | undefined; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const database = createDatabase({
    url,
    poolSize: 4,
    applicationName: 'joint-ledger start',
    acquireTimeoutMs: 30_000,
  });
  // A migration that is cut off is rolled back.
  const giveUp = () => void database.destroy();
  signal.addEventListener('abort', giveUp);
  try {
    const migrations = await migrate(database);
    if (migrations.length > 0) logger.info({ migrations }, 'the database was migrated');
    if (demoApiKey !== undefined) await seedDemo(database, demoApiKey);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', giveUp);
    await database.destroy();
  }
}

/** What can be read and changed on the way, a sentence each. */
function clearTextWarnings({ databaseUrl, host, requireTls, role }: Config): string[] {
  const warnings: string[] = [];
  if (databaseUrl !== undefined && isReachedInClear(databaseUrl))
    warnings.push('the database is reached in clear text: add sslmode=require to DATABASE_URL');
  if (!isLoopback(host) && !requireTls && role !== 'worker')
    warnings.push(
      'HOST takes requests from other machines in clear text: put a proxy in front, and set REQUIRE_TLS=on',
    );
  return warnings;
}

/** Where the page at `/` may send its readers: to what the first start made in the data folder. */
function demoOf({ databaseUrl, demo, demoApiKey, dataDir }: Config): RouteSettings['demo'] {
  const keyFile = path.posix.join(dataDir, demoKeyFile);
  const isPlain = /^[\w./-]+$/.test(keyFile);
  if (!demo || databaseUrl !== undefined || demoApiKey !== undefined || !isPlain) return undefined;
  return { accountId: demoAccountIds.household, keyFile };
}

interface ListenerParts {
  readonly databaseUrl: string;
  readonly secretKeys: SecretKeys;
  readonly logger: Logger;
  readonly workers: Workers | undefined;
  readonly signal: AbortSignal;
}

/**
 * The API in as many processes as wanted; of a process that only works, what says how it is. With a port for operators
 * this process says there how all of them are.
 */
async function startListener(config: Config, parts: ListenerParts): Promise<HttpListener> {
  const { databaseUrl, logger, workers } = parts;
  const { host, keepAliveTimeoutMs, operatorPort, role } = config;
  const workerProblem = () => workers?.problem();
  const health = { host, keepAliveTimeoutMs, databaseUrl, logger, workerProblem };
  if (role === 'worker') return startHealth({ ...health, port: operatorPort ?? config.port });
  const api = await startApis(config, parts, workerProblem);
  if (operatorPort === undefined) return api;
  try {
    const { readMetrics } = api;
    const forOperators = await startHealth({ ...health, port: operatorPort, ...(readMetrics && { readMetrics }) });
    logger.info({ port: forOperators.port }, 'health and metrics stand on the port for operators');
    return {
      port: api.port,
      stop: async (drainMs) => !(await Promise.all([api.stop(drainMs), forOperators.stop(drainMs)])).includes(false),
      stopNow() {
        api.stopNow();
        forOperators.stopNow();
      },
    };
  } catch (error) {
    await api.stop(0);
    throw error;
  }
}

function startApis(
  config: Config,
  { databaseUrl, secretKeys, logger, signal }: ListenerParts,
  workerProblem: () => string | undefined,
): Promise<HttpListener & { readMetrics?(): Promise<string> }> {
  const { host, port, keepAliveTimeoutMs, databasePoolSize, preparedStatements } = config;
  const { lockTimeoutMs, webhookTargets, rateLimits, requireTls, lab } = config;
  const options = {
    ...{ host, port, keepAliveTimeoutMs, databaseUrl, databasePoolSize, preparedStatements },
    ...{ lockTimeoutMs, webhookTargets, rateLimits, requireTls, secretKeys, lab, logger },
    operatorsApart: config.operatorPort !== undefined,
    demo: demoOf(config),
  };
  return config.apiProcesses === 1
    ? startApi({ ...options, workerProblem })
    : startApiCluster({ ...options, processes: config.apiProcesses, signal });
}
