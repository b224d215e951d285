import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BatchItem, type ItemResult, item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { type CommitCutter, startCommitCutter } from '../support/commit-cutter.ts';
import { holdAccountLock, untilKeyWaiters, untilLockWaiters } from '../support/lock-witness.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { manyOrFew, roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService, withoutDeadlock } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
/** A second one on the same database, so that not all who meet share a queue. */
let second: Awaited<ReturnType<typeof startSecondApi>>;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  second = await startSecondApi(service);
});

afterAll(async () => {
  await second.api.stop(5_000);
  await service.stop();
});

function either(caller: number): TestClient {
  return caller % 2 === 0 ? client : second.client;
}

function balances(...accounts: string[]): Promise<string[]> {
  return Promise.all(accounts.map((account) => client.balance(account)));
}

function openTwo(first: object = {}, other: object = {}): Promise<[string, string]> {
  return Promise.all([client.openAccount(first), client.openAccount(other)]);
}

describe('the key of a batch', () => {
  test('replays the very same answer, whatever has changed since', async () => {
    const account = await client.openAccount();
    const key = { 'Idempotency-Key': 'batch-replayed' };
    const items = [
      item.withdrawal(account, '1.00'),
      item.deposit(account, '5.00', { metadata: { z: 1, a: { y: 2, b: 3 } }, idempotencyKey: 'batch-replayed-item' }),
    ];
    const first = await sendBatch(client, false, items, key);
    expect(outcomesOf(first)).toEqual(['422 insufficient_funds', '201']);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const reordered = items.map((fields) => Object.fromEntries(Object.entries(fields).reverse()) as BatchItem);
    for (const again of [items, reordered]) {
      const answer = await sendBatch(client, false, again, key);
      expect(answer.headers['idempotent-replayed']).toBe('true');
      expect(answer.text).toBe(first.text);
    }
    expect(await client.balance(account)).toBe('5.00');
  });

  test('is refused for any other batch, which leaves the keys of its items unused', async () => {
    const account = await client.openAccount();
    const key = { 'Idempotency-Key': 'batch-reused' };
    const items = [item.deposit(account, '1.00'), item.deposit(account, '2.00')];
    expect((await sendBatch(client, true, items, key)).status).toBe(200);
    const keyed = item.deposit(account, '4.00', { idempotencyKey: 'item-of-reused' });
    for (const [atomic, others] of [
      [true, [keyed]],
      [false, items],
      [true, items.toReversed()],
      [true, [...items, keyed]],
      [true, items.slice(0, 1)],
    ] as const) {
      const answer = await sendBatch(client, atomic, others, key);
      expect(answer.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
      expect(answer.headers['idempotent-replayed']).toBeUndefined();
    }
    const deposit = await client.post(
      `/v1/accounts/${account}/deposits`,
      { amount: '1.00', currency: 'USD' },
      { 'Idempotency-Key': 'batch-reused' },
    );
    expect(deposit.body.code).toBe('idempotency_key_reused');
    const single = await sendSingle(client, keyed);
    expect([single.status, single.headers['idempotent-replayed']]).toEqual([201, undefined]);
    expect(await client.balance(account)).toBe('7.00');
  });

  test('replays the refusal of an atomic batch, whose items keep their keys unused', async () => {
    const account = await client.openAccount();
    const key = { 'Idempotency-Key': 'batch-refused' };
    const items = [
      item.deposit(account, '5.00', { idempotencyKey: 'refused-0' }),
      item.withdrawal(account, '6.00', { idempotencyKey: 'refused-1' }),
      item.deposit(account, '7.00', { idempotencyKey: 'refused-2' }),
    ];
    const first = await sendBatch(client, true, items, key);
    expect(first.body).toMatchObject({ code: 'batch_item_refused', item: 1 });
    for (const index of [2, 0]) {
      const single = await sendSingle(client, items[index]!);
      expect([single.status, single.headers['idempotent-replayed']]).toEqual([201, undefined]);
    }
    const again = await sendBatch(client, true, items, key);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect({ ...again.body, requestId: '' }).toEqual({ ...first.body, requestId: '' });
    expect((await sendSingle(client, items[1]!)).status).toBe(201);
    expect(await client.balance(account)).toBe('6.00');
  });

  test('books once when ten send the same batch together through two services', async () => {
    for (const round of roundsOf(15)) {
      const account = await client.openAccount();
      const items = [1, 2, 3].map((number) =>
        item.deposit(account, '1.00', number === 2 ? { idempotencyKey: `together-${round}` } : {}),
      );
      const answers = await startTogether(10, (caller) =>
        sendBatch(either(caller), round % 2 === 0, items, { 'Idempotency-Key': `ten-${round}` }),
      );
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
      expect(outcomesOf(answers[0]!)).toEqual(['201', '201', '201']);
      expect(answers.filter((answer) => answer.headers['idempotent-replayed'] === 'true')).toHaveLength(9);
      expect(await client.balance(account)).toBe('3.00');
    }
  });
});

describe('the key of an item', () => {
  /** The same fields in another order; it makes no difference. */
  const turned = (fields: BatchItem) => Object.fromEntries(Object.entries(fields).reverse()) as BatchItem;

  /** One item of each kind with the key, and what both accounts have after it when they had 10.00 each. */
  const kinds: Array<[string, (a: string, b: string, key: string) => BatchItem, string[]]> = [
    ['deposit', (a, _b, key) => item.deposit(a, '1.00', { idempotencyKey: key }), ['11.00', '10.00']],
    ['withdrawal', (a, _b, key) => item.withdrawal(a, '1.00', { idempotencyKey: key }), ['9.00', '10.00']],
    ['transfer', (a, b, key) => item.transfer(a, b, '1.00', { idempotencyKey: key }), ['9.00', '11.00']],
    [
      'multi_leg',
      (a, b, key) => item.multiLeg({ [a]: '2.00', [b]: '-2.00' }, { idempotencyKey: key }),
      ['12.00', '8.00'],
    ],
  ];

  test.each(kinds)(
    'answers a %s as the call did that booked it, and the other way round',
    async (kind, make, after) => {
      const [a, b] = await openTwo({ balance: '10.00' }, { balance: '10.00' });
      const booked = await sendSingle(client, make(a, b, `${kind}-single-first`));
      expect(booked.status).toBe(201);
      const batch = await sendBatch(client, true, [turned(make(a, b, `${kind}-single-first`))]);
      expect(batch.body).toEqual({ results: [{ status: 201, replayed: true, transaction: booked.body }] });
      expect(batch.headers['idempotent-replayed']).toBeUndefined();
      expect(await balances(a, b)).toEqual(after);

      const [c, d] = await openTwo({ balance: '10.00' }, { balance: '10.00' });
      const first = await sendBatch(client, false, [make(c, d, `${kind}-item-first`)]);
      expect(outcomesOf(first)).toEqual(['201']);
      const single = await sendSingle(client, turned(make(c, d, `${kind}-item-first`)));
      expect([single.status, single.headers['idempotent-replayed']]).toEqual([201, 'true']);
      expect(single.body).toEqual(first.body.results[0].transaction);
      expect(single.headers.location).toBe(`/v1/transactions/${single.body.id}`);
      expect(await balances(c, d)).toEqual(after);
    },
  );

  test('replays a refusal too, although the item would be booked by now', async () => {
    const account = await client.openAccount();
    const asCall = item.withdrawal(account, '1.00', { idempotencyKey: 'refused-as-call' });
    const asItem = item.withdrawal(account, '1.00', { idempotencyKey: 'refused-as-item' });
    const refused = await sendSingle(client, asCall);
    expect(outcomesOf(await sendBatch(client, false, [asItem]))).toEqual(['422 insufficient_funds']);
    expect((await sendSingle(client, item.deposit(account, '9.00'))).status).toBe(201);

    const items = [item.withdrawal(account, '2.00'), asCall, item.withdrawal(account, '3.00')];
    const batch = await sendBatch(client, false, items);
    expect(outcomesOf(batch)).toEqual(['201', 'replayed 422 insufficient_funds', '201']);
    const { requestId, ...problem } = refused.body;
    expect(batch.body.results[1].problem).toEqual(problem);
    const atomic = await sendBatch(client, true, items);
    expect(atomic.body).toMatchObject({ code: 'batch_item_refused', item: 1, refusal: { code: 'insufficient_funds' } });
    const single = await sendSingle(client, asItem);
    expect([single.status, single.headers['idempotent-replayed']]).toEqual([422, 'true']);
    expect(await client.balance(account)).toBe('4.00');
  });

  test('books the rest of a batch that was partly sent before, and nothing of one that was wholly', async () => {
    const account = await client.openAccount();
    const items = [0, 1, 2, 3].map((number) =>
      item.deposit(account, '1.00', { idempotencyKey: `rest-${number}`, reference: `${number}` }),
    );
    expect(outcomesOf(await sendBatch(client, true, items.slice(0, 2)))).toEqual(['201', '201']);
    const rest = await sendBatch(client, true, items);
    expect(outcomesOf(rest)).toEqual(['replayed 201', 'replayed 201', '201', '201']);
    const whole = await sendBatch(client, false, items.toReversed());
    expect(outcomesOf(whole)).toEqual(Array(4).fill('replayed 201'));
    const transactions = (answer: typeof rest) => answer.body.results.map((result: ItemResult) => result.transaction);
    expect(transactions(whole)).toEqual(transactions(rest).reverse());
    expect(await client.balance(account)).toBe('4.00');
  });

  test('refuses the item when it belongs to another request, and an atomic batch with it', async () => {
    const [account, other] = await openTwo();
    const reuse = { idempotencyKey: 'item-reused' };
    expect((await sendSingle(client, item.deposit(account, '1.00', reuse))).status).toBe(201);
    const others = [
      item.deposit(account, '1.01', reuse),
      item.deposit(account, '1.0', reuse),
      item.deposit(other, '1.00', reuse),
      item.withdrawal(account, '1.00', reuse),
      item.transfer(account, other, '1.00', reuse),
      item.deposit(account, '1.00', { ...reuse, reference: null }),
    ];
    for (const reused of others) {
      const items = [item.deposit(other, '1.00', { idempotencyKey: `beside-${others.indexOf(reused)}` }), reused];
      const atomic = await sendBatch(client, true, items);
      expect(atomic.body).toMatchObject({ status: 422, code: 'batch_item_refused', item: 1 });
      expect(atomic.body.refusal).toEqual({
        code: 'idempotency_key_reused',
        detail: expect.stringMatching('item-reused'),
      });
      const each = await sendBatch(client, false, items);
      expect(outcomesOf(each)).toEqual(['201', '422 idempotency_key_reused']);
    }
    const replayed = await sendBatch(client, true, [item.deposit(account, '1.00', reuse)]);
    expect(outcomesOf(replayed)).toEqual(['replayed 201']);
    expect(await balances(account, other)).toEqual(['1.00', '6.00']);
  });

  test('is neither that of an earlier batch nor of a call of another kind', async () => {
    const account = await client.openAccount();
    const items = [item.deposit(account, '1.00')];
    expect((await sendBatch(client, true, items, { 'Idempotency-Key': 'was-a-batch' })).status).toBe(200);
    const party = await client.post('/v1/parties', { name: 'Ann' }, { 'Idempotency-Key': 'was-a-party' });
    expect(party.status).toBe(201);
    const reusing = ['was-a-batch', 'was-a-party'].map((key) => item.deposit(account, '1.00', { idempotencyKey: key }));
    expect(outcomesOf(await sendBatch(client, false, reusing))).toEqual(Array(2).fill('422 idempotency_key_reused'));
    expect(await client.balance(account)).toBe('1.00');
  });

  test('belongs to one ledger', async () => {
    const account = await client.openAccount();
    const { apiKey } = await createTestLedger(service.database);
    const stranger = createTestClient(service.url, apiKey);
    const items = [item.deposit(account, '1.00', { idempotencyKey: 'of-two-ledgers' })];
    expect(outcomesOf(await sendBatch(stranger, false, items))).toEqual(['404 account_not_found']);
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['201']);
  });
});

