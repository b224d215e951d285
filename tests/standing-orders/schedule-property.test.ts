import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { type CatchUpRule, catchUp, catchUpRules } from '../../src/standing-orders/catch-up.ts';
import { nextOccurrence, nextOccurrences, type Schedule, weekendRules } from '../../src/standing-orders/schedule.ts';
import { problemsOfSchedule } from '../../src/standing-orders/schedule-problems.ts';
import { endOf } from '../../src/standing-orders/standing-order.ts';
import { manyOrFew } from '../support/rounds.ts';

fc.configureGlobal({ numRuns: manyOrFew(100, 25) });

const timeZones = [
  ...['UTC', 'Europe/Vienna', 'America/New_York', 'America/Nuuk', 'America/Sao_Paulo', 'Asia/Kathmandu'],
  ...['Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca'],
];

const two = (number: number) => String(number).padStart(2, '0');
const some = (item: fc.Arbitrary<string>, maxLength: number) =>
  fc.uniqueArray(item, { minLength: 1, maxLength }).map((items) => items.join(','));
const upTo = (most: number) => fc.integer({ min: 1, max: most }).map(String);
const eitherEnd = (most: number) =>
  fc.tuple(fc.boolean(), upTo(most)).map(([fromEnd, number]) => (fromEnd ? `-${number}` : number));
const weekday = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU');
const numbered = fc.tuple(eitherEnd(5), weekday).map((parts) => parts.join(''));
const part = (name: string, value: fc.Arbitrary<string>) =>
  fc.option(
    value.map((text) => `;${name}=${text}`),
    { nil: '' },
  );

const end = fc.oneof(
  fc.constant(''),
  upTo(40).map((count) => `;COUNT=${count}`),
  fc.integer({ min: 2011, max: 2040 }).map((year) => `;UNTIL=${year}0630T235959Z`),
);

/** What all rules may have, and then what their frequency may. */
function rulesOf(frequency: string, parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const general = [part('INTERVAL', upTo(30)), part('BYMONTH', some(upTo(12), 4)), part('WKST', weekday), end];
  return fc.tuple(...general, ...parts).map((texts) => `FREQ=${frequency}${texts.join('')}`);
}

const monthDays = part('BYMONTHDAY', some(eitherEnd(31), 4));
const recurrence = fc.oneof(
  rulesOf('DAILY', [monthDays, part('BYDAY', some(weekday, 5))]),
  rulesOf('WEEKLY', [part('BYDAY', some(weekday, 5))]),
  rulesOf('MONTHLY', [monthDays, part('BYDAY', some(fc.oneof(weekday, numbered), 3))]),
  rulesOf('MONTHLY', [some(weekday, 5).map((days) => `;BYDAY=${days}`), part('BYSETPOS', some(eitherEnd(5), 2))]),
  rulesOf('YEARLY', [monthDays]),
);
const skipping = fc.constantFrom('BACKWARD', 'FORWARD').chain((skip) =>
  fc.oneof(
    rulesOf('MONTHLY', [part('BYMONTHDAY', some(upTo(31), 3))]).map((rule) => `RSCALE=GREGORIAN;SKIP=${skip};${rule}`),
    rulesOf('YEARLY', [part('BYMONTHDAY', some(upTo(31), 3))]).map((rule) => `RSCALE=GREGORIAN;SKIP=${skip};${rule}`),
  ),
);

const startsAt = fc
  .record({
    year: fc.integer({ min: 2009, max: 2030 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.constantFrom(0, 15, 30),
  })
  .map(({ year, month, day, hour, minute }) => `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`);

const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    startsAt,
    timeZone: fc.constantFrom(...timeZones),
    recurrence: fc.oneof({ weight: 8, arbitrary: recurrence }, { weight: 2, arbitrary: skipping }, fc.constant(null)),
    weekends: fc.constantFrom(...weekendRules),
  })
  .filter((told) => problemsOfSchedule(told).length === 0);

