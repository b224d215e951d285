import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byService } from '../support/authentication.ts';
import { entriesOf } from '../support/batches.ts';
import { holdAccountLock, untilLockWaiters } from '../support/lock-witness.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { roundsOf } from '../support/rounds.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService, withoutDeadlock } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const nothingElse = { initiatedBy: null, description: null, reference: null, metadata: null, externalId: null };
/** What nothing led to, nobody signed and nothing took back. */
const byItself = {
  authentication: byService,
  signedBy: [],
  origin: null,
  reversedBy: null,
  reversedAmount: '0.00',
};

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

function post(entries: readonly object[], more: object = {}, headers: Record<string, string> = {}) {
  return client.post('/v1/transactions', { entries, ...more }, headers);
}

function balances(...accounts: string[]): Promise<string[]> {
  return Promise.all(accounts.map((account) => client.balance(account)));
}

function openMany(count: number, options: object = {}): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => client.openAccount(options)));
}

/** How the transaction reads: by itself, at the top of the list, and in the history of each of its accounts. */
async function expectReadBack(booked: { id: string; entries: Array<{ accountId: string }>; currency: string | null }) {
  expect((await client.get(`/v1/transactions/${booked.id}`)).body).toEqual(booked);
  expect((await client.get('/v1/transactions?limit=1')).body.data).toEqual([booked]);
  const { id, kind, status, amount, entries, currency, reversedBy, reversedAmount, ...shared } = booked as Record<
    string,
    unknown
  >;
  for (const entry of booked.entries) {
    const listed = (await client.get(`/v1/accounts/${entry.accountId}/entries?limit=1`)).body.data[0];
    const others = booked.entries.filter(({ accountId }) => accountId !== entry.accountId);
    const counterparty = others.length === 1 ? { accountId: others[0]!.accountId, name: 'Test' } : null;
    expect(listed).toEqual({ currency, ...shared, ...entry, counterparty, id: uuid, transactionId: id });
  }
}

