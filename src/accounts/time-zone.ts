import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';
import type { Database } from '../database/create-database.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { invalidInput } from '../errors/invalid-input.ts';

export const timeZoneMessage = 'must be a time zone such as "Europe/Madrid"';

/** Some more than the IANA database has. */
const cachedNames = 1_000;

/** A winter and a summer of which no release of the IANA database will learn anything new. */
const settledTimes = ['2020-01-15T12:00:00Z', '2020-07-15T12:00:00Z'];

/**
 * Whether node knows the zone by exactly this name of the IANA database: accounts and standing orders take the same
 * names. Offsets such as "+01:00" are none: local time would stop following the clocks of any place, and to PostgreSQL
 * they mean the opposite. Pure; whether the database knows the zone, it is asked.
 */
export function isTimeZone(name: string): boolean {
  if (name.length > 64 || !/^[A-Z][\w+-]*(\/[\w+-]+){0,2}$/.test(name)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId === name;
  } catch {
    return false;
  }
}

/** The names that were good, by the database that knows them. */
const knownTo = new WeakMap<Database, LRUCache<string, true>>();

/**
 * Checks a name that node knows (`isTimeZone`) with the database: it is the database that says when an account's day
 * begins, and workers that say when a standing order is due.
 *
 * PostgreSQL (manual, appendix B.5) also takes abbreviations and POSIX rules, some of them spelt like names of zones:
 * to it, "CET" has no summer time. So the check converts two instants, which costs less than to look through
 * `pg_timezone_names`, and takes only names under which both read the same clock.
 *
 * Throws RefusalError `validation_failed` for the field at `path`.
 */
export async function refuseUnknownTimeZone(
  database: Database,
  timeZone: string | null | undefined,
  path: string,
): Promise<void> {
  if (timeZone == null || timeZone === 'UTC') return;
  const known = knownTo.get(database) ?? new LRUCache<string, true>({ max: cachedNames });
  knownTo.set(database, known);
  if (known.has(timeZone)) return;
  if (!(await readsAsHere(database, timeZone))) throw invalidInput([{ path, message: timeZoneMessage }]);
  known.set(timeZone, true);
}

async function readsAsHere(database: Database, timeZone: string): Promise<boolean> {
  const here = settledTimes.map((time) => {
    const local = Temporal.Instant.from(time).toZonedDateTimeISO(timeZone).toPlainDateTime();
    return local.toString();
  });
  try {
    const { rows } = await database.raw(
      `select bool_and(told.at at time zone :timeZone = told.here) as same
       from unnest(:settledTimes::timestamptz[], :here::timestamp[]) as told (at, here)`,
      { timeZone, settledTimes, here },
    );
    return rows[0].same;
  } catch (error) {
    if (sqlStateOf(error) === sqlState.invalidParameterValue) return false;
    throw error;
  }
}

/** The day behind this one. */
export function dayAfter(day: string): string {
  return Temporal.PlainDate.from(day).add({ days: 1 }).toString();
}

/** When a day begins in a zone, which is not everywhere and always at midnight. */
export function startOfDay(day: string, timeZone: string): Date {
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds);
}
