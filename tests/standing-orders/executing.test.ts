import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { machineClock } from '../../src/ledger/trusted-clock.ts';
import { catchUpRules } from '../../src/standing-orders/catch-up.ts';
import type { StandingOrderRunDocument } from '../../src/standing-orders/standing-order-run.ts';
import { standingOrderSignaturesQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { openJointAccount } from '../support/joint-account.ts';
import {
  makeDue,
  makeStandingOrder,
  readStandingOrder,
  rewind,
  runDue,
  runOnce,
  runsOf,
  signAsTheyAre,
  skipPause,
} from '../support/standing-orders.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What workers make of schedules: orders are taken back to where days that are long over lie ahead of them.

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
});

afterAll(() => service.stop());

type Fields = Partial<Parameters<typeof makeStandingOrder>[1]>;

/** An order of 10.00 between two accounts of its own, the first with so much on it. */
async function add(fields: Fields, balance = '100.00') {
  const accounts = { fromAccountId: await client.openAccount({ balance }), toAccountId: await client.openAccount() };
  return makeStandingOrder(client, { ...accounts, ...fields });
}

const isoOf = (text: string) => new Date(text).toISOString();

/** When the first `count` occurrences after this instant were named, and when they were due, once they are booked. */
async function bookedAfter(schedule: object, after: string, count: number) {
  const order = await add({ schedule });
  await rewind(service, order.id, new Date(after));
  for (let run = 0; run < count; run++) expect(await runOnce(service)).toBe(1);
  const runs = await runsOf(client, order.id);
  expect(runs.map(({ status }) => status)).toEqual(Array(count).fill('booked'));
  const { handledUntil } = await readStandingOrder(client, order.id);
  expect(handledUntil).toBe(new Date(Date.parse(runs.at(-1)!.occurrenceAt) + dayMs / 2).toISOString());
  expect(await client.balance(order.fromAccountId)).toBe(`${100 - 10 * count}.00`);
  // Nobody else's.
  await client.post(`/v1/standing-orders/${order.id}/cancel`);
  return runs.map(({ occurrenceAt, dueAt }) => (occurrenceAt === dueAt ? dueAt : [occurrenceAt, dueAt]));
}

describe('an order is executed', () => {
  const nightly = { startsAt: '2024-01-01T02:30', timeZone: 'Europe/Vienna', recurrence: 'FREQ=DAILY' };

  test('once on the night that has no 02:30, an hour later', async () => {
    expect(await bookedAfter(nightly, '2025-03-29T12:00:00Z', 3)).toEqual(
      ['2025-03-30T03:30+02:00', '2025-03-31T02:30+02:00', '2025-04-01T02:30+02:00'].map(isoOf),
    );
  });

  test('once on the night that has 02:30 twice, at the first', async () => {
    expect(await bookedAfter(nightly, '2025-10-25T12:00:00Z', 3)).toEqual(
      ['2025-10-26T02:30+02:00', '2025-10-27T02:30+01:00', '2025-10-28T02:30+01:00'].map(isoOf),
    );
  });

  test('on the 31st in those months that have one', async () => {
    const schedule = { startsAt: '2024-01-31T09:00', recurrence: 'FREQ=MONTHLY;BYMONTHDAY=31' };
    expect(await bookedAfter(schedule, '2025-01-01T00:00:00Z', 4)).toEqual(
      ['2025-01-31', '2025-03-31', '2025-05-31', '2025-07-31'].map((day) => `${day}T09:00:00.000Z`),
    );
  });

  test.each([
    ['BACKWARD', ['2025-01-31', '2025-02-28', '2025-03-31', '2025-04-30']],
    ['FORWARD', ['2025-01-31', '2025-03-01', '2025-03-31', '2025-05-01']],
  ])('on the 31st of each month, where it has none %s', async (skip, days) => {
    const recurrence = `RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=${skip}`;
    const schedule = { startsAt: '2024-01-31T09:00', recurrence };
    expect(await bookedAfter(schedule, '2025-01-01T00:00:00Z', 4)).toEqual(days.map((day) => `${day}T09:00:00.000Z`));
  });

  // 5 and 6 July 2025 are a Saturday and a Sunday.
  const nine = (day: number) => `2025-07-${String(day).padStart(2, '0')}T09:00:00.000Z`;
  test.each([
    ['keep', [nine(4), nine(5), nine(6), nine(7)]],
    ['next', [nine(4), [nine(5), nine(7)], [nine(6), nine(7)], nine(7)]],
    ['previous', [nine(4), [nine(5), nine(4)], [nine(6), nine(4)], nine(7)]],
    ['skip', [nine(4), nine(7), nine(8), nine(9)]],
  ])('on weekends as it says: %s', async (weekends, expected) => {
    const schedule = { startsAt: '2024-01-01T09:00', recurrence: 'FREQ=DAILY', weekends };
    expect(await bookedAfter(schedule, '2025-07-03T12:00:00Z', 4)).toEqual(expected);
  });

  test('once, when it is a single one, and is completed', async () => {
    const order = await add({});
    await makeDue(service.database, service.ledgerId, [order.id]);
    expect(await runDue(service)).toBe(1);
    const done = await readStandingOrder(client, order.id);
    expect([done.status, done.handledUntil, done.nextRunAt]).toEqual(['completed', '2026-01-05T21:00:00.000Z', null]);
    expect(await runsOf(client, order.id)).toMatchObject([{ status: 'booked', attempts: 1, amount: '10.00' }]);
  });
});

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A daily schedule that began long ago and was due an hour ago, and the days on which it was, the latest first. */
function dailyUntilNow() {
  const latest = Math.floor((Date.now() - hourMs) / 1_000) * 1_000;
  const startsAt = new Date(latest - 60 * dayMs).toISOString().slice(0, 19);
  const daysAgo = (days: number) => new Date(latest - days * dayMs);
  return { schedule: { startsAt, recurrence: 'FREQ=DAILY' }, daysAgo };
}

