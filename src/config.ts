import { parseArgs } from 'node:util';
import { z } from 'zod';

/** Everything that can be set from outside. Nothing else in the service reads the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Undefined: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  readonly databasePoolSize: number;
  readonly preparedStatements: boolean;
  readonly dataDir: string;
  readonly postgresBin: string | undefined;
  readonly apiProcesses: number;
  readonly logLevel: string;
  readonly lockTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly demoApiKey: string | undefined;
}

/** The settings don't fit; its message lists every problem. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

function wholeNumber(range: { from: number; to: number; otherwise: number }) {
  const error = `must be a whole number from ${range.from} to ${range.to}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform((digits) => Number.parseInt(digits, 10))
    .refine((value) => value >= range.from && value <= range.to, error)
    .default(range.otherwise);
}

const settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber({ from: 0, to: 65_535, otherwise: 3000 }),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, { error: 'must start with postgres://', abort: true })
    .refine((url) => URL.canParse(url), 'must be a URL such as postgres://user:password@host:5432/database')
    .optional(),
  DATABASE_POOL_SIZE: wholeNumber({ from: 4, to: 200, otherwise: 10 }),
  PREPARED_STATEMENTS: z.enum(['on', 'off']).default('on'),
  DATA_DIR: z.string().default('.data'),
  POSTGRES_BIN: z.string().optional(),
  API_PROCESSES: wholeNumber({ from: 1, to: 64, otherwise: 1 }),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOCK_TIMEOUT_MS: wholeNumber({ from: 25, to: 60_000, otherwise: 5000 }),
  SHUTDOWN_TIMEOUT_MS: wholeNumber({ from: 100, to: 600_000, otherwise: 10_000 }),
  DEMO_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{8,512}$/, 'must be 8 to 512 visible ASCII characters without spaces')
    .optional(),
});

/**
 * Reads the settings from the environment and the command line (`--processes N` stands for `API_PROCESSES`). A variable
 * that is set to nothing counts as unset. Throws ConfigError with every problem at once.
 */
export function readConfig(environment: NodeJS.ProcessEnv, args: readonly string[]): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { fromArguments, problems } = readArguments(args);
  const parsed = settings.safeParse({ ...given, ...fromArguments });
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('; '));
  const values = parsed.data;
  return {
    host: values.HOST,
    port: values.PORT,
    databaseUrl: values.DATABASE_URL,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    preparedStatements: values.PREPARED_STATEMENTS === 'on',
    dataDir: values.DATA_DIR,
    postgresBin: values.POSTGRES_BIN,
    apiProcesses: values.API_PROCESSES,
    logLevel: values.LOG_LEVEL,
    lockTimeoutMs: values.LOCK_TIMEOUT_MS,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    demoApiKey: values.DEMO_API_KEY,
  };
}

function readArguments(args: readonly string[]): { fromArguments: Record<string, string>; problems: string[] } {
  try {
    const { values } = parseArgs({ args: [...args], options: { processes: { type: 'string' } } });
    return { fromArguments: values.processes === undefined ? {} : { API_PROCESSES: values.processes }, problems: [] };
  } catch (error) {
    return { fromArguments: {}, problems: [`${(error as Error).message}; the only option is --processes N`] };
  }
}
