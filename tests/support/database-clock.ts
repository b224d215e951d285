import type { Database } from '../../src/database/create-database.ts';
import { machineClock } from '../../src/ledger/trusted-clock.ts';
import { until } from './lock-witness.ts';

/**
 * The clock of one test's database, as every statement of the service reads it. The clock of this process, with which
 * the service compares it, goes along, unless it was installed as the database's `alone`.
 */
export interface DatabaseClock {
  /** Sets it; it goes on from there. */
  setTo(instant: string | Date): Promise<void>;
  /** Sets it forward, or with a negative number back. */
  advance(ms: number): Promise<void>;
  /** Back to the server's clock. */
  reset(): Promise<void>;
  read(): Promise<Date>;
}

/**
 * Gives a test's database a clock that can be set: `clock_timestamp()`, `now()` and `statement_timestamp()` of a
 * schema that is searched before PostgreSQL's own functions, which it is only when the search path names `pg_catalog`
 * (PostgreSQL manual, chapter 5.10.5). So SQL that calls them without a schema, as all of the service's does, reads
 * this clock.
 *
 * Sessions have the clock from their beginning, so those that are open are ended; pools connect anew by themselves.
 * Nothing else may be under way meanwhile. Node's own clock, which requests are checked with and ids are made with,
 * and the defaults of columns go on as they are.
 */
export async function installDatabaseClock(database: Database, { alone = false } = {}): Promise<DatabaseClock> {
  const shifted = (name: string, volatility: 'volatile' | 'stable') => `
    create function test_clock.${name}() returns timestamptz language sql ${volatility} parallel restricted
      as 'select pg_catalog.${name}() + by from test_clock.shift'`;
  await database.raw('create schema test_clock');
  await database.raw('create table test_clock.shift (by interval not null)');
  await database.raw("insert into test_clock.shift values ('0')");
  await database.raw(shifted('clock_timestamp', 'volatile'));
  await database.raw(shifted('now', 'stable'));
  await database.raw(shifted('statement_timestamp', 'stable'));
  const { rows } = await database.raw('select current_database() as name');
  await database.raw('alter database ?? set search_path = test_clock, pg_catalog, public', [rows[0].name]);
  await database.destroy();
  database.initialize();
  await until(async () => {
    const others = await database.raw(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`);
    return others.rows.length === 0;
  });
  return databaseClock(database, { alone });
}

/** The clock of a database that has one. */
export function databaseClock(database: Database, { alone = false } = {}): DatabaseClock {
  const shift = async (sql: string, bindings: readonly (string | number)[] = []) => {
    const { rows } = await database.raw(
      `update test_clock.shift set by = ${sql} returning (extract(epoch from by) * 1000)::float8 as ms`,
      [...bindings],
    );
    const { ms } = rows[0];
    if (!alone) machineClock.now = () => Date.now() + ms;
  };
  return {
    setTo: (instant) => shift('?::timestamptz - pg_catalog.clock_timestamp()', [new Date(instant).toISOString()]),
    advance: (ms) => shift("by + ? * interval '1 ms'", [ms]),
    reset: () => shift("interval '0'"),
    async read() {
      const { rows } = await database.raw('select test_clock.clock_timestamp() as now');
      return rows[0].now;
    },
  };
}

/** The clock of one test file's database, which goes on, and leaps where a test would have to wait. */
export interface LeapingClock {
  /** An instant that lies ahead: far enough for a slow machine to do first what is to come before. */
  soon(ms?: number): string;
  /** Has this instant pass. */
  leapPast(instant: string): Promise<void>;
}

/** As `installDatabaseClock`. It is never set back, because nothing is booked before what was booked. */
export async function installLeapingClock(database: Database): Promise<LeapingClock> {
  const clock = await installDatabaseClock(database);
  let leaptMs = 0;
  return {
    soon: (ms = 60_000) => new Date(Date.now() + leaptMs + ms).toISOString(),
    async leapPast(instant) {
      const behind = Date.parse(instant) + 100;
      leaptMs = behind - Date.now();
      await clock.setTo(new Date(behind));
    },
  };
}