describe('in one currency', () => {
  test('books two entries and answers with everything it was told', async () => {
    const initiatedBy = await client.createParty('Erin');
    const [from, to] = (await openMany(2, { balance: '100.00' })) as [string, string];
    const told = {
      initiatedBy,
      description: 'Rent – März 🏠',
      reference: '2026-11',
      valueDate: '2026-12-24',
      metadata: { invoice: 'A/1', lines: [1, 2.5, { deep: null }] },
      externalId: 'told',
    };
    const answer = await post(entriesOf({ [from]: '-40', [to]: '40.0' }), told);
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/v1/transactions/${answer.body.id}`);
    expect(answer.body).toEqual({
      id: uuid,
      kind: 'transaction',
      type: 'multi_leg',
      status: 'booked',
      amount: '40.00',
      currency: 'USD',
      bookedAt: instant,
      ...told,
      ...byItself,
      entries: [
        { accountId: from, amount: '-40.00', balanceAfter: '60.00', version: 2 },
        { accountId: to, amount: '40.00', balanceAfter: '140.00', version: 2 },
      ],
    });
    await expectReadBack(answer.body);
  });

  test('says in amount what came into accounts, in the order of the entries that were sent', async () => {
    const [a, b, c, d] = (await openMany(4, { balance: '10.00' })) as [string, string, string, string];
    const answer = await post(entriesOf({ [c]: '1.25', [a]: '-2.00', [d]: '3.75', [b]: '-3.00' }));
    expect(answer.body).toMatchObject({ amount: '5.00', currency: 'USD', ...nothingElse });
    expect(answer.body.valueDate).toBe(answer.body.bookedAt.slice(0, 10));
    expect(answer.body.entries.map(({ accountId }: { accountId: string }) => accountId)).toEqual([c, a, d, b]);
    expect(await balances(a, b, c, d)).toEqual(['8.00', '7.00', '11.25', '13.75']);
    await expectReadBack(answer.body);
  });

  test('books 100 entries', async () => {
    const payer = await client.openAccount({ balance: '99.00' });
    const receivers = await openMany(99);
    const shares = Object.fromEntries(receivers.map((receiver) => [receiver, '1.00']));
    const answer = await post(entriesOf({ ...shares, [payer]: '-99.00' }));
    expect([answer.status, answer.body.amount, answer.body.entries.length]).toEqual([201, '99.00', 100]);
    expect((await client.get(`/v1/transactions/${answer.body.id}`)).body).toEqual(answer.body);
    expect(await balances(payer, ...receivers)).toEqual(['0.00', ...receivers.map(() => '1.00')]);
  });

  test.each([
    ['JPY', '-7', '7'],
    ['KWD', '-0.001', '0.001'],
    ['UYW', '-0.0001', '0.0001'],
  ])('moves %s to its last decimal', async (currency, out, into) => {
    const from = await client.openAccount({ currency, balance: '10' });
    const to = await client.openAccount({ currency });
    const answer = await post(entriesOf({ [from]: out, [to]: into }, currency));
    expect(answer.body).toMatchObject({ amount: into, currency, entries: [{ amount: out }, { amount: into }] });
    await expectReadBack(answer.body);
  });

  test('moves the largest amount that a ledger keeps, though the sum of its halves has more', async () => {
    const largest = '999999999999999999.99';
    const [from, to] = [await client.openAccount({ balance: largest }), await client.openAccount()];
    const answer = await post(entriesOf({ [from]: `-${largest}`, [to]: largest }));
    expect([answer.status, answer.body.amount]).toEqual([201, largest]);
    expect(await balances(from, to)).toEqual(['0.00', largest]);
    await expectReadBack(answer.body);
  });
});

describe('in several currencies', () => {
  /** A house that keeps a position in each currency, and a customer who changes money with it. */
  async function openPairs() {
    const open = (currency: string, balance: string) => client.openAccount({ currency, balance });
    return {
      customerUsd: await open('USD', '100.00'),
      customerJpy: await open('JPY', '5'),
      houseUsd: await open('USD', '1.00'),
      houseJpy: await open('JPY', '20000'),
    };
  }

  test('changes money by way of two pairs, and names the currency with each entry', async () => {
    const { customerUsd, customerJpy, houseUsd, houseJpy } = await openPairs();
    const entries = [
      { accountId: customerUsd, amount: '-80.00', currency: 'USD' },
      { accountId: houseUsd, amount: '80.00', currency: 'USD' },
      { accountId: houseJpy, amount: '-12000', currency: 'JPY' },
      { accountId: customerJpy, amount: '12000', currency: 'JPY' },
    ];
    const answer = await post(entries, { description: 'USD/JPY 150' });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: uuid,
      kind: 'transaction',
      type: 'multi_leg',
      status: 'booked',
      amount: null,
      currency: null,
      bookedAt: instant,
      valueDate: answer.body.bookedAt.slice(0, 10),
      ...nothingElse,
      ...byItself,
      reversedAmount: null,
      description: 'USD/JPY 150',
      entries: [
        { accountId: customerUsd, amount: '-80.00', currency: 'USD', balanceAfter: '20.00', version: 2 },
        { accountId: houseUsd, amount: '80.00', currency: 'USD', balanceAfter: '81.00', version: 2 },
        { accountId: houseJpy, amount: '-12000', currency: 'JPY', balanceAfter: '8000', version: 2 },
        { accountId: customerJpy, amount: '12000', currency: 'JPY', balanceAfter: '12005', version: 2 },
      ],
    });
    await expectReadBack(answer.body);
    expect(await balances(customerUsd, houseUsd, houseJpy, customerJpy)).toEqual(['20.00', '81.00', '8000', '12005']);
  });

  test('books nothing in one currency when the other is refused', async () => {
    const { customerUsd, customerJpy, houseUsd, houseJpy } = await openPairs();
    const entries = [
      ...entriesOf({ [customerUsd]: '-80.00', [houseUsd]: '80.00' }),
      ...entriesOf({ [houseJpy]: '-20001', [customerJpy]: '20001' }, 'JPY'),
    ];
    const answer = await post(entries);
    expect(answer.body).toMatchObject({ code: 'insufficient_funds', accountId: houseJpy, available: '20000' });
    expect(await balances(customerUsd, houseUsd, houseJpy, customerJpy)).toEqual(['100.00', '1.00', '20000', '5']);
  });

  test('stands in the list between those in one currency', async () => {
    const { customerUsd, customerJpy, houseUsd, houseJpy } = await openPairs();
    const dollars = entriesOf({ [customerUsd]: '-1.00', [houseUsd]: '1.00' });
    const yen = entriesOf({ [customerJpy]: '-1', [houseJpy]: '1' }, 'JPY');
    const booked = [];
    for (const entries of [dollars, [...dollars, ...yen], yen]) booked.push((await post(entries)).body);
    expect((await client.get('/v1/transactions?limit=3')).body.data).toEqual(booked.toReversed());
    expect(booked.map(({ amount, currency }) => [amount, currency])).toEqual([
      ['1.00', 'USD'],
      [null, null],
      ['1', 'JPY'],
    ]);
    const history = await walkPages(client, `/v1/accounts/${customerJpy}/entries?order=asc`);
    expect(history.map(({ amount, currency, type }) => [amount, currency, type])).toEqual([
      ['5', 'JPY', 'deposit'],
      ['-1', 'JPY', 'multi_leg'],
      ['-1', 'JPY', 'multi_leg'],
    ]);
  });
});

describe('is refused whole', () => {
  test('when one leg takes more than the account has, to the last cent', async () => {
    const [a, b, c] = (await openMany(3, { balance: '10.00' })) as [string, string, string];
    const before = await client.get('/v1/transactions?limit=1');
    const refused = await post(entriesOf({ [a]: '-1.00', [b]: '-10.01', [c]: '11.01' }));
    expect(refused.body).toMatchObject({ status: 422, code: 'insufficient_funds', accountId: b, available: '10.00' });
    expect((await client.get('/v1/transactions?limit=1')).body).toEqual(before.body);
    expect(await balances(a, b, c)).toEqual(['10.00', '10.00', '10.00']);
    const booked = await post(entriesOf({ [a]: '-1.00', [b]: '-10.00', [c]: '11.00' }));
    expect([booked.status, ...(await balances(a, b, c))]).toEqual([201, '9.00', '0.00', '21.00']);
  });

  test('for the first fault in the documented order, whichever entry has it', async () => {
    const [good, poor] = [await client.openAccount({ balance: '10.00' }), await client.openAccount()];
    const full = await client.openAccount({ balance: '999999999999999999.99' });
    const [yen, closed] = [await client.openAccount({ currency: 'JPY' }), await client.openAccount()];
    expect((await client.post(`/v1/accounts/${closed}/close`)).status).toBe(200);
    const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data.find(
      ({ currency }: { currency: string }) => currency === 'USD',
    ).id;
    // Each has the fault it is refused for in its last account, and those that are looked at later before it.
    const faults: Array<[string, number, string[], object]> = [
      ['account_not_found', 404, [full, poor, yen, closed, clearing, nobody], { initiatedBy: nobody }],
      ['party_not_found', 404, [full, poor, yen, closed, clearing], { initiatedBy: nobody }],
      ['clearing_account', 422, [full, poor, yen, closed, clearing], {}],
      ['account_closed', 422, [full, poor, yen, closed], {}],
      ['currency_mismatch', 422, [full, poor, yen], {}],
      ['insufficient_funds', 422, [full, poor], {}],
      ['balance_limit_exceeded', 422, [good, full], {}],
    ];
    const before = await balances(good, poor, full, yen);
    for (const [code, status, accounts, more] of faults) {
      const pays = code === 'balance_limit_exceeded' ? good : poor;
      const legs = Object.fromEntries(accounts.map((account) => [account, '1.00']));
      const others = accounts.filter((account) => account !== pays).length;
      const sum = accounts.includes(pays) ? `-${others}.00` : '0';
      const answer = await post(entriesOf({ ...legs, [pays]: sum }), more);
      expect([code, answer.status, answer.body.code]).toEqual([code, status, code]);
    }
    expect(await balances(good, poor, full, yen)).toEqual(before);
  });

  test('and its refusal is replayed with the key', async () => {
    const [a, b] = (await openMany(2)) as [string, string];
    const send = () => post(entriesOf({ [a]: '-1.00', [b]: '1.00' }), {}, { 'Idempotency-Key': 'legs-refused' });
    expect((await send()).body.code).toBe('insufficient_funds');
    await client.post(`/v1/accounts/${a}/deposits`, { amount: '1.00', currency: 'USD' });
    const again = await send();
    expect([again.body.code, again.headers['idempotent-replayed']]).toEqual(['insufficient_funds', 'true']);
    expect(await balances(a, b)).toEqual(['1.00', '0.00']);
  });
});

test('is replayed with its key, and the order of its entries is part of it', async () => {
  const [a, b] = (await openMany(2, { balance: '5.00' })) as [string, string];
  const key = { 'Idempotency-Key': 'legs' };
  const entries = entriesOf({ [a]: '-1.00', [b]: '1.00' });
  const first = await post(entries, { reference: 'x' }, key);
  const turned = entries.map(({ accountId, amount, currency }) => ({ currency, amount, accountId }));
  const again = await client.post('/v1/transactions', { reference: 'x', entries: turned }, key);
  expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
  expect(again.body).toEqual(first.body);
  const other = await post(entries.toReversed(), { reference: 'x' }, key);
  expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  expect(await balances(a, b)).toEqual(['4.00', '6.00']);
});

test('shows in a dry run what it would book, and books nothing', async () => {
  const [a, b] = (await openMany(2, { balance: '5.00' })) as [string, string];
  const body = { entries: entriesOf({ [a]: '-5.00', [b]: '5.00' }), description: 'What if' };
  const path = '/v1/transactions?dryRun=true';
  await leavingTheBooksAlone(service, async () => {
    const dry = await client.post(path, body, { 'Idempotency-Key': 'legs-dry' });
    expect([dry.status, dry.headers.location]).toEqual([200, undefined]);
    expect(dry.body).toMatchObject({
      id: null,
      type: 'multi_leg',
      status: 'dry_run',
      amount: '5.00',
      description: 'What if',
      entries: [{ balanceAfter: '0.00' }, { balanceAfter: '10.00' }],
    });
    const refused = await client.post(path, { entries: entriesOf({ [a]: '-5.01', [b]: '5.01' }) });
    expect(refused.body).toMatchObject({ status: 422, code: 'insufficient_funds', available: '5.00' });
  });
  const real = await client.post('/v1/transactions', body, { 'Idempotency-Key': 'legs-dry' });
  expect([real.status, real.headers['idempotent-replayed']]).toEqual([201, undefined]);
});

test('refuses at once with wait=0 while one of its accounts is locked, and waits otherwise', async () => {
  const [a, b, c] = (await openMany(3, { balance: '5.00' })) as [string, string, string];
  const entries = entriesOf({ [a]: '-2.00', [b]: '1.00', [c]: '1.00' });
  const held = await holdAccountLock(service.database, b);
  await leavingTheBooksAlone(service, async () => {
    const refused = await post(entries, {}, { Prefer: 'wait=0' });
    expect(refused.body).toMatchObject({ status: 409, code: 'account_locked' });
  });
  const waiting = post(entries).then((answer) => answer);
  await untilLockWaiters(service.database, 1);
  await held.release();
  expect([(await waiting).status, ...(await balances(a, b, c))]).toEqual([201, '3.00', '6.00', '6.00']);
});

test('ends without a deadlock when many go round the same accounts in every order', async () => {
  await withoutDeadlock(async (one, two) => {
    const accounts = await Promise.all([1, 2, 3, 4].map(() => one.openAccount({ balance: '1000.00' })));
    let rounds = 0;
    for (const _round of roundsOf(30)) {
      rounds++;
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, caller) => {
          const turned = [...accounts.slice(caller % 4), ...accounts.slice(0, caller % 4)];
          const [payer, ...receivers] = caller < 4 ? turned : turned.reverse();
          const shares = Object.fromEntries(receivers.map((receiver) => [receiver, '1.00']));
          const body = { entries: entriesOf({ [payer!]: '-3.00', ...shares }) };
          return (caller % 2 === 0 ? one : two).post('/v1/transactions', body);
        }),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(201));
    }
    // Everybody paid as often as the others.
    for (const account of accounts) {
      const { body } = await one.get(`/v1/accounts/${account}`);
      expect([body.balance, body.version]).toEqual(['1000.00', 1 + 8 * rounds]);
    }
  });
});
