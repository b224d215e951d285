import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { entriesOf, item, sendBatch, sendSingle } from '../support/batches.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { allSign, cancel, makeOrder, pay, sign } from '../support/payment-orders.ts';
import { accept, propose } from '../support/projects.ts';
import { makeStandingOrder, rewind, runOnce, runsOf } from '../support/standing-orders.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

// "Any one up to 100.00 a day, above it both" is 100.00 a day, however it is taken.

let service: TestService;
let client: TestClient;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
  clock = await installDatabaseClock(service.database);
});

afterAll(async () => {
  // The books are proved at a time at which nothing of this lies ahead.
  await clock.setTo('2099-01-01T00:00:00Z');
  await service.stop();
});

const ceiling = (upTo: string, per: string, more: object = {}) => ({
  bands: [{ rule: 'any', upTo, per, ...more }, { rule: 'all' }],
});

/** An account of Ann and Bob with 1000.00 on it. */
function open(mandate: object = ceiling('100.00', 'day'), options: object = {}) {
  return openJointAccount(client, { ann: {}, bob: {} }, { balance: '1000.00', mandate: () => mandate, ...options });
}

type Opened = Awaited<ReturnType<typeof open>>;

const payAs = async ({ id, party }: Opened, amount: string, more: object = {}) =>
  (await pay(client, id, { amount, initiatedBy: party.ann, ...more })).status;

