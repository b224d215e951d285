import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type BatchItem, type ItemResult, item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { holdAccountLock, untilLockWaiters } from '../support/lock-witness.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { manyOrFew, roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService, withoutDeadlock } from '../support/test-service.ts';

/** Set PROPERTY_SEED to the printed number to see a failing run again. */
const seed =
  process.env.PROPERTY_SEED === undefined ? Date.now() % 2 ** 31 : Number.parseInt(process.env.PROPERTY_SEED, 10);
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';

let service: TestService;
let client: TestClient;
/** A second one on the same database, so that not all who meet share a queue. */
let second: Awaited<ReturnType<typeof startSecondApi>>;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  second = await startSecondApi(service);
  process.stdout.write(`Property tests run with PROPERTY_SEED=${seed}.\n`);
});

afterAll(async () => {
  await second.api.stop(5_000);
  await service.stop();
});

function balances(...accounts: string[]): Promise<string[]> {
  return Promise.all(accounts.map((account) => client.balance(account)));
}

async function countTransactions(): Promise<number> {
  const counted = await service.rows('transactions').count('id as count').first();
  return Number(counted!.count);
}

function openTwo(first: object = {}, other: object = {}): Promise<[string, string]> {
  return Promise.all([client.openAccount(first), client.openAccount(other)]);
}

/** Why an account on which nothing is held and that may owe nothing does not pay. */
function whyPoor(accountId: string, booked: string) {
  const account = { accountId, currency: 'USD', booked, held: '0.00', overdraftLimit: '0.00', available: booked };
  return { rule: 'insufficient_funds', ...account, heldBy: [] };
}

