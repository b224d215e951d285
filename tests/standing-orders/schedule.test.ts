import { describe, expect, test } from '@jest/globals';
import { nextDueAfter, nextOccurrence, nextOccurrences, type Schedule } from '../../src/standing-orders/schedule.ts';
import { problemsOfSchedule } from '../../src/standing-orders/schedule-problems.ts';

function schedule(startsAt: string, recurrence: string | null, fields: Partial<Schedule> = {}): Schedule {
  return { startsAt, recurrence, timeZone: 'UTC', weekends: 'keep', ...fields };
}

/** The instants of the first occurrences, as short as they can be told apart. */
function instants(of: Schedule, limit = 5): string[] {
  return nextOccurrences(of, null, limit).map(({ at }) => at.toISOString().replace(':00.000Z', 'Z'));
}

const days = (of: Schedule, limit = 5) => instants(of, limit).map((instant) => instant.slice(0, 10));
const dueDays = (of: Schedule, limit = 5) =>
  nextOccurrences(of, null, limit).map(({ dueAt }) => dueAt.toISOString().slice(0, 10));

describe('the days of a rule', () => {
  test.each<[string, string, string, string[]]>([
    ['every day', '2026-12-30', 'FREQ=DAILY', ['2026-12-30', '2026-12-31', '2027-01-01']],
    ['every third day', '2026-02-26', 'FREQ=DAILY;INTERVAL=3', ['2026-02-26', '2026-03-01', '2026-03-04']],
    ['workdays', '2026-12-04', 'FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR', ['2026-12-04', '2026-12-07', '2026-12-08']],
    ['the weekday of the start', '2026-12-01', 'FREQ=WEEKLY', ['2026-12-01', '2026-12-08', '2026-12-15']],
    ['a weekday after the start', '2026-12-01', 'FREQ=WEEKLY;BYDAY=MO', ['2026-12-07', '2026-12-14', '2026-12-21']],
    [
      'weeks from Monday',
      '1997-08-05',
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU',
      ['1997-08-05', '1997-08-10', '1997-08-19'],
    ],
    [
      'weeks from Sunday',
      '1997-08-05',
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU',
      ['1997-08-05', '1997-08-17', '1997-08-19'],
    ],
    ['31st: months without it are left out', '2026-01-31', 'FREQ=MONTHLY', ['2026-01-31', '2026-03-31', '2026-05-31']],
    ['31st, else the last day', '2026-01-31', 'FREQ=MONTHLY;SKIP=BACKWARD', ['2026-01-31', '2026-02-28', '2026-03-31']],
    [
      '31st, else the day after',
      '2026-01-31',
      'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD',
      ['2026-01-31', '2026-03-01', '2026-03-31'],
    ],
    [
      '31st and 1st, moved onto each other once',
      '2026-02-02',
      'FREQ=MONTHLY;BYMONTHDAY=1,31;SKIP=FORWARD',
      ['2026-03-01', '2026-03-31', '2026-04-01'],
    ],
    [
      'the last day of the month',
      '2028-01-01',
      'FREQ=MONTHLY;BYMONTHDAY=-1',
      ['2028-01-31', '2028-02-29', '2028-03-31'],
    ],
    [
      'the last workday of the month',
      '2026-05-01',
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
      ['2026-05-29', '2026-06-30', '2026-07-31'],
    ],
    ['the second Tuesday', '2026-12-01', 'FREQ=MONTHLY;BYDAY=2TU', ['2026-12-08', '2027-01-12', '2027-02-09']],
    [
      'Friday the 13th',
      '2026-01-01',
      'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
      ['2026-02-13', '2026-03-13', '2026-11-13'],
    ],
    ['quarters', '2026-11-15', 'FREQ=MONTHLY;INTERVAL=3', ['2026-11-15', '2027-02-15', '2027-05-15']],
    ['leap days', '2024-02-29', 'FREQ=YEARLY', ['2024-02-29', '2028-02-29', '2032-02-29']],
    [
      'leap days, else the last of February',
      '2024-02-29',
      'FREQ=YEARLY;SKIP=BACKWARD',
      ['2024-02-29', '2025-02-28', '2026-02-28'],
    ],
    ['no leap day in 2100', '2096-02-29', 'FREQ=YEARLY', ['2096-02-29', '2104-02-29', '2108-02-29']],
    ['some months of the year', '2026-11-30', 'FREQ=YEARLY;BYMONTH=2,6,11', ['2026-11-30', '2027-06-30', '2027-11-30']],
    ['the last Monday of the year', '2026-01-01', 'FREQ=YEARLY;BYDAY=-1MO', ['2026-12-28', '2027-12-27', '2028-12-25']],
    [
      'the first Sunday of October',
      '2026-01-01',
      'FREQ=YEARLY;BYMONTH=10;BYDAY=1SU',
      ['2026-10-04', '2027-10-03', '2028-10-01'],
    ],
    ['only so often', '2026-12-31', 'FREQ=DAILY;COUNT=2', ['2026-12-31', '2027-01-01']],
  ])('%s', (_name, start, rule, expected) => {
    expect(days(schedule(`${start}T09:00`, rule), 3)).toEqual(expected);
  });

  test('without a rule there is one, at the start', () => {
    const once = schedule('2026-12-01T09:00', null, { timeZone: 'Asia/Kathmandu' });
    expect(nextOccurrences(once, null, 9)).toEqual([
      { at: new Date('2026-12-01T03:15:00Z'), dueAt: new Date('2026-12-01T03:15:00Z') },
    ]);
    expect(nextOccurrence(once, new Date('2026-12-01T03:15:00Z'))).toBeUndefined();
  });

  test('UNTIL as a day lasts through the end of that day, local time', () => {
    const until = schedule('2026-12-30T23:30', 'FREQ=DAILY;UNTIL=20261231', { timeZone: 'America/New_York' });
    expect(instants(until)).toEqual(['2026-12-31T04:30Z', '2027-01-01T04:30Z']);
  });

  test('UNTIL as an instant includes that instant', () => {
    const until = (last: string) =>
      schedule('2026-12-30T09:00', `FREQ=DAILY;UNTIL=${last}`, { timeZone: 'Europe/Vienna' });
    expect(instants(until('20261231T080000Z'))).toEqual(['2026-12-30T08:00Z', '2026-12-31T08:00Z']);
    expect(instants(until('20261231T075959Z'))).toEqual(['2026-12-30T08:00Z']);
  });

  test.each([
    // The clocks go back at 01:00 UTC: 02:30 is at 00:30 UTC, and again at 01:30 UTC.
    ['before the first 02:30', '20261025T002959Z', ['2026-10-24T00:30Z']],
    ['at the first 02:30', '20261025T003000Z', ['2026-10-24T00:30Z', '2026-10-25T00:30Z']],
    ['between the two', '20261025T010000Z', ['2026-10-24T00:30Z', '2026-10-25T00:30Z']],
    ['at the second 02:30', '20261025T013000Z', ['2026-10-24T00:30Z', '2026-10-25T00:30Z']],
    ['as the day itself', '20261025', ['2026-10-24T00:30Z', '2026-10-25T00:30Z']],
    ['a second before the next', '20261026T012959Z', ['2026-10-24T00:30Z', '2026-10-25T00:30Z']],
  ])('UNTIL in the hour that happens twice, %s', (_when, last, expected) => {
    const nightly = schedule('2026-10-24T02:30', `FREQ=DAILY;UNTIL=${last}`, { timeZone: 'Europe/Vienna' });
    expect(instants(nightly)).toEqual(expected);
    // From within the doubled hour there is nothing more to come, nor anything again.
    expect(nextOccurrence(nightly, new Date('2026-10-25T00:45:00Z'))).toBeUndefined();
    expect(nextDueAfter(nightly, null, new Date('2026-10-25T01:15:00Z'))).toBeUndefined();
  });

  test('it goes on from any instant as if all before had been asked for', () => {
    const counted = schedule('2026-01-31T09:00', 'FREQ=MONTHLY;COUNT=4');
    expect(nextOccurrences(counted, new Date('2026-05-01'), 9).map(({ at }) => at.toISOString().slice(0, 10))).toEqual([
      '2026-05-31',
      '2026-07-31',
    ]);
    expect(nextOccurrence(counted, new Date('2026-07-31T09:00:00Z'))).toBeUndefined();
  });
});

