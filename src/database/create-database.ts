import knexModule, { type Knex } from 'knex';
import pg from 'pg';
import { MigrationFiles } from './migration-files.ts';

export type Database = Knex;

const { builtins } = pg.types;

/**
 * How column types arrive in JavaScript, where the driver's own ways would lose something: a date stays text (as a
 * Date it would move with the time zone), a bigint becomes a number and refuses to lose digits. NUMERIC arrives as text
 * anyway.
 */
const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === builtins.DATE) return (text: string) => text;
    if (oid === builtins.INT8) return parseSafeInteger;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

function parseSafeInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a JavaScript number`);
  return value;
}

export interface DatabaseOptions {
  url: string;
  /** The most sessions this process opens at once. */
  poolSize: number;
  /** What the sessions call themselves in pg_stat_activity. */
  applicationName: string;
  /** How long a caller waits for a free session of the pool. */
  acquireTimeoutMs: number;
  /** Whether statements may be planned once for a session; true unless it says otherwise (`prepared-statement.ts`). */
  preparedStatements?: boolean;
}

/** The knex configuration of the service; the knex command line uses it too, through knexfile.ts. */
export function knexConfig(options: DatabaseOptions): Knex.Config {
  return {
    client: 'pg',
    connection: {
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      types: typeParsers,
      pipeline: true,
    } as Knex.PgConnectionConfig,
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

/** Opens a pool of sessions. Nothing connects before the first query. */
export function createDatabase(options: DatabaseOptions): Database {
  // What knex would print by itself reaches the caller as an error too, and is logged there, once.
  const log = { warn: ignore, error: ignore, deprecate: ignore, debug: ignore };
  const { preparedStatements = true } = options;
  return knexModule({ ...knexConfig(options), log }).withUserParams({ preparedStatements });
}
