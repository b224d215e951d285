import { parseArgs } from 'node:util';
import { z } from 'zod';
import { isReachedInClear } from './database/clear-text-database.ts';
import { databaseUrlProblem } from './database/database-url-problem.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { addressList, namesIn, rateText, readRate } from './http/rate-settings.ts';
import type { TargetRules } from './http/service-parts.ts';
import { parseSecretKey, type SecretKey, type SecretKeys } from './ledger/sealed-secret.ts';
import { findUnknownSettings } from './unknown-settings.ts';
import { readAllowedTargets } from './webhooks/allowed-targets.ts';

const roles = ['api', 'worker', 'all'] as const;

export type Role = (typeof roles)[number];

/** Everything that can be set from outside. Nothing else in the service reads the environment. */
export interface Config {
  /** What this process is for: answering requests, working through the queues, or both. */
  readonly role: Role;
  /** Whether work is done: off on a copy that must pay nobody and call nobody. */
  readonly workers: boolean;
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
  /** Where health and metrics stand, instead of on `port`; undefined: there. */
  readonly operatorPort: number | undefined;
  /** Whether requests and the database must not be reached in clear text beyond this machine. */
  readonly requireTls: boolean;
  /** Whether the demo ledger is there; unless it is said otherwise, where a key asks for it or on the embedded one. */
  readonly demo: boolean;
  readonly demoApiKey: string | undefined;
  /** For how long the answer to a request is kept, to be given again to the same request. */
  readonly idempotencyRetentionHours: number;
  /** For how long entries of the audit trail are kept. */
  readonly auditRetentionDays: number;
  readonly webhookTargets: TargetRules;
  /** As they are set; the embedded database has one more (`secretKeysInUse`). */
  readonly secretKeys: SecretKeys;
  readonly rateLimits: RateLimits;
  /** Whether the race lab can be used; unless it is said otherwise, on the embedded PostgreSQL only. */
  readonly lab: boolean;
  /** Whether spans are sent; where to stands in OpenTelemetry's own variables. */
  readonly tracing: boolean;
}

/** The settings don't fit; its message lists every problem. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

function numberWithin(range: { from: number; to: number }) {
  const error = `must be a whole number from ${range.from} to ${range.to}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform((digits) => Number.parseInt(digits, 10))
    .refine((value) => value >= range.from && value <= range.to, error);
}

function wholeNumber(range: { from: number; to: number; otherwise: number }) {
  return numberWithin(range).default(range.otherwise);
}

const keyForm = '<name>:<32 bytes in base64>, the name of up to 40 letters, digits, - and _';

function readKeys(list: string): SecretKey[] {
  return list.split(',').flatMap((text) => parseSecretKey(text) ?? []);
}

const onOrOff = z.enum(['on', 'off'], 'must be on or off');

const settings = z.object({
  ROLE: z.enum(roles, `must be one of ${roles.join(', ')}`).default('all'),
  WORKERS: onOrOff.default('on'),
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
  OPERATOR_PORT: numberWithin({ from: 0, to: 65_535 }).optional(),
  REQUIRE_TLS: onOrOff.default('off'),
  DEMO: onOrOff.optional(),
  DEMO_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{8,512}$/, 'must be 8 to 512 visible ASCII characters without spaces')
    .optional(),
  IDEMPOTENCY_RETENTION_HOURS: wholeNumber({ from: 24, to: 8_760, otherwise: 168 }),
  AUDIT_RETENTION_DAYS: wholeNumber({ from: 1, to: 3_650, otherwise: 365 }),
  WEBHOOK_ALLOW_HTTP: onOrOff.default('off'),
  WEBHOOK_ALLOW: z
    .string()
    .superRefine((list, context) => {
      for (const message of readAllowedTargets(list).problems) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  SECRETS_KEY: z
    .string()
    .refine((text) => parseSecretKey(text) !== undefined, `must be ${keyForm}`)
    .optional(),
  SECRETS_KEYS_BEFORE: z
    .string()
    .refine(
      (list) => readKeys(list).length === list.split(',').length,
      `must be a list of ${keyForm}, with commas between`,
    )
    .optional(),
  RATE_LIMIT_PARTY: rateText.default('50/200'),
  RATE_LIMIT_SERVICE: rateText.default('off'),
  RATE_LIMIT_ADDRESS: rateText.default('20/100'),
  TRUSTED_PROXIES: addressList.default(''),
  LAB: onOrOff.optional(),
  TRACING: onOrOff.default('off'),
});

/** What each setting is for, in a few words; docs/operations.md says more. */
const meanings: Readonly<Record<keyof z.output<typeof settings>, string>> = {
  ROLE: 'which part of the service the process is: `api`, `worker`, or `all`',
  WORKERS: 'off: no queue is worked through, for a copy that must pay and call nobody',
  HOST: 'the address to listen on',
  PORT: 'the port to listen on; 0 picks a free one',
  DATABASE_URL: 'the PostgreSQL to use; unset, the embedded one',
  DATABASE_POOL_SIZE: 'sessions of each API process',
  PREPARED_STATEMENTS: 'off behind a pooler that does not follow prepared statements',
  DATA_DIR: 'where the embedded PostgreSQL and the keys that were made for it live',
  POSTGRES_BIN: 'a folder with the programs of PostgreSQL, instead of those from npm',
  API_PROCESSES: 'API processes on the port',
  LOG_LEVEL: 'how much is logged',
  LOCK_TIMEOUT_MS: 'how long a movement waits for its turn and for locked accounts',
  SHUTDOWN_TIMEOUT_MS: 'how long an orderly stop may take',
  KEEP_ALIVE_TIMEOUT_MS: 'how long a connection is kept on which nothing is asked',
  OPERATOR_PORT: 'where /healthz, /readyz and /metrics stand, instead of on PORT; unset, there',
  REQUIRE_TLS: 'on: neither requests nor the database are spoken to in clear text beyond this machine',
  DEMO: 'whether the demo ledger is there; unset, on the embedded PostgreSQL, and where DEMO_API_KEY is set',
  DEMO_API_KEY: 'the API key of the demo ledger',
  IDEMPOTENCY_RETENTION_HOURS: 'how long the answer to a request with an idempotency key is kept',
  AUDIT_RETENTION_DAYS: 'how long entries of the audit trail are kept',
  WEBHOOK_ALLOW_HTTP: 'on: webhooks may go to http addresses',
  WEBHOOK_ALLOW: 'hosts, addresses and networks that webhooks may go to although they are private',
  SECRETS_KEY: 'what webhook secrets are encrypted with in the database: a name, a colon, 32 bytes in base64',
  SECRETS_KEYS_BEFORE: 'keys that webhook secrets are only decrypted with, while SECRETS_KEY is changed',
  RATE_LIMIT_PARTY: 'requests of each party a second, and at once after a pause, such as 50/200; or off',
  RATE_LIMIT_SERVICE: 'the same of each key of the service',
  RATE_LIMIT_ADDRESS: 'the same of each address, of requests whose key is unknown',
  TRUSTED_PROXIES: 'proxies that are believed which address a request comes from, such as 10.0.0.0/8',
  LAB: 'whether the race lab can be used; unset, on the embedded PostgreSQL only',
  TRACING: 'on: spans are sent to OTEL_EXPORTER_OTLP_ENDPOINT',
};