describe('a ceiling for a day', () => {
  test('is reached by many movements of one owner as by one', async () => {
    const account = await open();
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push(await payAs(account, '30.00'));
    expect(statuses).toEqual([201, 201, 201, 202]);
    // 10.00 are left of it.
    expect([await payAs(account, '10.01'), await payAs(account, '10.00'), await payAs(account, '0.01')]).toEqual([
      202, 201, 202,
    ]);
  });

  test('counts what the other owner takes, by transfers and transactions of many legs too', async () => {
    const account = await open();
    const { id, party } = account;
    const to = await client.openAccount();
    expect(await payAs(account, '40.00', { initiatedBy: party.bob, toAccountId: to })).toBe(201);
    const legs = { entries: entriesOf({ [to]: '50.00', [id]: '-50.00' }), initiatedBy: party.bob };
    expect((await client.post('/v1/transactions', legs)).status).toBe(201);
    expect([await payAs(account, '10.01'), await payAs(account, '10.00')]).toEqual([202, 201]);
    const refused = await client.post('/v1/transactions', legs);
    expect([refused.status, refused.body.code]).toEqual([403, 'signatures_missing']);
    expect(refused.body.explanation.signatures.band).toEqual({ rule: 'all' });
  });

  test.each([true, false])('counts the items of one batch together (atomic: %s)', async (atomic) => {
    const { id, party } = await open();
    const items = Array.from({ length: 10 }, () => item.withdrawal(id, '100.00', { initiatedBy: party.ann }));
    const { body } = await sendBatch(client, atomic, items);
    expect(body.results.map(({ status }: { status: number }) => status)).toEqual([201, ...Array(9).fill(202)]);
    expect(await client.balance(id)).toBe('900.00');
  });

  test('lets exactly as many pass as fit, of callers that start together at two services', async () => {
    const second = await startSecondApi(service);
    for (let round = 0; round < 3; round++) {
      const { id, party } = await open();
      const answers = await startTogether(24, (caller) =>
        pay([client, second.client][caller % 2]!, id, {
          amount: '10.00',
          initiatedBy: caller % 3 === 0 ? party.ann : party.bob,
        }),
      );
      const count = (status: number) => answers.filter((answer) => answer.status === status).length;
      expect([count(201), count(202)]).toEqual([10, 14]);
      expect(await client.balance(id)).toBe('900.00');
    }
    await second.api.stop(5_000);
  });

  test('does not count what both have signed, nor what the service did in nobody’s name', async () => {
    const account = await open();
    const { id, party } = account;
    const order = await makeOrder(client, id, { amount: '150.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.status).toBe('booked');
    expect((await pay(client, id, { amount: '200.00' })).status).toBe(201);
    expect([await payAs(account, '100.00'), await payAs(account, '0.01')]).toEqual([201, 202]);
  });

  test('counts what a hold reserves, until it is let go', async () => {
    const account = await open();
    const { id, party } = account;
    const hold = { accountId: id, amount: '90.00', currency: 'USD', initiatedBy: party.ann };
    const placed = await client.post('/v1/holds', hold);
    expect(placed.status).toBe(201);
    expect((await client.post('/v1/holds', hold)).body.code).toBe('signatures_missing');
    expect([await payAs(account, '10.01'), await payAs(account, '10.00')]).toEqual([202, 201]);
    await client.post(`/v1/holds/${placed.body.id}/capture`, { amount: '20.00' });
    expect((await client.post(`/v1/holds/${placed.body.id}/void`)).status).toBe(200);
    // 20.00 left the account, 70.00 came back.
    expect([await payAs(account, '70.01'), await payAs(account, '70.00')]).toEqual([202, 201]);
  });

  test('is for the kinds of movement that its band is for', async () => {
    const mandate = {
      bands: [
        { rule: 'any', upTo: '50.00', per: 'day', kinds: ['withdrawal'] },
        { rule: 'any', upTo: '80.00', per: 'day', kinds: ['transfer'] },
        { rule: 'all' },
      ],
    };
    const account = await open(mandate);
    const to = { toAccountId: await client.openAccount() };
    expect([await payAs(account, '50.00'), await payAs(account, '0.01')]).toEqual([201, 202]);
    expect([await payAs(account, '80.00', to), await payAs(account, '0.01', to)]).toEqual([201, 202]);
  });

  test('is said in a dry run, which uses nothing of it', async () => {
    const { id, party } = await open();
    const dry = () =>
      client.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, {
        ...{ amount: '60.00', currency: 'USD', initiatedBy: party.ann },
      });
    expect([(await dry()).body.kind, (await dry()).body.kind]).toEqual(['transaction', 'transaction']);
    expect((await pay(client, id, { amount: '60.00', initiatedBy: party.ann })).status).toBe(201);
    expect((await dry()).body.kind).toBe('payment_order');
  });

  test('counts under each band what no stronger one takes, and what waits under it', async () => {
    const { id, party } = await openJointAccount(
      client,
      { ann: {}, bob: {}, cat: {} },
      {
        balance: '9000.00',
        mandate: () => ({
          bands: [
            { rule: 'any', upTo: '100.00', per: 'day' },
            { rule: 'count', count: 2, upTo: '500.00', per: 'day' },
            { rule: 'all' },
          ],
        }),
      },
    );
    const order = (amount: string) => makeOrder(client, id, { amount, initiatedBy: party.ann });
    const needs = (of: Awaited<ReturnType<typeof order>>) => of.multiAuthorisation.numberRequired;
    expect((await pay(client, id, { amount: '100.00', initiatedBy: party.ann })).status).toBe(201);
    const first = await order('300.00');
    // 100.00 left on one signature, 300.00 waits for two: 100.00 are left of 500.00.
    expect([needs(first), needs(await order('100.01'))]).toEqual([2, 3]);
    expect((await sign(client, first, party.bob)).body.status).toBe('booked');
    const second = await order('100.00');
    expect([needs(second), needs(await order('0.01'))]).toEqual([2, 3]);
    await cancel(client, second, party.ann);
    expect(needs(await order('100.00'))).toBe(2);
  });

  test('is the acceptances’ of a proposal too', async () => {
    const account = await open();
    const { id, party } = account;
    expect(await payAs(account, '60.00')).toBe(201);
    const { id: project } = (await client.post(`/v1/accounts/${id}/projects`, { name: 'Roof' })).body;
    const offer = await propose(client, project, { amount: '50.00', currency: 'USD' });
    const accepted = await accept(client, offer, party.ann);
    expect([accepted.body.status, accepted.body.multiAuthorisation.missingFrom]).toEqual(['pending', [party.bob]]);
    const both = await accept(client, offer, party.bob);
    expect(both.body.status).toBe('accepted');
  });
});

describe('a standing order', () => {
  const daily = { startsAt: '2099-01-05T09:00', recurrence: 'FREQ=DAILY' };

  test('is signed for all that it moves in the month of a ceiling, not for one run', async () => {
    const { id, party } = await open(ceiling('100.00', 'month'));
    const about = { fromAccountId: id, toAccountId: await client.openAccount(), initiatedBy: party.ann };
    const order = (fields: object) => makeStandingOrder(client, { ...about, ...fields });
    expect((await order({ amount: '100.00' })).status).toBe('active');
    expect((await order({ amount: '3.00', schedule: daily })).status).toBe('active');
    expect((await order({ amount: '3.30', schedule: daily })).status).toBe('waiting');
    const weekly = { ...daily, recurrence: 'FREQ=WEEKLY;BYDAY=MO' };
    expect((await order({ amount: '20.00', schedule: weekly })).status).toBe('active');
    expect((await order({ amount: '20.01', schedule: weekly })).status).toBe('waiting');
  });

  test('is not executed beyond the ceiling that its signatures are enough for', async () => {
    const account = await open();
    const { id, party } = account;
    const to = await client.openAccount();
    const schedule = { startsAt: '2026-01-05T09:00', recurrence: 'FREQ=DAILY' };
    const about = { fromAccountId: id, toAccountId: to, initiatedBy: party.ann, schedule, catchUp: 'all' };
    const order = await makeStandingOrder(client, { ...about, amount: '60.00' });
    await rewind(service, order.id, new Date('2026-01-05T12:00:00Z'));
    expect(await payAs(account, '30.00')).toBe(201);
    // Both runs are executed today.
    expect([await runOnce(service), await runOnce(service)]).toEqual([1, 1]);
    const runs = await runsOf(client, order.id);
    expect(runs.map(({ status, refusal }) => [status, refusal?.code])).toEqual([
      ['booked', undefined],
      ['refused', 'signatures_missing'],
    ]);
    expect(await client.balance(to)).toBe('60.00');
    await client.post(`/v1/standing-orders/${order.id}/cancel`);
  });
});

test('a day and a month are those of the account’s time zone', async () => {
  const steps = [
    ['2027-03-30T21:30:00Z', 201],
    // The day is over in Madrid, the month is not.
    ['2027-03-30T22:30:00Z', 201],
    ['2027-03-31T21:30:00Z', 202],
    ['2027-03-31T22:00:30Z', 201],
  ] as const;
  await clock.setTo('2027-03-30T12:00:00Z');
  const timeZone = 'Europe/Madrid';
  const [days, months] = [
    await open(ceiling('60.00', 'day'), { timeZone }),
    await open(ceiling('120.00', 'month'), { timeZone }),
  ];
  const outcomes: number[] = [];
  for (const [at] of steps) {
    await clock.setTo(at);
    expect(await payAs(days, '60.00')).toBe(at === '2027-03-31T21:30:00Z' ? 202 : 201);
    outcomes.push(await payAs(months, '60.00'));
  }
  expect(outcomes).toEqual(steps.map(([, status]) => status));
  await clock.reset();
});

test('a band of an order that was changed in the table is found before money moves', async () => {
  const account = await open();
  const { id, party } = account;
  await payAs(account, '100.00');
  const order = await makeOrder(client, id, { amount: '20.00', initiatedBy: party.ann });
  await service.rows('payment_orders').where({ id: order.id }).update({ band: 0 });
  const signed = await sign(client, order, party.bob);
  expect([signed.status, signed.body.code]).toEqual([409, 'instruction_altered']);
  await service.rows('payment_orders').where({ id: order.id }).update({ band: 1 });
  expect((await sign(client, order, party.bob)).body.status).toBe('booked');
});

describe('warnings', () => {
  const loose = { bands: [{ rule: 'any', upTo: '100.00' }, { rule: 'all' }] };
  const warning = { code: 'band_without_ceiling', path: 'mandate.bands.0', message: expect.any(String) };

  test('say that a limit for single movements is none, when an account is opened and when its mandate changes', async () => {
    const opened = await client.post('/v1/accounts', { name: 'Loose', currency: 'USD', mandate: loose });
    expect([opened.status, opened.body.warnings]).toEqual([201, [warning]]);
    const tight = await client.put(`/v1/accounts/${opened.body.id}/mandate`, { mandate: ceiling('1.00', 'day') });
    expect([tight.status, tight.body.warnings]).toEqual([200, undefined]);
    const again = await client.put(`/v1/accounts/${opened.body.id}/mandate`, { mandate: loose });
    expect([again.status, again.body.warnings]).toEqual([200, [warning]]);
    const { party, id } = await openJointAccount(client, { ann: {}, bob: {} }, { mandate: allSign });
    const asked = await client.put(`/v1/accounts/${id}/mandate`, { mandate: loose, by: party.ann });
    expect([asked.status, asked.body.warnings]).toEqual([202, [warning]]);
  });

  test.each([
    [{ rule: 'any', per: 'day' }, 'mandate.bands.0.per'],
    [{ rule: 'any', upTo: '5.00', per: 'week' }, 'mandate.bands.0.per'],
  ])('%j is refused', async (band, path) => {
    const body = { name: 'Odd', currency: 'USD', mandate: { bands: [band, { rule: 'all' }] } };
    const { status, body: problem } = await client.post('/v1/accounts', body);
    expect([status, problem.errors.map((error: { path: string }) => error.path)]).toEqual([400, [path]]);
  });
});

test('single withdrawals and the items of batches at once take no more than the ceiling', async () => {
  const { id, party } = await open();
  const by = { initiatedBy: party.ann };
  await startTogether(12, (caller) =>
    caller % 2 === 0
      ? sendSingle(client, item.withdrawal(id, '15.00', by))
      : sendBatch(client, false, [item.withdrawal(id, '7.00', by), item.withdrawal(id, '9.00', by)]),
  );
  const booked = await service.rows('entries').where({ account_id: id }).where('amount', '<', 0).sum('amount as sum');
  expect(Number(booked[0]!.sum)).toBeGreaterThanOrEqual(-100);
  expect(Number(booked[0]!.sum)).toBeLessThan(-85);
});
