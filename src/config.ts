import { parseArgs } from 'node:util';
import { z } from 'zod';
import { databaseUrlProblem } from './database-url-problem.ts';
import { findUnknownSettings } from './unknown-settings.ts';

const roles = ['api', 'worker', 'all'] as const;

export type Role = (typeof roles)[number];

/** Everything that can be set from outside. Nothing else in the service reads the environment. */
export interface Config {
  /** What this process is for: answering requests, working through the queues, or both. */
  readonly role: Role;
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
  /** For how long the connection of a caller is kept between two requests. */
  readonly keepAliveTimeoutMs: number;
  readonly demoApiKey: string | undefined;
  /** For how long the answer to a request is kept, to be given again to the same request. */
  readonly idempotencyRetentionHours: number;
  readonly webhookTargets: { readonly allowHttp: boolean; readonly allowPrivate: boolean };
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

const onOrOff = z.enum(['on', 'off'], 'must be on or off');

const settings = z.object({
  ROLE: z.enum(roles, `must be one of ${roles.join(', ')}`).default('all'),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber({ from: 0, to: 65_535, otherwise: 3000 }),
  DATABASE_URL: z
    .string()
    .superRefine((url, context) => {
      const message = databaseUrlProblem(url);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  DATABASE_POOL_SIZE: wholeNumber({ from: 4, to: 200, otherwise: 10 }),
  PREPARED_STATEMENTS: z.enum(['on', 'off']).default('on'),
  DATA_DIR: z.string().default('.data'),
  POSTGRES_BIN: z.string().optional(),
  API_PROCESSES: wholeNumber({ from: 1, to: 64, otherwise: 1 }),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOCK_TIMEOUT_MS: wholeNumber({ from: 25, to: 60_000, otherwise: 5000 }),
  SHUTDOWN_TIMEOUT_MS: wholeNumber({ from: 100, to: 600_000, otherwise: 10_000 }),
  KEEP_ALIVE_TIMEOUT_MS: wholeNumber({ from: 1_000, to: 3_600_000, otherwise: 65_000 }),
  DEMO_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{8,512}$/, 'must be 8 to 512 visible ASCII characters without spaces')
    .optional(),
  IDEMPOTENCY_RETENTION_HOURS: wholeNumber({ from: 24, to: 8_760, otherwise: 168 }),
  WEBHOOK_ALLOW_HTTP: onOrOff.default('off'),
  WEBHOOK_ALLOW_PRIVATE: onOrOff.default('off'),
});

/**
 * Reads the settings from the environment and the command line (`--processes N` stands for `API_PROCESSES`, `--role R`
 * for `ROLE`). A variable that is set to nothing counts as unset. Throws ConfigError with every problem at once, among
 * them variables that look like settings but are none (`unknown-settings.ts`).
 */
export function readConfig(environment: NodeJS.ProcessEnv, args: readonly string[]): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { fromArguments, problems } = readArguments(args);
  const parsed = settings.safeParse({ ...given, ...fromArguments });
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  problems.push(...findUnknownSettings(given, Object.keys(settings.shape)));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('; '));
  const values = parsed.data;
  return {
    role: values.ROLE,
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
    keepAliveTimeoutMs: values.KEEP_ALIVE_TIMEOUT_MS,
    demoApiKey: values.DEMO_API_KEY,
    idempotencyRetentionHours: values.IDEMPOTENCY_RETENTION_HOURS,
    webhookTargets: {
      allowHttp: values.WEBHOOK_ALLOW_HTTP === 'on',
      allowPrivate: values.WEBHOOK_ALLOW_PRIVATE === 'on',
    },
  };
}

/** The options of the command line, and the variables that they stand for. */
const options = { processes: 'API_PROCESSES', role: 'ROLE' } as const;

function readArguments(args: readonly string[]): { fromArguments: Record<string, string>; problems: string[] } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { processes: { type: 'string' }, role: { type: 'string' } },
    });
    const given = Object.entries(values).map(([name, value]) => [options[name as keyof typeof options], value]);
    return { fromArguments: Object.fromEntries(given), problems: [] };
  } catch (error) {
    return {
      fromArguments: {},
      problems: [`${(error as Error).message}; the options are --processes N and --role api, worker or all`],
    };
  }
}
