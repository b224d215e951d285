import type { Knex } from 'knex';
import { readConfig } from './src/config.ts';
import { knexConfig } from './src/database/create-database.ts';
import { findDatabaseInUse } from './src/process/database-in-use.ts';

/**
 * For the knex command line (`npm run knex -- ...`): the database in DATABASE_URL, or
 * the embedded one while the service runs.
 */
export default async function config(): Promise<Knex.Config> {
  const url = await findDatabaseInUse(readConfig(process.env, []));
  const options = { url, poolSize: 4, applicationName: 'joint-ledger knex', acquireTimeoutMs: 30_000 };
  return knexConfig(options);
}
