import knexModule, { type Knex } from 'knex';
import type { Logger } from 'pino';
import { MigrationFiles } from './migration-files.ts';
import { PostgresDialect } from './postgres-dialect.ts';
import type { PreparedStatements } from './prepared-statement.ts';
import type { ServerKind } from './server-kind.ts';
import type { SessionOptions } from './session.ts';

export type Database = Knex;

export interface DatabaseOptions {
  /** May name several servers; the first that can be written to is used. */
  url: string;
  /** The most sessions this process opens at once. */
  poolSize: number;
  /** What the sessions call themselves in pg_stat_activity. */
  applicationName: string;
  /** How long a caller waits for a free session of the pool. */
  acquireTimeoutMs: number;
  /** How long connecting may take; five seconds by default. */
  connectTimeoutMs?: number;
  /** How long a statement may take where its transaction has no limit of its own. No limit by default. */
  statementTimeoutMs?: number;
  /** Whether statements may be planned once for a session; true by default (`prepared-statement.ts`). */
  preparedStatements?: boolean;
  /** Told what an operator should know of the sessions. */
  logger?: Logger;
}

/** The knex configuration of the service; the knex command line uses it too, through knexfile.ts. */
export function knexConfig(options: DatabaseOptions): Knex.Config {
  const session: SessionOptions = {
    url: options.url,
    applicationName: options.applicationName,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 0,
  };
  return {
    client: PostgresDialect as unknown as typeof Knex.Client,
    connection: session as Knex.StaticConnectionConfig,
    pool: { min: 0, max: options.poolSize, acquireTimeoutMillis: options.acquireTimeoutMs },
    acquireConnectionTimeout: options.acquireTimeoutMs,
    asyncStackTraces: false,
    // Messages of errors are logged, and would have names and amounts in them.
    compileSqlOnError: false,
    migrations: {
      migrationSource: new MigrationFiles(),
      tableName: 'knex_migrations',
      // An older process must be able to start again on a schema that a newer one has migrated.
      disableMigrationsListValidation: true,
    },
  };
}

const ignore = () => {};

/**
 * Opens a pool of sessions. Nothing connects before the first query.
 *
 * @example
 * const database = createDatabase({ url, poolSize: 4, applicationName: 'joint-ledger report', acquireTimeoutMs: 500 });
 * const ledgers = await database('ledgers').select('id');
 * await database.destroy();
 */
export function createDatabase(options: DatabaseOptions): Database {
  // What knex would print by itself reaches the caller as an error too, and is logged there, once.
  const log = { warn: ignore, error: ignore, deprecate: ignore, debug: ignore };
  const preparedStatements: PreparedStatements = { areKept: options.preparedStatements ?? true };
  const server: ServerKind = {};
  const database = knexModule({ ...knexConfig(options), log });
  const dialect = database.client as PostgresDialect;
  dialect.onServer = (found) => Object.assign(server, found);
  dialect.onPooler = () => {
    if (!preparedStatements.areKept) return;
    preparedStatements.areKept = false;
    options.logger?.warn('a pooler does not keep prepared statements: going on without (PREPARED_STATEMENTS=off)');
  };
  return database.withUserParams({ preparedStatements, server });
}

/** Ends the idle sessions of a pool, so that those who come next get sessions that are opened anew. */
export function renewSessions(database: Database): void {
  (database.client as PostgresDialect).watch.endIdle();
}

/** Ends all sessions of a pool; what is under way fails. The pool itself goes on. */
export function endSessions(database: Database): void {
  (database.client as PostgresDialect).watch.endAll();
}
