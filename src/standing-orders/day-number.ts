/**
 * Days of the Gregorian calendar as whole numbers, counted from 1 January 1970. Recurrence is arithmetic with days that
 * belong to no time zone; numbers do it some twenty times as fast as objects, and a hostile rule makes it look at
 * every day of two centuries.
 */
const dayMs = 86_400_000;

export interface CalendarDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** The number of a date such as "2026-12-01". */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / dayMs;
}

/** Months and days beyond the end of a year or month count on into the next, as with `Date`. */
export function dayNumberOf({ year, month, day }: CalendarDay): number {
  return Date.UTC(year, month - 1, day) / dayMs;
}

export function calendarDay(number: number): CalendarDay {
  const date = new Date(number * dayMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(number: number): number {
  // The days began on a Thursday.
  return (((number + 3) % 7) + 7) % 7;
}

export function isWeekend(number: number): boolean {
  return weekdayOf(number) >= 5;
}

/** Whether a text of the form YYYY-MM-DD is a day of the calendar. */
export function isDate(text: string): boolean {
  const number = dayNumber(text);
  return !Number.isNaN(number) && new Date(number * dayMs).toISOString().startsWith(text);
}
