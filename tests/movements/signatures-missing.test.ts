import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byService } from '../support/authentication.ts';
import { type BatchItem, item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { openForThree } from '../support/payment-orders.ts';
import { readBooks } from '../support/refusals.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
/** An account that nobody holds. */
let shop: string;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
  shop = await client.openAccount();
});

afterAll(() => service.stop());

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const weekMs = 7 * 86_400_000;

async function readAccount(accountId: string) {
  const { body, headers } = await client.get(`/v1/accounts/${accountId}`);
  const { balance, held, available, version, revision } = body;
  return { balance, held, available, version, revision, etag: headers.etag };
}

async function rowOf(table: string, id: string) {
  const [row] = await service.rows(table).where('id', id);
  return row;
}

/** Everything that an order could have changed. */
async function readEverything() {
  const { rows } = await service.database.raw(`
    select (select json_agg(to_jsonb(h) order by id) from holds h) as holds,
           (select json_agg(to_jsonb(p) order by id) from payment_orders p) as orders,
           (select json_agg(to_jsonb(s) order by subject_id, party_id) from authorisations s) as signatures,
           (select json_agg(json_build_array(id, revision, next_expiry) order by id) from accounts) as revisions`);
  return { books: await readBooks(service), ...rows[0] };
}

describe('the bands of a mandate', () => {
  test.each<[string, 'any' | 'two' | 'all']>([
    ['0.01', 'any'],
    ['200.00', 'any'],
    ['200.01', 'two'],
    ['5000.00', 'two'],
    ['5000.01', 'all'],
  ])('a withdrawal and a transfer of %s take %s', async (amount, band) => {
    for (const kind of ['withdrawal', 'transfer']) {
      const { id, party } = await openForThree(client);
      const by = { initiatedBy: party.ann };
      const movement = kind === 'withdrawal' ? item.withdrawal(id, amount, by) : item.transfer(id, shop, amount, by);
      const { status, body } = await sendSingle(client, movement);
      if (band === 'any') {
        expect([status, body.status, body.signedBy]).toEqual([201, 'booked', [party.ann]]);
        continue;
      }
      expect([status, body.status, body.type]).toEqual([202, 'waiting', kind]);
      expect(body.multiAuthorisation).toMatchObject({ numberRequired: band === 'two' ? 2 : 3, numberReceived: 1 });
      expect(body.multiAuthorisation.missingFrom).toEqual([party.bob, party.cat].sort());
    }
  });

  test('may take the signature of somebody else than the initiator', async () => {
    const mandate = (party: Record<'ann' | 'bob', string>) => ({ rule: 'named', signatories: [party.bob] });
    const { id, party } = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '10.00', mandate });
    const waiting = await sendSingle(client, item.withdrawal(id, '1.00', { initiatedBy: party.ann }));
    expect(waiting.body).toMatchObject({
      status: 'waiting',
      initiatedBy: party.ann,
      multiAuthorisation: { numberRequired: 1, numberReceived: 0, missingFrom: [party.bob] },
      authorisations: [],
    });
    const booked = await sendSingle(client, item.withdrawal(id, '1.00', { initiatedBy: party.bob }));
    expect([booked.status, booked.body.signedBy]).toEqual([201, [party.bob]]);
  });

  test('count no delegate among all, who may initiate nevertheless', async () => {
    const { id, party } = await openForThree(client);
    const { body } = await sendSingle(client, item.withdrawal(id, '5000.01', { initiatedBy: party.dan }));
    expect(body.multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 0 });
    expect([body.authorisations, body.multiAuthorisation.missingFrom]).toEqual([
      [],
      [party.ann, party.bob, party.cat].sort(),
    ]);
  });

  test('ask nothing of the calling service, and nothing of money that comes in', async () => {
    const { id, party } = await openForThree(client);
    expect((await sendSingle(client, item.withdrawal(id, '9000.00'))).status).toBe(201);
    expect((await sendSingle(client, item.deposit(id, '9000.00', { initiatedBy: party.ann }))).status).toBe(201);
    const payer = await client.openAccount({ balance: '9000.00' });
    const into = await sendSingle(client, item.transfer(payer, id, '9000.00', { initiatedBy: party.ann }));
    expect([into.status, into.body.signedBy]).toEqual([201, []]);
  });
});