describe('a refused item', () => {
  test.each([0, 2, 4])('at place %i of five: the whole of an atomic batch is refused and named by it', async (bad) => {
    const [full, poor] = await openTwo({ balance: '50.00' });
    const items = [0, 1, 2, 3, 4].map((place) =>
      place === bad ? item.withdrawal(poor, '1000.00') : item.transfer(full, poor, '1.00'),
    );
    const [before, entries] = [await countTransactions(), (await client.get(`/v1/accounts/${full}/entries`)).body];
    const answer = await sendBatch(client, true, items);
    const detail = `Account ${poor} has ${bad}.00 USD available, 1000.00 is asked for.`;
    expect(answer.status).toBe(422);
    expect(answer.body).toEqual({
      type: '/errors#batch_item_refused',
      title: expect.any(String),
      status: 422,
      detail: `Item ${bad} was refused, so nothing of the batch was booked: ${detail}`,
      code: 'batch_item_refused',
      requestId: answer.headers['x-request-id'],
      item: bad,
      refusal: {
        code: 'insufficient_funds',
        detail,
        accountId: poor,
        available: `${bad}.00`,
        explanation: whyPoor(poor, `${bad}.00`),
      },
    });
    expect(await balances(full, poor)).toEqual(['50.00', '0.00']);
    expect((await client.get(`/v1/accounts/${full}/entries`)).body).toEqual(entries);
    expect((await client.get(`/v1/accounts/${poor}`)).body.version).toBe(0);
    expect(await countTransactions()).toBe(before);
  });

  test.each([0, 2, 4])('at place %i of five: the other four of a batch that is not atomic are booked', async (bad) => {
    const [full, poor] = await openTwo({ balance: '50.00' });
    const items = [0, 1, 2, 3, 4].map((place) =>
      place === bad ? item.withdrawal(poor, '1000.00') : item.transfer(full, poor, '1.00'),
    );
    const before = await countTransactions();
    const answer = await sendBatch(client, false, items);
    expect(answer.status).toBe(200);
    expect(answer.body.results[bad]).toEqual({
      status: 422,
      problem: {
        type: '/errors#insufficient_funds',
        title: expect.any(String),
        status: 422,
        detail: `Account ${poor} has ${bad}.00 USD available, 1000.00 is asked for.`,
        code: 'insufficient_funds',
        accountId: poor,
        available: `${bad}.00`,
        explanation: whyPoor(poor, `${bad}.00`),
      },
    });
    for (const [index, result] of answer.body.results.toSpliced(bad, 1).entries()) {
      expect(result).toEqual({
        status: 201,
        transaction: expect.objectContaining({
          type: 'transfer',
          amount: '1.00',
          entries: [
            { accountId: full, amount: '-1.00', balanceAfter: `${49 - index}.00`, version: 2 + index },
            { accountId: poor, amount: '1.00', balanceAfter: `${index + 1}.00`, version: 1 + index },
          ],
        }),
      });
      expect((await client.get(`/v1/transactions/${result.transaction.id}`)).body).toEqual(result.transaction);
    }
    expect(await balances(full, poor)).toEqual(['46.00', '4.00']);
    expect(await countTransactions()).toBe(before + 4);
  });

  test('says why for each kind of reason, in the order of the items, while all else is booked', async () => {
    const [rich, poor] = await openTwo({ balance: '50.00' });
    const closed = await client.openAccount();
    expect((await client.post(`/v1/accounts/${closed}/close`)).status).toBe(200);
    const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
    const party = await client.createParty('Ann');
    const items = [
      item.deposit(poor, '1.00', { initiatedBy: party }),
      item.deposit(nobody, '1.00'),
      item.deposit(poor, '1.00', { initiatedBy: nobody }),
      item.withdrawal(clearing, '1.00'),
      item.transfer(rich, closed, '1.00'),
      item.deposit(poor, '1', { currency: 'JPY' }),
      item.multiLeg({ [rich]: '-50.01', [poor]: '50.01' }),
      item.deposit(poor, '999999999999999999.99'),
      item.withdrawal(poor, '1.00'),
    ];
    const refused = [
      ...['404 account_not_found', '404 party_not_found', '422 clearing_account', '422 account_closed'],
      ...['422 currency_mismatch', '422 insufficient_funds', '422 balance_limit_exceeded'],
    ];
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['201', ...refused, '201']);
    expect(await balances(rich, poor)).toEqual(['50.00', '0.00']);

    const before = await countTransactions();
    for (const [index, reason] of refused.entries()) {
      const atomic = await sendBatch(client, true, [items[0]!, items[index + 1]!]);
      expect(atomic.body).toMatchObject({ status: 422, code: 'batch_item_refused', item: 1 });
      expect(atomic.body.refusal.code).toBe(reason.slice('422 '.length));
    }
    expect([await countTransactions(), ...(await balances(rich, poor))]).toEqual([before, '50.00', '0.00']);
  });
});

describe('the order of the items', () => {
  test.each([true, false])('lets an item use what one before it brought, atomic %s', async (atomic) => {
    const account = await client.openAccount();
    const answer = await sendBatch(client, atomic, [item.deposit(account, '5.00'), item.withdrawal(account, '5.00')]);
    expect(outcomesOf(answer)).toEqual(['201', '201']);
    const states = answer.body.results.map(({ transaction }: ItemResult) => transaction.entries[0]);
    expect(states).toEqual([
      { accountId: account, amount: '5.00', balanceAfter: '5.00', version: 1 },
      { accountId: account, amount: '-5.00', balanceAfter: '0.00', version: 2 },
    ]);
  });

  test('refuses an item what only one behind it brings', async () => {
    const account = await client.openAccount();
    const items = [item.withdrawal(account, '5.00'), item.deposit(account, '5.00')];
    const atomic = await sendBatch(client, true, items);
    expect(atomic.body).toMatchObject({ code: 'batch_item_refused', item: 0, refusal: { available: '0.00' } });
    expect(await client.balance(account)).toBe('0.00');
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['422 insufficient_funds', '201']);
    expect(await client.balance(account)).toBe('5.00');
  });

  test('passes money along a chain of accounts', async () => {
    const accounts = await Promise.all(Array.from({ length: 6 }, () => client.openAccount()));
    const chain = accounts.slice(1).map((account, index) => item.transfer(accounts[index]!, account, '7.00'));
    const answer = await sendBatch(client, true, [item.deposit(accounts[0]!, '7.00'), ...chain]);
    expect(outcomesOf(answer)).toEqual(Array(6).fill('201'));
    expect(await balances(...accounts)).toEqual([...Array(5).fill('0.00'), '7.00']);
  });
});

