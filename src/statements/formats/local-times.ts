import { Temporal } from 'temporal-polyfill';
import type { Statement } from '../statement.ts';

/** An instant as clocks show it where the account is. */
export interface LocalTime {
  /** `2026-11-30`. */
  readonly day: string;
  /** `23:59:59.999`. */
  readonly time: string;
  readonly offsetMs: number;
}

/** Reads instants in a zone. */
export type Clock = (instant: string) => LocalTime;

/**
 * A clock of a zone. Looking a zone up costs more than writing a line, so it is done once for all instants between two
 * changes of the clocks.
 */
export function clockOf(timeZone: string): Clock {
  let [since, until, offsetMs] = [0, 0, 0];
  return (instant) => {
    const at = Date.parse(instant);
    if (at < since || at >= until) {
      const zoned = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
      since = at;
      until = zoned.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
      offsetMs = zoned.offsetNanoseconds / 1e6;
    }
    const local = new Date(at + offsetMs).toISOString();
    return { day: local.slice(0, 10), time: local.slice(11, 23), offsetMs };
  };
}

/** An instant as text, with the offset of the zone: readers that look at the day alone see that of the account. */
export function withOffset({ day, time, offsetMs }: LocalTime): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (number: number) => String(number).padStart(2, '0');
  return `${day}T${time}${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** When the period begins, and its last millisecond; both are the same where it has no length. */
export function periodOf({ periodFrom, periodTo }: Statement, clock: Clock) {
  const first = clock(periodFrom);
  const last = clock(new Date(Math.max(Date.parse(periodTo) - 1, Date.parse(periodFrom))).toISOString());
  return { first, last };
}