const instant = fc.date({ min: new Date('2009-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });

function localWeekday(date: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en', { timeZone, weekday: 'short' }).format(date);
}

describe('for any schedule', () => {
  test('occurrences ascend, each more than half a day after the one before, and what is due never goes back', () => {
    fc.assert(
      fc.property(schedule, (told) => {
        const found = nextOccurrences(told, null, 40);
        for (const [index, { at, dueAt }] of found.entries()) {
          const before = found[index - 1];
          if (before === undefined) continue;
          expect(at.getTime()).toBeGreaterThan(endOf(before).getTime());
          expect(dueAt.getTime()).toBeGreaterThanOrEqual(before.dueAt.getTime());
        }
      }),
    );
  });

  test('asking one by one is the same as asking for many, from the beginning or from anywhere', () => {
    fc.assert(
      fc.property(schedule, fc.option(instant), (told, after) => {
        const many = nextOccurrences(told, after, 15);
        const oneByOne: typeof many = [];
        for (let last = after; oneByOne.length < 15; last = oneByOne.at(-1)!.at) {
          const next = nextOccurrence(told, last);
          if (next === undefined) break;
          oneByOne.push(next);
        }
        expect(oneByOne).toEqual(many);
      }),
    );
  });

  test('asking after an instant answers the first of all that is later', () => {
    fc.assert(
      fc.property(schedule, instant, (told, after) => {
        const all = nextOccurrences(told, null, 300);
        const later = all.find(({ at }) => at > after);
        if (later !== undefined || all.length < 300) expect(nextOccurrence(told, after)).toEqual(later);
      }),
    );
  });

  test('each is later than what was asked for, also a millisecond before and after one', () => {
    fc.assert(
      fc.property(schedule, (told) => {
        for (const occurrence of nextOccurrences(told, null, 5)) {
          const atMs = occurrence.at.getTime();
          expect(nextOccurrence(told, new Date(atMs - 1))).toEqual(occurrence);
          expect(nextOccurrence(told, occurrence.at)?.at.getTime() ?? Infinity).toBeGreaterThan(atMs);
        }
      }),
    );
  });

  test('with weekends moved or left out, nothing is due on one, local time', () => {
    fc.assert(
      fc.property(schedule, (told) => {
        for (const { dueAt } of told.weekends === 'keep' ? [] : nextOccurrences(told, null, 20)) {
          expect(['Sat', 'Sun']).not.toContain(localWeekday(dueAt, told.timeZone));
        }
      }),
    );
  });

  test('a clock that jumps back and forth executes or misses each exactly once, in order', () => {
    const settings = fc.record({
      told: schedule,
      rule: fc.constantFrom<CatchUpRule>(...catchUpRules),
      clock: fc.array(instant, { minLength: 1, maxLength: 25 }),
    });
    fc.assert(
      fc.property(settings, ({ told, rule, clock }) => {
        let handled: Date | null = null;
        const seen: Date[] = [];
        for (const now of clock) {
          const { missed, next, hasMore } = catchUp(told, { handled, now, rule });
          if (hasMore) expect([next, missed.length]).toEqual([undefined, 50]);
          for (const { dueAt } of missed) expect(dueAt.getTime()).toBeLessThanOrEqual(now.getTime());
          const executed = next !== undefined && next.dueAt <= now ? [next] : [];
          seen.push(...[...missed, ...executed].map(({ at }) => at));
          handled = seen.at(-1) ?? handled;
        }
        expect(seen).toEqual(nextOccurrences(told, null, seen.length).map(({ at }) => at));
      }),
    );
  });
});

/**
 * The same rules computed by somebody else. Local time is left out of it: rrule-temporal drops times that a change of
 * the clocks leaves out. So is what it gets wrong: SKIP beside BYMONTHDAY, BYMONTHDAY beside numbered BYDAY in a year.
 */
test('the days are those of an independent implementation of RFC 5545', () => {
  const horizonMs = Date.parse('2050-01-01T00:00:00Z');
  fc.assert(
    fc.property(startsAt, recurrence, (start, rule) => {
      // It would look for days without end, were there none.
      const ending = /COUNT|UNTIL/.test(rule) ? rule : `${rule};UNTIL=20500101T000000Z`;
      const told: Schedule = { startsAt: start, recurrence: ending, timeZone: 'UTC', weekends: 'keep' };
      fc.pre(problemsOfSchedule(told).length === 0);
      const found = nextOccurrences(told, null, 12).map(({ at }) => at.getTime());
      expect(found.filter((atMs) => atMs < horizonMs)).toEqual(computeElsewhere(told, 12, horizonMs));
    }),
    { numRuns: manyOrFew(200, 50) },
  );
});

function computeElsewhere({ startsAt, recurrence }: Schedule, most: number, horizonMs: number): number[] {
  const rruleString = `DTSTART:${startsAt.replaceAll(/[-:]/g, '')}00Z\nRRULE:${recurrence}`;
  const found: number[] = [];
  try {
    // As many days as lie before the horizon, so that what it has found when it gives up is all there is.
    new RRuleTemporal({ rruleString, maxIterations: 16_000 }).all(({ epochMilliseconds }) => {
      if (epochMilliseconds < horizonMs) found.push(epochMilliseconds);
      return epochMilliseconds < horizonMs && found.length < most;
    });
  } catch (error) {
    expect(String(error)).toContain('Maximum iterations');
  }
  return found;
}

test('with SKIP every month has its day, or the nearest one before or after it', () => {
  const settings = fc.record({
    year: fc.integer({ min: 2000, max: 2099 }),
    day: fc.integer({ min: 1, max: 31 }),
    skip: fc.constantFrom('BACKWARD', 'FORWARD'),
  });
  fc.assert(
    fc.property(settings, ({ year, day, skip }) => {
      const recurrence = `FREQ=MONTHLY;BYMONTHDAY=${day};SKIP=${skip}`;
      const monthly: Schedule = { startsAt: `${year}-01-01T09:00`, recurrence, timeZone: 'UTC', weekends: 'keep' };
      const expected = Array.from({ length: 12 }, (_, month) => {
        const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
        const nearest = skip === 'BACKWARD' ? length : length + 1;
        return new Date(Date.UTC(year, month, day <= length ? day : nearest, 9));
      });
      expect(nextOccurrences(monthly, null, 12).map(({ at }) => at)).toEqual(expected);
    }),
  );
});
