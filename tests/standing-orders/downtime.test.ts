import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CatchUpRule, catchUpRules } from '../../src/standing-orders/catch-up.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { makeStandingOrder, readStandingOrder, runDue, runsOf } from '../support/standing-orders.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// No worker runs for four months. February has none of the days that the rule names; some days fall on weekends.

let service: TestService;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService({});
  clock = await installDatabaseClock(service.database);
});

afterAll(() => service.stop());

beforeEach(() => clock.setTo('2027-01-15T12:00:00Z'));

/** 29 to 31 of each month; where it lacks them, its last day stands for all of them, once (RFC 7529, section 4.1). */
const recurrence = 'RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=29,30,31;SKIP=BACKWARD';
const occurrences = ['01-29', '01-30', '01-31', '02-28', '03-29', '03-30', '03-31', '04-29', '04-30'];
/** 30 January and 28 February 2027 are a Saturday and a Sunday, as 31 January is a Sunday. */
const dueOn = {
  keep: occurrences,
  previous: ['01-29', '01-29', '01-29', '02-26', '03-29', '03-30', '03-31', '04-29', '04-30'],
  next: ['01-29', '02-01', '02-01', '03-01', '03-29', '03-30', '03-31', '04-29', '04-30'],
};
const notOnWeekends = ['01-29', '03-29', '03-30', '03-31', '04-29', '04-30'];

const dayOf = (instant: string) => instant.slice(5, 10);

/** Makes an order before the four months, lets them pass, and has two workers meet over what is due. */
async function missFourMonths(fields: object, catchUp: CatchUpRule = 'all') {
  const { client } = service;
  const [fromAccountId, toAccountId] = [await client.openAccount({ balance: '200.00' }), await client.openAccount()];
  const schedule = { startsAt: '2027-01-15T09:00:00', recurrence, timeZone: 'Europe/Madrid', ...fields };
  const order = await makeStandingOrder(client, { fromAccountId, toAccountId, schedule, catchUp });
  await clock.setTo('2027-05-15T12:00:00Z');
  await startTogether(2, () => runDue(service));
  expect(await runDue(service)).toBe(0);
  const runs = await runsOf(client, order.id);
  expect(new Set(runs.map(({ occurrenceAt }) => occurrenceAt)).size).toBe(runs.length);
  const booked = runs.filter(({ status }) => status === 'booked');
  expect(new Set(booked.map(({ transactionId }) => transactionId)).size).toBe(booked.length);
  expect(await client.balance(toAccountId)).toBe(`${10 * booked.length}.00`);
  const { nextRunAt, status } = await readStandingOrder(client, order.id);
  return { runs, booked, nextRunAt, status };
}

describe('every run is made up for', () => {
  test.each(['keep', 'previous', 'next'] as const)('on the days of the rule, weekends %s', async (weekends) => {
    const { runs, booked, nextRunAt } = await missFourMonths({ weekends });
    expect(booked).toEqual(runs);
    expect(runs.map(({ occurrenceAt }) => dayOf(occurrenceAt))).toEqual(occurrences);
    expect(runs.map(({ dueAt }) => dayOf(dueAt))).toEqual(dueOn[weekends]);
    // 29 May 2027 is a Saturday.
    expect(dayOf(nextRunAt!)).toBe({ keep: '05-29', previous: '05-28', next: '05-31' }[weekends]);
  });

  test('on the days of the rule but weekends', async () => {
    const { runs, booked, nextRunAt } = await missFourMonths({ weekends: 'skip' });
    expect(booked).toEqual(runs);
    expect(runs.map(({ occurrenceAt }) => dayOf(occurrenceAt))).toEqual(notOnWeekends);
    expect(dayOf(nextRunAt!)).toBe('05-31');
  });

  test('at nine o’clock of the place, before and after its clocks are set forward', async () => {
    const { runs } = await missFourMonths({});
    const hours = runs.map(({ occurrenceAt }) => occurrenceAt.slice(11, 16));
    expect(hours).toEqual([...Array(4).fill('08:00'), ...Array(5).fill('07:00')]);
  });
});

test.each(catchUpRules)(
  'what was missed is noted once, and what the order says is made up for: %s',
  async (catchUp) => {
    const { runs, nextRunAt, status } = await missFourMonths({ weekends: 'previous' }, catchUp);
    const expected = {
      all: Array(9).fill('booked'),
      latest: [...Array(8).fill('missed'), 'booked'],
      none: Array(9).fill('missed'),
    };
    expect(runs.map((run) => run.status)).toEqual(expected[catchUp]);
    expect(runs.map(({ occurrenceAt }) => dayOf(occurrenceAt))).toEqual(occurrences);
    expect([dayOf(nextRunAt!), status]).toEqual(['05-28', 'active']);
  },
);

test('an order that ended meanwhile is completed by its last run', async () => {
  const ending = `${recurrence};UNTIL=20270330`;
  const { runs, booked, nextRunAt, status } = await missFourMonths({ recurrence: ending });
  expect(booked).toEqual(runs);
  expect(runs.map(({ occurrenceAt }) => dayOf(occurrenceAt))).toEqual(occurrences.slice(0, 6));
  expect([nextRunAt, status]).toEqual([null, 'completed']);
});
