import { types } from 'node:util';
import knexModule from 'knex';
import { ConnectionError } from './connection-error.ts';

/** PostgreSQL error codes that the service acts on (PostgreSQL manual, appendix A). */
export const sqlState = {
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  lockNotAvailable: '55P03',
  uniqueViolation: '23505',
  invalidParameterValue: '22023',
  queryCanceled: '57014',
  idleInTransaction: '25P03',
  inFailedTransaction: '25P02',
  readOnly: '25006',
  /** A prepared statement is not there, or is there already. */
  statementUnknown: '26000',
  statementExists: '42P05',
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

/**
 * PostgreSQL rolled the transaction back for reasons that another try does not meet again: others, or a pooler that had
 * not kept what the session had planned.
 */
export function isTransientConflict(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && transientStates.has(state);
}

const transientStates = new Set<string>([
  sqlState.serializationFailure,
  sqlState.deadlockDetected,
  sqlState.statementUnknown,
  sqlState.statementExists,
]);

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
  'ENOENT',
]);

/**
 * The session is of no use any more: class 08 (connection exception), 57P01 to 57P05 (shutdown, crash, starting up,
 * database dropped, idle timeout), 25P03 and 25P04 (idle, or too long, in a transaction), 25006 (its server is a
 * standby or read-only), or the socket broke.
 */
export function isSessionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== undefined) return /^(08|57P0[1-5]|25P0[34]|25006)/.test(state);
  if (!isError(error)) return false;
  if ('code' in error && typeof error.code === 'string' && socketCodes.has(error.code)) return true;
  // The driver reports a broken session by message alone, and knex puts the statement before it.
  return /\b(Connection (terminated|ended)|timeout expired|not queryable|Client was closed)/.test(error.message);
}

/**
 * The server can't do it now, whatever it is: the session is lost or can't be opened, 53xxx (out of connections, memory
 * or disk), 55000 (not in the state for it), 28xxx and 3D000 (it refuses us, or has no such database any more).
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof ConnectionError || isSessionLost(error)) return true;
  return /^(53|55000|28|3D000)/.test(sqlStateOf(error) ?? '');
}

/** The server itself has answered this statement with an error, and did nothing of what it asked. */
export function isStatementRefused(error: unknown): boolean {
  return sqlStateOf(error) !== undefined;
}
