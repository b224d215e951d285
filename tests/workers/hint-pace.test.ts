import { expect, test } from '@jest/globals';
import { createHintPace } from '../../src/workers/hint-pace.ts';

test('lets a few through at once, then one each tenth of a second, and after a rest a few again', () => {
  let now = 5_000;
  const waitMs = createHintPace(() => now);
  expect([waitMs(), waitMs(), waitMs(), waitMs(), waitMs()]).toEqual([0, 0, 0, 0, 100]);
  now += 100;
  expect(waitMs()).toBe(100);
  now += 100;
  expect(waitMs()).toBe(100);
  now += 10_000;
  expect([waitMs(), waitMs(), waitMs(), waitMs(), waitMs()]).toEqual([0, 0, 0, 0, 100]);
});