test.each([true, false])('books all four kinds, each with everything it was told, atomic %s', async (atomic) => {
  const initiatedBy = await client.createParty('Erin');
  const [first, other] = await openTwo();
  // Texts that would mean something to whatever carries them to the database and back.
  const told = [
    { initiatedBy, description: 'März 🏠\n', reference: 'NULL', valueDate: '2026-12-24', metadata: { a: [1, '"\\'] } },
    { description: '{"a",NULL}', reference: '\\', metadata: { 'NULL,"{}': null } },
    { description: `"; drop table entries; --'`, reference: ',', valueDate: '1999-01-01', metadata: {} },
    { initiatedBy, description: ' ', reference: '\\"\\\\"', metadata: { '\\u0041': '\\n' } },
  ];
  const items = [
    item.deposit(first, '10.00', told[0]),
    item.withdrawal(first, '1.00', told[1]),
    item.transfer(first, other, '2.00', told[2]),
    item.multiLeg({ [first]: '-3.00', [other]: '3.00' }, told[3]),
  ];
  const answer = await sendBatch(client, atomic, items);
  expect(outcomesOf(answer)).toEqual(Array(4).fill('201'));
  expect(answer.headers.location).toBeUndefined();
  for (const [index, { transaction }] of answer.body.results.entries()) {
    expect(transaction).toMatchObject({ ...told[index], type: items[index]!.type, status: 'booked', currency: 'USD' });
    expect((await client.get(`/v1/transactions/${transaction.id}`)).body).toEqual(transaction);
  }
  const newest = (await client.get('/v1/transactions?limit=4')).body.data;
  expect(newest.toReversed()).toEqual(answer.body.results.map(({ transaction }: ItemResult) => transaction));
  expect(await balances(first, other)).toEqual(['4.00', '5.00']);
});

test('books 1,000 items in their order, without a gap in any account', async () => {
  const accounts = await Promise.all([1, 2, 3].map(() => client.openAccount()));
  const [a, b, c] = accounts as [string, string, string];
  const items = Array.from({ length: 250 }, () => [
    item.deposit(a, '2.00'),
    item.transfer(a, b, '1.00'),
    item.withdrawal(a, '0.50'),
    item.multiLeg({ [a]: '-0.50', [b]: '0.25', [c]: '0.25' }),
  ]).flat();
  const answer = await sendBatch(client, true, items);
  expect(outcomesOf(answer)).toEqual(Array(1_000).fill('201'));
  expect(await balances(a, b, c)).toEqual(['0.00', '312.50', '62.50']);
  const ids = answer.body.results.map(({ transaction }: ItemResult) => transaction.id);
  expect(new Set(ids).size).toBe(1_000);

  let cursor = '';
  for (let from = 0; from < 1_000; from += 200) {
    const page = (await client.get(`/v1/accounts/${a}/entries?order=asc&limit=200${cursor}`)).body;
    const read = page.data.map((entry: { transactionId: string; version: number }) => [
      entry.transactionId,
      entry.version,
    ]);
    expect(read).toEqual(ids.slice(from, from + 200).map((id: string, index: number) => [id, from + index + 1]));
    cursor = `&cursor=${page.nextCursor}`;
  }
  const versions = await Promise.all(accounts.map(async (id) => (await client.get(`/v1/accounts/${id}`)).body.version));
  expect(versions).toEqual([1_000, 500, 250]);
});

