import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../src/errors/error-catalogue.ts';
import type { PaymentOrderDocument } from '../../src/payment-orders/payment-order.ts';
import { byService } from '../support/authentication.ts';
import { installLeapingClock, type LeapingClock } from '../support/database-clock.ts';
import { holdAccountLock, until, untilLockWaiters } from '../support/lock-witness.ts';
import {
  allSign,
  cancel,
  expectOrdersSettled,
  makeOrder,
  moneyOf,
  openFamily,
  pay,
  readOrder,
  sign,
  tagOf,
  twoSign,
} from '../support/payment-orders.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const day = 86_400_000;
let service: TestService;
let client: TestClient;
let clock: LeapingClock;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
  clock = await installLeapingClock(service.database);
});

afterAll(async () => {
  await expectOrdersSettled(service.database);
  await service.stop();
});

/** Waits until the database's clock has passed this instant. */
async function untilPast(instant: string): Promise<void> {
  await until(async () => {
    const { rows } = await service.database.raw('select clock_timestamp() > ?::timestamptz as past', [instant]);
    return rows[0].past;
  });
}

describe('the life of a payment order', () => {
  test('a withdrawal that lacks signatures waits as an order, and reserves the money', async () => {
    const { id: account, party } = await openFamily(client);
    const notes = { description: 'Roof', reference: 'R-1', valueDate: '2026-12-01', metadata: { invoice: 7 } };
    const answer = await pay(client, account, { amount: '60.00', initiatedBy: party.ann, ...notes });
    expect(answer.status).toBe(202);
    const order: PaymentOrderDocument = answer.body;
    expect(order).toEqual({
      id: expect.any(String),
      kind: 'payment_order',
      type: 'withdrawal',
      status: 'waiting',
      accountId: account,
      toAccountId: null,
      amount: '60.00',
      currency: 'USD',
      initiatedBy: party.ann,
      authentication: byService,
      ...notes,
      externalId: null,
      mandateVersion: 1,
      instructionHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      transactionId: null,
      createdAt: instant,
      expiresAt: instant,
      finishedAt: null,
      multiAuthorisation: {
        status: 'AwaitingFurtherAuthorisation',
        numberRequired: 3,
        numberReceived: 1,
        missingFrom: [party.bob, party.cai].sort(),
        signedBy: [party.ann],
        expiresAt: order.expiresAt,
      },
      authorisations: [
        {
          ...{ by: party.ann, decision: 'approve', authentication: byService },
          ...{ instructionHash: order.instructionHash, at: order.createdAt },
        },
      ],
    });
    expect(Date.parse(order.expiresAt) - Date.parse(order.createdAt)).toBe(7 * day);
    expect(answer.headers.location).toBe(`/v1/payment-orders/${order.id}`);
    expect(answer.headers.etag).toBe(await tagOf(client, account));
    expect(await readOrder(client, order)).toEqual(order);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);

    const taken = await pay(client, account, { amount: '40.01' });
    expect(taken.body).toMatchObject({ code: 'insufficient_funds', available: '40.00' });
    expect(taken.body.explanation.heldBy).toEqual([
      { id: order.id, kind: 'payment_order', amount: '60.00', expiresAt: order.expiresAt },
    ]);
    expect((await client.get(`/v1/accounts/${account}/entries`)).body.data).toHaveLength(1);
  });

  test('the last signature books the withdrawal in the same act', async () => {
    const { id: account, party } = await openFamily(client);
    const notes = { description: 'Roof', reference: 'R-1', valueDate: '2026-12-01', metadata: { invoice: 7 } };
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann, ...notes });
    const second = await sign(client, order, party.bob);
    expect([second.status, second.body.status, second.body.transaction]).toEqual([200, 'waiting', undefined]);
    expect(second.body.multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 2 });
    expect(second.body.multiAuthorisation.missingFrom).toEqual([party.cai]);
    expect(second.headers.etag).toBe(await tagOf(client, account));
    expect(await readOrder(client, order)).toEqual(second.body);

    const last = await sign(client, order, party.cai);
    const { transaction, ...booked } = last.body;
    expect([last.status, last.headers.etag]).toEqual([200, await tagOf(client, account)]);
    expect(booked).toMatchObject({
      status: 'booked',
      transactionId: transaction.id,
      finishedAt: instant,
      multiAuthorisation: { status: 'Authorised', numberRequired: 3, numberReceived: 3, missingFrom: [] },
    });
    expect(await readOrder(client, order)).toEqual(booked);
    const signedBy = [party.ann, party.bob, party.cai].sort();
    expect(transaction).toMatchObject({
      ...notes,
      type: 'withdrawal',
      status: 'booked',
      amount: '60.00',
      initiatedBy: party.ann,
      signedBy,
      origin: { type: 'payment_order', id: order.id },
    });
    expect((await client.get(`/v1/transactions/${transaction.id}`)).body).toEqual(transaction);
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);

    const late = await sign(client, order, party.bob, { decision: 'reject' });
    expect(late.body).toMatchObject({
      status: 409,
      code: 'payment_order_not_pending',
      state: 'booked',
      transactionId: transaction.id,
    });
    expect((await cancel(client, order)).body.code).toBe('payment_order_not_pending');
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);
  });

  test('a transfer waits too, and pays nobody before it is signed', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const payee = await client.openAccount();
    const order = await makeOrder(client, account, { amount: '60.00', toAccountId: payee, initiatedBy: party.ann });
    expect(order).toMatchObject({ type: 'transfer', accountId: account, toAccountId: payee });
    expect([await moneyOf(client, account), await client.balance(payee)]).toEqual([
      ['100.00', '60.00', '40.00'],
      '0.00',
    ]);
    const { transaction } = (await sign(client, order, party.dan)).body;
    expect(transaction).toMatchObject({ type: 'transfer', signedBy: [party.ann, party.dan].sort() });
    expect(transaction.entries).toEqual([
      { accountId: account, amount: '-60.00', balanceAfter: '40.00', version: 2 },
      { accountId: payee, amount: '60.00', balanceAfter: '60.00', version: 1 },
    ]);
    expect([await moneyOf(client, account), await client.balance(payee)]).toEqual([
      ['40.00', '0.00', '40.00'],
      '60.00',
    ]);
  });

  test('the last cent that is available can be asked for, and no more', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const order = await makeOrder(client, account, { amount: '100.00', initiatedBy: party.ann });
    const more = await pay(client, account, { amount: '0.01', initiatedBy: party.ann });
    expect(more.body).toMatchObject({ code: 'insufficient_funds', available: '0.00' });
    expect((await sign(client, order, party.bob)).body.status).toBe('booked');
    expect(await moneyOf(client, account)).toEqual(['0.00', '0.00', '0.00']);
  });

  test('a dry run says whose signatures it would take, and leaves nothing to sign', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    await leavingTheBooksAlone(service, async () => {
      const body = { amount: '60.00', currency: 'USD', initiatedBy: party.ann };
      const dry = await client.post(`/v1/accounts/${account}/withdrawals?dryRun=true`, body);
      expect(dry.status).toBe(200);
      expect(dry.body).toMatchObject({ id: null, status: 'dry_run', instructionHash: null });
      const { rule, signatures } = dry.body.explanation;
      expect([rule, signatures.required, signatures.received]).toEqual(['mandate', 2, 1]);
      expect(signatures.missingFrom).toEqual([party.bob, party.cai, party.dan].sort());
    });
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
  });

  test('what the present holders can never sign is refused at once', async () => {
    const { id: account, party } = await openFamily(client, () => ({ rule: 'count', count: 5 }));
    const refused = await pay(client, account, { amount: '1.00', initiatedBy: party.ann });
    expect(refused.body).toMatchObject({ status: 422, code: 'mandate_unreachable', accountId: account });
    expect(refused.body.explanation.signatures).toMatchObject({ required: 5, received: 1 });
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
  });
});