describe('local time', () => {
  test.each<[string, string, string, string[]]>([
    ['Europe/Vienna', '2026-03-28T09:00', 'spring', ['2026-03-28T08:00Z', '2026-03-29T07:00Z', '2026-03-30T07:00Z']],
    [
      'Europe/Vienna',
      '2026-03-28T02:30',
      'a time that is left out',
      ['2026-03-28T01:30Z', '2026-03-29T01:30Z', '2026-03-30T00:30Z'],
    ],
    [
      'Europe/Vienna',
      '2026-10-24T02:30',
      'a time that happens twice',
      ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'America/New_York',
      '2026-03-07T02:30',
      'a time that is left out',
      ['2026-03-07T07:30Z', '2026-03-08T07:30Z', '2026-03-09T06:30Z'],
    ],
    [
      'America/New_York',
      '2026-10-31T01:30',
      'a time that happens twice',
      ['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'],
    ],
    [
      'Asia/Kathmandu',
      '2026-03-28T00:00',
      'a quarter of an hour',
      ['2026-03-27T18:15Z', '2026-03-28T18:15Z', '2026-03-29T18:15Z'],
    ],
    [
      'Australia/Lord_Howe',
      '2026-10-03T02:15',
      'half an hour is left out',
      ['2026-10-02T15:45Z', '2026-10-03T15:45Z', '2026-10-04T15:15Z'],
    ],
    [
      'Australia/Lord_Howe',
      '2026-04-04T01:45',
      'half an hour happens twice',
      ['2026-04-03T14:45Z', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
    ],
    [
      'Pacific/Apia',
      '2011-12-29T09:00',
      'a day is left out, and is one with the next',
      ['2011-12-29T19:00Z', '2011-12-30T19:00Z', '2011-12-31T19:00Z'],
    ],
    [
      'America/Nuuk',
      '2024-03-29T23:30',
      'midnight is left out',
      ['2024-03-30T01:30Z', '2024-03-31T01:30Z', '2024-04-01T00:30Z'],
    ],
  ])('%s from %s: %s', (timeZone, start, _name, expected) => {
    expect(instants(schedule(start, 'FREQ=DAILY', { timeZone }), 3)).toEqual(expected);
  });

  test('what would have been on a day that was left out comes on the next', () => {
    const monthly = schedule('2011-11-30T09:00', 'FREQ=MONTHLY', { timeZone: 'Pacific/Apia' });
    expect(instants(monthly, 3)).toEqual(['2011-11-30T19:00Z', '2011-12-30T19:00Z', '2012-01-29T19:00Z']);
  });

  test('an occurrence that a change of the clocks moved across midnight is found after the midnight', () => {
    const nightly = schedule('2024-03-01T23:30', 'FREQ=MONTHLY;BYMONTHDAY=30', { timeZone: 'America/Nuuk' });
    // 23:30 on the 30th, then 00:30 on the 31st local time.
    expect(nextOccurrence(nightly, new Date('2024-03-31T01:10:00Z'))?.at).toEqual(new Date('2024-03-31T01:30:00Z'));
  });
});

describe('weekends', () => {
  const friday = '2026-12-04T09:00';

  test.each<[Schedule['weekends'], string[]]>([
    ['keep', ['2026-12-04', '2026-12-05', '2026-12-06', '2026-12-07']],
    ['skip', ['2026-12-04', '2026-12-07', '2026-12-08', '2026-12-09']],
    ['next', ['2026-12-04', '2026-12-07', '2026-12-07', '2026-12-07']],
    ['previous', ['2026-12-04', '2026-12-04', '2026-12-04', '2026-12-07']],
  ])('%s', (weekends, expected) => {
    expect(dueDays(schedule(friday, 'FREQ=DAILY', { weekends }), 4)).toEqual(expected);
  });

  test('the occurrence keeps the instant of its rule, and is executed at the same local time', () => {
    const moved = schedule('2026-03-28T09:00', 'FREQ=MONTHLY', { weekends: 'next', timeZone: 'Europe/Vienna' });
    expect(nextOccurrence(moved, null)).toEqual({
      at: new Date('2026-03-28T08:00:00Z'),
      dueAt: new Date('2026-03-30T07:00:00Z'),
    });
  });

  test('it is the local day that counts', () => {
    // Sunday noon in New York is Monday in Apia.
    const apia = schedule('2026-12-07T06:00', null, { weekends: 'next', timeZone: 'Pacific/Apia' });
    expect(nextOccurrence(apia, null)?.dueAt).toEqual(new Date('2026-12-06T17:00:00Z'));
  });

  test('a day that the time zone left out is not one to move to', () => {
    // Saturday; Friday 30 December 2011 never was.
    const apia = schedule('2011-12-31T09:00', null, { weekends: 'previous', timeZone: 'Pacific/Apia' });
    expect(nextOccurrence(apia, null)?.dueAt).toEqual(new Date('2011-12-29T19:00:00Z'));
  });

  test('COUNT counts the days that are left out', () => {
    expect(days(schedule(friday, 'FREQ=DAILY;COUNT=4', { weekends: 'skip' }), 9)).toEqual(['2026-12-04', '2026-12-07']);
  });
});

describe('the problems of a schedule', () => {
  const problems = (fields: Partial<Schedule>) =>
    problemsOfSchedule({ ...schedule('2026-12-01T09:00', 'FREQ=DAILY'), ...fields });

  test('there are none', () => {
    expect(problems({ startsAt: '2026-12-01T09:00:59', timeZone: 'America/Argentina/Buenos_Aires' })).toEqual([]);
    expect(problems({ startsAt: '2000-01-01T00:00', timeZone: 'Etc/GMT-14', recurrence: null })).toEqual([]);
    expect(problems({ startsAt: '2100-12-31T23:59', timeZone: 'EST5EDT' })).toEqual([]);
  });

  test.each([
    '2026-12-01',
    '2026-12-01T09',
    '2026-12-01 09:00',
    '2026-12-01T09:00Z',
    '2026-12-01T09:00+01:00',
    '2026-12-01T24:00',
    '2026-12-01T09:60',
    '2026-12-01T09:00:60',
    '2026-12-01T09:00:00.5',
    '2026-02-29T09:00',
    '2026-12-01T09:00[Europe/Vienna]',
    'now',
    '',
  ])('startsAt %j is none', (startsAt) => {
    const message =
      'must be a local date and time that exists, without offset, such as "2026-12-01T09:00:00"; its zone goes into timeZone';
    expect(problems({ startsAt })).toEqual([{ path: 'startsAt', message }]);
  });

  test.each(['1999-12-31T23:59', '2101-01-01T00:00', '0000-01-01T00:00', '9999-12-31T23:59'])(
    'startsAt %s is too far',
    (startsAt) => {
      expect(problems({ startsAt })).toEqual([
        { path: 'startsAt', message: 'must lie between the years 2000 and 2100' },
      ]);
    },
  );

  test.each(['', 'Mars/Base', '+01:00', '-05', 'Z', 'Europe/', '/Vienna', 'Europe/Vienna\n', 'a'.repeat(9_999)])(
    'time zone %j is none',
    (timeZone) => {
      expect(problems({ timeZone })).toEqual([
        { path: 'timeZone', message: 'must be a time zone such as "Europe/Madrid"' },
      ]);
    },
  );

  test('all fields are told at once', () => {
    expect(problems({ startsAt: 'x', timeZone: 'y', recurrence: 'z' }).map(({ path }) => path)).toEqual([
      'startsAt',
      'timeZone',
      'recurrence',
    ]);
  });

  test.each([
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'keep'],
    ['FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30', 'keep'],
    ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 'keep'],
    ['FREQ=DAILY;INTERVAL=7;BYDAY=MO', 'keep'],
    ['FREQ=MONTHLY;INTERVAL=12;BYMONTH=2', 'keep'],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=32', 'keep'],
    ['FREQ=DAILY;UNTIL=20261130', 'keep'],
    ['FREQ=DAILY;UNTIL=20261201T085959Z', 'keep'],
    ['FREQ=WEEKLY;BYDAY=SA,SU', 'skip'],
  ] as const)('%s (weekends %s) never happens', (recurrence, weekends) => {
    const message = 'must happen at least once: no day from startsAt on fits it';
    expect(problems({ recurrence, weekends })).toEqual([{ path: 'recurrence', message }]);
  });

  test('a single one on a weekend that is left out never happens', () => {
    const single = problems({ startsAt: '2026-12-05T09:00', recurrence: null, weekends: 'skip' });
    expect(single.map(({ path }) => path)).toEqual(['startsAt']);
  });

  test('a rule that happens once in centuries is no problem', () => {
    const rare = schedule('2096-03-01T09:00', 'FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO');
    expect([problemsOfSchedule(rare), days(rare, 1)]).toEqual([[], ['2112-02-29']]);
  });
});

