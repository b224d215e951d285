import { expect, test } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config.ts';

function problem(url: string): string {
  try {
    readConfig({ DATABASE_URL: url }, []);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('the address was accepted');
}

test.each([
  'postgres://db/ledger',
  'postgres://db',
  'postgresql://db:5432/ledger',
  'postgres://db:/ledger',
  'postgres://user@db/ledger',
  'postgres://user:p%40ss%2F%23@db:5432/ledger?sslmode=require&application_name=me@home',
  'postgres://user:p@ss:word@db/ledger',
  'postgres://user:secret@[::1]:5433/ledger',
  'postgres://user:secret@127.0.0.1/my%20ledger',
  'postgres://%2Fvar%2Frun%2Fpostgresql/ledger',
  'postgres:///ledger?host=/var/run/postgresql',
  'postgres://user:secret@/ledger?host=/var/run/postgresql',
  'postgres://user:secret@h1:5432,h2:5433/ledger?target_session_attrs=read-write',
  'postgres://user:secret@h1,[::1]:5433,h3/ledger?target_session_attrs=primary',
  'postgresql://h1,h2/ledger?target_session_attrs=any&sslmode=require',
])('accepts %s', (url) => {
  expect(readConfig({ DATABASE_URL: url }, []).databaseUrl).toBe(url);
});

const scheme =
  /^DATABASE_URL must begin with postgres:\/\/ or postgresql:\/\/, such as postgres:\/\/user:password@host/;
const noHost = /^DATABASE_URL names no host; write it such as postgres:\/\/user:password@host:5432\/database$/;
const badHost = /^DATABASE_URL must name each host with nothing but a port .* percent-encode .* # as %23/;
const slash = /^DATABASE_URL has a \/ or a \? before its @: percent-encode .* \/ as %2F/;
const hash = /^DATABASE_URL has a # in it: percent-encode .* # as %23/;
const percent = /^DATABASE_URL has a % that encodes nothing: percent-encode .* % as %25/;
const readers = /^DATABASE_URL may ask for target_session_attrs=read-write, primary or any only: the service writes$/;

const parameter = /^DATABASE_URL has a parameter behind its \? that is not known: host, .*, sslmode, .* are$/;

test.each([
  ['postgres://db/ledger?sslmod=verify-full', parameter],
  ['postgres://db/ledger?SSLMODE=require', parameter],
  ['mysql://db/ledger', scheme],
  ['localhost:5432', scheme],
  ['POSTGRES', scheme],
  ['POSTGRES://db/ledger', scheme],
  ['postgresql:/db/ledger', scheme],
  ['postgresql://', noHost],
  ['postgresql:///ledger', noHost],
  ['postgres://user:secret@/ledger', noHost],
  ['postgres://db:99999/ledger', badHost],
  ['postgres://db:0/ledger', badHost],
  ['postgres://db:port/ledger', badHost],
  ['postgres://us er@[db/ledger', badHost],
  ['postgres://user:secret@d b/ledger', badHost],
  ['postgres://user:secret@h1,,h2/ledger', badHost],
  ['postgres://user:secret@h1,h2:x/ledger', badHost],
  ['postgres://user:sec#ret@db/ledger', hash],
  ['postgres://user:12#34@db/ledger', hash],
  ['postgres://user:sec/ret@db/ledger', slash],
  ['postgres://user:12/34@db/ledger', slash],
  ['postgres://user:12?34@db/ledger', slash],
  ['postgres://user:100%@db/ledger', percent],
  ['postgres://user:%zz@db/ledger', percent],
  ['postgres://user:%ff@db/ledger', percent],
  ['postgres://db/100%', percent],
  ['postgres://user:secret@h1,h2/ledger?target_session_attrs=standby', readers],
  ['postgres://user:secret@h1,h2/ledger?target_session_attrs=prefer-standby', readers],
  ['postgres://user:secret@db/ledger?target_session_attrs=read-only', readers],
])('refuses %s in a sentence that is true and keeps the password', (url, sentence) => {
  expect(problem(url)).toMatch(sentence);
  expect(problem(url)).not.toMatch(/sec|ret@|12|34|100%/);
});
