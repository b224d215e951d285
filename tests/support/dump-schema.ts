import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { startEphemeralServer } from '../../src/database/embedded/ephemeral-server.ts';
import { migrate } from '../../src/database/migrate.ts';

/** Where the schema is kept for people to read, so that a migration shows what it does to it in the diff. */
export const schemaFile = fileURLToPath(new URL('../../docs/schema.sql', import.meta.url));

/** Kinds of relations that are neither tables nor indexes; the service has none, so they are only named. */
const otherKinds: Readonly<Record<string, string>> = {
  v: 'view',
  m: 'materialized view',
  S: 'sequence',
  f: 'foreign table',
};

/**
 * Describes the migrated schema as SQL: what pg_dump would tell, but from the catalogue itself, because the embedded
 * binaries have no pg_dump and its text changes with its version. What the tables of knex look like is knex's matter.
 * The text is the same on PostgreSQL 14 to 18: since 18, pg_constraint lists NOT NULL constraints too (type `n`), which
 * stand with their columns here.
 */
export async function dumpSchema(database: Database): Promise<string> {
  const { rows: functions } = await database.raw(`
    select pg_get_functiondef(p.oid) as definition
    from pg_proc p where p.pronamespace = 'public'::regnamespace order by p.proname collate "C"`);
  const { rows: others } = await database.raw(`
    select c.relname as name, c.relkind as kind
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm', 'S', 'f') and c.relname not like 'knex\\_%'
    order by c.relname collate "C"`);
  const parts = [
    '-- The schema after all migrations. Written by `npm run schema:dump`; change it with a migration, never by hand.',
    ...(await describeTables(database)),
    ...functions.map((row: { definition: string }) => `${row.definition.trim()};`),
    ...others.map((row: { name: string; kind: string }) => `-- ${otherKinds[row.kind]} ${row.name}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

interface TableRow {
  name: string;
  options: string[] | null;
  columns: string[];
  constraints: string[];
  indexes: string[];
  triggers: string[];
}

async function describeTables(database: Database): Promise<string[]> {
  // An index that belongs to a constraint is told with the constraint.
  const { rows } = await database.raw(`
    select c.relname as name, c.reloptions as options,
      array(select format('%s %s%s%s', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                          case when a.attnotnull then ' NOT NULL' else '' end,
                          case when d.oid is null then '' else ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) end)
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            order by a.attnum) as columns,
      array(select format('CONSTRAINT %s %s', quote_ident(k.conname), pg_get_constraintdef(k.oid))
            from pg_constraint k
            where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c', 'x')
            order by array_position('{p,u,f,c,x}'::text[], k.contype::text), k.conname collate "C") as constraints,
      array(select pg_get_indexdef(i.indexrelid)
            from pg_index i join pg_class ic on ic.oid = i.indexrelid
            where i.indrelid = c.oid
              and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = c.oid)
            order by ic.relname collate "C") as indexes,
      array(select pg_get_triggerdef(t.oid)
            from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal
            order by t.tgname collate "C") as triggers
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not like 'knex\\_%'
    order by c.relname collate "C"`);
  return rows.map(describeTable);
}

function describeTable({ name, options, columns, constraints, indexes, triggers }: TableRow): string {
  const lines = [...columns, ...constraints].map((line) => `  ${line}`).join(',\n');
  const withOptions = options === null ? '' : ` WITH (${options.join(', ')})`;
  const table = `CREATE TABLE ${name} (\n${lines}\n)${withOptions};`;
  return [table, ...[...indexes, ...triggers].map((line) => `${line};`)].join('\n');
}

/** `npm run schema:dump`: migrates a throw-away database and writes what it looks like. */
async function writeSchemaFile(): Promise<void> {
  const binDir = process.env.POSTGRES_BIN;
  const server = await startEphemeralServer(binDir ? { binDir } : {});
  const database = createDatabase({
    url: server.url,
    poolSize: 4,
    applicationName: 'schema',
    acquireTimeoutMs: 10_000,
  });
  try {
    await migrate(database);
    await writeFile(schemaFile, await dumpSchema(database));
    process.stdout.write(`Wrote docs/schema.sql from PostgreSQL ${server.serverVersion}.\n`);
  } finally {
    await database.destroy();
    await server.stop();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeSchemaFile();
