import { ConfigError } from './config.ts';
import { EmbeddedServerError } from './database/embedded/embedded-server.ts';
import { isDatabaseUnavailable, sqlStateOf } from './database/sqlstate.ts';
import { OperatorError } from './errors/operator-error.ts';

/** What an operator must do about a failed start, in a sentence. Only what nobody foresaw comes with its stack. */
export function operatorSentence(error: unknown): string {
  if (error instanceof ConfigError)
    return `The settings don't fit: ${error.message}${error.message.endsWith('?') ? '' : '.'}`;
  if (error instanceof EmbeddedServerError || error instanceof OperatorError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const state = sqlStateOf(error);
  if (state?.startsWith('28')) return 'The database refuses the user or the password in DATABASE_URL.';
  if (state === '3D000') return 'The database named in DATABASE_URL does not exist: create it first.';
  if (state === '42501')
    return 'The database user in DATABASE_URL may not create tables: grant it CREATE on the schema.';
  if (state === '42P01') return 'The database is not migrated: run npm run migrate.';
  if (isDatabaseUnavailable(error)) return `The database cannot be reached (${error.message}): check DATABASE_URL.`;
  if ('syscall' in error && 'path' in error) {
    return `A file can't be used (${error.message}): set DATA_DIR to a folder you can write to.`;
  }
  return error.stack ?? error.message;
}
