import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { standingOrdersQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { signAsTheyAre } from '../support/standing-orders.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let ledgerId: string;

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(() => service.stop());

// Each test has a ledger of its own, so that a batch holds the orders of no other.
beforeEach(async () => {
  const ledger = await createTestLedger(service.database);
  ledgerId = ledger.ledgerId;
  client = createTestClient(service.url, ledger.apiKey);
});

const once = { startsAt: '2099-01-05T09:00:00' };
const daily = { ...once, recurrence: 'FREQ=DAILY' };
/** What is refused is not tried again, unless a test says so. */
const terms = { currency: 'USD', schedule: once, retries: { times: 0 } };

/** Makes a standing order whose time has come: of a daily one, yesterday's and today's occurrence are due. */
async function makeDue(fields: object): Promise<string> {
  const { status, body } = await client.post('/v1/standing-orders', { ...terms, ...fields });
  expect([status, body.errors ?? body.detail]).toEqual([201, undefined]);
  const { database } = service;
  const at = database.raw("date_trunc('second', now() - interval '25 hours')");
  await database('standing_orders')
    .where('id', body.id)
    .update({
      starts_at: database.raw(`to_char(date_trunc('second', now() - interval '25 hours') at time zone time_zone,
                                       'YYYY-MM-DD"T"HH24:MI:SS')`),
      handled_until: database.raw("date_trunc('second', now() - interval '26 hours')"),
      ...{ next_occurrence_at: at, next_due_at: at, next_attempt_at: at },
    });
  await signAsTheyAre(database, ledgerId);
  return body.id;
}

const run = () =>
  runBatch({ database: service.database, logger: pino({ level: 'silent' }) }, standingOrdersQueue, ledgerId);

const runsOf = async (id: string) =>
  (await client.get(`/v1/standing-orders/${id}/runs?limit=200`)).body.data as Array<Record<string, unknown>>;

/** What became of the order's occurrences, the latest first, as "booked 5.00" or "refused account_closed". */
async function became(id: string): Promise<string[]> {
  const said = (amount: unknown, refusal: unknown) => (refusal as { code: string } | null)?.code ?? amount;
  return (await runsOf(id)).map(({ status, amount, refusal }) => `${status} ${said(amount, refusal)}`);
}

const statusOf = async (id: string) => (await client.get(`/v1/standing-orders/${id}`)).body.status;
const openPair = async (paying: string, receiving = '0.00') => ({
  fromAccountId: await client.openAccount({ balance: paying }),
  toAccountId: receiving === '0.00' ? await client.openAccount() : await client.openAccount({ balance: receiving }),
});
const balances = async ({ fromAccountId, toAccountId }: { fromAccountId: string; toAccountId: string }) => [
  await client.balance(fromAccountId),
  await client.balance(toAccountId),
];

describe('how much a run moves', () => {
  test('a fixed amount: all of it or nothing', async () => {
    const accounts = await openPair('70.00');
    const id = await makeDue({ ...accounts, amount: '50.00', schedule: daily });
    expect([await run(), await run(), await run()]).toEqual([1, 1, 0]);
    expect(await became(id)).toEqual(['refused insufficient_funds', 'booked 50.00']);
    expect(await balances(accounts)).toEqual(['20.00', '50.00']);
    expect(await statusOf(id)).toBe('active');
  });

  test.each([
    ['what is above what it keeps', '730.50', {}, 'booked 230.50', ['500.00', '230.50']],
    ['at most its limit', '730.50', { most: '100.00' }, 'booked 100.00', ['630.50', '100.00']],
    ['nothing when there is just that', '500.00', {}, 'nothing_to_do 0.00', ['500.00', '0.00']],
    ['nothing when there is less', '499.99', {}, 'nothing_to_do 0.00', ['499.99', '0.00']],
  ])('a sweep: %s', async (_, balance, fields, expected, after) => {
    const accounts = await openPair(balance);
    const id = await makeDue({ ...accounts, sweep: { keep: '500.00' }, ...fields });
    expect(await run()).toBe(1);
    expect(await became(id)).toEqual([expected]);
    expect(await balances(accounts)).toEqual(after);
    expect(await statusOf(id)).toBe('completed');
  });

  test('a sweep leaves alone what holds reserve', async () => {
    const accounts = await openPair('730.00');
    const hold = { accountId: accounts.fromAccountId, amount: '30.00', currency: 'USD' };
    expect((await client.post('/v1/holds', hold)).status).toBe(201);
    const id = await makeDue({ ...accounts, sweep: { keep: '500.00' } });
    await run();
    expect(await became(id)).toEqual(['booked 200.00']);
  });

  test.each([
    ['what is lacking', '1000.00', '150.00', {}, 'booked 50.00', ['950.00', '200.00']],
    ['at most its limit', '1000.00', '150.00', { most: '20.00' }, 'booked 20.00', ['980.00', '170.00']],
    ['nothing when there is enough', '1000.00', '200.00', {}, 'nothing_to_do 0.00', ['1000.00', '200.00']],
    ['nothing when it would not reach', '10.00', '150.00', {}, 'refused insufficient_funds', ['10.00', '150.00']],
  ])('a top-up: %s', async (_, paying, receiving, fields, expected, after) => {
    const accounts = await openPair(paying, receiving);
    const id = await makeDue({ ...accounts, topUp: { to: '200.00' }, ...fields });
    expect(await run()).toBe(1);
    expect(await became(id)).toEqual([expected]);
    expect(await balances(accounts)).toEqual(after);
  });

  test('a top-up: nothing when what is lacking is more than a movement can bring', async () => {
    const most = '999999999999999999.00';
    const [fromAccountId, toAccountId] = [
      await client.openAccount({ balance: most, overdraftLimit: most }),
      await client.openAccount({ overdraftLimit: most }),
    ];
    await client.post(`/v1/accounts/${toAccountId}/withdrawals`, { amount: '1.00', currency: 'USD' });
    const id = await makeDue({ fromAccountId, toAccountId, topUp: { to: most } });
    expect(await run()).toBe(1);
    expect(await became(id)).toEqual(['refused balance_limit_exceeded']);
    expect(await balances({ fromAccountId, toAccountId })).toEqual([most, '-1.00']);
    expect(await statusOf(id)).toBe('completed');
  });

  test('orders of one batch see what those before them moved', async () => {
    const accounts = await openPair('700.00');
    const sweeps = [
      await makeDue({ ...accounts, sweep: { keep: '500.00' } }),
      await makeDue({ ...accounts, sweep: { keep: '500.00' } }),
    ];
    expect(await run()).toBe(2);
    expect([await became(sweeps[0]!), await became(sweeps[1]!)].sort()).toEqual([
      ...[['booked 200.00'], ['nothing_to_do 0.00']],
    ]);
    expect(await balances(accounts)).toEqual(['500.00', '200.00']);
  });
});

describe('what is looked at when it is to be paid', () => {
  test('whether its initiator still holds the account, with the right to transfer', async () => {
    const { id: fromAccountId, party } = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '100.00' });
    const toAccountId = await client.openAccount();
    const fields = { fromAccountId, toAccountId, amount: '5.00', initiatedBy: party.ann, schedule: daily };
    const id = await makeDue(fields);
    await run();
    const left = await client.post(`/v1/accounts/${fromAccountId}/holders/${party.ann}/leave`);
    expect([left.status, left.body.code]).toEqual([200, undefined]);
    await run();
    expect(await became(id)).toEqual(['refused not_a_holder', 'booked 5.00']);
  });

  test('its own limits, in which its runs and its other movements count together', async () => {
    const holders = { ann: { limits: { perDay: '10.00' } }, bob: {} };
    const { id: fromAccountId, party } = await openJointAccount(client, holders, { balance: '100.00' });
    const toAccountId = await client.openAccount();
    const fields = { fromAccountId, toAccountId, initiatedBy: party.ann };
    const [one, other] = [await makeDue({ ...fields, amount: '6.00' }), await makeDue({ ...fields, amount: '6.00' })];
    expect(await run()).toBe(2);
    expect([...(await became(one)), ...(await became(other))].sort()).toEqual([
      ...['booked 6.00', 'refused limit_exceeded'],
    ]);
    const withdraw = (amount: string) =>
      client.post(`/v1/accounts/${fromAccountId}/withdrawals`, { amount, currency: 'USD', initiatedBy: party.ann });
    expect((await withdraw('4.01')).body.code).toBe('limit_exceeded');
    expect((await withdraw('4.00')).status).toBe(201);
  });

  test('of a top-up also whether its initiator may look at what it tops up', async () => {
    const { id: fromAccountId, party } = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '100.00' });
    const kid = await client.post('/v1/accounts', {
      ...{ name: 'Kid', currency: 'USD', ownership: 'joint' },
      holders: [{ partyId: party.ann }, { partyId: party.bob }],
    });
    const order = { ...terms, fromAccountId, toAccountId: kid.body.id, topUp: { to: '10.00' }, schedule: daily };
    const id = await makeDue({ ...order, initiatedBy: party.ann });
    await run();
    expect((await client.post(`/v1/accounts/${kid.body.id}/holders/${party.ann}/leave`)).status).toBe(200);
    await client.post(`/v1/accounts/${kid.body.id}/withdrawals`, { amount: '3.00', currency: 'USD' });
    await run();
    expect(await became(id)).toEqual(['refused not_a_holder', 'booked 10.00']);
    const again = await client.post('/v1/standing-orders', { ...order, initiatedBy: party.ann });
    expect([again.status, again.body.code, again.body.accountId]).toEqual([403, 'not_a_holder', kid.body.id]);
  });

  test('restrictions of the account', async () => {
    const accounts = await openPair('100.00');
    const id = await makeDue({ ...accounts, amount: '5.00', schedule: daily });
    const placed = await client.post(`/v1/accounts/${accounts.fromAccountId}/restrictions`, {
      ...{ scope: 'debits', reason: 'Asked for by the court' },
    });
    expect([placed.status, placed.body.errors]).toEqual([201, undefined]);
    await run();
    await client.post(`/v1/restrictions/${placed.body.id}/lift`);
    await run();
    expect(await became(id)).toEqual(['booked 5.00', 'refused account_restricted']);
  });

  test('not the signatures again: what was signed holds when the mandate changes', async () => {
    const mandate = () => ({ rule: 'any' });
    const holders = { ann: {}, bob: {} };
    const { id: fromAccountId, party } = await openJointAccount(client, holders, { balance: '100.00', mandate });
    const toAccountId = await client.openAccount();
    const id = await makeDue({ fromAccountId, toAccountId, amount: '5.00', initiatedBy: party.ann });
    const changed = await client.put(`/v1/accounts/${fromAccountId}/mandate`, { mandate: { rule: 'all' } });
    expect([changed.status, changed.body.errors]).toEqual([200, undefined]);
    await run();
    expect(await became(id)).toEqual(['booked 5.00']);
    const { transactionId } = (await runsOf(id))[0]!;
    const { body } = await client.get(`/v1/transactions/${transactionId}`);
    expect(body).toMatchObject({ initiatedBy: party.ann, signedBy: [party.ann] });
  });

  test.each(['fromAccountId', 'toAccountId'] as const)('a closed account (%s) ends the order', async (closed) => {
    const accounts = await openPair('50.00');
    const id = await makeDue({ ...accounts, amount: '5.00', schedule: daily, retries: { times: 3 } });
    const { fromAccountId } = accounts;
    await client.post(`/v1/accounts/${fromAccountId}/withdrawals`, { amount: '50.00', currency: 'USD' });
    const answer = await client.post(`/v1/accounts/${accounts[closed]}/close`);
    expect([answer.status, answer.body.code]).toEqual([200, undefined]);
    expect([await run(), await run()]).toEqual([1, 0]);
    expect(await became(id)).toEqual(['refused account_closed']);
    expect(await statusOf(id)).toBe('cancelled');
    const told = await service.database('events').where('subject_id', id).orderBy('sequence').pluck('type');
    expect(told).toEqual(['standing_order.activated', 'standing_order.run_refused', 'standing_order.cancelled']);
  });

  test.each<[string, object]>([
    ['has nothing to do', { sweep: { keep: '0.00' } }],
    ['would be refused anyway', { amount: '6.00' }],
  ])('a closed account ends an order that %s', async (_, rule) => {
    const holders = { ann: { limits: { perMovement: '5.00' } } };
    const { id: fromAccountId, party } = await openJointAccount(client, holders);
    const toAccountId = await client.openAccount();
    const id = await makeDue({ fromAccountId, toAccountId, initiatedBy: party.ann, schedule: daily, ...rule });
    expect((await client.post(`/v1/accounts/${fromAccountId}/close`)).status).toBe(200);
    expect([await run(), await run()]).toEqual([1, 0]);
    expect(await became(id)).toEqual(['refused account_closed']);
    expect(await statusOf(id)).toBe('cancelled');
  });
});

describe('what is told of a run', () => {
  test('is the order and the run as they were then, in the sequence of the account that pays', async () => {
    const accounts = await openPair('50.00');
    const id = await makeDue({ ...accounts, amount: '5.00' });
    await run();
    await untilLogged({ ...service, ledgerId });
    const events = (await client.get(`/v1/events?accountId=${accounts.fromAccountId}`)).body.data;
    const types = events.map(({ type }: { type: string }) => type);
    expect(types.slice(-3)).toEqual([
      ...['transaction.booked', 'standing_order.run_booked', 'standing_order.completed'],
    ]);
    const told = events.at(-2);
    const [booked] = await runsOf(id);
    expect(told.data).toMatchObject({ run: booked, standingOrder: { id, status: 'completed' } });
  });
});
