import { expect, test } from '@jest/globals';
import { readRetryAfter } from '../../src/webhooks/sending-outcome.ts';

const now = new Date('2026-11-06T08:48:07.500Z');

test.each([
  ['0', 0],
  ['120', 120],
  ['007', 7],
  ['Fri, 06 Nov 2026 08:49:37 GMT', 90],
  ['Friday, 06-Nov-26 08:49:37 GMT', 90],
  ['Fri Nov  6 08:49:37 2026', 90],
])('Retry-After %j asks for %i seconds', (header, seconds) => {
  expect(readRetryAfter(header, now)).toBe(seconds);
});

test.each(['14401', '9'.repeat(400), 'Fri, 31 Dec 2999 23:59:59 GMT'])('%j asks for four hours at most', (header) => {
  expect(readRetryAfter(header, now)).toBe(14_400);
});

test.each([
  undefined,
  ...['', '-5', '+5', '1.5', '1e3', '0x10', '5 s', '5, 6', ' 5', 'soon', 'NaN', 'Infinity', '\u0665'],
  ...['2026-11-06T08:49:37Z', 'Fri, 06 Nov 2026 08:49:37', 'Fri, 06 Nov 2026 08:49:37 +0000', '6 Nov 2026'],
  ...['Fri, 99 Foo 2999 99:99:99 GMT', 'Fri, 06 Nov 2026 08:48:07 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT'],
])('%j asks for nothing', (header) => {
  expect(readRetryAfter(header, now)).toBeUndefined();
});
