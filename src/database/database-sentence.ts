import { ConnectionError } from './connection-error.ts';
import { serverMessage } from './server-message.ts';
import { isDatabaseUnavailable, isPoolExhausted, sqlStateOf } from './sqlstate.ts';

interface Explanation {
  /** SQLSTATEs (PostgreSQL manual, appendix A), or the codes of node and OpenSSL (node's documentation, TLS). */
  readonly codes: RegExp;
  readonly problem: string;
  readonly whatToDo: string;
}

/** Of two that fit the first one counts. */
const sqlStates: readonly Explanation[] = [
  {
    codes: /^28000/,
    problem: 'The database takes no such session',
    whatToDo: 'check DATABASE_URL, and pg_hba.conf of the server',
  },
  {
    codes: /^28/,
    problem: 'The database refuses the user or the password in DATABASE_URL',
    whatToDo: 'correct them',
  },
  {
    codes: /^3D000/,
    problem: 'The database named in DATABASE_URL does not exist',
    whatToDo: 'create it first',
  },
  {
    codes: /^42501/,
    problem: 'The database user in DATABASE_URL may not create or change tables',
    whatToDo:
      'run joint-ledger migrate as the owner of the tables, or make it the owner and grant it CREATE on the schema',
  },
  {
    codes: /^53300/,
    problem: 'The database has no session left',
    whatToDo: 'raise its max_connections, lower DATABASE_POOL_SIZE, or run fewer processes',
  },
  {
    codes: /^53100/,
    problem: 'The disk of the database is full',
    whatToDo: 'free space on it and start again',
  },
  {
    codes: /^57P0[1-3]/,
    problem: 'The database is starting, stopping or recovering',
    whatToDo: 'start again in a moment',
  },
  {
    codes: /^25006/,
    problem: 'The database in DATABASE_URL is a standby or read-only',
    whatToDo: 'name one that takes writes',
  },
  {
    codes: /^(55000|22023|42704)/,
    problem: 'The database does not take the session that DATABASE_URL asks for',
    whatToDo: 'check the name of the database in it, and what stands behind the ?',
  },
];

const tlsCodes: readonly Explanation[] = [
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    problem: 'The certificate of the database is for another host',
    whatToDo: 'name the host that it is for in DATABASE_URL',
  },
  {
    codes: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)_|CERT_|INVALID_CA)/,
    problem: 'The certificate of the database is not trusted',
    whatToDo: 'add sslrootcert=/path to DATABASE_URL, with the certificate of its authority',
  },
  {
    codes: /^(ERR_SSL_|EPROTO$)/,
    problem: 'No TLS session with the database could be established',
    whatToDo: 'check host, port and sslmode in DATABASE_URL',
  },
];

/** What the driver notices by itself, by the beginnings of its messages. */
const driverMessages: readonly Explanation[] = [
  {
    codes: /^The server does not support SSL/,
    problem: 'The database offers no TLS, which DATABASE_URL asks for',
    whatToDo: 'switch it on in the server, or use sslmode=disable on a network that you trust',
  },
  {
    codes: /^There was an error establishing an SSL/,
    problem: 'No TLS session with the database could be established',
    whatToDo: 'check host, port and sslmode in DATABASE_URL',
  },
  {
    codes: /^SASL: /,
    problem: 'The password in DATABASE_URL is wrong or missing',
    whatToDo: 'correct it',
  },
];

/**
 * What an operator must do about a database that can't be used, in a sentence with the server's own words; undefined
 * when the error has nothing to do with it.
 */
export function databaseSentence(failure: Error): string | undefined {
  const error = failure instanceof ConnectionError ? (failure.cause as Error) : failure;
  const message = serverMessage(error);
  const state = sqlStateOf(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (state === '42P01') return 'The database is not migrated: run npm run migrate.';
  const known =
    (state === undefined ? undefined : find(sqlStates, state)) ?? find(tlsCodes, code) ?? find(driverMessages, message);
  if (known !== undefined) return `${known.problem} (${message}): ${known.whatToDo}.`;
  const isConnecting = 'syscall' in error && error.syscall === 'connect';
  if (isConnecting || isDatabaseUnavailable(error)) {
    return `The database cannot be reached (${message}): check DATABASE_URL.`;
  }
  if (isPoolExhausted(error)) return 'The database gave no session in time: check that it is up and not overloaded.';
  if (state === undefined) return undefined;
  return `The database answered with an error that is not known here: ${message} (SQLSTATE ${state}).`;
}

function find(explanations: readonly Explanation[], subject: string): Explanation | undefined {
  return explanations.find(({ codes }) => codes.test(subject));
}