describe('a payment order', () => {
  test('answers with everything it was told, and what is to be signed by whom', async () => {
    const { id, party } = await openForThree(client);
    const told = {
      description: 'New roof 🏠',
      reference: 'A/1',
      valueDate: '2026-12-24',
      metadata: { offer: [1, 2.5] },
    };
    const body = {
      ...told,
      fromAccountId: id,
      toAccountId: shop,
      amount: '3000',
      currency: 'USD',
      initiatedBy: party.bob,
    };
    const answer = await client.post('/v1/transfers', body);
    expect(answer.status).toBe(202);
    const { id: orderId, createdAt, expiresAt, instructionHash } = answer.body;
    expect(answer.headers).toMatchObject({ location: `/v1/payment-orders/${orderId}`, etag: '"1-1"' });
    expect(answer.body).toEqual({
      id: uuid,
      kind: 'payment_order',
      type: 'transfer',
      status: 'waiting',
      accountId: id,
      toAccountId: shop,
      amount: '3000.00',
      currency: 'USD',
      initiatedBy: party.bob,
      authentication: byService,
      ...told,
      externalId: null,
      mandateVersion: 1,
      instructionHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      transactionId: null,
      createdAt: instant,
      expiresAt: instant,
      finishedAt: null,
      multiAuthorisation: {
        status: 'AwaitingFurtherAuthorisation',
        numberRequired: 2,
        numberReceived: 1,
        missingFrom: [party.ann, party.cat].sort(),
        signedBy: [party.bob],
        expiresAt,
      },
      authorisations: [
        { by: party.bob, decision: 'approve', authentication: byService, instructionHash, at: createdAt },
      ],
    });
    expect(new Date(expiresAt).getTime() - new Date(createdAt).getTime()).toBe(weekMs);
    // As any signer can: the fields in the order of their names, without spaces.
    const instruction = `{"accountId":"${id}","amount":"3000.00","currency":"USD","description":"New roof 🏠","externalId":null,"id":"${orderId}","initiatedBy":"${party.bob}","mandateVersion":1,"metadata":{"offer":[1,2.5]},"reference":"A/1","toAccountId":"${shop}","type":"transfer","valueDate":"2026-12-24","version":2}`;
    expect(instructionHash).toBe(createHash('sha256').update(instruction).digest('hex'));
  });

  test('reserves the money at once, and books nothing', async () => {
    const { id, party } = await openForThree(client);
    const { body } = await sendSingle(client, item.withdrawal(id, '4000.00', { initiatedBy: party.ann }));
    const reserved = { held: '4000.00', available: '16000.00', version: 1, revision: 1, etag: '"1-1"' };
    expect(await readAccount(id)).toEqual({ balance: '20000.00', ...reserved });
    expect((await client.get(`/v1/accounts/${id}/entries`)).body.data).toHaveLength(1);
    expect((await client.get(`/v1/transactions/${body.id}`)).status).toBe(404);
    const [order, hold] = [await rowOf('payment_orders', body.id), await rowOf('holds', body.id)];
    expect(order).toMatchObject({ account_id: id, to_account_id: null, status: 'waiting', amount: '4000.0000' });
    expect(order.instruction_hash.toString('hex')).toBe(body.instructionHash);
    expect(hold).toMatchObject({
      kind: 'payment_order',
      status: 'active',
      amount: '4000.0000',
      remaining: '4000.0000',
    });
    expect([order.expires_at, hold.expires_at].map((at) => at.toISOString())).toEqual([body.expiresAt, body.expiresAt]);
    const signatures = await service.rows('authorisations').where('subject_id', body.id);
    expect(signatures).toMatchObject([{ party_id: party.ann, decision: 'approve' }]);
  });

  test('leaves no more than the rest to all who come after, who are told what holds it', async () => {
    const { id, party } = await openForThree(client, { balance: '1000.00' });
    const by = { initiatedBy: party.ann };
    const [first, second] = [
      await sendSingle(client, item.withdrawal(id, '300.00', by)),
      await sendSingle(client, item.transfer(id, shop, '500.00', by)),
    ];
    for (const movement of [
      item.withdrawal(id, '200.01'),
      item.withdrawal(id, '200.01', by),
      item.transfer(id, shop, '5000.01', by),
      item.multiLeg({ [id]: '-200.01', [shop]: '200.01' }),
    ]) {
      const { body } = await sendSingle(client, movement);
      expect(body).toMatchObject({
        code: 'insufficient_funds',
        available: '200.00',
        explanation: {
          ...{ rule: 'insufficient_funds', accountId: id, currency: 'USD', overdraftLimit: '0.00' },
          ...{ booked: '1000.00', held: '800.00', available: '200.00' },
          heldBy: [
            { id: second.body.id, kind: 'payment_order', amount: '500.00', expiresAt: second.body.expiresAt },
            { id: first.body.id, kind: 'payment_order', amount: '300.00', expiresAt: first.body.expiresAt },
          ],
        },
      });
    }
    expect((await sendSingle(client, item.withdrawal(id, '200.00', by))).status).toBe(201);
    expect(await readAccount(id)).toMatchObject({
      balance: '800.00',
      held: '800.00',
      available: '0.00',
      etag: '"2-2"',
    });
    expect((await client.post(`/v1/accounts/${id}/close`)).body).toMatchObject({
      code: 'balance_not_zero',
      held: '800.00',
    });
  });

  test('is answered again to the same key, and reserves once', async () => {
    const { id, party } = await openForThree(client);
    const order = item.withdrawal(id, '300.00', {
      initiatedBy: party.ann,
      idempotencyKey: `order ${id}`.replace(' ', '-'),
    });
    const [first, again] = [await sendSingle(client, order), await sendSingle(client, order)];
    expect([again.status, again.body, again.headers['idempotent-replayed']]).toEqual([202, first.body, 'true']);
    expect(again.headers).toMatchObject({ location: first.headers.location, etag: first.headers.etag });
    expect(await readAccount(id)).toMatchObject({ held: '300.00', revision: 1 });
    const inBatch = await sendBatch(client, true, [order]);
    expect(inBatch.body.results).toEqual([{ status: 202, replayed: true, paymentOrder: first.body }]);
    expect((await sendSingle(client, { ...order, amount: '301.00' })).body.code).toBe('idempotency_key_reused');
  });

  test('counts for the limits of its initiator, and is held against the tag that the caller read', async () => {
    const holders = { ann: { limits: { perDay: '400.00' } }, bob: {} };
    const mandate = () => ({ rule: 'all' });
    const { id, party } = await openJointAccount(client, holders, { balance: '1000.00', mandate });
    const send = (amount: string, tag: string) =>
      client.post(
        `/v1/accounts/${id}/withdrawals`,
        { amount, currency: 'USD', initiatedBy: party.ann },
        { 'If-Match': tag },
      );
    expect((await send('400.01', '"1"')).body).toMatchObject({ code: 'limit_exceeded', used: '0.00' });
    expect((await send('150.00', '"1"')).headers.etag).toBe('"1-1"');
    expect((await send('150.00', '"1"')).body.code).toBe('version_mismatch');
    expect((await send('150.00', '"1-1"')).headers.etag).toBe('"1-2"');
    expect((await send('100.01', '"1-2"')).body).toMatchObject({ code: 'limit_exceeded', used: '300.00' });
    expect((await send('100.00', '"1-2"')).status).toBe(202);
  });

  test('counts for the limit with others in one batch', async () => {
    const holders = { ann: { limits: { perDay: '100.00' } }, bob: {} };
    const mandate = () => ({ bands: [{ rule: 'any', upTo: '20.00' }, { rule: 'all' }] });
    const { id, party } = await openJointAccount(client, holders, { balance: '1000.00', mandate });
    const items = ['60.00', '20.00', '30.00', '20.00', '0.01'].map((amount) =>
      item.withdrawal(id, amount, { initiatedBy: party.ann }),
    );
    const exceeded = '422 limit_exceeded';
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['202', '201', exceeded, '201', exceeded]);
  });
});

