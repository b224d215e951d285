import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { countDeadlocks, holdAccountLock, until, untilLockWaiters } from '../support/lock-witness.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeEach(async () => {
  service = await startTestService({ lockTimeoutMs: 1_000 });
});

afterEach(() => service.stop());

const one = { amount: '1.00', currency: 'USD' };

test('refuses at once with wait=0 while a row is locked, and lets those who wait succeed', async () => {
  const { client, database } = service;
  const account = await client.openAccount();
  const held = await holdAccountLock(database, account);
  // More callers than one account has lanes, so that wait=0 would also be late if it had to queue.
  const waiting = startTogether(20, () => client.post(`/v1/accounts/${account}/deposits`, one, { Prefer: 'wait=20' }));
  await untilLockWaiters(database, 2);

  const refused = await client.post(`/v1/accounts/${account}/deposits`, one, { Prefer: 'respond-async, wait=0' });
  expect(refused.body).toMatchObject({ status: 409, code: 'account_locked' });
  expect(refused.headers).toMatchObject({ 'retry-after': '1', 'preference-applied': 'wait=0' });
  // Reads and dry runs take no lock and don't wait.
  expect(await client.balance(account)).toBe('0.00');
  const dryRun = await client.post(`/v1/accounts/${account}/deposits?dryRun=true`, one);
  expect(dryRun.status).toBe(200);

  await held.release();
  expect((await waiting).map((answer) => answer.status)).toEqual(Array(20).fill(201));
  expect(await client.balance(account)).toBe('20.00');
});

test('serves other accounts while many wait for one that stays locked, and lets none of them wait longer', async () => {
  const { client, database } = service;
  const [stuck, other] = [await client.openAccount(), await client.openAccount()];
  const held = await holdAccountLock(database, stuck);
  const patient = startTogether(15, () => client.post(`/v1/accounts/${stuck}/deposits`, one, { Prefer: 'wait=20' }));
  await untilLockWaiters(database, 2);
  const others = await startTogether(15, () => client.post(`/v1/accounts/${other}/deposits`, one));
  expect(others.map((answer) => answer.status)).toEqual(Array(15).fill(201));
  // These wait for their turn behind the patient ones, and never get to a lock.
  const hasty = await startTogether(15, () => client.post(`/v1/accounts/${stuck}/deposits`, one));
  expect(hasty.map((answer) => answer.body.code)).toEqual(Array(15).fill('ledger_busy'));
  await held.release();
  expect((await patient).map((answer) => answer.status)).toEqual(Array(15).fill(201));
  expect(await client.balance(stuck)).toBe('15.00');
});

test('takes the lock with wait=0 when nobody holds it', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const answer = await client.post(`/v1/accounts/${account}/deposits`, one, { Prefer: 'wait=0' });
  expect(answer.status).toBe(201);
});

test('answers 503 ledger_busy and books nothing when a lock is held past the timeout', async () => {
  const { client, database } = service;
  const [from, to] = [await client.openAccount({ balance: '5.00' }), await client.openAccount()];
  const held = await holdAccountLock(database, to);
  const transfer = { ...one, fromAccountId: from, toAccountId: to };
  const [, patient, hasty] = await Promise.all([
    untilLockWaiters(database, 2),
    client.post('/v1/transfers', transfer),
    client.post('/v1/transfers', transfer, { Prefer: 'wait=1' }),
  ]);
  for (const answer of [patient, hasty]) {
    expect(answer.body).toMatchObject({ status: 503, code: 'ledger_busy' });
    expect(answer.headers['retry-after']).toBe('1');
  }
  await held.release();
  expect([await client.balance(from), await client.balance(to)]).toEqual(['5.00', '0.00']);
  expect(await database('transactions').where({ type: 'transfer' })).toEqual([]);
});

test('succeeds once although a foreign session locks in the wrong order and causes a deadlock', async () => {
  const { client, database } = service;
  const [first, second] = [await client.openAccount({ balance: '5.00' }), await client.openAccount()].sort() as [
    string,
    string,
  ];
  const funded = (await client.balance(first)) === '5.00';
  const [from, to] = funded ? [first, second] : [second, first];
  const before = await countDeadlocks(database);

  const foreign = await database.transaction();
  // Whoever has waited this long looks for deadlocks and is the one to give up: let that be the service.
  await foreign.raw("set local deadlock_timeout = '60s'");
  await foreign.raw('select id from accounts where id = ? for update', [second]);
  const transfer = client
    .post('/v1/transfers', { ...one, fromAccountId: from, toAccountId: to }, { Prefer: 'wait=20' })
    .then((answer) => answer);
  await untilLockWaiters(database, 1);
  await foreign.raw('select id from accounts where id = ? for update', [first]);
  await foreign.rollback();

  expect((await transfer).status).toBe(201);
  expect([await client.balance(from), await client.balance(to)]).toEqual(['4.00', '1.00']);
  await service.api.stop(5_000);
  await until(async () => (await countDeadlocks(database)) === before + 1);
});

test('does not wait for many accounts one after another for as long as for each of them', async () => {
  const { client, database } = service;
  const accounts = [];
  for (let number = 0; number < 12; number++) accounts.push(await client.openAccount({ balance: '1.00' }));
  accounts.sort();
  const held = [];
  for (const account of accounts) held.push(await holdAccountLock(database, account));
  const entries = accounts.map((accountId, index) => ({ accountId, ...one, amount: index % 2 ? '1.00' : '-1.00' }));
  const waiting = client.post('/v1/transactions', { entries }, { Prefer: 'wait=1' }).then((answer) => answer);
  // Each is let go before the lock timeout for it has run out, all together long after it.
  for (const { release } of held) {
    await sleep(700);
    await release();
  }
  expect((await waiting).body).toMatchObject({ status: 503, code: 'ledger_busy' });
  expect(await database('transactions').where({ type: 'multi_leg' })).toEqual([]);
});

test.each([{}, { Prefer: 'wait=0' }])(
  'repeats the answer to a key that was used while the account stays locked (%j)',
  async (more) => {
    const { client, database } = service;
    const account = await client.openAccount();
    const ask = () => client.post(`/v1/accounts/${account}/deposits`, one, { 'Idempotency-Key': 'again', ...more });
    const first = await ask();
    expect(first.status).toBe(201);
    const held = await holdAccountLock(database, account);
    const again = await ask();
    expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([201, first.text, 'true']);
    await held.release();
  },
);
