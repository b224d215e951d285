import type { Database } from '../database/create-database.ts';
import { invalidInput } from '../http/read-input.ts';

/**
 * Refuses a time zone that the database does not know: it is the database that says when an account's day begins.
 * Throws RefusalError `validation_failed`.
 */
export async function refuseUnknownTimeZone(database: Database, timeZone: string | undefined): Promise<void> {
  if (timeZone === undefined || timeZone === 'UTC') return;
  const known = await database('pg_timezone_names').where('name', timeZone).limit(1).pluck('name');
  if (known.length > 0) return;
  throw invalidInput([{ path: 'timeZone', message: 'must be a time zone such as "Europe/Madrid"' }]);
}