describe('after a week without workers', () => {
  const expected = {
    all: Array(7).fill('booked'),
    latest: [...Array(6).fill('missed'), 'booked'],
    none: [...Array(6).fill('missed'), 'booked'],
  };

  test.each(catchUpRules)('what was missed is caught up with as the order says: %s', async (catchUp) => {
    const { schedule, daysAgo } = dailyUntilNow();
    const order = await add({ schedule, catchUp });
    await rewind(service, order.id, daysAgo(7));
    await runDue(service);
    const runs = await runsOf(client, order.id);
    expect(runs.map(({ status }) => status)).toEqual(expected[catchUp]);
    expect(runs.map(({ occurrenceAt }) => occurrenceAt)).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((days) => daysAgo(days).toISOString()),
    );
    const booked = runs.filter(({ status }) => status === 'booked').length;
    expect(await client.balance(order.toAccountId)).toBe(`${10 * booked}.00`);
    const { status, nextRunAt } = await readStandingOrder(client, order.id);
    expect([status, nextRunAt]).toEqual(['active', daysAgo(-1).toISOString()]);
  });
});

describe('after the clocks of its time zone were changed by law', () => {
  // 09:00 of one zone is 09:00 of the other, an hour later; the first day has been executed by then.
  test.each([
    ['back', 'Etc/GMT-1', 'Etc/GMT'],
    ['forward', 'Etc/GMT', 'Etc/GMT-1'],
    ['by half a day', 'Etc/GMT-12', 'Etc/GMT-1'],
  ])('each day is executed once: %s', async (_, before, after) => {
    const schedule = { startsAt: '2024-01-01T09:00', timeZone: before, recurrence: 'FREQ=DAILY;UNTIL=20250710' };
    const order = await add({ schedule: { ...schedule, recurrence: 'FREQ=DAILY' } });
    await rewind(service, order.id, new Date('2025-07-06T20:30:00Z'));
    const change = (fields: object) => service.database('standing_orders').where('id', order.id).update(fields);
    expect(await runOnce(service)).toBe(1);
    expect(await change({ time_zone: after, recurrence: schedule.recurrence })).toBe(1);
    await signAsTheyAre(service.database, service.ledgerId);
    await runDue(service);
    expect((await runsOf(client, order.id)).map(({ status }) => status)).toEqual(Array(4).fill('booked'));
    expect(await client.balance(order.toAccountId)).toBe('40.00');
    expect((await readStandingOrder(client, order.id)).status).toBe('completed');
  });
});