describe('the reservation goes', () => {
  test('when it is cancelled: by its initiator, who manages the account, or the service', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    for (const by of [party.dan, party.cai, undefined]) {
      const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.dan });
      const cancelled = await cancel(client, order, by);
      expect([cancelled.status, cancelled.headers.etag]).toEqual([200, await tagOf(client, account)]);
      expect(cancelled.body).toMatchObject({
        status: 'cancelled',
        finishedAt: instant,
        transactionId: null,
        multiAuthorisation: { status: 'Rejected', missingFrom: [] },
      });
      expect(await readOrder(client, order)).toEqual(cancelled.body);
      expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
      expect((await cancel(client, order, by)).body).toMatchObject({
        code: 'payment_order_not_pending',
        state: 'cancelled',
      });
      expect((await sign(client, order, party.bob)).body).toMatchObject({ code: 'payment_order_not_pending' });
    }
  });

  test('when it is rejected, together with the document', async () => {
    const { id: account, party } = await openFamily(client, allSign);
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    const rejected = await sign(client, order, party.bob, { decision: 'reject' });
    expect([rejected.status, rejected.headers.etag]).toEqual([200, await tagOf(client, account)]);
    expect(rejected.body).toMatchObject({ status: 'rejected', finishedAt: instant, transactionId: null });
    expect(await readOrder(client, order)).toEqual(rejected.body);
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
    const late = await sign(client, order, party.cai);
    expect(late.body).toMatchObject({ code: 'payment_order_not_pending', state: 'rejected', transactionId: null });
  });

  test('when its time is over, whether or not its money was released since', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const expiresAt = clock.soon();
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann, expiresAt });
    const other = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
    expect(order.expiresAt).toBe(expiresAt);
    await clock.leapPast(expiresAt);

    const expired = await readOrder(client, order);
    expect(expired).toMatchObject({
      status: 'expired',
      finishedAt: expiresAt,
      multiAuthorisation: { status: 'Rejected', missingFrom: [] },
    });
    const idsOf = async (status: string) =>
      (await client.get(`/v1/payment-orders?accountId=${account}&status=${status}`)).body.data.map(
        ({ id, status }: PaymentOrderDocument) => [id, status],
      );
    expect(await idsOf('waiting')).toEqual([[other.id, 'waiting']]);
    expect(await idsOf('expired')).toEqual([[order.id, 'expired']]);
    expect(await moneyOf(client, account)).toEqual(['100.00', '10.00', '90.00']);
    const hold = () => service.database('holds').where({ id: order.id }).first('status', 'finished_at');
    expect((await hold()).status).toBe('active');

    expect((await sign(client, order, party.bob)).body).toMatchObject({
      code: 'payment_order_not_pending',
      state: 'expired',
    });
    expect((await cancel(client, order)).body).toMatchObject({ code: 'payment_order_not_pending', state: 'expired' });
    expect((await pay(client, account, { amount: '90.00' })).status).toBe(201);
    expect(await hold()).toEqual({ status: 'expired', finished_at: new Date(expiresAt) });
    expect(await readOrder(client, order)).toEqual(expired);
    expect(await idsOf('expired')).toEqual([[order.id, 'expired']]);
    expect(await moneyOf(client, account)).toEqual(['10.00', '10.00', '0.00']);
  });

  test('even before it begins, when the account is locked until its time is over', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const lock = await holdAccountLock(service.database, account);
    const expiresAt = clock.soon(1_500);
    const asking = pay(client, account, { amount: '60.00', initiatedBy: party.ann, expiresAt }).then(
      (answer) => answer,
    );
    await untilLockWaiters(service.database, 1);
    await untilPast(expiresAt);
    await lock.release();
    expect((await asking).body).toMatchObject({
      ...{ status: 400, code: 'validation_failed', errors: [{ path: 'expiresAt', message: 'must lie in the future' }] },
    });
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
    expect((await pay(client, account, { amount: '100.00' })).status).toBe(201);
  });
});

