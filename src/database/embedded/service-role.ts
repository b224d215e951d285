import { createHash } from 'node:crypto';
import pg from 'pg';
import { readPassword } from './cluster-creation.ts';
import type { Cluster } from './cluster-location.ts';
import { openSession } from './cluster-session.ts';

/** Whom the service is to the embedded server: it owns its database, and is no superuser. */
const serviceRole = 'joint_ledger';

/** The address of a database of this cluster for the service. */
export function serviceUrl(cluster: Cluster, port: number, database: string): string {
  return `postgres://${serviceRole}:${passwordOf(cluster)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** Made of the superuser's, so that there is one secret to keep; from it nothing leads back. */
function passwordOf(cluster: Cluster): string {
  return createHash('sha256')
    .update(`${serviceRole} ${readPassword(cluster)}`)
    .digest('base64url');
}

/**
 * Makes the role where it is missing, and gives it the database with all that is in it: what builds before wrote as the
 * superuser too. Of several at once each waits for the one before.
 */
export async function prepareServiceRole(cluster: Cluster, port: number, database: string): Promise<void> {
  const session = await openSession(cluster, port, 'joint-ledger roles', database);
  try {
    // A standby has the role from its primary.
    const { rows } = await session.query('select pg_is_in_recovery() as is_standby');
    if (rows[0].is_standby) return;
    await session.query('begin');
    await session.query('select pg_advisory_xact_lock(hashtext($1))', [serviceRole]);
    const { rowCount } = await session.query('select from pg_roles where rolname = $1', [serviceRole]);
    const terms = 'login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password';
    const password = pg.escapeLiteral(passwordOf(cluster));
    await session.query(`${rowCount === 0 ? 'create' : 'alter'} role ${serviceRole} ${terms} ${password}`);
    for (const statement of await findForeign(session, database)) await session.query(statement);
    await session.query('commit');
  } finally {
    await session.end().catch(() => {});
  }
}

/** What gives the role each thing in the database that it does not own; nothing once it owns all. */
async function findForeign(session: pg.Client, database: string): Promise<string[]> {
  const { rows } = await session.query<{ statement: string }>(
    `with own as (select oid from pg_roles where rolname = $1),
          spaces as (select n.oid, n.nspname, n.nspowner from pg_namespace n
                     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')
     select format('alter database %I owner to %I', $2::text, $1::text) as statement
     from pg_database d, own where d.datname = $2 and d.datdba <> own.oid
     union all
     select format('alter schema %I owner to %I', s.nspname, $1::text) from spaces s, own where s.nspowner <> own.oid
     union all
     select format('alter table %I.%I owner to %I', s.nspname, c.relname, $1::text)
     from pg_class c join spaces s on s.oid = c.relnamespace, own
     where c.relkind in ('r', 'p', 'v', 'm') and c.relowner <> own.oid
     union all
     select format('alter sequence %I.%I owner to %I', s.nspname, c.relname, $1::text)
     from pg_class c join spaces s on s.oid = c.relnamespace, own
     where c.relkind = 'S' and c.relowner <> own.oid
       and not exists (select from pg_depend p where p.objid = c.oid and p.deptype in ('a', 'i'))
     union all
     select format('alter function %s owner to %I', f.oid::regprocedure, $1::text)
     from pg_proc f join spaces s on s.oid = f.pronamespace, own where f.proowner <> own.oid`,
    [serviceRole, database],
  );
  return rows.map(({ statement }) => statement);
}
