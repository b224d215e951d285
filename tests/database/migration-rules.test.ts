import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadModule } from 'libpg-query';
import { migrate } from '../../src/database/migrate.ts';
import { type MigrationStatement, whatMigrationsBreak } from '../support/migration-rules.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// What older processes need of the schema is compared in older-builds.test.ts; here the statements are read for what
// they do while they run.

/** Earlier migrations are as they were released; the rules hold for those that come after it. */
const lastWithoutRules = '20261201000200_validate_evidence';

/** What a migration may do against the rules, as the rules word it, with the reason. */
const exceptions: ReadonlyArray<{ readonly problem: string; readonly reason: string }> = [
  {
    problem: '20261201000600_event_traces_by_age makes an index on event_traces and keeps out what writes to it',
    reason: 'The table is one migration older, and no release has written to it.',
  },
  {
    problem: '20261201001100_entries_of_transactions makes an index on entries and keeps out what writes to it',
    reason: 'No transaction can make one otherwise; a million entries take a second (docs/upgrading.md).',
  },
];

let testDatabase: TestDatabase;

beforeAll(async () => {
  await loadModule();
  testDatabase = await createTestDatabase({ empty: true });
});

afterAll(() => testDatabase.verifyAndDrop());

/** What each later migration sends to a database without rows, in the order of the migrations. */
async function recordMigrations(): Promise<MigrationStatement[]> {
  const { database } = testDatabase;
  for (let name = ''; name < lastWithoutRules; ) [, [name]] = await database.migrate.up();
  const statements: MigrationStatement[] = [];
  let texts: string[] = [];
  database.on('query', ({ sql }: { sql: string }) => texts.push(sql));
  for (;;) {
    texts = [];
    const [, [migration]] = await database.migrate.up();
    if (migration === undefined) return statements;
    const own = texts.filter((text) => !/"?knex_migrations|information_schema/.test(text));
    statements.push(...own.map((text) => ({ migration, text })));
  }
}

test('no migration breaks the version before or keeps it waiting', async () => {
  const statements = await recordMigrations();
  expect(statements.map(({ text }) => text).join('\n')).toContain('create table event_traces');
  expect(whatMigrationsBreak(statements)).toEqual(exceptions.map(({ problem }) => problem));
  expect(await migrate(testDatabase.database)).toEqual([]);
});

const broken = (...migrations: string[][]) =>
  whatMigrationsBreak(migrations.flatMap((texts, index) => texts.map((text) => ({ migration: `${index + 1}`, text }))));

describe('refuses', () => {
  test.each([
    ['alter table accounts drop column name', 'drops accounts.name'],
    ['alter table parties rename column name to title', 'renames parties.name'],
    ['alter table parties rename to persons', 'renames parties'],
    ['drop table parties, holders', 'drops parties', 'drops holders'],
    ['drop function refuse_change', 'drops something'],
    ['alter table parties alter name type varchar(99)', 'changes the type of parties.name'],
    [
      'alter table parties alter name set not null',
      'reads parties to see that parties.name is not null; a check that is validated before spares it that',
    ],
    ['alter table holds alter status drop default', 'takes the default from holds.status'],
    [
      'alter table parties add constraint named check (length(name) > 0)',
      'reads parties for the constraint named, which is not NOT VALID',
    ],
    [
      'alter table parties add constraint once unique (ledger_id, name)',
      'reads parties for the constraint once, which is not NOT VALID',
    ],
    [
      'alter table holds add constraint of foreign key (ledger_id) references ledgers (id)',
      'reads holds for the constraint of, which is not NOT VALID',
    ],
    ['alter table parties add born date not null', 'adds parties.born, which must not be null and has no default'],
    ...[
      'add seen timestamptz default clock_timestamp()',
      'add seen uuid default gen_random_uuid()',
      'add seen bigserial',
    ].map((change) => [
      `alter table parties ${change}`,
      'adds parties.seen with a default of its own for each row and writes all of parties',
    ]),
    [
      'alter table parties add born date check (born > $$1900-01-01$$)',
      'adds parties.born with a CONSTR_CHECK and reads or writes all of parties',
    ],
    [
      'alter table parties add n bigint generated always as identity',
      'adds parties.n with a CONSTR_IDENTITY and reads or writes all of parties',
    ],
    ...['transactions', 'entries', 'log_blocks', 'idempotency_keys', 'events'].map((table) => [
      `create index some_index on ${table} (ledger_id)`,
      `makes an index on ${table} and keeps out what writes to it`,
    ]),
    [
      'create index concurrently some_index on entries (ledger_id)',
      'makes an index on entries concurrently, which no transaction can',
    ],
    ["update parties set name = 'x'", 'changes rows of parties and keeps them locked until it ends'],
    ['delete from events', 'changes rows of events and keeps them locked until it ends'],
    ['alter table entries set unlogged', 'has AT_SetUnLogged on entries, for which there is no rule'],
    ['lock table entries', 'has LockStmt, for which there is no rule'],
    ['truncate event_traces', 'has TruncateStmt, for which there is no rule'],
  ])('%s', (statement, ...problems) => {
    expect(broken([statement!])).toEqual(problems.map((problem) => `1 ${problem}`));
  });

  test('what reads a table behind a lock that the same migration has taken', () => {
    const rule = 'alter table parties add constraint named check (length(name) > 0) not valid';
    const reading = 'alter table parties validate constraint named';
    const problem = 'reads parties for the constraint named while it keeps others out';
    expect(broken([rule, reading])).toEqual([`1 ${problem}`]);
    expect(broken([`${rule}, validate constraint named`])).toEqual([`1 ${problem}`]);
    expect(broken([rule], [reading])).toEqual([]);
  });

  test('SET NOT NULL until a check of that column has been validated', () => {
    const check = 'alter table parties add constraint named check (name is not null) not valid';
    const reading = 'alter table parties validate constraint named';
    const problem = /^3 reads parties to see that parties\.\w+ is not null/;
    expect(broken([check], [reading], ['alter table parties alter name set not null'])).toEqual([]);
    const ofAnother = broken([check], [reading], ['alter table parties alter ledger_id set not null']);
    expect(ofAnother).toEqual([expect.stringMatching(problem)]);
    const unread = broken([check], ['select 1'], ['alter table parties alter name set not null']);
    expect(unread).toEqual([expect.stringMatching(problem)]);
  });

  test('on a table of an earlier migration what it may do to one of its own', () => {
    const table = 'create table things (ledger_id uuid not null, id uuid)';
    const change = 'alter table things alter id set not null, add constraint things_once unique (ledger_id, id)';
    const more = [change, 'create index things_by_id on things (id)', 'drop table things'];
    expect(broken([table, ...more])).toEqual([]);
    expect(broken([table], more)).toHaveLength(4);
  });
});

test.each([
  "alter table transactions add column mark text, add column kind text not null default 'plain'",
  'alter table transactions add column seen_at timestamptz not null default now()',
  'alter table transactions add constraint marked check (amount > 0) not valid',
  'alter table transactions alter description drop not null, alter reference set default $$none$$',
  'alter table holds drop constraint holds_kind_known, add constraint holds_kind_known check (true) not valid',
  'create index ledgers_by_name on ledgers (name)',
  'drop index holders_of_party',
  'create table things (id uuid primary key default gen_random_uuid())',
  'insert into things select gen_random_uuid()',
  'set local lock_timeout = 2000',
])('allows %s', (statement) => {
  expect(broken([statement])).toEqual([]);
});