describe('a dry run', () => {
  test.each([true, false])('says what would be booked and books nothing, atomic %s', async (atomic) => {
    const [full, empty] = await openTwo({ balance: '5.00' });
    const used = item.deposit(empty, '1.00', { idempotencyKey: `used-before-dry-${atomic}` });
    expect((await sendSingle(client, used)).status).toBe(201);
    const items = [
      item.transfer(full, empty, '5.00'),
      item.withdrawal(empty, '6.00', { idempotencyKey: `dry-item-${atomic}` }),
      used,
    ];
    const body = { atomic, items };
    const key = { 'Idempotency-Key': `dry-${atomic}` };
    await leavingTheBooksAlone(service, async () => {
      const answer = await client.post('/v1/batches?dryRun=true', body, key);
      // A dry run looks at no key, so that the last one does not say that it was booked before.
      expect(outcomesOf(answer)).toEqual(['200', '200', '200']);
      const transactions = answer.body.results.map(({ transaction }: ItemResult) => transaction);
      expect(transactions).toMatchObject([
        {
          id: null,
          status: 'dry_run',
          type: 'transfer',
          entries: [{ balanceAfter: '0.00' }, { balanceAfter: '6.00' }],
        },
        { id: null, status: 'dry_run', type: 'withdrawal', entries: [{ balanceAfter: '0.00', version: 3 }, {}] },
        { id: null, status: 'dry_run', type: 'deposit', entries: [{ balanceAfter: '1.00', version: 4 }, {}] },
      ]);
    });
    const real = await client.post('/v1/batches?dryRun=false', body, key);
    expect(outcomesOf(real)).toEqual(['201', '201', 'replayed 201']);
    expect(real.headers['idempotent-replayed']).toBeUndefined();
  });

  test('says which item would be refused', async () => {
    const account = await client.openAccount({ balance: '5.00' });
    const items = [item.withdrawal(account, '3.00'), item.withdrawal(account, '3.00')];
    await leavingTheBooksAlone(service, async () => {
      const atomic = await client.post('/v1/batches?dryRun=true', { atomic: true, items });
      expect(atomic.body).toMatchObject({ status: 422, code: 'batch_item_refused', item: 1 });
      const each = await client.post('/v1/batches?dryRun=true', { atomic: false, items });
      expect(outcomesOf(each)).toEqual(['200', '422 insufficient_funds']);
    });
  });
});

