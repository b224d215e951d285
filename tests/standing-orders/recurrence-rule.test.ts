import { describe, expect, test } from '@jest/globals';
import { parseRecurrenceRule } from '../../src/standing-orders/recurrence-rule.ts';

const problemsOf = (text: string) => {
  const parsed = parseRecurrenceRule(text);
  return 'problems' in parsed ? parsed.problems : [];
};

const parts = 'FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, WKST, RSCALE, SKIP';
const form = 'must be a recurrence rule of RFC 5545, without "RRULE:", such as "FREQ=MONTHLY;BYMONTHDAY=31"';

test('a rule is read with all its parts, in any order and case', () => {
  expect(parseRecurrenceRule('bymonth=1,12,1;Freq=yearly;interval=2;byday=mo,-1FR,+2TU;BYSETPOS=1,-1;wkst=SU')).toEqual(
    {
      rule: {
        frequency: 'YEARLY',
        interval: 2,
        count: null,
        untilDay: null,
        untilInstant: null,
        months: [1, 12],
        monthDays: null,
        weekdays: [
          { weekday: 0, ordinal: null },
          { weekday: 4, ordinal: -1 },
          { weekday: 1, ordinal: 2 },
        ],
        positions: [1, -1],
        weekStart: 6,
        skip: 'OMIT',
      },
    },
  );
});

test('what is named twice counts once, however it is written', () => {
  const text = 'FREQ=YEARLY;BYMONTH=1,01,001,2;BYMONTHDAY=1,+1,01,-1;BYDAY=MO,1MO,+1MO,01MO;BYSETPOS=1,+01';
  expect(parseRecurrenceRule(text)).toMatchObject({
    rule: {
      months: [1, 2],
      monthDays: [1, -1],
      weekdays: [
        { weekday: 0, ordinal: null },
        { weekday: 0, ordinal: 1 },
      ],
      positions: [1],
    },
  });
});

test('takes no letters that only look like those of a rule', () => {
  expect(parseRecurrenceRule('FREQ=DA\u0131LY')).toEqual({ problems: [form] });
});

describe('a rule is refused', () => {
  test.each([
    ['', [form]],
    ['FREQ', [form]],
    ['FREQ=DAILY;', [form]],
    ['RRULE:FREQ=DAILY', [form]],
    ['FREQ=DAILY\nFREQ=DAILY', [form]],
    ['FREQ=DAILY;EXDATE:20260101', [form]],
    [`FREQ=DAILY;BYMONTHDAY=${'1,'.repeat(250)}1`, ['must have at most 500 characters']],
    ['INTERVAL=2', ['must have FREQ']],
    ['FREQ=DAILY;FREQ=WEEKLY', ['must have FREQ only once']],
    ['FREQ=HOURLY', ['must have one of DAILY, WEEKLY, MONTHLY, YEARLY as FREQ']],
    ['FREQ=SECONDLY', ['must have one of DAILY, WEEKLY, MONTHLY, YEARLY as FREQ']],
    ['FREQ=DAILY;BYHOUR=9', [`must not have BYHOUR: the parts are ${parts}`]],
    ['FREQ=DAILY;BYMINUTE=9;BYSECOND=1', [`must not have BYMINUTE, BYSECOND: the parts are ${parts}`]],
    ['FREQ=YEARLY;BYWEEKNO=20;BYYEARDAY=1', [`must not have BYWEEKNO, BYYEARDAY: the parts are ${parts}`]],
    ['FREQ=DAILY;X-MOON=FULL', [form]],
    ['FREQ=DAILY;INTERVAL=0', ['must have a number from 1 to 1000 as INTERVAL']],
    ['FREQ=DAILY;INTERVAL=1001', ['must have a number from 1 to 1000 as INTERVAL']],
    ['FREQ=DAILY;INTERVAL=1.5', ['must have a number from 1 to 1000 as INTERVAL']],
    ['FREQ=DAILY;COUNT=0', ['must have a number from 1 to 10000 as COUNT']],
    ['FREQ=DAILY;COUNT=10001', ['must have a number from 1 to 10000 as COUNT']],
    ['FREQ=DAILY;COUNT=1;UNTIL=20270101', ['must not have both COUNT and UNTIL']],
    ['FREQ=DAILY;UNTIL=20270230', ['must have a day (20271231) or an instant in UTC (20271231T225959Z) as UNTIL']],
    [
      'FREQ=DAILY;UNTIL=20270101T000000',
      ['must have a day (20271231) or an instant in UTC (20271231T225959Z) as UNTIL'],
    ],
    [
      'FREQ=DAILY;UNTIL=20270101T990000Z',
      ['must have a day (20271231) or an instant in UTC (20271231T225959Z) as UNTIL'],
    ],
    ['FREQ=YEARLY;BYMONTH=0', ['must have months from 1 to 12 as BYMONTH']],
    ['FREQ=YEARLY;BYMONTH=1,,2', ['must have months from 1 to 12 as BYMONTH']],
    ['FREQ=MONTHLY;BYMONTHDAY=32', ['must have days from 1 to 31 or from -31 to -1 as BYMONTHDAY']],
    ['FREQ=MONTHLY;BYMONTHDAY=0', ['must have days from 1 to 31 or from -31 to -1 as BYMONTHDAY']],
    ['FREQ=WEEKLY;BYMONTHDAY=1', ['must not have BYMONTHDAY with FREQ=WEEKLY']],
    ['FREQ=WEEKLY;BYDAY=XX', ['must have weekdays such as MO, 2TU or -1FR as BYDAY']],
    ['FREQ=MONTHLY;BYDAY=0MO', ['must have weekdays such as MO, 2TU or -1FR as BYDAY']],
    ['FREQ=WEEKLY;BYDAY=1MO', ['must not have numbered weekdays in BYDAY unless FREQ is MONTHLY or YEARLY']],
    ['FREQ=MONTHLY;BYDAY=6MO', ['must have weekdays in BYDAY that a month has: from 1 to 5 or from -5 to -1']],
    ['FREQ=YEARLY;BYSETPOS=1', ['must have BYMONTH, BYMONTHDAY or BYDAY together with BYSETPOS']],
    ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367', ['must have positions from 1 to 366 or from -366 to -1 as BYSETPOS']],
    ['FREQ=WEEKLY;WKST=XX', ['must have one of MO, TU, WE, TH, FR, SA, SU as WKST']],
    ['FREQ=MONTHLY;RSCALE=HEBREW', ['must have GREGORIAN as RSCALE']],
    ['FREQ=MONTHLY;SKIP=SIDEWAYS', ['must have OMIT, BACKWARD or FORWARD as SKIP']],
    ['FREQ=DAILY;SKIP=FORWARD', ['must have FREQ=MONTHLY or FREQ=YEARLY together with SKIP']],
    ['FREQ=MONTHLY;BYDAY=MO;SKIP=FORWARD', ['must not have BYDAY together with SKIP']],
    [
      'FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=FORWARD',
      ['must not have days from the end of the month in BYMONTHDAY together with SKIP'],
    ],
    [
      'FREQ=NEVER;INTERVAL=x',
      ['must have one of DAILY, WEEKLY, MONTHLY, YEARLY as FREQ', 'must have a number from 1 to 1000 as INTERVAL'],
    ],
  ])('%j', (text, problems) => {
    expect(problemsOf(text).sort()).toEqual([...problems].sort());
  });
});
