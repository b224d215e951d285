import { dayNumber, isDate } from './day-number.ts';

export const frequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

/** Monday first, as ISO 8601 counts; a weekday is its place in this list. */
const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/** A weekday, and which one of its month or year: the 1st, the 2nd, the last (-1); null for each of them. */
export interface WeekdayOfPeriod {
  readonly weekday: number;
  readonly ordinal: number | null;
}

/** A recurrence rule (RFC 5545, section 3.3.10) of whole days. What a part is null for, the rule does not say. */
export interface RecurrenceRule {
  readonly frequency: (typeof frequencies)[number];
  readonly interval: number;
  readonly count: number | null;
  /** The last day on which the rule applies, local time. */
  readonly untilDay: number | null;
  /** The last instant at which the rule applies. */
  readonly untilInstant: Date | null;
  readonly months: readonly number[] | null;
  /** Days of a month; those below zero count from its end. */
  readonly monthDays: readonly number[] | null;
  readonly weekdays: readonly WeekdayOfPeriod[] | null;
  /** Which of the days that the other parts leave of a month or a year; those below zero count from the end. */
  readonly positions: readonly number[] | null;
  readonly weekStart: number;
  /** What becomes of a day that its month does not have (RFC 7529, section 4.1). */
  readonly skip: 'OMIT' | 'BACKWARD' | 'FORWARD';
}

const maxTextLength = 500;
const maxOccurrences = 10_000;
const maxInterval = 1_000;

/**
 * Reads a recurrence rule such as "FREQ=MONTHLY;BYMONTHDAY=31", or says what is wrong with it, as the ends of a
 * sentence that begins with "must". Times of day and parts that payments have no use for (weeks and days counted
 * through the year) are refused instead of ignored: money would move on other days than the caller meant. Pure.
 */
export function parseRecurrenceRule(text: string): { rule: RecurrenceRule } | { problems: string[] } {
  if (text.length > maxTextLength) return { problems: [`must have at most ${maxTextLength} characters`] };
  if (!/^[ -~]*$/.test(text)) return { problems: [formExpected] };
  const problems: string[] = [];
  const parts = new Map<string, string>();
  for (const part of text.toUpperCase().split(';')) {
    const [, name, value] = /^([A-Z]+)=([^=]+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined) return { problems: [formExpected] };
    if (parts.has(name)) problems.push(`must have ${name} only once`);
    parts.set(name, value);
  }
  const unknown = [...parts.keys()].filter((name) => !knownParts.includes(name));
  if (unknown.length > 0) problems.push(`must not have ${unknown.join(', ')}: the parts are ${knownParts.join(', ')}`);

  function read<Value>(name: string, parse: (value: string) => Value | undefined, expected: string): Value | null {
    const value = parts.get(name);
    if (value === undefined) return null;
    const parsed = parse(value);
    if (parsed === undefined) problems.push(`must have ${expected} as ${name}`);
    return parsed ?? null;
  }
  const until = read('UNTIL', parseUntil, 'a day (20271231) or an instant in UTC (20271231T225959Z)');
  read('RSCALE', oneOf(['GREGORIAN']), 'GREGORIAN');
  const rule: RecurrenceRule = {
    frequency: read('FREQ', oneOf(frequencies), `one of ${frequencies.join(', ')}`) ?? 'DAILY',
    interval: read('INTERVAL', numberUpTo(maxInterval), `a number from 1 to ${maxInterval}`) ?? 1,
    count: read('COUNT', numberUpTo(maxOccurrences), `a number from 1 to ${maxOccurrences}`),
    untilDay: until?.day ?? null,
    untilInstant: until?.instant ?? null,
    months: read('BYMONTH', listOf(numberUpTo(12)), 'months from 1 to 12'),
    monthDays: read('BYMONTHDAY', listOf(ordinalUpTo(31)), 'days from 1 to 31 or from -31 to -1'),
    weekdays: read('BYDAY', listOf(parseWeekday), 'weekdays such as MO, 2TU or -1FR'),
    positions: read('BYSETPOS', listOf(ordinalUpTo(366)), 'positions from 1 to 366 or from -366 to -1'),
    weekStart: read('WKST', placeIn(weekdays), `one of ${weekdays.join(', ')}`) ?? 0,
    skip: read('SKIP', oneOf(['OMIT', 'BACKWARD', 'FORWARD'] as const), 'OMIT, BACKWARD or FORWARD') ?? 'OMIT',
  };
  if (!parts.has('FREQ')) problems.push('must have FREQ');
  if (problems.length === 0) problems.push(...contradictions(rule));
  return problems.length === 0 ? { rule } : { problems };
}