describe('after the clock was set back', () => {
  test('nothing is executed again before the clock has come to where it was', async () => {
    const { schedule, daysAgo } = dailyUntilNow();
    const order = await add({ schedule });
    // All up to the day after tomorrow was executed, by a clock that was wrong.
    await rewind(service, order.id, daysAgo(-2));
    const nextAfterWork = async () => {
      expect(await runDue(service)).toBe(0);
      return (await readStandingOrder(client, order.id)).nextRunAt;
    };
    expect(await nextAfterWork()).toBe(daysAgo(-3).toISOString());
    await client.post(`/v1/standing-orders/${order.id}/pause`);
    await client.post(`/v1/standing-orders/${order.id}/resume`);
    expect(await nextAfterWork()).toBe(daysAgo(-3).toISOString());
    expect(await runsOf(client, order.id)).toEqual([]);
  });

  describe('in the middle of a transaction, after the claim', () => {
    let late: Database;

    beforeAll(async () => {
      // A function of the same name stands before PostgreSQL's own, for sessions that look there first.
      await service.database.raw(`
        create function public.clock_timestamp() returns timestamptz language sql
        return pg_catalog.clock_timestamp() - interval '2 hours'`);
      const url = new URL(service.databaseUrl);
      url.searchParams.set('options', '-c search_path=public,pg_catalog');
      const pool = { poolSize: 2, applicationName: 'test', acquireTimeoutMs: 10_000 };
      late = createDatabase({ url: url.href, ...pool });
    });

    afterAll(() => late.destroy());

    /** With the clock of this machine set back as well: the service believes no clock without a witness. */
    async function runLate(queue?: WorkQueue): Promise<number> {
      machineClock.now = () => Date.now() - 2 * hourMs;
      try {
        return await runOnce({ ...service, database: late }, queue);
      } finally {
        machineClock.now = () => Date.now();
      }
    }

    test('what is not due by then is executed when it is', async () => {
      const { schedule, daysAgo } = dailyUntilNow();
      const order = await add({ schedule });
      await rewind(service, order.id, daysAgo(1));
      expect(await runLate()).toBe(1);
      expect(await runsOf(client, order.id)).toEqual([]);
      expect((await readStandingOrder(client, order.id)).nextAttemptAt).toBe(daysAgo(0).toISOString());

      expect(await runDue(service)).toBe(1);
      expect(await runsOf(client, order.id)).toMatchObject([{ status: 'booked', attempts: 1 }]);
    });

    test('what has not expired by then expires when it has', async () => {
      const mandate = () => ({ rule: 'count', count: 2 });
      const { id: fromAccountId, party } = await openJointAccount(client, { ann: {}, bob: {} }, { mandate });
      const toAccountId = await client.openAccount();
      const { id } = await makeStandingOrder(client, { fromAccountId, toAccountId, initiatedBy: party.ann });
      const { database } = service;
      const hourAgo = database.raw("now() - interval '1 hour'");
      await database('standing_orders').where('id', id).update({ expires_at: hourAgo });
      expect(await runLate(standingOrderSignaturesQueue)).toBe(1);
      expect(await runOnce(service, standingOrderSignaturesQueue)).toBe(1);
      expect(await database('events').where('subject_id', id).orderBy('sequence').pluck('type')).toEqual([
        ...['standing_order.waiting', 'standing_order.expired'],
      ]);
    });
  });
});

