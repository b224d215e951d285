import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { holdAccountLock, untilBookingsAwaited } from '../support/lock-witness.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(() => service.stop());

interface Booking {
  bookedAt: string;
  /** Of the customer's account, after the movement. */
  balance: string;
}

const longAgo = '2020-01-01T00:00:00.000Z';
const unknownId = '01936f00-0000-7000-8000-000000000999';

async function balancesOf(account: string, at?: string) {
  const read = () => service.client.get(`/v1/accounts/${account}/balances${at === undefined ? '' : `?at=${at}`}`);
  let answer = await read();
  // For as long as any transaction of the server is open, be it of another test file, the past is not over.
  while (answer.body.code === 'ledger_busy') {
    await sleep(20);
    answer = await read();
  }
  expect(answer.status).toBe(200);
  return answer.body;
}

async function clearingAccount(currency: string): Promise<string> {
  const { data } = (await service.client.get('/v1/accounts?ownership=clearing')).body;
  return data.find((account: { currency: string }) => account.currency === currency).id;
}

/** What the account had at this instant: the last booking of that time or earlier. */
function balanceAt(history: readonly Booking[], instant: string): string {
  return history.findLast(({ bookedAt }) => bookedAt <= instant)?.balance ?? '0.00';
}

function millisecondBefore(instant: string): string {
  return new Date(Date.parse(instant) - 1).toISOString();
}

/** Thirty deposits and withdrawals in turn, with the balance that each left. */
async function moveThirtyTimes(account: string, currency: string): Promise<Booking[]> {
  const history: Booking[] = [];
  for (let number = 0; number < 30; number++) {
    const [direction, amount] = number % 3 === 2 ? ['withdrawals', '1.25'] : ['deposits', `${number + 1}.10`];
    const answer = await service.client.post(`/v1/accounts/${account}/${direction}`, { amount, currency });
    expect(answer.status).toBe(201);
    history.push({ bookedAt: answer.body.bookedAt, balance: answer.body.entries[0].balanceAfter });
  }
  return history;
}

test('answers the balance of any instant, for a customer and for the clearing account', async () => {
  const account = await service.client.openAccount({ currency: 'EUR', overdraftLimit: '7.00' });
  const clearing = await clearingAccount('EUR');
  const history = await moveThirtyTimes(account, 'EUR');
  const instants = history.flatMap(({ bookedAt }) => [bookedAt, millisecondBefore(bookedAt)]);
  for (const at of [...instants, longAgo]) {
    const booked = balanceAt(history, at);
    expect(await balancesOf(account, at)).toMatchObject({ accountId: account, currency: 'EUR', booked, held: '0.00' });
    const opposite = booked === '0.00' ? booked : `-${booked}`;
    expect(await balancesOf(clearing, at)).toMatchObject({ booked: opposite, held: null, available: null });
  }
});

test('tells a balance now as the account does, and what the overdraft limit adds to it', async () => {
  const { client } = service;
  const account = await client.openAccount({ currency: 'KWD', balance: '12.345', overdraftLimit: '1.000' });
  const now = await balancesOf(account);
  expect(now).toEqual({
    accountId: account,
    currency: 'KWD',
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    booked: '12.345',
    held: '0.000',
    available: '13.345',
  });
  expect(await balancesOf(account, longAgo)).toEqual({
    ...now,
    at: '2020-01-01T00:00:00.000Z',
    booked: '0.000',
    available: '1.000',
  });
  expect(await balancesOf(await clearingAccount('KWD'))).toMatchObject({ booked: '-12.345' });
});

test('counts all entries of one millisecond, and none of them a millisecond earlier', async () => {
  const { client } = service;
  const account = await client.openAccount({ balance: '100.00' });
  const items = Array(20).fill({ type: 'deposit', accountId: account, amount: '1.00', currency: 'USD' });
  const { results } = (await client.post('/v1/batches', { atomic: true, items })).body;
  const sameTime = results[0].transaction.bookedAt;
  const times = results.map((result: { transaction: { bookedAt: string } }) => result.transaction.bookedAt);
  expect(times).toEqual(Array(20).fill(sameTime));
  expect((await balancesOf(account, sameTime)).booked).toBe('120.00');
  expect((await balancesOf(account, millisecondBefore(sameTime))).booked).toBe('100.00');
});