const knownParts = [
  ...['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYMONTH', 'BYMONTHDAY', 'BYDAY', 'BYSETPOS', 'WKST', 'RSCALE', 'SKIP'],
];
const formExpected = 'must be a recurrence rule of RFC 5545, without "RRULE:", such as "FREQ=MONTHLY;BYMONTHDAY=31"';

/** Parts that RFC 5545 forbids together, and those that would have no meaning together. */
function contradictions(rule: RecurrenceRule): string[] {
  const { frequency, months, monthDays, weekdays, positions } = rule;
  const inMonths = frequency === 'MONTHLY' || (frequency === 'YEARLY' && months !== null);
  const ordinals = (weekdays ?? []).flatMap(({ ordinal }) => ordinal ?? []);
  const found: string[] = [];
  if (rule.count !== null && (rule.untilDay !== null || rule.untilInstant !== null)) {
    found.push('must not have both COUNT and UNTIL');
  }
  if (frequency === 'WEEKLY' && monthDays !== null) found.push('must not have BYMONTHDAY with FREQ=WEEKLY');
  if (ordinals.length > 0 && !['MONTHLY', 'YEARLY'].includes(frequency)) {
    found.push('must not have numbered weekdays in BYDAY unless FREQ is MONTHLY or YEARLY');
  }
  if (inMonths && ordinals.some((ordinal) => Math.abs(ordinal) > 5)) {
    found.push('must have weekdays in BYDAY that a month has: from 1 to 5 or from -5 to -1');
  }
  if (positions !== null && months === null && monthDays === null && weekdays === null) {
    found.push('must have BYMONTH, BYMONTHDAY or BYDAY together with BYSETPOS');
  }
  if (rule.skip !== 'OMIT' && !['MONTHLY', 'YEARLY'].includes(frequency)) {
    found.push('must have FREQ=MONTHLY or FREQ=YEARLY together with SKIP');
  }
  if (rule.skip !== 'OMIT' && monthDays?.some((day) => day < 0)) {
    found.push('must not have days from the end of the month in BYMONTHDAY together with SKIP');
  }
  if (rule.skip !== 'OMIT' && weekdays !== null) found.push('must not have BYDAY together with SKIP');
  return found;
}

function oneOf<Name extends string>(names: readonly Name[]): (value: string) => Name | undefined {
  return (value) => names.find((name) => name === value);
}

function placeIn(names: readonly string[]): (value: string) => number | undefined {
  return (value) => (names.includes(value) ? names.indexOf(value) : undefined);
}

function numberUpTo(most: number): (value: string) => number | undefined {
  return (value) => {
    const number = /^\d{1,5}$/.test(value) ? Number.parseInt(value, 10) : 0;
    return number >= 1 && number <= most ? number : undefined;
  };
}

function ordinalUpTo(most: number): (value: string) => number | undefined {
  return (value) => {
    const [, sign, digits] = /^([+-]?)(\d{1,3})$/.exec(value) ?? [];
    const number = digits === undefined ? undefined : numberUpTo(most)(digits);
    return sign === '-' && number !== undefined ? -number : number;
  };
}

/**
 * A value that is named twice counts once, however it is written ("1,01,+1"): work with a rule grows with its lists.
 */
function listOf<Item>(parse: (value: string) => Item | undefined): (value: string) => Item[] | undefined {
  return (value) => {
    const items = value.split(',').map(parse);
    const known = items.filter((item) => item !== undefined);
    if (known.length < items.length) return undefined;
    return [...new Map(known.map((item) => [JSON.stringify(item), item])).values()];
  };
}

function parseWeekday(value: string): WeekdayOfPeriod | undefined {
  const [, digits, name] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(value) ?? [];
  const weekday = placeIn(weekdays)(name ?? '');
  const ordinal = digits === undefined ? null : ordinalUpTo(53)(digits);
  return weekday === undefined || ordinal === undefined ? undefined : { weekday, ordinal };
}

function parseUntil(value: string): { day: number; instant?: never } | { instant: Date; day?: never } | undefined {
  const [, year, month, day, time] = /^(\d{4})(\d{2})(\d{2})(T\d{6}Z)?$/.exec(value) ?? [];
  if (year === undefined || !isDate(`${year}-${month}-${day}`)) return undefined;
  if (time === undefined) return { day: dayNumber(`${year}-${month}-${day}`) };
  const instant = new Date(`${year}-${month}-${day}${time.replace(/(\d\d)(\d\d)(\d\d)/, '$1:$2:$3')}`);
  return Number.isNaN(instant.getTime()) ? undefined : { instant };
}
