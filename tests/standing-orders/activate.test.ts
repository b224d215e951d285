import { expect, test } from '@jest/globals';
import { Money } from '../../src/money/money.ts';
import type { Schedule } from '../../src/standing-orders/schedule.ts';
import { activate, type StandingOrder } from '../../src/standing-orders/standing-order.ts';

const at = (day: number, time = '09:00') => new Date(`2026-12-${String(day).padStart(2, '0')}T${time}:00Z`);
const made: StandingOrder = {
  ...{ id: 'order', status: 'paused', accountId: 'paying', toAccountId: 'receiving', currency: 'USD' },
  rule: { type: 'fixed', amount: Money.parse('10.00', 'USD') },
  schedule: { startsAt: '2026-12-01T09:00', timeZone: 'UTC', recurrence: 'FREQ=DAILY', weekends: 'keep' },
  ...{
    catchUp: 'all',
    retries: { times: 0, everyMinutes: 1 },
    mandateVersion: 0,
    signedAs: { version: 2, hash: null },
    signedBy: [],
  },
  ...{ initiatedBy: null, authentication: null, description: null, reference: null, metadata: null },
  ...{ handledUntil: null, next: null, nextAttemptAt: null, attempts: 0 },
  ...{ createdAt: at(1), expiresAt: null, finishedAt: null },
};

function activated(now: Date, schedule: Partial<Schedule>, handledUntil: Date | null = null) {
  const { status, next } = activate({ ...made, handledUntil, schedule: { ...made.schedule, ...schedule } }, now);
  return [status, next?.at, next?.dueAt];
}

test('an order goes on with what comes after now, and after what it has dealt with', () => {
  expect(activated(at(8, '12:00'), {})).toEqual(['active', at(9), at(9)]);
  expect(activated(at(8, '12:00'), {}, at(20))).toEqual(['active', at(21), at(21)]);
  expect(activated(at(8, '12:00'), { recurrence: 'FREQ=DAILY;COUNT=3' })).toEqual(['completed', undefined, undefined]);
});

// 12 and 13 December 2026 are a Saturday and a Sunday.
test('what was to be executed on the Friday before is left out when that is over, and not before', () => {
  const weekends = 'previous';
  expect(activated(at(11, '08:59'), { weekends }, at(11))).toEqual(['active', at(12), at(11)]);
  for (const now of [at(11), at(11, '12:00'), at(12), at(12, '12:00')]) {
    expect(activated(now, { weekends })).toEqual(['active', at(14), at(14)]);
  }
  const once = { startsAt: '2026-12-13T09:00', recurrence: null, weekends } as const;
  expect(activated(at(11, '08:59'), once)).toEqual(['active', at(13), at(11)]);
  expect(activated(at(11, '12:00'), once)).toEqual(['completed', undefined, undefined]);
});
