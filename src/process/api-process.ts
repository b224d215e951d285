import { allRoutes, createTokenVerifier, guardEngine, type RouteSettings } from '../all-routes.ts';
import { createBatchedTrail } from '../audit/batched-trail.ts';
import { createDatabase } from '../database/create-database.ts';
import { createReadiness } from '../database/readiness.ts';
import { createApp, type HttpApp } from '../http/create-app.ts';
import { noRateLimits, type RateLimits } from '../http/rate-limits.ts';
import type { TargetRules } from '../http/service-parts.ts';
import { createPostingEngine } from '../ledger/posting-engine.ts';
import type { SecretKeys } from '../ledger/sealed-secret.ts';
import { readProcessMetrics, startProcessMetrics, watchPool } from '../metrics/service-metrics.ts';
import { startWakeUp } from '../workers/wake-up.ts';
import { type HttpListener, type ListenOptions, listenHttp } from './listen-http.ts';
import { watchOlderVersions } from './older-versions.ts';

/** Sessions that transactions waiting for locks leave to reads, dry runs and callers that don't wait. */
const sessionsKeptFree = 2;
const maxQueued = 2_000;
/** What one statement of a read may take. The longest sums the entries of a clearing account. */
const readTimeoutMs = 10_000;

export interface ApiOptions extends ListenOptions {
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  readonly preparedStatements?: boolean;
  readonly lockTimeoutMs: number;
  readonly webhookTargets: TargetRules;
  /** None by default. */
  readonly rateLimits?: RateLimits;
  /** Whether requests in clear text from beyond this machine are refused; they are not by default. */
  readonly requireTls?: boolean;
  /** Whether health and metrics stand elsewhere; they don't by default. */
  readonly operatorsApart?: boolean;
  readonly secretKeys: SecretKeys;
  /** Whether the race lab can be used; it can't by default. */
  readonly lab?: boolean;
  /** The demo accounts, for the page at `/`. */
  readonly demo?: RouteSettings['demo'];
  /** Where `/metrics` comes from when this process is one of several; otherwise from the process itself. */
  readonly readMetrics?: () => Promise<string>;
  /** How the application comes to answer requests; by listening at its address by default. */
  readonly answer?: (app: HttpApp) => Promise<HttpListener>;
  /** What keeps the workers of this process from working; undefined when nothing does, or there are none. */
  readonly workerProblem?: () => string | undefined;
}

/** Runs the API in this process. Throws OperatorError when the address can't be listened on. */
export async function startApi(options: ApiOptions): Promise<HttpListener> {
  const { databaseUrl, logger, readMetrics = readProcessMetrics, workerProblem = () => undefined } = options;
  startProcessMetrics();
  const draining = new AbortController();
  const database = createDatabase({
    url: databaseUrl,
    poolSize: options.databasePoolSize,
    applicationName: 'joint-ledger api',
    acquireTimeoutMs: 10_000,
    statementTimeoutMs: readTimeoutMs,
    preparedStatements: options.preparedStatements ?? true,
    logger,
  });
  const forgetPool = watchPool(database.client.pool);
  const readiness = createReadiness({ url: databaseUrl, served: database });
  const wakeUp = startWakeUp({ url: databaseUrl, database, logger });
  const engine = createPostingEngine({
    database,
    lockTimeoutMs: options.lockTimeoutMs,
    lanes: options.databasePoolSize - sessionsKeptFree,
    maxQueued,
    onCommitted: wakeUp.hint,
    keepsWhole: watchOlderVersions(database, draining.signal),
  });
  const audit = createBatchedTrail({ database, logger });
  const { webhookTargets, secretKeys, demo, rateLimits = noRateLimits, requireTls = false } = options;
  const parts = {
    ...{ database, readiness, engine, logger, wakeUp, rateLimits, requireTls, audit, readMetrics, workerProblem },
    guard: guardEngine,
    tokens: createTokenVerifier(database),
    draining: draining.signal,
  };
  const lab = options.lab ? { databaseUrl } : undefined;
  const app = createApp(
    parts,
    allRoutes({ webhookTargets, secretKeys, lab, demo, operatorsApart: options.operatorsApart }),
  );

  async function close(): Promise<void> {
    forgetPool();
    await audit.stop();
    await Promise.all([wakeUp.stop(), readiness.stop(), database.destroy()]);
  }

  try {
    const listener = await (options.answer?.(app) ?? listenHttp(app, options));
    return {
      port: listener.port,
      async stop(drainMs) {
        draining.abort();
        const inTime = await listener.stop(drainMs);
        await close();
        return inTime;
      },
      stopNow: listener.stopNow,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