describe('what lies ahead of a moment', () => {
  const saturday = new Date('2026-11-21T10:00:00Z');
  const ahead = (startsAt: string, weekends: Schedule['weekends'], recurrence: string | null = null) =>
    nextDueAfter({ startsAt, timeZone: 'UTC', recurrence, weekends }, null, saturday)?.dueAt.toISOString();

  test('is what is executed after it, wherever a weekend has moved it', () => {
    expect(ahead('2026-11-21T09:00:00', 'next')).toBe('2026-11-23T09:00:00.000Z');
    expect(ahead('2026-11-22T09:00:00', 'next')).toBe('2026-11-23T09:00:00.000Z');
    expect(ahead('2026-11-22T09:00:00', 'keep')).toBe('2026-11-22T09:00:00.000Z');
    expect(ahead('2026-11-28T09:00:00', 'previous')).toBe('2026-11-27T09:00:00.000Z');
  });

  test('is nothing that would have been executed on the Friday before', () => {
    expect(ahead('2026-11-22T09:00:00', 'previous')).toBeUndefined();
    expect(ahead('2026-11-22T09:00:00', 'previous', 'FREQ=WEEKLY')).toBe('2026-11-27T09:00:00.000Z');
    expect(ahead('2026-11-21T09:00:00', 'keep')).toBeUndefined();
  });
});