describe('a booking that is refused at the last signature', () => {
  const causes: [ErrorCode, object, (account: string, payee: string) => Promise<() => PromiseLike<unknown>>][] = [
    [
      'account_restricted',
      { stopped: 'debits' },
      async (account) => {
        const { body } = await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
        return () => client.post(`/v1/restrictions/${body.id}/lift`);
      },
    ],
    [
      'account_restricted',
      { stopped: 'credits' },
      async (_account, payee) => {
        await service.database('accounts').where({ id: payee }).update({ credits_stopped: true });
        return () => service.database('accounts').where({ id: payee }).update({ credits_stopped: false });
      },
    ],
    [
      'account_closed',
      {},
      async (_account, payee) => {
        expect((await client.post(`/v1/accounts/${payee}/close`)).status).toBe(200);
        return () => service.database('accounts').where({ id: payee }).update({ status: 'active', closed_at: null });
      },
    ],
    [
      'balance_limit_exceeded',
      {},
      async (_account, payee) => {
        const amount = '999999999999999999.99';
        expect((await client.post(`/v1/accounts/${payee}/deposits`, { amount, currency: 'USD' })).status).toBe(201);
        return () => pay(client, payee, { amount });
      },
    ],
  ];

  test.each(causes)('(%s %o) leaves the order waiting and the signature unrecorded', async (code, facts, cause) => {
    const { id: account, party } = await openFamily(client, allSign);
    const payee = await client.openAccount();
    const order = await makeOrder(client, account, { amount: '60.00', toAccountId: payee, initiatedBy: party.ann });
    const before = (await sign(client, order, party.bob)).body;
    const mend = await cause(account, payee);
    const refused = await sign(client, order, party.cai);
    expect(refused.body).toMatchObject({ code, ...facts });
    const { rule, heldBy, signatures } = refused.body.explanation;
    expect([rule, signatures.required, signatures.received]).toEqual([code, 3, 3]);
    expect(heldBy).toEqual([{ id: order.id, kind: 'payment_order', amount: '60.00', expiresAt: order.expiresAt }]);
    expect(await readOrder(client, order)).toEqual(before);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);

    // A signature that completes nothing moves nothing, so that it is no matter of the accounts.
    expect((await sign(client, order, party.dan)).body.status).toBe('waiting');
    await mend();
    expect((await sign(client, order, party.cai)).body.status).toBe('booked');
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);
  });

  test('can still be cancelled or rejected, which gives the money free', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const terms = { amount: '30.00', initiatedBy: party.ann };
    const orders = [await makeOrder(client, account, terms), await makeOrder(client, account, terms)] as const;
    await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
    expect((await sign(client, orders[0], party.bob)).body.code).toBe('account_restricted');
    expect((await cancel(client, orders[0], party.ann)).body.status).toBe('cancelled');
    for (const who of ['bob', 'cai'] as const) await sign(client, orders[1], party[who], { decision: 'reject' });
    expect((await sign(client, orders[1], party.dan, { decision: 'reject' })).body.status).toBe('rejected');
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
  });

  test('is the answer to its idempotency key, until another key asks anew', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const order = await makeOrder(client, account, { amount: '30.00', initiatedBy: party.ann });
    const placed = await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
    const headers = { 'Idempotency-Key': `refused-${order.id}` };
    const refused = await sign(client, order, party.bob, { headers });
    expect((await client.post(`/v1/restrictions/${placed.body.id}/lift`)).status).toBe(200);
    const again = await sign(client, order, party.bob, { headers });
    expect([again.headers['idempotent-replayed'], again.body.code]).toEqual(['true', refused.body.code]);
    expect((await sign(client, order, party.bob)).body.status).toBe('booked');
  });
});
