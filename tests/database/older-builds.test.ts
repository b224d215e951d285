import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// Processes of an older build go on while the database is migrated, and may start again afterwards. What their
// statements name must still be there, and what they write must still be taken. That this build lives with all that is
// allowed here to later ones is tested in tests/process/newer-schema.test.ts.

/** The last migration of the build before this one, whose processes may run beside those of this one. */
const lastOfPreviousBuild = '20261121001600_work';
/**
 * With these the log got its numbers (docs/adr/0024), and signatures their evidence, before anything was released:
 * processes of earlier builds are stopped for them. From here on it is again as before.
 */
const stopsOlderBuilds = [
  '20261129000100_numbered_log',
  '20261129000200_number_events',
  '20261129000300_without_transaction_ids',
  // A party that comes back may sign again, so the key of signatures has their time (docs/adr/0030).
  '20261201000100_evidence',
];
const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));
const later = readdirSync(folder)
  .map((file) => path.parse(file).name)
  .sort()
  .filter((name) => name > lastOfPreviousBuild);

/** Rules of old and new columns together, looked at one by one: each holds for all that an older build writes. */
const harmless = [
  // Nothing has a time of its own that was made without one.
  'projects.projects_assigned_in_time rules out more',
  // What has no place takes none from others.
  'webhook_endpoints.webhook_endpoints_one_a_slot rules out more',
  // Older builds leave these empty, and what is empty is like nothing else.
  'transactions.transactions_external_id_unique rules out more',
  'payment_orders.payment_orders_external_id_unique rules out more',
  // A part of what the key below ruled out.
  'transactions.transactions_of_single_origin_once rules out more',
  // No ON CONFLICT names it, and an older build looks for a reversal under the account locks before it books one.
  'transactions.transactions_of_origin_once is not the key it was',
  // No ON CONFLICT names it, and each entry has an id of its own.
  'entries.entries_pkey is not the key it was',
];

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ empty: true });
  await migrateTo(lastOfPreviousBuild);
});

afterAll(() => testDatabase.verifyAndDrop());

async function migrateTo(last: string): Promise<void> {
  for (let name = ''; name < last; ) {
    const [, ran] = await testDatabase.database.migrate.up();
    name = ran[0];
  }
}

/** What statements rely on; everything by its table's name and its own. */
interface Schema {
  readonly columns: ReadonlyMap<string, { type: string; takesNull: boolean; hasDefault: boolean }>;
  /** Checks, keys, references and unique indexes, with the columns they are about. */
  readonly rules: ReadonlyMap<string, { definition: string; columns: readonly string[] }>;
  readonly triggers: ReadonlyMap<string, { definition: string }>;
}

async function readSchema(knex: Knex): Promise<Schema> {
  async function read<Row>(sql: string): Promise<ReadonlyMap<string, Row>> {
    const { rows } = await knex.raw<{ rows: Array<Row & { name: string }> }>(sql);
    return new Map(rows.map((row) => [row.name, row]));
  }
  const isOurs = `c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'knex\\_%'`;
  const named = (attributes: string) => `
    array(select format('%s.%s', c.relname, a.attname) from pg_attribute a
          where a.attrelid = c.oid and a.attnum = any(${attributes}))`;
  return {
    columns: await read(`
      select format('%s.%s', c.relname, a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
             not a.attnotnull as "takesNull", a.atthasdef or a.attidentity <> '' as "hasDefault"
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where ${isOurs}`),
    rules: await read(`
      select format('%s.%s', c.relname, k.conname) as name, ${named('k.conkey')} as columns,
             replace(pg_get_constraintdef(k.oid), ' NOT VALID', '') as definition
      from pg_class c join pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c', 'x')
      where ${isOurs}
      union all
      select format('%s.%s', c.relname, i.relname), ${named('x.indkey')}, pg_get_indexdef(i.oid)
      from pg_class c join pg_index x on x.indrelid = c.oid join pg_class i on i.oid = x.indexrelid
      where ${isOurs} and x.indisunique and not exists (select from pg_constraint k where k.conindid = i.oid)`),
    triggers: await read(`
      select format('%s.%s', c.relname, t.tgname) as name, pg_get_triggerdef(t.oid) as definition
      from pg_class c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal
      where ${isOurs}`),
  };
}

