import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/database/create-database.ts';
import { roleNames } from '../../src/roles-script.ts';
import { runCommand } from './command-line.ts';
import { copyDatabase, dropDatabase, openTestPool } from './test-database.ts';

type Purpose = 'owner' | 'service' | 'worker' | 'readonly';

/** A migrated database of a test's own, with roles of its own. */
export interface DatabaseWithRoles {
  readonly prefix: string;
  /** The superuser's. */
  readonly url: string;
  readonly database: Database;
  /** The same database, for a role. */
  urlOf(purpose: Purpose): string;
  /** Sessions of a role, which end with the database. */
  openAs(purpose: Purpose): Database;
  drop(): Promise<void>;
}

export async function createDatabaseWithRoles(): Promise<DatabaseWithRoles> {
  const url = await copyDatabase();
  const database = openTestPool(url);
  const prefix = `jl_${randomUUID().slice(0, 8)}`;
  const names = roleNames(prefix);
  const { code, stderr } = await runCommand(['roles', '--apply', '--prefix', prefix], database);
  if (code !== 0) throw new Error(stderr);
  const password = randomUUID();
  for (const name of Object.values(names)) await database.raw(`alter role ${name} password '${password}'`);
  const urlOf = (purpose: Purpose) => {
    const changed = new URL(url);
    changed.username = names[purpose];
    changed.password = password;
    return changed.href;
  };
  const pools: Database[] = [];
  return {
    ...{ prefix, url, database, urlOf },
    openAs(purpose) {
      const pool = openTestPool(urlOf(purpose));
      pools.push(pool);
      return pool;
    },
    async drop() {
      await Promise.all(pools.map((pool) => pool.destroy()));
      for (const name of Object.values(names)) await database.raw(`drop owned by ${name} cascade; drop role ${name}`);
      await database.destroy();
      await dropDatabase(url);
    },
  };
}