test('a large batch with an order is carried out again when writing its movements was rolled back', async () => {
  const { database } = service;
  const { id, party } = await openForThree(client);
  await database.raw(`
    create sequence failures;
    create function fail_once() returns trigger language plpgsql as $$ begin
      if nextval('failures') = 1 then raise exception 'as a deadlock' using errcode = '40P01'; end if;
      return null;
    end $$;
    create trigger fail_once before insert on entries for each statement execute function fail_once()`);
  const waiting = item.withdrawal(id, '300.00', { initiatedBy: party.ann });
  const items = [...Array.from({ length: 600 }, () => item.transfer(id, shop, '1.00')), waiting];
  const answer = await sendBatch(client, true, items);
  expect(outcomesOf(answer)).toEqual([...Array(600).fill('201'), '202']);
  expect(await readAccount(id)).toMatchObject({ balance: '19400.00', held: '300.00' });
  const [failures] = (await database.raw('select last_value::int as tried from failures')).rows;
  expect(failures.tried).toBeGreaterThan(3);
  await database.raw('drop trigger fail_once on entries; drop function fail_once; drop sequence failures');
});

describe('in a batch', () => {
  test.each([true, false])('an item becomes an order beside those that are booked (atomic: %s)', async (atomic) => {
    const { id, party } = await openForThree(client);
    const by = { initiatedBy: party.ann };
    const items = [
      item.withdrawal(id, '200.00', by),
      item.transfer(id, shop, '300.00', { ...by, idempotencyKey: `item-${id}` }),
      item.deposit(id, '1.00', by),
      item.withdrawal(id, '6000.00', by),
    ];
    const answer = await sendBatch(client, atomic, items, { 'Idempotency-Key': `batch-${id}` });
    expect(outcomesOf(answer)).toEqual(['201', '202', '201', '202']);
    const [booked, order, , large] = answer.body.results;
    expect(Object.keys(booked)).toEqual(['status', 'transaction']);
    expect(Object.keys(order)).toEqual(['status', 'paymentOrder']);
    expect(order.paymentOrder).toMatchObject({ id: uuid, status: 'waiting', type: 'transfer', amount: '300.00' });
    expect(large.paymentOrder).toMatchObject({ type: 'withdrawal', multiAuthorisation: { numberRequired: 3 } });
    expect(await readAccount(id)).toMatchObject({ balance: '19801.00', held: '6300.00', available: '13501.00' });
    expect(await rowOf('payment_orders', order.paymentOrder.id)).toMatchObject({ status: 'waiting' });

    const again = await sendBatch(client, atomic, items, { 'Idempotency-Key': `batch-${id}` });
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([answer.body, 'true']);
    const single = await sendSingle(client, items[1]!);
    expect([single.status, single.body, single.headers['idempotent-replayed']]).toEqual([
      202,
      order.paymentOrder,
      'true',
    ]);
    expect(await readAccount(id)).toMatchObject({ held: '6300.00', revision: 2 });
  });

  test('an item finds the money reserved that one before it asked for', async () => {
    const { id, party } = await openForThree(client, { balance: '1000.00' });
    const by = { initiatedBy: party.ann };
    const items = [item.withdrawal(id, '900.00', by), item.withdrawal(id, '100.01'), item.withdrawal(id, '100.00', by)];
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['202', '422 insufficient_funds', '201']);
    const before = await readEverything();
    const atomic = await sendBatch(client, true, [
      item.deposit(id, '300.00'),
      item.withdrawal(id, '300.00', by),
      items[1]!,
    ]);
    expect(atomic.body).toMatchObject({ code: 'batch_item_refused', item: 2 });
    const { books, ...rest } = await readEverything();
    expect(rest).toEqual({
      holds: before.holds,
      orders: before.orders,
      signatures: before.signatures,
      revisions: before.revisions,
    });
    expect((books as { accounts: unknown }).accounts).toEqual((before.books as { accounts: unknown }).accounts);
  });

  test('several legs cannot wait, and take an atomic batch with them', async () => {
    const { id, party } = await openForThree(client);
    const by = { initiatedBy: party.ann };
    const items = [item.withdrawal(id, '300.00', by), item.multiLeg({ [id]: '-300.00', [shop]: '300.00' }, by)];
    const atomic = await sendBatch(client, true, items);
    expect(atomic.body).toMatchObject({ code: 'batch_item_refused', item: 1, refusal: { code: 'signatures_missing' } });
    expect(await readAccount(id)).toMatchObject({ held: '0.00', revision: 0 });
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['202', '403 signatures_missing']);
  });
});