/** Whose values are nobody's business. */
const secrets: readonly string[] = ['DATABASE_URL', 'DEMO_API_KEY', 'SECRETS_KEY', 'SECRETS_KEYS_BEFORE'];

export interface SettingDescription {
  readonly name: string;
  /** As it is used; null where there is none. */
  readonly value: string | number | null;
  readonly source: 'environment' | 'default';
  readonly meaning: string;
}

/** Every setting as this environment has it. Throws ConfigError as `readConfig` does. */
export function describeSettings(environment: NodeJS.ProcessEnv): SettingDescription[] {
  readConfig(environment, []);
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const values: Readonly<Record<string, string | number | undefined>> = settings.parse(given);
  return Object.entries(meanings).map(([name, meaning]) => {
    const value = values[name] ?? null;
    const shown = value !== null && secrets.includes(name) ? '(secret)' : value;
    return { name, value: shown, source: given[name] === undefined ? 'default' : 'environment', meaning };
  });
}

/**
 * Reads the settings from the environment and the command line (`--processes N` stands for `API_PROCESSES`, `--role R`
 * for `ROLE`). A variable that is set to nothing counts as unset. Throws ConfigError with every problem at once, among
 * them variables that look like settings but are none.
 */
export function readConfig(environment: NodeJS.ProcessEnv, args: readonly string[]): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { fromArguments, problems } = readArguments(args);
  const parsed = settings.safeParse({ ...given, ...fromArguments });
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  if (parsed.success) problems.push(...findSharedNames(parsed.data), ...findClashes(parsed.data));
  problems.push(...findUnknownSettings(given, Object.keys(settings.shape)));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('; '));
  const values = parsed.data;
  return {
    role: values.ROLE,
    workers: values.WORKERS === 'on',
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
    operatorPort: values.OPERATOR_PORT,
    requireTls: values.REQUIRE_TLS === 'on',
    demo: values.DEMO !== 'off' && (values.DATABASE_URL === undefined || values.DEMO_API_KEY !== undefined),
    demoApiKey: values.DEMO_API_KEY,
    idempotencyRetentionHours: values.IDEMPOTENCY_RETENTION_HOURS,
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    webhookTargets: {
      allowHttp: values.WEBHOOK_ALLOW_HTTP === 'on',
      allowed: readAllowedTargets(values.WEBHOOK_ALLOW ?? '').targets,
    },
    secretKeys: {
      current: readKeys(values.SECRETS_KEY ?? '')[0] ?? null,
      before: readKeys(values.SECRETS_KEYS_BEFORE ?? ''),
    },
    rateLimits: {
      party: readRate(values.RATE_LIMIT_PARTY),
      service: readRate(values.RATE_LIMIT_SERVICE),
      address: readRate(values.RATE_LIMIT_ADDRESS),
      trustedProxies: namesIn(values.TRUSTED_PROXIES),
    },
    lab: values.LAB === undefined ? values.DATABASE_URL === undefined : values.LAB === 'on',
    tracing: values.TRACING === 'on',
  };
}

/** What a key encrypted is only known by the key's name. */
function findSharedNames(values: z.output<typeof settings>): string[] {
  const names = readKeys(`${values.SECRETS_KEY ?? ''},${values.SECRETS_KEYS_BEFORE ?? ''}`).map(({ name }) => name);
  const shared = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return [...shared].map((name) => `SECRETS_KEY and SECRETS_KEYS_BEFORE have two keys with the name ${name}`);
}

/** Settings that fit each by itself. */
function findClashes({ REQUIRE_TLS, DATABASE_URL, DEMO, DEMO_API_KEY }: z.output<typeof settings>): string[] {
  const problems: string[] = [];
  if (REQUIRE_TLS === 'on' && DATABASE_URL !== undefined && isReachedInClear(DATABASE_URL))
    problems.push('DATABASE_URL has no TLS, which REQUIRE_TLS=on asks for: add sslmode=require');
  if (DEMO === 'on' && DATABASE_URL !== undefined && DEMO_API_KEY === undefined)
    problems.push('DEMO=on with DATABASE_URL needs DEMO_API_KEY');
  return problems;
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
