import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { dayNumberOf, isWeekend } from './day-number.ts';
import { lastDay, recurrenceDays } from './recurrence-days.ts';
import { parseRecurrenceRule, type RecurrenceRule } from './recurrence-rule.ts';

export const weekendRules = ['keep', 'skip', 'next', 'previous'] as const;

/** When a standing order is executed, in the words of its owner: local time, and what to do on weekends. */
export const scheduleDocument = z
  .strictObject({
    /** Local date and time without offset, such as "2026-12-01T09:00:00"; no occurrence lies before it. */
    startsAt: z.string(),
    /** A name of the IANA time zone database, such as "Europe/Vienna". */
    timeZone: z.string(),
    /** A recurrence rule of RFC 5545, such as "FREQ=MONTHLY;BYMONTHDAY=31"; null for once, at `startsAt`. */
    recurrence: z.string().nullable(),
    /** On Saturdays and Sundays: execute all the same, not at all, on the Monday after or on the Friday before. */
    weekends: z.enum(weekendRules),
  })
  .readonly()
  .meta({ id: 'Schedule' });

export type Schedule = z.output<typeof scheduleDocument>;

export interface Occurrence {
  /** The instant that the rule names: it tells the occurrences of an order apart, and they ascend by it. */
  readonly at: Date;
  /** When it is to be executed; another day than `at` if the weekend moves it. Never goes back from one to the next. */
  readonly dueAt: Date;
}

/**
 * The first occurrence after an instant, of all when it is null; undefined when the schedule has ended. Pure. The
 * schedule must be free of problems (`problemsOfSchedule`).
 */
export function nextOccurrence(schedule: Schedule, after: Date | null): Occurrence | undefined {
  return nextOccurrences(schedule, after, 1)[0];
}

/** A weekend moves an occurrence by less than this. */
const maxShiftMs = 3 * 86_400_000;

/**
 * The first occurrence after what is dealt with (all when it is null) whose time to be executed lies ahead: of a
 * weekend that is executed on the Friday before, the Friday may be over; of one that is executed on the Monday after,
 * the weekend.
 */
export function nextDueAfter(schedule: Schedule, handled: Date | null, now: Date): Occurrence | undefined {
  const from = new Date(Math.max(handled?.getTime() ?? 0, now.getTime() - maxShiftMs));
  for (const occurrence of occurrencesAfter(schedule, from)) if (occurrence.dueAt > now) return occurrence;
  return undefined;
}

/** As `nextOccurrence`, the first `limit` of them. */
export function nextOccurrences(schedule: Schedule, after: Date | null, limit: number): Occurrence[] {
  const found: Occurrence[] = [];
  if (limit <= 0) return found;
  for (const occurrence of occurrencesAfter(schedule, after)) {
    found.push(occurrence);
    if (found.length >= limit) break;
  }
  return found;
}

/**
 * The occurrences after an instant, one by one as they are asked for. The rule's days come first, then local time on
 * them, then the weekend; so COUNT counts the days that weekends leave out as well.
 *
 * A local time that a change of the clocks leaves out is counted with the offset from before the change, one that
 * happens twice is the first of the two (RFC 5545, section 3.3.5, which erratum 4271 applies to recurrence too): 02:30
 * becomes 03:30 on that day, and no day's payment is lost. Where a whole day was left out (Apia, 30 December 2011), its
 * occurrence falls on the next day; if that has its own, the two are one.
 */
export function* occurrencesAfter(schedule: Schedule, after: Date | null): Generator<Occurrence, void> {
  const { timeZone, weekends } = schedule;
  const startsAt = Temporal.PlainDateTime.from(schedule.startsAt);
  const rule = ruleOf(schedule);
  const onDay = (day: number) => startsAt.add({ days: day - start }).toZonedDateTime(timeZone);
  const start = dayNumberOf(startsAt);
  // The day before as well: its occurrence may have been moved across midnight by a change of the clocks.
  const from = after === null ? start : Math.max(start, localDayOf(after, timeZone) - 1);
  let previousMs = after?.getTime() ?? Number.NEGATIVE_INFINITY;
  for (const day of rule === null ? [start] : recurrenceDays(rule, start, from)) {
    if (weekends === 'skip' && isWeekend(day)) continue;
    const time = onDay(day);
    const atMs = time.epochMilliseconds;
    if (atMs <= previousMs) continue;
    if (atMs > (rule?.untilInstant?.getTime() ?? Number.POSITIVE_INFINITY)) return;
    previousMs = atMs;
    const due = executionTime({ day, time }, weekends, onDay);
    if (due !== undefined) yield { at: new Date(atMs), dueAt: new Date(due.epochMilliseconds) };
  }
}

function ruleOf({ recurrence }: Schedule): RecurrenceRule | null {
  if (recurrence === null) return null;
  const parsed = parseRecurrenceRule(recurrence);
  if ('rule' in parsed) return parsed.rule;
  throw new Error(`The recurrence rule was never checked: ${parsed.problems.join('; ')}`);
}

/** Later than any occurrence, a date of any year asks for nothing. */
function localDayOf(instant: Date, timeZone: string): number {
  const zoned = Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone);
  return Math.min(dayNumberOf(zoned), lastDay + 2);
}

/**
 * When the occurrence of a day is to be executed; undefined if not at all. The day of the week counts that the rule
 * names, and the one on which it comes to lie where a time zone has left out that day.
 */
function executionTime(
  occurrence: { day: number; time: Temporal.ZonedDateTime },
  weekends: Schedule['weekends'],
  onDay: (day: number) => Temporal.ZonedDateTime,
): Temporal.ZonedDateTime | undefined {
  let { day, time } = occurrence;
  while (weekends !== 'keep' && (isWeekend(day) || time.dayOfWeek > 5)) {
    if (weekends === 'skip') return undefined;
    day += weekends === 'next' ? 1 : -1;
    time = onDay(day);
  }
  return time;
}
