import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { item, sendSingle } from '../support/batches.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// A holder's day begins and ends where the law of the account's place says, on days that have not 24 hours too.

let service: TestService;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService({});
  clock = await installDatabaseClock(service.database);
});

afterAll(async () => {
  // The books are proved at a time at which nothing of this lies ahead.
  await clock.setTo('2099-01-01T00:00:00Z');
  await service.stop();
});

const hour = 3_600_000;
/** Longer than a call takes. */
const margin = 20_000;

/** What became of taking out 60.00 of 100.00 a day, at each of these instants in turn. */
async function takeAt(timeZone: string, instants: readonly Date[]): Promise<string[]> {
  const holders = { ann: { limits: { perDay: '100.00' } } };
  await clock.setTo(new Date(instants[0]!.getTime() - hour));
  const { id, party } = await openJointAccount(service.client, holders, { overdraftLimit: '9000.00', timeZone });
  const outcomes: string[] = [];
  for (const instant of instants) {
    await clock.setTo(instant);
    const { status, body } = await sendSingle(service.client, item.withdrawal(id, '60.00', { initiatedBy: party.ann }));
    outcomes.push(status === 201 ? 'booked' : `${body.limit} ${body.remaining}`);
  }
  return outcomes;
}

test.each([
  ['23 hours', 'Europe/Madrid', '2027-03-27T23:00:00Z', 23],
  ['25 hours', 'Europe/Madrid', '2027-10-30T22:00:00Z', 25],
  // The clocks jump from 00:00 to 01:00, so that the day begins at 01:00.
  ['no midnight', 'Africa/Cairo', '2027-04-29T22:00:00Z', 23],
  // At 24:00 they go back to 23:00, so that the day has two of its last hour.
  ['23:30 twice', 'Africa/Cairo', '2027-10-27T21:00:00Z', 25],
  ['24 and a half hours', 'Australia/Lord_Howe', '2027-04-03T13:00:00Z', 24.5],
  ['24 hours', 'America/Bogota', '2027-03-28T05:00:00Z', 24],
])('a day of %s in %s is from its first moment to its last one day', async (_what, timeZone, begins, hours) => {
  const begin = Date.parse(begins);
  const end = begin + hours * hour;
  const times = [begin - margin, begin, begin + (hours * hour) / 2, end - margin, end, end + margin];
  const outcomes = await takeAt(
    timeZone,
    times.map((time) => new Date(time)),
  );
  const used = 'perDay 40.00';
  expect(outcomes).toEqual(['booked', 'booked', used, used, 'booked', used]);
});

test('the clock of the test is the one that the service books by', async () => {
  await clock.setTo('2031-05-05T05:05:05Z');
  const account = await service.client.openAccount({ balance: '1.00' });
  const [entry] = (await service.client.get(`/v1/accounts/${account}/entries`)).body.data;
  expect(entry.bookedAt).toMatch(/^2031-05-05T05:05:/);
  await clock.reset();
  expect(Math.abs((await clock.read()).getTime() - Date.now())).toBeLessThan(margin);
});
