import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let clock: DatabaseClock;
let account: string;
let ann: string;

/**
 * In Madrid the clocks go forward in the night to Sunday, 30 March 2025, which has 23 hours, and back in the night to
 * Sunday, 26 October, which has 25.
 */
const movements: Array<[at: string, type: 'deposits' | 'withdrawals', amount: string]> = [
  ['2025-03-28T12:00:00Z', 'deposits', '100.00'],
  ['2025-03-29T22:30:00Z', 'withdrawals', '30.00'],
  // Midnight in Madrid, an hour before it is in summer.
  ['2025-03-29T23:00:00Z', 'withdrawals', '60.00'],
  ['2025-03-30T10:00:00Z', 'deposits', '15.00'],
  ['2025-03-30T21:30:00Z', 'deposits', '5.00'],
  ['2025-03-30T22:00:00Z', 'deposits', '1.00'],
  ['2025-10-25T22:30:00Z', 'withdrawals', '11.00'],
  ['2025-10-26T22:30:00Z', 'withdrawals', '2.00'],
  ['2025-10-26T23:00:00Z', 'deposits', '3.00'],
];

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  clock = await installDatabaseClock(service.database);
  const opened = await openJointAccount(
    client,
    { ann: {}, ben: { rights: ['deposit'] } },
    { timeZone: 'Europe/Madrid' },
  );
  [account, ann] = [opened.id, opened.party.ann];
  for (const [at, type, amount] of movements) {
    await clock.setTo(at);
    const answer = await client.post(`/v1/accounts/${account}/${type}`, { amount, currency: 'USD' });
    expect(answer.status).toBe(201);
  }
  await clock.reset();
});

afterAll(() => service.stop());

const read = (query: string, by = client, id = account) => by.get(`/v1/accounts/${id}/balance-series?${query}`);

/** A step in a line: its days, what it opened and closed with, the lowest, what came in and went out. */
async function stepsOf(query: string): Promise<string[]> {
  const { status, body } = await read(query);
  expect([status, body.errors]).toEqual([200, undefined]);
  return body.data.map((step: Record<string, string>) =>
    ['from', 'to', 'opening', 'closing', 'lowest', 'in', 'out'].map((name) => step[name]).join(' '),
  );
}

test('begins and ends each day at midnight in the time zone of the account, when clocks go forward', async () => {
  expect(await stepsOf('from=2025-03-27&to=2025-04-01')).toEqual([
    '2025-03-27 2025-03-27 0.00 0.00 0.00 0.00 0.00',
    '2025-03-28 2025-03-28 0.00 100.00 0.00 100.00 0.00',
    '2025-03-29 2025-03-29 100.00 70.00 70.00 0.00 30.00',
    '2025-03-30 2025-03-30 70.00 30.00 10.00 20.00 60.00',
    '2025-03-31 2025-03-31 30.00 31.00 30.00 1.00 0.00',
    '2025-04-01 2025-04-01 31.00 31.00 31.00 0.00 0.00',
  ]);
});

test('and when they go back', async () => {
  expect(await stepsOf('from=2025-10-25&to=2025-10-27')).toEqual([
    '2025-10-25 2025-10-25 31.00 31.00 31.00 0.00 0.00',
    '2025-10-26 2025-10-26 31.00 18.00 18.00 0.00 13.00',
    '2025-10-27 2025-10-27 18.00 21.00 18.00 3.00 0.00',
  ]);
});

test('steps by weeks from Monday on, cut to the days that are asked for', async () => {
  expect(await stepsOf('from=2025-03-29&to=2025-04-08&interval=week')).toEqual([
    '2025-03-29 2025-03-30 100.00 30.00 10.00 20.00 90.00',
    '2025-03-31 2025-04-06 30.00 31.00 30.00 1.00 0.00',
    '2025-04-07 2025-04-08 31.00 31.00 31.00 0.00 0.00',
  ]);
});

test('steps by months, cut likewise', async () => {
  const steps = await stepsOf('from=2025-03-15&to=2025-11-10&interval=month');
  expect(steps.slice(0, 2)).toEqual([
    '2025-03-15 2025-03-31 0.00 31.00 0.00 121.00 90.00',
    '2025-04-01 2025-04-30 31.00 31.00 31.00 0.00 0.00',
  ]);
  expect(steps.slice(7)).toEqual([
    '2025-10-01 2025-10-31 31.00 21.00 18.00 3.00 13.00',
    '2025-11-01 2025-11-10 21.00 21.00 21.00 0.00 0.00',
  ]);
});

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

test('says until when it is known, and leaves out what has not begun', async () => {
  const { body } = await read(`from=${dayIn(0)}&to=${dayIn(30)}`);
  expect(body).toMatchObject({ accountId: account, currency: 'USD', timeZone: 'Europe/Madrid', interval: 'day' });
  expect(body.at.slice(0, 10) >= body.data[0].from).toBe(true);
  // In Madrid the next day may have begun.
  expect([1, 2]).toContain(body.data.length);
  expect(await stepsOf('from=9998-01-01&to=9998-01-02')).toEqual([]);
});

test('agrees with the balances at the ends of the steps', async () => {
  const { data } = (await read('from=2025-03-20&to=2025-04-04')).body;
  for (const { to, closing } of data) {
    // Summer time began on the 30th.
    const at = new Date(Date.parse(`${to}T24:00:00Z`) - (to < '2025-03-30' ? 1 : 2) * 3_600_000 - 1).toISOString();
    const [{ booked }] = (await client.get(`/v1/balances?accountIds=${account}&at=${at}`)).body.data;
    expect([to, closing]).toEqual([to, booked]);
  }
});

test.each([
  ['to=2027-03-01', 'from', 'is required'],
  ['from=2027-03-01', 'to', 'is required'],
  ['from=2027-03-02&to=2027-03-01', 'to', 'must not lie before from'],
  ['from=2026-01-01&to=2027-02-05', 'to', 'must lie less than 400 days after from'],
  ['from=2020-01-01&to=2028-01-01&interval=week', 'to', 'must lie less than 2800 days after from'],
  ['from=2027-03-01&to=2027-03-02&interval=hour', 'interval', 'must be "day" or "week" or "month"'],
  ['from=2027-03-01T00:00:00Z&to=2027-03-02', 'from', 'must be a day such as 2026-11-01'],
])('refuses %s', async (query, path, message) => {
  const answer = await read(query);
  expect(answer.body.errors).toEqual([{ path, in: 'query', message }]);
});

test('answers up to 400 steps', async () => {
  expect(await stepsOf('from=2024-09-01&to=2025-10-05')).toHaveLength(400);
});

test('is for those who may look at the account, and of no clearing account', async () => {
  const days = 'from=2027-03-01&to=2027-03-31';
  expect((await read(days, await clientOf(service, ann))).status).toBe(200);
  const stranger = await clientOf(service, await client.createParty('Eve'));
  expect((await read(days, stranger)).body.code).toBe('account_not_found');
  const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
  expect((await read(days, client, clearing.id)).body).toMatchObject({ code: 'clearing_account' });
});
