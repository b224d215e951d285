import { roleRights } from './role-rights.ts';

const purposes = ['owner', 'service', 'worker', 'readonly'] as const;

export type RoleNames = Readonly<Record<(typeof purposes)[number], string>>;

/** What the roles are called: `joint_ledger_owner` with the prefix `joint_ledger`, and so on. */
export function roleNames(prefix: string): RoleNames {
  return Object.fromEntries(purposes.map((purpose) => [purpose, `${prefix}_${purpose}`])) as unknown as RoleNames;
}

/**
 * SQL that makes the roles where they are missing, gives all tables to the owner, and grants the others what they need
 * and nothing beyond it. It may be run again at any time: with each migration new tables come, and rights that are not
 * needed any more are taken away. Roles have no password until one is set.
 *
 * All of it belongs into one transaction. It fails when one of the roles is there already and is above all rights: a
 * superuser, or one that bypasses row security.
 *
 * @param prefix Lower-case letters, digits and _, a letter first.
 */
export function rolesScript(prefix: string): string {
  const names = roleNames(prefix);
  return [
    ...Object.values(names).map(makeRole),
    '',
    '-- Tables can be given only by a member of the role that they are given to.',
    memberOf(names.owner),
    `revoke create on schema public from public;`,
    `grant usage, create on schema public to ${names.owner};`,
    `grant usage on schema public to ${names.service}, ${names.worker}, ${names.readonly};`,
    `alter function public.refuse_change() owner to ${names.owner};`,
    ...Object.keys(roleRights).flatMap((table) => ['', ...tableStatements(table, names)]),
    '',
  ].join('\n');
}

function makeRole(role: string): string {
  return `
do $$ begin
  if not exists (select from pg_roles where rolname = '${role}') then
    create role ${role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
  elsif exists (select from pg_roles where rolname = '${role}' and (rolsuper or rolbypassrls)) then
    raise exception 'the role ${role} is above all rights: alter role ${role} nosuperuser nobypassrls';
  end if;
end $$;`;
}

function memberOf(role: string): string {
  return `do $$ begin
  if not pg_has_role('${role}', 'usage') then
    execute format('grant ${role} to %I', current_user);
  end if;
end $$;`;
}

function tableStatements(table: string, { owner, service, worker, readonly }: RoleNames): string[] {
  const rights = roleRights[table]!;
  const grants = [
    [service, rights.service],
    [worker, rights.worker],
    [readonly, rights.readable === undefined ? 'select' : `select (${rights.readable})`],
  ];
  return [
    `alter table public.${table} owner to ${owner};`,
    `revoke all on public.${table} from public, ${service}, ${worker}, ${readonly};`,
    ...grants.flatMap(([role, granted]) =>
      granted === undefined ? [] : `grant ${granted} on public.${table} to ${role};`,
    ),
  ];
}
