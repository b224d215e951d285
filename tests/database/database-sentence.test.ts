import { expect, test } from '@jest/globals';
import pg from 'pg';
import { operatorSentence } from '../../src/process/operator-sentence.ts';

/** An error as the driver and knex hand it on: the statement stands before the server's message. */
function ofServer(code: string, message: string, statement = ''): Error {
  const text = statement === '' ? message : `${statement} - ${message}`;
  return Object.assign(new pg.DatabaseError(text, 0, 'error'), { severity: 'FATAL', code });
}

const ofNode = (code: string, message: string, more = {}) => Object.assign(new Error(message), { code, ...more });

test.each([
  [ofServer('28P01', 'password authentication failed for user "u"'), /refuses the user or the password.*for user "u"/],
  [
    ofServer('28000', 'no pg_hba.conf entry for host "::1", no encryption'),
    /takes no such session.*no encryption.*pg_hba/,
  ],
  [ofServer('3D000', 'database "x" does not exist'), /does not exist \(database "x" does not exist\): create it/],
  [
    ofServer('42501', 'permission denied for schema public'),
    /may not create or change tables \(permission denied.*grant/,
  ],
  [ofServer('42P01', 'relation "ledgers" does not exist'), /not migrated: run npm run migrate/],
  [
    ofServer('53300', 'sorry, too many clients already'),
    /no session left \(sorry.*max_connections.*DATABASE_POOL_SIZE/,
  ],
  [ofServer('53100', 'could not extend file: No space left on device'), /disk of the database is full/],
  [ofServer('57P03', 'the database system is starting up'), /starting, stopping or recovering.*start again/],
  [
    ofServer('25006', 'cannot execute CREATE TABLE in a read-only transaction'),
    /standby or read-only \(cannot execute.*takes writes/,
  ],
  [ofServer('55000', 'database "template0" is not currently accepting connections'), /template0.*check the name/],
  [ofServer('22023', 'invalid value for parameter "TimeZone"'), /does not take the session.*TimeZone/],
  [ofServer('42704', 'unrecognized configuration parameter "x"'), /does not take the session.*behind the \?/],
  [ofServer('08P01', 'unsupported startup parameter'), /cannot be reached \(unsupported startup parameter\)/],
  [ofServer('0A000', 'cannot do this'), /an error that is not known here: cannot do this \(SQLSTATE 0A000\)\.$/],
  [ofNode('ECONNREFUSED', '', { syscall: 'connect' }), /cannot be reached \(ECONNREFUSED\): check DATABASE_URL/],
  [ofNode('ENOENT', 'connect ENOENT /run/.s.PGSQL.5432', { syscall: 'connect' }), /cannot be reached \(connect ENOENT/],
  [new Error('SASL: client password must be a string'), /password in DATABASE_URL is wrong or missing/],
  [new Error('The server does not support SSL connections'), /offers no TLS.*sslmode=disable/],
  [ofNode('CERT_HAS_EXPIRED', 'certificate has expired'), /not trusted \(certificate has expired\).*sslrootcert/],
  [ofNode('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'no issuer'), /not trusted \(no issuer\)/],
  [ofNode('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number'), /No TLS session.*wrong version number/],
])('%s is one sentence', (error, sentence) => {
  const told = operatorSentence(error);
  expect(told).toMatch(sentence);
  expect(told).toMatch(/^[A-Z][^\n]*\.$/);
});

test('an error never brings the statement along, and stays whole when nobody foresaw it', () => {
  const statement = 'insert into "ledgers" ("id") values ($1)';
  const told = operatorSentence(ofServer('23502', 'null value in column "id"', statement));
  expect(told).toBe(
    'The database answered with an error that is not known here: null value in column "id" (SQLSTATE 23502).',
  );
  expect(operatorSentence(new TypeError('x is not a function'))).toMatch(/TypeError: x is not a function\n +at /);
});