describe('what was refused', () => {
  const short = { status: 'retrying', transactionId: null, refusal: { code: 'insufficient_funds' } };

  /** An order of 10.00 out of an account with 4.00, refused for the first time at what was due an hour ago. */
  async function addRefused(retries: { times: number; everyMinutes: number }) {
    const { schedule, daysAgo } = dailyUntilNow();
    const order = await add({ schedule, retries }, '4.00');
    await rewind(service, order.id, daysAgo(1));
    expect(await runDue(service)).toBe(1);
    return { order, daysAgo };
  }

  const deposit = (account: string, amount: string) =>
    client.post(`/v1/accounts/${account}/deposits`, { amount, currency: 'USD' });

  test('is tried again until there is money, and counts as executed then', async () => {
    const { order, daysAgo } = await addRefused({ times: 5, everyMinutes: 60 });
    expect(await runsOf(client, order.id)).toMatchObject([{ ...short, attempts: 1 }]);
    const { nextRunAt, nextAttemptAt } = await readStandingOrder(client, order.id);
    expect(nextRunAt).toBe(daysAgo(0).toISOString());
    const [{ lastAttemptAt }] = (await runsOf(client, order.id)) as [StandingOrderRunDocument];
    expect(Date.parse(nextAttemptAt!)).toBe(Date.parse(lastAttemptAt) + hourMs);
    expect(await runDue(service)).toBe(0);

    await skipPause(service, order.id);
    expect(await runDue(service)).toBe(1);
    expect(await runsOf(client, order.id)).toMatchObject([{ ...short, attempts: 2 }]);
    await deposit(order.fromAccountId, '6.00');
    await skipPause(service, order.id);
    expect(await runDue(service)).toBe(1);
    expect(await runsOf(client, order.id)).toMatchObject([
      { status: 'booked', attempts: 3, amount: '10.00', refusal: null, transactionId: expect.any(String) },
    ]);
    expect(await client.balance(order.fromAccountId)).toBe('0.00');
    expect(await readStandingOrder(client, order.id)).toMatchObject({
      ...{ status: 'active', handledUntil: daysAgo(-0.5).toISOString(), nextAttemptAt: daysAgo(-1).toISOString() },
    });
  });

  test('is given up when it was tried as often as it should, and the order goes on', async () => {
    const { order, daysAgo } = await addRefused({ times: 2, everyMinutes: 60 });
    for (const attempts of [2, 3]) {
      expect(await runsOf(client, order.id)).toMatchObject([{ ...short, attempts: attempts - 1 }]);
      await skipPause(service, order.id);
      expect(await runDue(service)).toBe(1);
    }
    expect(await runsOf(client, order.id)).toMatchObject([{ ...short, status: 'refused', attempts: 3 }]);
    const { status, nextAttemptAt } = await readStandingOrder(client, order.id);
    expect([status, nextAttemptAt]).toEqual(['active', daysAgo(-1).toISOString()]);
    // Money that comes later changes nothing about it.
    await deposit(order.fromAccountId, '100.00');
    expect(await runDue(service)).toBe(0);
    expect(await client.balance(order.toAccountId)).toBe('0.00');
  });

  test('is not put off beyond the next occurrence', async () => {
    const { order, daysAgo } = await addRefused({ times: 5, everyMinutes: 2 * 24 * 60 });
    expect(await runsOf(client, order.id)).toMatchObject([{ ...short, status: 'refused', attempts: 1 }]);
    expect((await readStandingOrder(client, order.id)).nextAttemptAt).toBe(daysAgo(-1).toISOString());
  });

  test('makes way for the next occurrence when that is due before anybody tried again', async () => {
    const { order, daysAgo } = await addRefused({ times: 5, everyMinutes: 60 });
    // As though all that was a day before, and nobody worked since.
    const { database } = service;
    const dayBefore = (column: string) => database.raw("?? - interval '24 hours'", [column]);
    const ran = { occurrence_at: dayBefore('occurrence_at'), due_at: dayBefore('due_at') };
    expect(await database('standing_order_runs').where('standing_order_id', order.id).update(ran)).toBe(1);
    const next = { next_occurrence_at: dayBefore('next_occurrence_at'), next_due_at: dayBefore('next_due_at') };
    const handled = { handled_until: dayBefore('handled_until') };
    expect(
      await database('standing_orders')
        .where('id', order.id)
        .update({ ...next, ...handled }),
    ).toBe(1);
    await skipPause(service, order.id);
    await deposit(order.fromAccountId, '96.00');

    expect(await runDue(service)).toBe(2);
    expect(await runsOf(client, order.id)).toMatchObject([
      { ...short, status: 'refused', attempts: 1, dueAt: daysAgo(1).toISOString() },
      { status: 'booked', attempts: 1, dueAt: daysAgo(0).toISOString() },
    ]);
    expect(await client.balance(order.toAccountId)).toBe('10.00');
  });
});
