import { describe, expect, test } from '@jest/globals';
import { type CatchUpRule, catchUp } from '../../src/standing-orders/catch-up.ts';
import { nextOccurrence, type Schedule } from '../../src/standing-orders/schedule.ts';

const daily: Schedule = { startsAt: '2026-12-01T09:00', timeZone: 'UTC', recurrence: 'FREQ=DAILY', weekends: 'keep' };
const at = (day: number, time = '09:00') => new Date(`2026-12-${String(day).padStart(2, '0')}T${time}:00Z`);

function answer(rule: CatchUpRule, handled: Date | null, now: Date, schedule = daily) {
  const { missed, next, hasMore } = catchUp(schedule, { handled, now, rule });
  return { missed: missed.map((occurrence) => occurrence.at), next: next?.at, hasMore };
}

const nothingMissed = { missed: [], hasMore: false };

describe('all', () => {
  test('are executed in their order, however late', () => {
    expect(answer('all', null, at(20))).toEqual({ ...nothingMissed, next: at(1) });
    expect(answer('all', at(1), at(20))).toEqual({ ...nothingMissed, next: at(2) });
  });
});

describe('latest', () => {
  test('only the last of those that are due is executed', () => {
    expect(answer('latest', at(1), at(5, '10:00'))).toEqual({
      missed: [at(2), at(3), at(4)],
      next: at(5),
      hasMore: false,
    });
    expect(answer('latest', at(1), at(5))).toEqual({ missed: [at(2), at(3), at(4)], next: at(5), hasMore: false });
  });

  test('the only one that is due is executed', () => {
    expect(answer('latest', at(4), at(5, '10:00'))).toEqual({ ...nothingMissed, next: at(5) });
  });

  test('the last one of all is executed however late', () => {
    const ending = { ...daily, recurrence: 'FREQ=DAILY;COUNT=3' };
    expect(answer('latest', null, at(30), ending)).toEqual({ missed: [at(1), at(2)], next: at(3), hasMore: false });
  });

  test('of those that a weekend moved together, the last is executed', () => {
    const moved: Schedule = { ...daily, startsAt: '2026-12-05T09:00', weekends: 'next' };
    expect(answer('latest', null, at(7), moved)).toEqual({ missed: [at(5), at(6)], next: at(7), hasMore: false });
  });
});

describe('none', () => {
  test('what is more than 24 hours late is missed', () => {
    expect(answer('none', at(1), at(5))).toEqual({ missed: [at(2), at(3)], next: at(4), hasMore: false });
    expect(answer('none', at(1), new Date(at(5).getTime() + 1))).toEqual({
      missed: [at(2), at(3), at(4)],
      next: at(5),
      hasMore: false,
    });
  });

  test('lateness counts from the day the weekend moved it to', () => {
    const moved: Schedule = { ...daily, startsAt: '2026-12-05T09:00', recurrence: null, weekends: 'next' };
    expect(answer('none', null, at(8), moved)).toEqual({ ...nothingMissed, next: at(5) });
    expect(answer('none', null, at(9), moved)).toEqual({ missed: [at(5)], next: undefined, hasMore: false });
  });
});

describe.each<CatchUpRule>(['all', 'latest', 'none'])('%s', (rule) => {
  test('nothing is missed before it is due, and the end is the end', () => {
    expect(answer(rule, at(4), at(4, '12:00'))).toEqual({ ...nothingMissed, next: at(5) });
    expect(answer(rule, at(4), at(1))).toEqual({ ...nothingMissed, next: at(5) });
    const ending = { ...daily, recurrence: 'FREQ=DAILY;COUNT=3' };
    expect(answer(rule, at(3), at(9), ending)).toEqual({ ...nothingMissed, next: undefined });
  });
});

test.each<CatchUpRule>(['latest', 'none'])('%s: years of missed ones are answered fifty at a time', (rule) => {
  const now = new Date('2032-12-01T12:00:00Z');
  let handled: Date | null = null;
  const counts: number[] = [];
  for (;;) {
    const { missed, next, hasMore } = catchUp(daily, { handled, now, rule });
    counts.push(missed.length);
    handled = missed.at(-1)?.at ?? handled;
    expect(next === undefined).toBe(hasMore);
    if (hasMore) continue;
    expect(next).toEqual(nextOccurrence(daily, handled));
    break;
  }
  // 1 December 2026 to 1 December 2032 are 2,193 days; the last, and with `none` it is the only one in time.
  expect(counts).toEqual([...Array(43).fill(50), 42]);
});