describe('a dry run', () => {
  test('says what would be signed by whom, and changes nothing', async () => {
    const { id, party } = await openForThree(client);
    const body = { amount: '3000.00', currency: 'USD', initiatedBy: party.ann };
    const before = await readEverything();
    const { status, body: dry, headers } = await client.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, body);
    expect([status, headers.location]).toEqual([200, undefined]);
    const missing = [party.bob, party.cat].sort();
    expect(dry).toMatchObject({
      ...{ id: null, status: 'dry_run', type: 'withdrawal', amount: '3000.00', instructionHash: null },
      multiAuthorisation: { numberRequired: 2, numberReceived: 1, missingFrom: missing },
      explanation: {
        ...{ rule: 'mandate', accountId: id, booked: '20000.00', held: '0.00', available: '20000.00', heldBy: [] },
        signatures: {
          mandateVersion: 1,
          band: { rule: 'count', count: 2, upTo: '5000.00', signatories: [party.ann, party.bob, party.cat] },
          required: 2,
          received: 1,
          missingFrom: missing,
        },
      },
    });
    const items = [item.withdrawal(id, '3000.00', { initiatedBy: party.ann }), item.withdrawal(id, '17000.01')];
    const batch = await client.post('/v1/batches?dryRun=true', { atomic: false, items });
    expect(outcomesOf(batch)).toEqual(['200', '422 insufficient_funds']);
    expect(batch.body.results[0].paymentOrder).toMatchObject({
      ...{ id: null, status: 'dry_run', multiAuthorisation: { missingFrom: missing } },
    });
    const legs = { entries: item.multiLeg({ [id]: '-300.00', [shop]: '300.00' }).entries, initiatedBy: party.ann };
    expect((await client.post('/v1/transactions?dryRun=true', legs)).body.code).toBe('signatures_missing');
    expect(await readEverything()).toEqual(before);
  });

  test('says why a movement would be booked, and on what', async () => {
    const { id, party } = await openForThree(client);
    const order = await sendSingle(client, item.withdrawal(id, '500.00', { initiatedBy: party.ann }));
    const body = { amount: '200.00', currency: 'USD', initiatedBy: party.ann };
    const dry = await client.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, body);
    expect(dry.body).toMatchObject({
      ...{ id: null, status: 'dry_run', signedBy: [party.ann] },
      explanation: { rule: 'booked', accountId: id, held: '500.00', heldBy: [{ id: order.body.id, amount: '500.00' }] },
    });
    const booked = await client.post(`/v1/accounts/${id}/withdrawals`, body);
    expect([booked.status, booked.body.explanation]).toEqual([201, undefined]);
  });
});

