import { ConfigError } from './config.ts';
import { EmbeddedServerError } from './database/embedded/embedded-server.ts';
import { isDatabaseUnavailable, sqlStateOf } from './database/sqlstate.ts';
import { OperatorError } from './errors/operator-error.ts';

/** What an operator must do about a failed start, in a sentence. Only what nobody foresaw comes with its stack. */
export function operatorSentence(error: unknown): string {
  if (error instanceof ConfigError) return `The settings don't fit: ${error.message}.`;
  if (error instanceof EmbeddedServerError || error instanceof OperatorError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return 'The port is taken: stop the program that has it, or set PORT to another one.';
  if (code === 'EACCES' && 'syscall' in error && error.syscall === 'listen') {
    return 'This user may not listen on the port: set PORT to one above 1023.';
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EINVAL') return 'This machine does not have the address in HOST.';
  const state = sqlStateOf(error);
  if (state?.startsWith('28')) return 'The database refuses the user or the password in DATABASE_URL.';
  if (state === '3D000') return 'The database named in DATABASE_URL does not exist: create it first.';
  if (state === '42501')
    return 'The database user in DATABASE_URL may not create tables: grant it CREATE on the schema.';
  if (isDatabaseUnavailable(error)) return `The database cannot be reached (${error.message}): check DATABASE_URL.`;
  return error.stack ?? error.message;
}
