import { isTimeZone, timeZoneMessage } from '../accounts/time-zone.ts';
import { isDate } from './day-number.ts';
import { parseRecurrenceRule } from './recurrence-rule.ts';
import { nextOccurrence, type Schedule } from './schedule.ts';

export interface ScheduleProblem {
  readonly path: 'startsAt' | 'timeZone' | 'recurrence';
  readonly message: string;
}

/**
 * What a caller has to change of a schedule, most of it at once; empty when it can be used. Pure. The work is bounded
 * whatever the rule: some 50 milliseconds for one that never matches.
 */
export function problemsOfSchedule(schedule: Schedule): ScheduleProblem[] {
  const { startsAt, timeZone, recurrence } = schedule;
  const problems: ScheduleProblem[] = [];
  if (!isLocalDateTime(startsAt)) {
    problems.push({
      path: 'startsAt',
      message:
        'must be a local date and time that exists, without offset, such as "2026-12-01T09:00:00"; ' +
        'its zone goes into timeZone',
    });
  } else if (startsAt < '2000' || startsAt >= '2101') {
    problems.push({ path: 'startsAt', message: 'must lie between the years 2000 and 2100' });
  }
  if (!isTimeZone(timeZone)) {
    problems.push({ path: 'timeZone', message: timeZoneMessage });
  }
  const parsed = recurrence === null ? null : parseRecurrenceRule(recurrence);
  if (parsed !== null && 'problems' in parsed) {
    problems.push(...parsed.problems.map((message) => ({ path: 'recurrence' as const, message })));
  }
  if (problems.length === 0 && nextOccurrence(schedule, null) === undefined) {
    const path = recurrence === null ? 'startsAt' : 'recurrence';
    problems.push({ path, message: 'must happen at least once: no day from startsAt on fits it' });
  }
  return problems;
}

function isLocalDateTime(text: string): boolean {
  const [, date] = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.exec(text) ?? [];
  return date !== undefined && isDate(date);
}