test('answers of a moment that is not over the one before it', async () => {
  const account = await service.client.openAccount({ balance: '1.00' });
  const ahead = new Date(Date.now() + 30_000).toISOString();
  const { at, booked } = await balancesOf(account, ahead);
  expect(booked).toBe('1.00');
  expect(at < ahead).toBe(true);
});

test('never changes what it told of the past, however late something is committed', async () => {
  const { client, database } = service;
  const account = await client.openAccount({ currency: 'CHF', balance: '100.00' });
  const clearing = await clearingAccount('CHF');
  // Whatever is booked has its time long before it is committed.
  await database.raw(`
    create function commit_late() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.3); return null; end $$`);
  await database.raw(`
    create constraint trigger commits_late after insert on transactions deferrable initially deferred
      for each row execute function commit_late()`);
  const told: Array<{ id: string; at: string; booked: string }> = [];
  const deposits = (async () => {
    for (let count = 0; count < 4; count++) {
      const answer = await client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'CHF' });
      expect(answer.status).toBe(201);
    }
  })();
  const readWhile = async (id: string) => {
    for (let count = 0; count < 12; count++) {
      const { at, booked } = await balancesOf(id, new Date().toISOString());
      told.push({ id, at, booked });
    }
  };
  await Promise.all([deposits, readWhile(account), readWhile(clearing)]);
  await database.raw('drop trigger commits_late on transactions');
  for (const { id, at, booked } of told)
    expect({ at, booked: (await balancesOf(id, at)).booked }).toEqual({ at, booked });
  expect(new Set(told.map(({ booked }) => booked)).size).toBeGreaterThan(2);
});

test('asks to come back when something is being booked for longer than it waits', async () => {
  const { client, database } = service;
  const account = await client.openAccount({ balance: '1.00' });
  const held = await holdAccountLock(database, account);
  const at = new Date().toISOString();
  for (const id of [account, await clearingAccount('USD')]) {
    const refused = await client.get(`/v1/accounts/${id}/balances?at=${at}`);
    expect(refused.body).toMatchObject({ status: 503, code: 'ledger_busy' });
    expect(refused.headers['retry-after']).toBe('1');
  }
  await held.release();
  expect((await balancesOf(account, at)).booked).toBe('1.00');
});

test('takes an instant in any time zone, and none that lies in the future', async () => {
  const account = await service.client.openAccount({ balance: '1.00' });
  const { at } = await balancesOf(account, encodeURIComponent('2026-01-01T02:00:00+02:00'));
  expect(at).toBe('2026-01-01T00:00:00.000Z');
  const future = new Date(Date.now() + 3_600_000).toISOString();
  const refused = await service.client.get(`/v1/accounts/${account}/balances?at=${future}`);
  expect(refused.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ path: 'at' }] });
});

test('reads several accounts in one snapshot while transfers run between them', async () => {
  const { client } = service;
  const [left, right] = [
    await client.openAccount({ balance: '500.00' }),
    await client.openAccount({ balance: '500.00' }),
  ];
  let reading = true;
  const transferWhileReading = async (fromAccountId: string, toAccountId: string) => {
    const statuses = new Set<number>();
    while (reading) {
      const body = { fromAccountId, toAccountId, amount: '7.00', currency: 'USD' };
      statuses.add((await client.post('/v1/transfers', body)).status);
    }
    return statuses;
  };
  const transfers = [[left, right] as const, [right, left] as const, [left, right] as const].map(([from, to]) =>
    transferWhileReading(from, to),
  );
  const seen = new Set<string>();
  const sums = new Set<bigint>();
  try {
    for (let read = 0; read < 200; read++) {
      const { body } = await client.get(`/v1/balances?accountIds=${left},${right}`);
      const booked: string[] = body.data.map((balance: { booked: string }) => balance.booked);
      seen.add(booked.join(' '));
      sums.add(booked.reduce((sum, text) => sum + BigInt(text.replace('.', '')), 0n));
    }
  } finally {
    reading = false;
  }
  for (const statuses of await Promise.all(transfers)) expect(statuses).toContain(201);
  expect([...sums]).toEqual([1000_00n]);
  expect(seen.size).toBeGreaterThan(1);
});