describe('beside others', () => {
  test('refuses at once with wait=0 while one of its accounts is locked, and books nothing', async () => {
    const [free, locked] = await openTwo();
    const items = [item.deposit(free, '1.00', { idempotencyKey: 'not-waiting' }), item.deposit(locked, '1.00')];
    const held = await holdAccountLock(service.database, locked);
    await leavingTheBooksAlone(service, async () => {
      for (const atomic of [true, false]) {
        const answer = await sendBatch(client, atomic, items, {
          Prefer: 'wait=0',
          'Idempotency-Key': 'not-waiting-batch',
        });
        expect(answer.body).toMatchObject({ status: 409, code: 'account_locked' });
        expect(answer.headers).toMatchObject({ 'retry-after': '1', 'preference-applied': 'wait=0' });
      }
    });
    const waiting = sendBatch(client, true, items).then((answer) => answer);
    await untilLockWaiters(service.database, 1);
    await held.release();
    expect(outcomesOf(await waiting)).toEqual(['201', '201']);
    expect(await balances(free, locked)).toEqual(['1.00', '1.00']);
  });

  test('takes the locks with wait=0 when nobody has them', async () => {
    const [first, other] = await openTwo();
    const items = [item.deposit(first, '1.00'), item.transfer(first, other, '1.00')];
    expect(outcomesOf(await sendBatch(client, true, items, { Prefer: 'wait=0' }))).toEqual(['201', '201']);
  });

  test('ends without a deadlock when two go through the same accounts in opposite order', async () => {
    await withoutDeadlock(async (one, two) => {
      const accounts = await Promise.all(Array.from({ length: 8 }, () => one.openAccount({ balance: '100.00' })));
      const steps = accounts.slice(1).map((account, index) => [accounts[index]!, account] as const);
      const forwards = steps.map(([from, to]) => item.transfer(from, to, '1.00'));
      const backwards = steps.toReversed().map(([from, to]) => item.transfer(to, from, '1.00'));
      let rounds = 0;
      for (const round of roundsOf(60)) {
        rounds++;
        const answers = await Promise.all([
          sendBatch(one, true, forwards),
          sendBatch(two, true, backwards),
          sendBatch(one, round % 2 === 0, backwards),
          sendBatch(two, round % 2 === 0, forwards),
        ]);
        for (const answer of answers) expect(outcomesOf(answer)).toEqual(steps.map(() => '201'));
      }
      for (const account of accounts) expect(await one.balance(account)).toBe('100.00');
      const { body } = await one.get(`/v1/accounts/${accounts[1]}`);
      expect(body.version).toBe(1 + 8 * rounds);
    });
  });

  test('leaves nothing of a refused batch behind for those that are committed with it', async () => {
    for (const _round of roundsOf(20)) {
      const [account, empty] = await openTwo({ balance: '10.00' });
      // Those who come while these are being booked are booked together.
      const before = startTogether(4, async () => sendSingle(client, item.deposit(empty, '0.01')));
      const [batch, tooMuch, deposit, enough] = await Promise.all([
        sendBatch(client, true, [item.deposit(account, '100.00'), item.withdrawal(empty, '1.00')]),
        sendSingle(client, item.withdrawal(account, '50.00')),
        sendSingle(client, item.deposit(account, '1.00')),
        sendBatch(client, true, [item.withdrawal(account, '5.00'), item.withdrawal(account, '5.00')]),
      ]);
      expect(batch.body).toMatchObject({ code: 'batch_item_refused', item: 1 });
      expect([tooMuch.status, deposit.status, enough.status]).toEqual([422, 201, 200]);
      expect((await before).map((answer) => answer.status)).toEqual(Array(4).fill(201));
      expect(await balances(account, empty)).toEqual(['1.00', '0.04']);
    }
  });

  test('adds up on one account that batches and single movements hit at once, through two services', async () => {
    const hot = await client.openAccount({ balance: '100.00' });
    const cents = (text: string) => Math.round(Number(text) * 100);
    const [sides, movements] = [await Promise.all([1, 2, 3].map(() => client.openAccount())), 40];
    const answers = await startTogether(movements, async (caller) => {
      const by = caller % 2 === 0 ? client : second.client;
      const side = sides[caller % 3]!;
      const ten = [0, 1, 2, 3, 4].flatMap(() => [item.transfer(hot, side, '7.00'), item.deposit(hot, '3.00')]);
      if (caller % 4 < 2) return (await sendBatch(by, caller % 8 < 2, ten)).body;
      return (await sendSingle(by, caller % 8 < 4 ? item.withdrawal(hot, '11.00') : item.deposit(hot, '2.00'))).body;
    });
    const booked = answers.flatMap((body) => {
      if (body.results !== undefined) return body.results.flatMap(({ transaction }: ItemResult) => transaction ?? []);
      return body.entries === undefined ? [] : [body];
    });
    const refused = answers.flatMap(
      (body) => body.results?.map(({ problem }: ItemResult) => problem?.code) ?? body.code,
    );
    expect(new Set(refused)).toEqual(new Set([undefined, 'insufficient_funds', 'batch_item_refused']));
    const changes = booked.map(({ entries }) =>
      entries.find((entry: { accountId: string }) => entry.accountId === hot),
    );
    const sum = changes.reduce((total, { amount }) => total + cents(amount), 10_000);
    expect(cents(await client.balance(hot))).toBe(sum);
    const versions = changes.map(({ version }) => version).sort((a, b) => a - b);
    expect(versions).toEqual(booked.map((_, index) => index + 2));
    for (const { balanceAfter } of changes) expect(cents(balanceAfter)).toBeGreaterThanOrEqual(0);
  });
});

