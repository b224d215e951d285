import { Temporal } from 'temporal-polyfill';
import { nextOccurrences, type Schedule } from './schedule.ts';

/** More than a year of days: what a rule does in it, it goes on to do. */
const lookedAt = 400;

/** The most occurrences that are executed in one day, or one month, of the schedule's time zone; 1 at least. Pure. */
export function mostInPeriod(schedule: Schedule, period: 'day' | 'month'): number {
  const length = period === 'day' ? '2026-12-31'.length : '2026-12'.length;
  const counts = new Map<string, number>();
  for (const { dueAt } of nextOccurrences(schedule, null, lookedAt)) {
    const local = Temporal.Instant.fromEpochMilliseconds(dueAt.getTime()).toZonedDateTimeISO(schedule.timeZone);
    const name = local.toPlainDate().toString().slice(0, length);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Math.max(1, ...counts.values());
}