test('answers several accounts in the order asked, clearing accounts among them', async () => {
  const { client } = service;
  const accounts = [await client.openAccount({ currency: 'JPY', balance: '300' }), await clearingAccount('JPY')];
  for (const ids of [accounts, accounts.toReversed()]) {
    const answer = await client.get(`/v1/balances?accountIds=${ids.join(',')}`);
    expect(answer.body.data.map((balance: { accountId: string }) => balance.accountId)).toEqual(ids);
  }
  const answer = await client.get(`/v1/balances?accountIds=${accounts.join(',')}`);
  expect(answer.body.data).toEqual([
    { accountId: accounts[0], currency: 'JPY', booked: '300', held: '0', available: '300', at: expect.any(String) },
    { accountId: accounts[1], currency: 'JPY', booked: '-300', held: null, available: null, at: expect.any(String) },
  ]);
});

test('names the account that it does not know', async () => {
  const known = await service.client.openAccount();
  for (const path of [
    `/v1/balances?accountIds=${known},${unknownId}`,
    `/v1/accounts/${unknownId}/balances`,
    `/v1/accounts/${unknownId}/balances?at=${longAgo}`,
  ]) {
    const answer = await service.client.get(path);
    expect(answer.body).toMatchObject({ status: 404, code: 'account_not_found' });
    expect(answer.body.detail).toContain(unknownId);
  }
});

test('answers several accounts at one instant, as they were then, clearing accounts among them', async () => {
  const { client } = service;
  const [left, right] = [
    await client.openAccount({ currency: 'SEK', balance: '50.00' }),
    await client.openAccount({ currency: 'SEK' }),
  ];
  const clearing = await clearingAccount('SEK');
  const move = { fromAccountId: left, toAccountId: right, amount: '20.00', currency: 'SEK' };
  const { bookedAt } = (await client.post('/v1/transfers', move)).body;
  await client.post('/v1/transfers', move);
  const readAt = async (at: string, ids: readonly string[]) => {
    let answer = await client.get(`/v1/balances?accountIds=${ids.join(',')}&at=${at}`);
    while (answer.body.code === 'ledger_busy') {
      await sleep(20);
      answer = await client.get(`/v1/balances?accountIds=${ids.join(',')}&at=${at}`);
    }
    expect(answer.status).toBe(200);
    for (const balance of answer.body.data) expect(balance.at).toBe(at);
    return answer.body.data.map(({ booked }: { booked: string }) => booked);
  };
  const then = (await client.get(`/v1/accounts/${left}/entries`)).body.data[0].bookedAt;
  expect(await readAt(millisecondBefore(bookedAt), [left, right])).toEqual(['50.00', '0.00']);
  expect(await readAt(then, [right, left, clearing])).toEqual(['40.00', '10.00', '-50.00']);
  expect(await readAt(longAgo, [left, clearing])).toEqual(['0.00', '0.00']);
});

test('waits for what is being booked on one of several accounts, and keeps no other one meanwhile', async () => {
  const { client, database } = service;
  const [busy, free] = [await client.openAccount({ balance: '5.00' }), await client.openAccount({ balance: '6.00' })];
  const lock = await holdAccountLock(database, busy);
  const reading = client.get(`/v1/balances?accountIds=${free},${busy}&at=${new Date().toISOString()}`).then((it) => it);
  await untilBookingsAwaited(database, 1);
  const deposit = { amount: '1.00', currency: 'USD' };
  const deposited = await client.post(`/v1/accounts/${free}/deposits`, deposit, { Prefer: 'wait=0' });
  expect(deposited.status).toBe(201);
  await lock.release();
  // On a slow machine it may have waited for longer than it does.
  expect([200, 503]).toContain((await reading).status);
});
