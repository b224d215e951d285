import { type CalendarDay, calendarDay, dayNumber, dayNumberOf, weekdayOf } from './day-number.ts';
import type { RecurrenceRule, WeekdayOfPeriod } from './recurrence-rule.ts';

/** Where the calendar of standing orders ends, so that a rule which never matches costs a bounded time. */
export const lastDay = dayNumber('2200-12-31');

/**
 * The days of a recurrence rule (RFC 5545, section 3.3.10) from the day `from` on, ascending, each once. `start` is the
 * day of DTSTART: nothing happens before it, COUNT counts from it, and what the rule leaves open comes from it. It
 * happens itself only if the rule says so. Pure.
 *
 * The work is bounded by the days until `lastDay`. Without a COUNT it begins at `from`, however long ago `start` is.
 */
export function* recurrenceDays(rule: RecurrenceRule, start: number, from: number): Generator<number, void> {
  const last = Math.min(rule.untilDay ?? lastDay, lastDay);
  const periods = periodsOf(rule, start);
  let count = 0;
  let previous = start - 1;
  // SKIP may have moved a day from the period before.
  const periodsBefore = Math.floor((periods.periodOf(Math.max(from, start)) - periods.first) / rule.interval) - 1;
  const skipped = rule.count === null ? Math.max(0, periodsBefore) : 0;
  for (
    let period = periods.first + skipped * rule.interval;
    periods.firstDayOf(period) <= last;
    period += rule.interval
  ) {
    for (const day of atPositions(periods.daysOf(period), rule.positions)) {
      if (day <= previous) continue;
      if (day > last || count === rule.count) return;
      count += 1;
      previous = day;
      if (day >= from) yield day;
    }
  }
}

/** The days, weeks, months or years by which a rule goes; each is a number, and the next has the next number. */
interface Periods {
  /** That of `start`. */
  readonly first: number;
  periodOf(day: number): number;
  firstDayOf(period: number): number;
  /** The days of a period on which the rule happens, ascending, each once. */
  daysOf(period: number): number[];
}

function periodsOf(rule: RecurrenceRule, start: number): Periods {
  switch (rule.frequency) {
    case 'DAILY':
      return {
        first: start,
        periodOf: (day) => day,
        firstDayOf: (day) => day,
        daysOf: (day) => (isInLimits(rule, day) ? [day] : []),
      };
    case 'WEEKLY': {
      const firstDayOf = (week: number) => week * 7 + rule.weekStart - 3;
      const periodOf = (day: number) => Math.floor((day - rule.weekStart + 3) / 7);
      const limits = { ...rule, weekdays: rule.weekdays ?? [{ weekday: weekdayOf(start), ordinal: null }] };
      const daysOf = (week: number) =>
        daysBetween(firstDayOf(week), firstDayOf(week + 1)).filter((day) => isInLimits(limits, day));
      return { first: periodOf(start), periodOf, firstDayOf, daysOf };
    }
    case 'MONTHLY': {
      const monthOf = (period: number) => ({ year: Math.floor(period / 12), month: (period % 12) + 1 });
      const periodOf = (day: number) => monthsUntil(calendarDay(day));
      const daysOf = (period: number) => {
        const { year, month } = monthOf(period);
        return isNamed(rule.months, month) ? daysOfMonths(rule, start, year, [month]) : [];
      };
      return {
        first: periodOf(start),
        periodOf,
        firstDayOf: (period) => dayNumberOf({ ...monthOf(period), day: 1 }),
        daysOf,
      };
    }
    case 'YEARLY': {
      const isOpen = rule.monthDays === null && rule.weekdays === null;
      const months = rule.months ?? (isOpen ? [calendarDay(start).month] : allMonths);
      return {
        first: calendarDay(start).year,
        periodOf: (day) => calendarDay(day).year,
        firstDayOf: (year) => dayNumberOf({ year, month: 1, day: 1 }),
        daysOf: (year) => daysOfMonths(rule, start, year, months),
      };
    }
  }
}

const allMonths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

function monthsUntil({ year, month }: CalendarDay): number {
  return year * 12 + month - 1;
}

function daysBetween(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}

function isNamed(list: readonly number[] | null, value: number): boolean {
  return list === null || list.includes(value);
}

/** The limits of daily and weekly rules, where no part adds days. */
function isInLimits({ months, monthDays, weekdays }: RecurrenceRule, number: number): boolean {
  if (weekdays !== null && !weekdays.some(({ weekday }) => weekday === weekdayOf(number))) return false;
  if (months === null && monthDays === null) return true;
  const { year, month, day } = calendarDay(number);
  if (!isNamed(months, month)) return false;
  return (
    monthDays === null ||
    monthDays.includes(day) ||
    monthDays.includes(day - spanOf({ year, month }, { year, month: month + 1 }).length - 1)
  );
}

/**
 * The days in some months of a year: those of BYMONTHDAY, else those of BYDAY, else the day of the month of `start`.
 */
function daysOfMonths(rule: RecurrenceRule, start: number, year: number, months: readonly number[]): number[] {
  const { weekdays } = rule;
  const monthDays = rule.monthDays ?? (weekdays === null ? [calendarDay(start).day] : null);
  const named = weekdays === null ? null : new Set(weekdays.map(keyOfWeekday));
  const wholeYear = spanOf({ year, month: 1 }, { year: year + 1, month: 1 });
  const days = months.flatMap((month) => {
    const span = spanOf({ year, month }, { year, month: month + 1 });
    const candidates =
      monthDays === null
        ? daysBetween(span.first, span.first + span.length)
        : monthDays.flatMap((day) => dayOfMonth(day, span, rule.skip));
    const counted = rule.frequency === 'YEARLY' && rule.months === null ? wholeYear : span;
    return named === null ? candidates : candidates.filter((day) => isWeekdayOf(counted, named, day));
  });
  return ascending(days);
}

interface Span {
  readonly first: number;
  readonly length: number;
}

function spanOf(from: Omit<CalendarDay, 'day'>, to: Omit<CalendarDay, 'day'>): Span {
  const first = dayNumberOf({ ...from, day: 1 });
  return { first, length: dayNumberOf({ ...to, day: 1 }) - first };
}

function ascending(days: readonly number[]): number[] {
  return [...new Set(days)].sort((a, b) => a - b);
}

function dayOfMonth(day: number, { first, length }: Span, skip: RecurrenceRule['skip']): number[] {
  if (Math.abs(day) <= length) return [day > 0 ? first + day - 1 : first + length + day];
  if (skip === 'OMIT') return [];
  return [skip === 'BACKWARD' ? first + length - 1 : first + length];
}

function keyOfWeekday({ weekday, ordinal }: WeekdayOfPeriod): number {
  return weekday * 1_000 + (ordinal ?? 0);
}

/** Whether a day is one of these weekdays, named by their keys: any Tuesday, say, or the second one of the span. */
function isWeekdayOf({ first, length }: Span, named: ReadonlySet<number>, day: number): boolean {
  const weekday = weekdayOf(day);
  const fromStart = Math.floor((day - first) / 7) + 1;
  const fromEnd = -Math.floor((first + length - 1 - day) / 7) - 1;
  return [null, fromStart, fromEnd].some((ordinal) => named.has(keyOfWeekday({ weekday, ordinal })));
}

function atPositions(days: number[], positions: readonly number[] | null): number[] {
  if (positions === null) return days;
  return ascending(positions.flatMap((position) => days.at(position > 0 ? position - 1 : position) ?? []));
}