describe('what cannot be signed', () => {
  test('by several legs is refused with what it would take, though a transfer could wait', async () => {
    const { id, party } = await openForThree(client);
    const send = (amount: string) =>
      sendSingle(client, item.multiLeg({ [shop]: amount, [id]: `-${amount}` }, { initiatedBy: party.ann }));
    expect((await send('200.00')).body).toMatchObject({ status: 'booked', signedBy: [party.ann] });
    const refused = await send('200.01');
    expect([refused.status, refused.body.status]).toEqual([403, 403]);
    expect(refused.body).toMatchObject({
      code: 'signatures_missing',
      accountId: id,
      explanation: {
        rule: 'mandate',
        signatures: { mandateVersion: 1, required: 2, received: 1, missingFrom: [party.bob, party.cat].sort() },
      },
    });
    expect(await readAccount(id)).toMatchObject({ balance: '19800.00', held: '0.00', version: 2, revision: 0 });
  });

  const unreachable: [string, (party: Record<'ann' | 'bob' | 'eve' | 'zoe', string>) => object][] = [
    ['somebody who holds the account no longer', ({ ann, zoe }) => ({ rule: 'named', signatories: [ann, zoe] })],
    ['a holder who may not sign', ({ ann, eve }) => ({ rule: 'named', signatories: [ann, eve] })],
    ['more than there are', () => ({ rule: 'count', count: 3 })],
    [
      'more weight than there is',
      ({ bob, zoe }) => ({ rule: 'weighted', weights: { [bob]: 1, [zoe]: 2 }, threshold: 2 }),
    ],
  ];

  test.each(unreachable)('because it takes %s is refused at once', async (_name, mandate) => {
    const holders = { ann: {}, bob: {}, eve: { rights: ['view', 'deposit'] }, zoe: {} };
    const { id, party } = await openJointAccount(client, holders, { balance: '100.00', mandate });
    await service.rows('holders').where({ account_id: id, party_id: party.zoe }).update({ status: 'left' });
    const by = { initiatedBy: party.ann };
    const movements: BatchItem[] = [
      item.withdrawal(id, '1.00', by),
      item.transfer(id, shop, '1.00', by),
      item.multiLeg({ [id]: '-1.00', [shop]: '1.00' }, by),
    ];
    for (const movement of movements) {
      const { status, body } = await sendSingle(client, movement);
      expect([status, body.code, body.accountId]).toEqual([422, 'mandate_unreachable', id]);
      const { required, received } = body.explanation.signatures;
      expect(required).toBeGreaterThan(received);
    }
    expect(outcomesOf(await sendBatch(client, false, movements))).toEqual(Array(3).fill('422 mandate_unreachable'));
    expect(await readAccount(id)).toMatchObject({ held: '0.00', revision: 0 });
  });
});

