import { describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig } from '../src/config.ts';

const defaults = {
  role: 'all',
  workers: true,
  host: '127.0.0.1',
  port: 3000,
  databaseUrl: undefined,
  databasePoolSize: 10,
  preparedStatements: true,
  dataDir: '.data',
  postgresBin: undefined,
  apiProcesses: 1,
  logLevel: 'info',
  lockTimeoutMs: 5000,
  shutdownTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  operatorPort: undefined,
  requireTls: false,
  demo: true,
  demoApiKey: undefined,
  idempotencyRetentionHours: 168,
  auditRetentionDays: 365,
  webhookTargets: { allowHttp: false, allowed: [] },
  secretKeys: { current: null, before: [] },
  rateLimits: {
    party: { perSecond: 50, burst: 200 },
    service: null,
    address: { perSecond: 20, burst: 100 },
    trustedProxies: [] as string[],
  },
  lab: true,
  tracing: false,
};

const variables = [
  'ROLE',
  'WORKERS',
  'HOST',
  'PORT',
  'DATABASE_URL',
  'DATABASE_POOL_SIZE',
  'PREPARED_STATEMENTS',
  'DATA_DIR',
  'POSTGRES_BIN',
  'API_PROCESSES',
  'LOG_LEVEL',
  'LOCK_TIMEOUT_MS',
  'SHUTDOWN_TIMEOUT_MS',
  'KEEP_ALIVE_TIMEOUT_MS',
  'OPERATOR_PORT',
  'REQUIRE_TLS',
  'DEMO',
  'DEMO_API_KEY',
  'IDEMPOTENCY_RETENTION_HOURS',
  'AUDIT_RETENTION_DAYS',
  'WEBHOOK_ALLOW_HTTP',
  'WEBHOOK_ALLOW',
  'SECRETS_KEY',
  'SECRETS_KEYS_BEFORE',
  'LAB',
  'TRACING',
  'RATE_LIMIT_PARTY',
  'RATE_LIMIT_SERVICE',
  'RATE_LIMIT_ADDRESS',
  'TRUSTED_PROXIES',
];