describe('the key of an item while another request with it is in flight', () => {
  test.each([true, false])('books once, whoever comes first, atomic %s', async (atomic) => {
    for (const round of roundsOf(40)) {
      const [account, other] = await openTwo();
      const keyed = item.deposit(account, '1.00', { idempotencyKey: `in-flight-${atomic}-${round}` });
      const sendCall = () => sendSingle(either(round), keyed);
      const sendLong = () =>
        sendBatch(either(round >> 1), atomic, [item.deposit(other, '1.00'), keyed, item.deposit(other, '1.00')]);
      const sendShort = () => sendBatch(either(round >> 2), atomic, [keyed]);
      const [[single, batch], short] = await Promise.all([
        round % 3 === 0
          ? Promise.all([sendCall(), sendLong()])
          : Promise.all([sendLong(), sendCall()]).then(([first, then]) => [then, first] as const),
        sendShort(),
      ]);
      expect([single.status, batch.status, short.status]).toEqual([201, 200, 200]);
      const ofBatches = [batch.body.results[1], short.body.results[0]];
      for (const { status, transaction } of ofBatches) expect([status, transaction]).toEqual([201, single.body]);
      const replayed = [
        single.headers['idempotent-replayed'] === 'true',
        ...ofBatches.map((result) => result.replayed === true),
      ];
      expect(replayed.filter((said) => said)).toHaveLength(2);
      expect(await balances(account, other)).toEqual(['1.00', '2.00']);
    }
  });

  test('books once when calls and batches carry it to one service that books them together', async () => {
    for (const round of roundsOf(20)) {
      const [account, other] = await openTwo();
      const keyed = item.deposit(account, '1.00', { idempotencyKey: `at-once-${round}` });
      // Those who come while these are being booked are booked together.
      const before = startTogether(4, async () => sendSingle(client, item.deposit(other, '0.01')));
      const answers = await startTogether(12, async (caller) => {
        if (caller % 3 !== 0) return (await sendSingle(client, keyed)).body;
        const batch = await sendBatch(client, caller % 2 === 0, [item.deposit(other, '1.00'), keyed]);
        expect(batch.status).toBe(200);
        return batch.body.results[1].transaction;
      });
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      expect(answers[0].entries[0]).toMatchObject({ accountId: account, version: 1 });
      expect((await before).map((answer) => answer.status)).toEqual(Array(4).fill(201));
      expect(await balances(account, other)).toEqual(['1.00', '4.04']);
    }
  });

  test('books every key once, without a deadlock, where large batches share them in opposite order', async () => {
    const many = manyOrFew(1_000, 300);
    await withoutDeadlock(async (one, two) => {
      for (const round of roundsOf(4)) {
        const account = await one.openAccount();
        const items = Array.from({ length: many }, (_, number) =>
          item.deposit(account, '1.00', { idempotencyKey: `shared-${round}-${number}`, reference: `${number}` }),
        );
        const answers = await Promise.all([
          sendBatch(one, true, items),
          sendBatch(two, true, items.toReversed()),
          sendBatch(two, false, [...items.slice(many / 2), ...items.slice(0, many / 2)]),
        ]);
        const ids = new Map<string, Set<string>>();
        for (const { transaction } of answers.flatMap((answer) => answer.body.results)) {
          ids.set(transaction.reference, (ids.get(transaction.reference) ?? new Set()).add(transaction.id));
        }
        expect([...ids.values()].map((ofItem) => ofItem.size)).toEqual(Array(many).fill(1));
        expect(answers.flatMap(outcomesOf).filter((outcome) => outcome === '201')).toHaveLength(many);
        expect(await one.balance(account)).toBe(`${many}.00`);
      }
    });
  });

  test('replays what the call books that the batch waits for', async () => {
    const [locked, free] = await openTwo();
    const keyed = item.deposit(locked, '1.00', { idempotencyKey: 'waits-for-call' });
    const held = await holdAccountLock(service.database, locked);
    const single = sendSingle(client, keyed).then((answer) => answer);
    await untilLockWaiters(service.database, 1);
    const items = [item.deposit(free, '1.00'), keyed];
    const batches = [client, second.client].map((by) => sendBatch(by, true, items).then((answer) => answer));
    await untilKeyWaiters(service.database, 2);
    await held.release();
    expect((await single).status).toBe(201);
    for (const batch of await Promise.all(batches)) {
      expect(outcomesOf(batch)).toEqual(['201', 'replayed 201']);
      expect(batch.body.results[1].transaction).toEqual((await single).body);
    }
    expect(await balances(locked, free)).toEqual(['1.00', '2.00']);
  });

  test('is unused again when an atomic batch is refused, and one of those who waited books', async () => {
    const [account, locked] = await openTwo();
    const keyed = item.deposit(account, '1.00', { idempotencyKey: 'waits-for-batch' });
    const held = await holdAccountLock(service.database, locked);
    const batch = sendBatch(client, true, [keyed, item.withdrawal(locked, '1.00')]).then((answer) => answer);
    await untilLockWaiters(service.database, 1);
    const single = sendSingle(client, keyed).then((answer) => answer);
    const elsewhere = sendBatch(second.client, false, [keyed]).then((answer) => answer);
    await untilKeyWaiters(service.database, 2);
    await held.release();
    expect((await batch).body).toMatchObject({ code: 'batch_item_refused', item: 1 });
    expect((await single).status).toBe(201);
    expect((await elsewhere).body.results[0].transaction).toEqual((await single).body);
    const replayed = [
      (await single).headers['idempotent-replayed'] === 'true',
      (await elsewhere).body.results[0].replayed,
    ];
    expect(replayed.filter((said) => said === true)).toHaveLength(1);
    expect(await client.balance(account)).toBe('1.00');
  });

  test('says that it is in progress when the batch does not wait, and books nothing', async () => {
    const [locked, free] = await openTwo();
    const keyed = item.deposit(locked, '1.00', { idempotencyKey: 'batch-in-progress' });
    const held = await holdAccountLock(service.database, locked);
    const single = sendSingle(client, keyed).then((answer) => answer);
    await untilLockWaiters(service.database, 1);
    const items = [item.deposit(free, '1.00', { idempotencyKey: 'batch-in-progress-too' }), keyed];
    await leavingTheBooksAlone(service, async () => {
      const refused = await sendBatch(client, false, items, { Prefer: 'wait=0' });
      expect(refused.body).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
      expect(refused.headers['retry-after']).toBe('1');
    });
    await held.release();
    expect((await single).status).toBe(201);
    expect(outcomesOf(await sendBatch(client, false, items, { Prefer: 'wait=0' }))).toEqual(['201', 'replayed 201']);
    expect(await balances(locked, free)).toEqual(['1.00', '1.00']);
  });
});

test.each(['afterCommit', 'beforeCommit', 'whileCommitting'] as const)(
  'books a batch once when the connection is cut %s, with and without keys',
  async (cut) => {
    let cutter: CommitCutter | undefined;
    const own = await startTestService({
      by: async (databaseUrl) => {
        cutter = await startCommitCutter(databaseUrl);
        return cutter.url;
      },
    });
    try {
      const account = await own.client.openAccount();
      for (const keys of [[], ['cut-0', 'cut-1']]) {
        const items = [0, 1].map((number) => item.deposit(account, '1.00', { idempotencyKey: keys[number] }));
        cutter!.cutNext(cut);
        const answer = await sendBatch(own.client, true, items);
        expect(outcomesOf(answer)).toEqual(['201', '201']);
        for (const { transaction } of answer.body.results) {
          expect((await own.client.get(`/v1/transactions/${transaction.id}`)).body).toEqual(transaction);
        }
      }
      expect(cutter!.cuts()).toBe(2);
      expect(await own.client.balance(account)).toBe('4.00');
    } finally {
      await own.stop();
      await cutter?.close();
    }
  },
);
