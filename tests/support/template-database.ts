/** The migrated database that every test file gets a copy of; `global-setup.mjs` makes it. */
export const templateDatabase = 'joint_ledger_template';

export function withDatabaseName(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