/** What statements that were written for one schema can no longer rely on under another, in words. */
function whatBreaks(before: Schema, after: Schema): string[] {
  const tableOf = (name: string) => name.split('.')[0]!;
  const tables = new Set([...before.columns.keys()].map(tableOf));
  const onOldTables = <Part>(parts: ReadonlyMap<string, Part>) =>
    [...parts].filter(([name]) => tables.has(tableOf(name)));
  const problems: string[] = [];
  for (const [name, { type, takesNull, hasDefault }] of before.columns) {
    const now = after.columns.get(name);
    if (now === undefined) problems.push(`${name} is gone`);
    else if (now.type !== type) problems.push(`${name} is ${now.type}, not ${type}`);
    else if ((takesNull && !now.takesNull) || (hasDefault && !now.hasDefault)) problems.push(`${name} asks for more`);
  }
  for (const [name, { takesNull, hasDefault }] of onOldTables(after.columns)) {
    if (!before.columns.has(name) && !takesNull && !hasDefault) problems.push(`${name} is asked for`);
  }
  for (const [name, { definition, columns }] of onOldTables(after.rules)) {
    const old = before.rules.get(name);
    const isNewToOldColumns = old === undefined && columns.some((column) => before.columns.has(column));
    if (isNewToOldColumns || (old && !allowsAllOf(old.definition, definition))) problems.push(`${name} rules out more`);
  }
  for (const [name, { definition }] of before.rules) {
    // ON CONFLICT names them, and whoever writes twice relies on them.
    const isUnique = !/^(CHECK|FOREIGN KEY)/.test(definition);
    if (isUnique && after.rules.get(name)?.definition !== definition) problems.push(`${name} is not the key it was`);
  }
  for (const [name, { definition }] of onOldTables(after.triggers)) {
    if (before.triggers.get(name)?.definition !== definition) problems.push(`${name} does something new`);
  }
  return problems;
}

/** Whether a rule is the same, or a list of values that has become longer. */
function allowsAllOf(before: string, after: string): boolean {
  const values = (definition: string) =>
    /^CHECK \(\(\w+ = ANY \(ARRAY\[(.*)\]\)\)\)$/.exec(definition)?.[1]?.split(', ');
  const now = values(after);
  return after === before || (now !== undefined && values(before)?.every((value) => now.includes(value)) === true);
}

test('no migration takes anything from processes of the previous build', async () => {
  expect(later.length).toBeGreaterThan(0);
  const { database } = testDatabase;
  let before = await readSchema(database);
  for (const name of later) {
    await migrateTo(name);
    if (stopsOlderBuilds.includes(name)) {
      before = await readSchema(database);
      continue;
    }
    const breaks = whatBreaks(before, await readSchema(database)).filter((problem) => !harmless.includes(problem));
    expect({ name, breaks }).toEqual({ name, breaks: [] });
  }
});

test.each([
  [
    'alter table accounts drop column external_id',
    ['accounts.external_id is gone', 'accounts.accounts_external_id_unique is not the key it was'],
  ],
  ['alter table parties rename column name to title', ['parties.name is gone', 'parties.title is asked for']],
  ['alter table parties alter name type varchar(99)', ['parties.name is character varying(99), not text']],
  ['alter table transactions alter reference set not null', ['transactions.reference asks for more']],
  ['alter table holds alter status drop default', ['holds.status asks for more']],
  ['alter table parties add born date not null', ['parties.born is asked for']],
  ['alter table parties add constraint named check (name <> $$-$$)', ['parties.named rules out more']],
  [
    'alter table accounts drop constraint accounts_status_known, add constraint accounts_status_known check (status in ($$active$$))',
    ['accounts.accounts_status_known rules out more'],
  ],
  ['create unique index once on parties (ledger_id, name)', ['parties.once rules out more']],
  [
    'create trigger t before insert on parties for each row execute function suppress_redundant_updates_trigger()',
    ['parties.t does something new'],
  ],
  ['alter table parties add born date, add check (born > $$1900-01-01$$)', []],
])('%s', async (statement, breaks) => {
  const change = await testDatabase.database.transaction();
  const before = await readSchema(change);
  await change.raw(statement);
  const after = await readSchema(change);
  await change.rollback();
  expect(whatBreaks(before, after)).toEqual(breaks);
});