/** The one message that says everything that is wrong. */
function problems(environment: NodeJS.ProcessEnv, args: string[] = []): string {
  try {
    readConfig(environment, args);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('the settings were accepted');
}

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');

test('needs no settings at all', () => {
  expect(readConfig({}, [])).toEqual(defaults);
});

test('takes a variable that is set to nothing for one that is not set', () => {
  expect(readConfig(Object.fromEntries(variables.map((name) => [name, ''])), [])).toEqual(defaults);
});

test('passes over variables of others', () => {
  expect(readConfig({ HOME: '/root', PORT_: 'x', port: '1' }, [])).toEqual(defaults);
});

test('reads every setting', () => {
  const environment = {
    ROLE: 'worker',
    WORKERS: 'off',
    HOST: '0.0.0.0',
    PORT: '0',
    DATABASE_URL: 'postgresql://user:p%40ss@db:5432/ledger?sslmode=require',
    DATABASE_POOL_SIZE: '20',
    PREPARED_STATEMENTS: 'off',
    DATA_DIR: '/var/lib/ledger',
    POSTGRES_BIN: '/usr/lib/postgresql/18/bin',
    API_PROCESSES: '4',
    LOG_LEVEL: 'debug',
    LOCK_TIMEOUT_MS: '250',
    SHUTDOWN_TIMEOUT_MS: '5000',
    KEEP_ALIVE_TIMEOUT_MS: '90000',
    OPERATOR_PORT: '9090',
    REQUIRE_TLS: 'on',
    DEMO: 'on',
    DEMO_API_KEY: 'demo-key',
    IDEMPOTENCY_RETENTION_HOURS: '48',
    AUDIT_RETENTION_DAYS: '30',
    WEBHOOK_ALLOW_HTTP: 'on',
    WEBHOOK_ALLOW: '127.0.0.1',
    SECRETS_KEY: `2026-12:${keyOf(1)}`,
    SECRETS_KEYS_BEFORE: `2026-11:${keyOf(2)},old:${keyOf(3)}`,
    RATE_LIMIT_PARTY: 'off',
    RATE_LIMIT_SERVICE: '1000/5000',
    RATE_LIMIT_ADDRESS: '1/1',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    LAB: 'on',
    TRACING: 'on',
  };
  expect(Object.keys(environment).sort()).toEqual([...variables].sort());
  expect(readConfig(environment, [])).toEqual({
    role: 'worker',
    workers: false,
    host: '0.0.0.0',
    port: 0,
    databaseUrl: environment.DATABASE_URL,
    databasePoolSize: 20,
    preparedStatements: false,
    dataDir: environment.DATA_DIR,
    postgresBin: environment.POSTGRES_BIN,
    apiProcesses: 4,
    logLevel: 'debug',
    lockTimeoutMs: 250,
    shutdownTimeoutMs: 5000,
    keepAliveTimeoutMs: 90_000,
    operatorPort: 9090,
    requireTls: true,
    demo: true,
    demoApiKey: 'demo-key',
    idempotencyRetentionHours: 48,
    auditRetentionDays: 30,
    webhookTargets: { allowHttp: true, allowed: [{ network: '127.0.0.1', prefix: 32 }] },
    secretKeys: {
      current: { name: '2026-12', key: keyOf(1) },
      before: [
        { name: '2026-11', key: keyOf(2) },
        { name: 'old', key: keyOf(3) },
      ],
    },
    rateLimits: {
      party: null,
      service: { perSecond: 1000, burst: 5000 },
      address: { perSecond: 1, burst: 1 },
      trustedProxies: ['10.0.0.0/8', '::1'],
    },
    tracing: true,
    lab: true,
  });
});

test('takes keys of secrets that have a name of their own and the right length, and repeats none', () => {
  const badly = [keyOf(1), `a:${keyOf(1).slice(4)}`, `a b:${keyOf(1)}`];
  for (const text of badly) {
    for (const variable of ['SECRETS_KEY', 'SECRETS_KEYS_BEFORE']) {
      const message = problems({ [variable]: text });
      expect(message).toMatch(new RegExp(`^${variable} must be .*<name>:<32 bytes in base64>`));
      expect(message).not.toContain(text);
    }
  }
  expect(problems({ SECRETS_KEY: `a:${keyOf(1)}`, SECRETS_KEYS_BEFORE: `b:${keyOf(2)},a:${keyOf(3)}` })).toBe(
    'SECRETS_KEY and SECRETS_KEYS_BEFORE have two keys with the name a',
  );
});

test('says of each entry of WEBHOOK_ALLOW that is none what is wrong with it', () => {
  const message = problems({ WEBHOOK_ALLOW: 'hooks.internal,10.0.0.0/99,on/off' });
  expect(message).toContain('WEBHOOK_ALLOW has "10.0.0.0/99", whose network has no prefix from 0 to 32; ');
  expect(message).toContain('WEBHOOK_ALLOW has "on/off", which is no host, IP address or network such as ');
});

test.each([
  [{ RATE_LIMIT_PARTY: '50' }, 'RATE_LIMIT_PARTY must be off, or requests a second and at once, such as 50/200'],
  [{ RATE_LIMIT_SERVICE: '50/20' }, 'RATE_LIMIT_SERVICE must let in no fewer at once than in a second'],
  [{ TRUSTED_PROXIES: 'proxy' }, /^TRUSTED_PROXIES must be addresses and networks/],
  [{ TRUSTED_PROXIES: '10.0.0.0/33' }, /^TRUSTED_PROXIES must be addresses and networks/],
])('refuses %j', (environment, message) => {
  if (typeof message === 'string') expect(problems(environment)).toBe(message);
  else expect(problems(environment)).toMatch(message);
});

describe('whole numbers', () => {
  const ranges: [string, number, number, keyof typeof defaults][] = [
    ['PORT', 0, 65_535, 'port'],
    ['DATABASE_POOL_SIZE', 4, 200, 'databasePoolSize'],
    ['API_PROCESSES', 1, 64, 'apiProcesses'],
    ['LOCK_TIMEOUT_MS', 25, 60_000, 'lockTimeoutMs'],
    ['SHUTDOWN_TIMEOUT_MS', 100, 600_000, 'shutdownTimeoutMs'],
    ['KEEP_ALIVE_TIMEOUT_MS', 1_000, 3_600_000, 'keepAliveTimeoutMs'],
    ['IDEMPOTENCY_RETENTION_HOURS', 24, 8_760, 'idempotencyRetentionHours'],
    ['AUDIT_RETENTION_DAYS', 1, 3_650, 'auditRetentionDays'],
  ];

  test.each(ranges)('%s lies between %i and %i', (name, from, to, setting) => {
    for (const value of [from, to]) expect(readConfig({ [name]: `${value}` }, [])[setting]).toBe(value);
    for (const value of [from - 1, to + 1, '1.5', '1e3', ' 5000', '5000ms', 'ten', '0x10', '٥', '9'.repeat(30)]) {
      expect(problems({ [name]: `${value}` })).toBe(`${name} must be a whole number from ${from} to ${to}`);
    }
  });
});

describe('other values', () => {
  test.each(['short', 'x'.repeat(513), 'with space', 'schlüssel-lang'])('refuses the demo key "%s"', (key) => {
    expect(problems({ DEMO_API_KEY: key })).toBe(
      'DEMO_API_KEY must be 8 to 512 visible ASCII characters without spaces',
    );
  });

  test.each(['verbose', 'INFO', '30'])('refuses the log level %s and names those there are', (level) => {
    expect(problems({ LOG_LEVEL: level })).toMatch(/^LOG_LEVEL .*fatal.*error.*warn.*info.*debug.*trace.*silent/);
  });

  test('keeps secrets out of its complaints', () => {
    const complaint = problems({ DATABASE_URL: 'postgres://user:hunter2@db:99999/x', DEMO_API_KEY: 'hunter2 hunter2' });
    expect(complaint).not.toContain('hunter2');
  });
});

describe('variables that look like settings but are none', () => {
  test.each([
    ['DATABASE_POOL', 'DATABASE_POOL_SIZE'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASE_URL_FILE', 'DATABASE_URL'],
    ['WEBHOOK_ALLOW_HTTPS', 'WEBHOOK_ALLOW_HTTP'],
    ['LOCK_TIMEOUT', 'LOCK_TIMEOUT_MS'],
    ['SHUTDOWN_TIMEOUT', 'SHUTDOWN_TIMEOUT_MS'],
    ['IDEMPOTENCY_RETENTION_DAYS', 'IDEMPOTENCY_RETENTION_HOURS'],
    ['PREPARED_STATEMENT', 'PREPARED_STATEMENTS'],
    ['DEMO_API_TOKEN', 'DEMO_API_KEY'],
    ['KEEPALIVE_TIMEOUT', 'KEEP_ALIVE_TIMEOUT_MS'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['log_level', 'LOG_LEVEL'],
    ['API_PROCESS', 'API_PROCESSES'],
    ['DATADIR', 'DATA_DIR'],
    ['POSTGRESBIN', 'POSTGRES_BIN'],
    ['POSTGRES_BINS', 'POSTGRES_BIN'],
  ])('refuses %s and names %s', (name, setting) => {
    expect(problems({ [name]: 'x' })).toBe(`${name} is not a setting; did you mean ${setting}?`);
    expect(readConfig({ [name]: '' }, [])).toEqual(defaults);
  });

  test('passes over what other programs use', () => {
    const names = `HOME PATH PWD USER SHELL LANG TERM TMPDIR HOSTNAME HOSTTYPE PORTS TZ NODE_ENV NODE_OPTIONS CI DEBUG
      npm_config_loglevel npm_package_name npm_lifecycle_event npm_config_prefix PGDATA PGHOST PGPASSWORD PGDATABASE
      POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_HOST POSTGRES_PORT POSTGRES_URL POSTGRES_DIR POSTGRES_HOME
      POSTGRES_INITDB_ARGS API_KEY API_URL API_HOST API_PORT API_TOKEN LOG_DIR LOG_FILE LOG_FORMAT LOG_PATH LOG_NAME
      DATA_PATH DATA_HOME XDG_DATA_DIRS XDG_DATA_HOME DB_URL DEMO_MODE OPERATOR_NAME REQUIRE_AUTH KEEP_DATA WEB_CONCURRENCY LOCKFILE
      LEVEL LISTEN_FDS INVOCATION_ID KUBERNETES_SERVICE_HOST JEST_WORKER_ID JOINT_LEDGER_API_OPTIONS`;
    expect(readConfig(Object.fromEntries(names.split(/\s+/).map((name) => [name, 'x'])), [])).toEqual(defaults);
  });

  test('passes over what Kubernetes and Docker say about a service called database', () => {
    const links = {
      DATABASE_SERVICE_HOST: '10.0.0.1',
      DATABASE_SERVICE_PORT: '5432',
      DATABASE_SERVICE_PORT_POSTGRES: '5432',
      DATABASE_PORT: 'tcp://10.0.0.1:5432',
      DATABASE_PORT_5432_TCP: 'tcp://10.0.0.1:5432',
      DATABASE_PORT_5432_TCP_ADDR: '10.0.0.1',
    };
    expect(readConfig(links, [])).toEqual(defaults);
    expect(problems({ DATABASE_PORT: '5432' })).toMatch(/^DATABASE_PORT is not a setting/);
  });
});

test('reports every problem together, those of the command line included', () => {
  const complaint = problems(
    { PORT: 'x', LOG_LEVEL: 'loud', LOCK_TIMEOUT_MS: '1', DATABASE_URL: 'x', SHUTDOWN_MS: '1' },
    ['--proceses', '2'],
  );
  for (const subject of ['PORT', 'LOG_LEVEL', 'LOCK_TIMEOUT_MS', 'DATABASE_URL', 'SHUTDOWN_MS', '--proceses']) {
    expect(complaint.split('; ').filter((sentence) => sentence.includes(subject))).toHaveLength(1);
  }
  expect(complaint).toContain('the options are --processes N and --role api, worker or all');
});

describe('--processes', () => {
  test.each([[['--processes', '3']], [['--processes=3']]])('%j stands for API_PROCESSES', (args) => {
    expect(readConfig({}, args).apiProcesses).toBe(3);
    expect(readConfig({ API_PROCESSES: '5' }, args).apiProcesses).toBe(3);
    expect(readConfig({ API_PROCESSES: 'x' }, args).apiProcesses).toBe(3);
  });

  test.each(['0', '65', 'two', '', '-1', '1.5'])('refuses "%s"', (count) => {
    expect(problems({}, [`--processes=${count}`])).toBe('API_PROCESSES must be a whole number from 1 to 64');
  });

  test.each([[['--processes']], [['--process', '2']], [['-p', '2']], [['2']], [['start']]])(
    'refuses the arguments %j',
    (args) => {
      expect(problems({}, args)).toMatch(/; the options are --processes N and --role api, worker or all$/);
    },
  );
});

test('has the race lab on the embedded PostgreSQL, and on another database only when asked to', () => {
  const url = 'postgres://user@host/database';
  expect(readConfig({ DATABASE_URL: url }, []).lab).toBe(false);
  expect(readConfig({ DATABASE_URL: url, LAB: 'on' }, []).lab).toBe(true);
  expect(readConfig({ LAB: 'off' }, []).lab).toBe(false);
});

describe('REQUIRE_TLS=on', () => {
  const database = (url: string) => ({ REQUIRE_TLS: 'on', DATABASE_URL: url });

  test.each([
    'postgres://u:p@127.0.0.1/x',
    'postgres://u:p@[::1]/x',
    'postgres://u:p@localhost,127.0.0.2:5433/x',
    'postgres:///x?host=/var/run/postgresql',
    'postgres://u:p@db/x?sslmode=require',
    'postgres://u:p@db/x?sslrootcert=/nowhere',
  ])('takes %s', (url) => {
    expect(readConfig(database(url), []).databaseUrl).toBe(url);
  });

  test.each([
    'postgres://u:p@db/x',
    'postgres://u:p@db/x?sslmode=disable',
    'postgres://u:p@127.0.0.1,db/x',
    'postgres://u:p@10.0.0.1/x',
    'postgres://u:p@127.0.0.1/x?host=db',
  ])('refuses %s', (url) => {
    expect(problems(database(url))).toBe('DATABASE_URL has no TLS, which REQUIRE_TLS=on asks for: add sslmode=require');
  });
});

test('the demo ledger is there where it is asked for, and on the embedded database unless it is not wanted', () => {
  const other = { DATABASE_URL: 'postgres://u:p@db/x' };
  const demo = (environment: NodeJS.ProcessEnv) => readConfig(environment, []).demo;
  expect([demo({}), demo({ DEMO: 'off' }), demo({ DEMO: 'off', DEMO_API_KEY: 'demo-key' })]).toEqual([
    true,
    false,
    false,
  ]);
  expect([demo(other), demo({ ...other, DEMO_API_KEY: 'demo-key' })]).toEqual([false, true]);
  expect(problems({ ...other, DEMO: 'on' })).toBe('DEMO=on with DATABASE_URL needs DEMO_API_KEY');
});