test('ten orders of 300.00 at once on 1000.00, from two services: exactly three are reserved, in every round', async () => {
  const second = await startSecondApi(service);
  try {
    for (const round of roundsOf(8)) {
      const { id, party } = await openForThree(client, { balance: '1000.00' });
      const answers = await startTogether(10, (caller) => {
        const initiatedBy = [party.ann, party.bob, party.cat][caller % 3]!;
        const movement =
          caller % 2 === 0
            ? item.withdrawal(id, '300.00', { initiatedBy })
            : item.transfer(id, shop, '300.00', { initiatedBy });
        return sendSingle([client, second.client][(caller + round) % 2]!, movement);
      });
      const outcomes = answers.map(({ status, body }) => body.code ?? status).sort();
      expect(outcomes).toEqual([202, 202, 202, ...Array(7).fill('insufficient_funds')]);
      expect(await readAccount(id)).toMatchObject({
        balance: '1000.00',
        held: '900.00',
        available: '100.00',
        revision: 3,
      });
      const { rows } = await service.database.raw(`select sum(remaining) as held from holds where account_id = ?`, [
        id,
      ]);
      expect(rows[0].held).toBe('900.0000');
    }
  } finally {
    await second.api.stop(5_000);
  }
});

test('no more than a thousand orders wait on an account, until one of them ends', async () => {
  const { id, party } = await openForThree(client, { balance: '1000.00' });
  expect((await client.put(`/v1/accounts/${id}/mandate`, { mandate: { rule: 'all' } })).status).toBe(200);
  const small = item.withdrawal(id, '0.01', { initiatedBy: party.ann });
  const batch = await sendBatch(client, true, Array(1_000).fill(small));
  expect(batch.status).toBe(200);
  const refused = await sendSingle(client, small);
  expect(refused.body).toMatchObject({ status: 409, code: 'too_many_payment_orders', limit: 1_000 });
  await client.post(`/v1/payment-orders/${batch.body.results[0].paymentOrder.id}/cancel`);
  expect((await sendSingle(client, small)).status).toBe(202);
});