describe('the same movements one after another', () => {
  const overdrafts = ['0', '0', '3.00', '10.00'];
  /** Four to move money between, one that is closed, one of another currency and one that does not exist. */
  const accountNumber = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 3 }) },
    { weight: 1, arbitrary: fc.nat({ max: 6 }) },
  );
  const amount = fc.integer({ min: 1, max: 500 }).map((number) => (number / 100).toFixed(2));
  const pair = fc.tuple(accountNumber, accountNumber).filter(([from, to]) => from !== to);
  const legs = fc
    .uniqueArray(accountNumber, { minLength: 3, maxLength: 5 })
    .chain((numbers) =>
      fc.tuple(fc.constant(numbers), fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 4, maxLength: 4 })),
    );

  type Make = (accounts: readonly string[]) => BatchItem;
  const movement: fc.Arbitrary<Make> = fc.oneof(
    fc.tuple(accountNumber, amount).map(
      ([to, text]): Make =>
        (of) =>
          item.deposit(of[to]!, text),
    ),
    fc.tuple(accountNumber, amount).map(
      ([from, text]): Make =>
        (of) =>
          item.withdrawal(of[from]!, text),
    ),
    fc.tuple(pair, amount).map(
      ([[from, to], text]): Make =>
        (of) =>
          item.transfer(of[from]!, of[to]!, text),
    ),
    legs.map(
      ([[payer, ...receivers], parts]): Make =>
        (of) => {
          const shares = receivers.map((receiver, index) => [of[receiver]!, (parts[index]! / 100).toFixed(2)] as const);
          const sum = receivers.reduce((total, _, index) => total + parts[index]!, 0);
          return item.multiLeg({ [of[payer!]!]: `-${(sum / 100).toFixed(2)}`, ...Object.fromEntries(shares) });
        },
    ),
  );

  async function openAccounts(): Promise<string[]> {
    const accounts = await Promise.all([
      ...overdrafts.map((overdraftLimit) => client.openAccount({ overdraftLimit })),
      client.openAccount(),
      client.openAccount({ currency: 'EUR' }),
    ]);
    expect((await client.post(`/v1/accounts/${accounts[4]}/close`)).status).toBe(200);
    return [...accounts, nobody];
  }

  /** What is the same for equal movements: all but ids and times, the accounts by their numbers. */
  function comparable(accounts: readonly string[], result: { status: number; body: object }) {
    const { id, bookedAt, requestId, ...fields } = result.body as Record<string, unknown>;
    const text = accounts.reduce(
      (json, account, number) => json.replaceAll(account, `#${number}`),
      JSON.stringify(fields),
    );
    return { status: result.status, document: JSON.parse(text) };
  }

  test('have the outcomes and the balances of a batch that is not atomic, and decide one that is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(movement, { minLength: 1, maxLength: 15 }), async (makers) => {
        const [alone, together, atomically] = await Promise.all([openAccounts(), openAccounts(), openAccounts()]);
        const itemsOf = (accounts: readonly string[]) => makers.map((make) => make(accounts));
        const expected: Array<{ status: number; document: { code?: string } }> = [];
        for (const single of itemsOf(alone)) {
          expected.push(comparable(alone, await sendSingle(client, single)));
        }
        const inBatch = (accounts: readonly string[], results: ItemResult[]) =>
          results.map(({ status, transaction, problem }) =>
            comparable(accounts, { status, body: transaction ?? problem }),
          );
        const real = (accounts: readonly string[]) => balances(...accounts.slice(0, -1));

        const each = await sendBatch(client, false, itemsOf(together));
        expect(inBatch(together, each.body.results)).toEqual(expected);
        expect(await real(together)).toEqual(await real(alone));

        const atomic = await sendBatch(client, true, itemsOf(atomically));
        const firstRefused = expected.findIndex(({ status }) => status !== 201);
        if (firstRefused === -1) {
          expect(inBatch(atomically, atomic.body.results)).toEqual(expected);
          expect(await real(atomically)).toEqual(await real(alone));
        } else {
          expect(atomic.body).toMatchObject({ code: 'batch_item_refused', item: firstRefused });
          expect(atomic.body.refusal.code).toBe(expected[firstRefused]!.document.code);
          expect(await real(atomically)).toEqual([...overdrafts, '0', '0'].map(() => '0.00'));
        }
      }),
      { seed, numRuns: manyOrFew(20, 6) },
    );
  });
});
