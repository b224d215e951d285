import { types } from 'node:util';
import knexModule from 'knex';

/** PostgreSQL error codes that the service acts on (PostgreSQL manual, appendix A). */
export const sqlState = {
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  lockNotAvailable: '55P03',
  invalidParameterValue: '22023',
  queryCanceled: '57014',
  idleInTransaction: '25P03',
  inFailedTransaction: '25P02',
} as const;

/** Of whichever realm: node makes the errors of sockets in its own, and tests run in another. */
const isError = types.isNativeError;

/** The SQLSTATE of an error that PostgreSQL reported, undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = isError(error) && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as Error) ? code : undefined;
}

/** The pool had no connection to give within its time. */
export function isPoolExhausted(error: unknown): boolean {
  return error instanceof knexModule.KnexTimeoutError;
}

/** PostgreSQL rolled the transaction back because of others; the same transaction can simply run again. */
export function isTransientConflict(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === sqlState.serializationFailure || state === sqlState.deadlockDetected;
}

/** Codes by which node's sockets and resolver say that the other side is gone or was never there. */
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * The session is gone or the server can't serve one now: class 08 (connection exception), 57P01 to 57P05 (shutdown,
 * crash, starting up, idle timeout), 25P03 (idle in transaction), 25006 (a standby answered), 53xxx (out of
 * connections, memory or disk), or the socket broke.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined) return /^(08|53|57P0[1-5]|25P03|25006)/.test(state);
  if (!isError(error)) return false;
  if ('code' in error && typeof error.code === 'string' && socketCodes.has(error.code)) return true;
  // The driver reports a broken session by message alone, and knex puts the statement before it.
  return /\b(Connection (terminated|ended)|timeout expired|not queryable|Client was closed)/.test(error.message);
}
