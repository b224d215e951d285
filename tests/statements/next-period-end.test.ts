import { expect, test } from '@jest/globals';
import { nextPeriodEnd } from '../../src/accounts/statement-schedule.ts';

test.each([
  ['daily', '2026-11-30T12:00:00Z', 'Europe/Madrid', '2026-11-30T23:00:00Z'],
  // In Madrid it is the first of December already.
  ['daily', '2026-11-30T23:00:00Z', 'Europe/Madrid', '2026-12-01T23:00:00Z'],
  ['daily', '2026-11-30T22:59:59.999Z', 'Europe/Madrid', '2026-11-30T23:00:00Z'],
  // Days of 23 and of 25 hours.
  ['daily', '2026-03-28T23:00:00Z', 'Europe/Madrid', '2026-03-29T22:00:00Z'],
  ['daily', '2026-10-24T22:00:00Z', 'Europe/Madrid', '2026-10-25T23:00:00Z'],
  // A day that begins at one o'clock, because midnight is left out.
  ['daily', '2026-09-05T12:00:00Z', 'America/Santiago', '2026-09-06T04:00:00Z'],
  // Midnight comes twice, and the first one begins the day.
  ['daily', '2026-10-31T12:00:00Z', 'America/Havana', '2026-11-01T04:00:00Z'],
  // A day that never was: the islands went over the date line.
  ['daily', '2011-12-29T20:00:00Z', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['weekly', '2026-11-29T12:00:00Z', 'UTC', '2026-11-30T00:00:00Z'],
  ['weekly', '2026-11-30T00:00:00Z', 'UTC', '2026-12-07T00:00:00Z'],
  ['monthly', '2026-11-30T12:00:00Z', 'UTC', '2026-12-01T00:00:00Z'],
  ['monthly', '2028-02-29T12:00:00Z', 'UTC', '2028-03-01T00:00:00Z'],
  ['monthly', '2026-12-31T12:00:00Z', 'Asia/Kolkata', '2026-12-31T18:30:00Z'],
  ['quarterly', '2026-11-30T12:00:00Z', 'UTC', '2027-01-01T00:00:00Z'],
  ['quarterly', '2026-01-01T00:00:00Z', 'UTC', '2026-04-01T00:00:00Z'],
  ['quarterly', '2026-06-30T23:59:59Z', 'UTC', '2026-07-01T00:00:00Z'],
] as const)('%s after %s in %s is %s', (interval, after, timeZone, end) => {
  expect(nextPeriodEnd(interval, new Date(after), timeZone)).toEqual(new Date(end));
});

test('there is none where no statements are wanted', () => {
  expect(nextPeriodEnd('none', new Date(), 'UTC')).toBe(null);
});
