import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PaymentOrderDocument } from '../../src/payment-orders/payment-order.ts';
import { item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
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
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(async () => {
  await expectOrdersSettled(service.database);
  await service.stop();
});

describe('the terms of a request', () => {
  test('the same key again answers the same order, and reserves once', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const headers = { 'Idempotency-Key': `order-${account}` };
    const about = { amount: '60.00', initiatedBy: party.ann };
    const first = await pay(client, account, about, headers);
    const again = await pay(client, account, about, headers);
    expect([again.status, again.body, again.headers.location]).toEqual([202, first.body, first.headers.location]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);
    expect((await pay(client, account, { ...about, amount: '6.00' }, headers)).body.code).toBe(
      'idempotency_key_reused',
    );

    const signing = { headers: { 'Idempotency-Key': `sign-${account}` } };
    const booked = await sign(client, first.body, party.bob, signing);
    const replayed = await sign(client, first.body, party.bob, signing);
    expect([replayed.status, replayed.body]).toEqual([200, booked.body]);
    expect(replayed.headers['idempotent-replayed']).toBe('true');
    expect((await sign(client, first.body, party.cai, signing)).body.code).toBe('idempotency_key_reused');
    // It answers what became of it then.
    expect((await pay(client, account, about, headers)).body).toEqual(first.body);
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);

    const order = await makeOrder(client, account, { amount: '5.00', initiatedBy: party.ann });
    const cancelling = () =>
      client.post(`/v1/payment-orders/${order.id}/cancel`, {}, { 'Idempotency-Key': `cancel-${account}` });
    const [cancelled, once] = [await cancelling(), await cancelling()];
    expect([once.status, once.body, once.headers['idempotent-replayed']]).toEqual([200, cancelled.body, 'true']);
  });

  test('every act changes the entity tag of the account, and minds If-Match', async () => {
    const { id: account, party } = await openFamily(client, allSign);
    const tags = [await tagOf(client, account)];
    type Acted = { status: number; body: PaymentOrderDocument & { code?: string } };
    const act = async (send: (headers: Record<string, string>) => PromiseLike<Acted>): Promise<Acted['body']> => {
      for (const stale of tags.slice(0, -1)) {
        const { status, body } = await send({ 'If-Match': stale });
        expect([status, body.code]).toEqual([412, 'version_mismatch']);
      }
      const { body } = await send({ 'If-Match': tags.at(-1)! });
      expect(body.code).toBeUndefined();
      const tag = await tagOf(client, account);
      expect(tags).not.toContain(tag);
      tags.push(tag);
      return body;
    };
    await act((headers) =>
      client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }, headers),
    );
    const asked = { amount: '10.00', initiatedBy: party.ann };
    const order = await act((headers) => pay(client, account, asked, headers));
    await act((headers) => sign(client, order, party.bob, { headers }));
    await act((headers) => sign(client, order, party.cai, { headers }));
    const second = await act((headers) => pay(client, account, asked, headers));
    await act((headers) => sign(client, second, party.bob, { headers, decision: 'reject' }));
    const third = await act((headers) => pay(client, account, asked, headers));
    await act((headers) => client.post(`/v1/payment-orders/${third.id}/cancel`, {}, headers));
    expect(await moneyOf(client, account)).toEqual(['91.00', '0.00', '91.00']);
  });
});

describe('reading', () => {
  test('lists orders page by page, newest first unless asked otherwise, by account and status', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const orders: PaymentOrderDocument[] = [];
    for (let number = 1; number <= 7; number++) {
      orders.push(await makeOrder(client, account, { amount: `${number}.00`, initiatedBy: party.ann }));
    }
    await sign(client, orders[0]!, party.bob);
    await sign(client, orders[3]!, party.cai);
    await cancel(client, orders[1]!);
    for (const name of ['bob', 'cai', 'dan'] as const)
      await sign(client, orders[2]!, party[name], { decision: 'reject' });
    await sign(client, orders[5]!, party.eve);
    const documents = await Promise.all(orders.map((order) => readOrder(client, order)));

    const list = (query: string) => walkPages(client, `/v1/payment-orders?accountId=${account}${query}`);
    expect(await list('')).toEqual(documents.toReversed());
    expect(await list('&order=asc')).toEqual(documents);
    const picked = (...places: number[]) => places.map((place) => documents[place]);
    expect(await list('&order=asc&status=waiting')).toEqual(picked(4, 5, 6));
    expect(await list('&order=asc&status=booked')).toEqual(picked(0, 3));
    expect(await list('&status=booked')).toEqual(picked(3, 0));
    expect(await list('&status=cancelled')).toEqual(picked(1));
    expect(await list('&status=rejected')).toEqual(picked(2));
    expect(await list('&status=expired')).toEqual([]);
    const all = await walkPages(client, '/v1/payment-orders?order=asc');
    const ids = all.map(({ id }) => id);
    expect(ids.filter((id) => orders.some((order) => order.id === id))).toEqual(orders.map(({ id }) => id));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(Number((await service.rows('payment_orders').count('id as count').first())!.count));
  });

  test('takes a cursor only for the list that gave it', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    for (const amount of ['1.00', '2.00']) await makeOrder(client, account, { amount, initiatedBy: party.ann });
    const path = `/v1/payment-orders?accountId=${account}&limit=1`;
    const { nextCursor } = (await client.get(path)).body;
    for (const other of [`${path}&order=asc`, `${path}&status=waiting`, '/v1/payment-orders?limit=1']) {
      expect((await client.get(`${other}&cursor=${nextCursor}`)).body.code).toBe('invalid_cursor');
    }
  });

  test('knows nothing of other ledgers', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const order = await makeOrder(client, account, { amount: '1.00', initiatedBy: party.ann });
    const elsewhere = createTestClient(service.url, (await createTestLedger(service.database)).apiKey);
    const answers = [
      await elsewhere.get(`/v1/payment-orders/${order.id}`),
      await sign(elsewhere, order, party.bob),
      await cancel(elsewhere, order),
    ];
    for (const { body } of answers) expect(body).toMatchObject({ status: 404, code: 'payment_order_not_found' });
    expect((await elsewhere.get('/v1/payment-orders')).body.data).toEqual([]);
    const unknown = await elsewhere.get(`/v1/payment-orders?accountId=${account}`);
    expect(unknown.body).toMatchObject({ status: 404, code: 'account_not_found' });
    expect(await readOrder(client, order)).toEqual(order);
  });
});

describe('in a batch', () => {
  test('items that lack signatures become orders, and what comes after finds their money reserved', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const payee = await client.openAccount();
    const by = { initiatedBy: party.ann };
    const answer = await sendBatch(client, false, [
      item.withdrawal(account, '60.00', by),
      item.withdrawal(account, '40.01'),
      item.transfer(account, payee, '30.00', by),
      item.withdrawal(account, '10.01', by),
      item.multiLeg({ [account]: '-1.00', [payee]: '1.00' }, by),
      item.deposit(account, '1.00', by),
      item.withdrawal(account, '11.00'),
    ]);
    expect(outcomesOf(answer)).toEqual([
      '202',
      '422 insufficient_funds',
      '202',
      '422 insufficient_funds',
      '403 signatures_missing',
      '201',
      '201',
    ]);
    const { results } = answer.body;
    expect(Object.keys(results[0])).toEqual(['status', 'paymentOrder']);
    expect(await readOrder(client, results[0].paymentOrder)).toEqual(results[0].paymentOrder);
    expect(await readOrder(client, results[2].paymentOrder)).toEqual(results[2].paymentOrder);
    expect(await moneyOf(client, account)).toEqual(['90.00', '90.00', '0.00']);
    for (const index of [0, 2]) {
      expect((await sign(client, results[index].paymentOrder, party.cai)).body.status).toBe('booked');
    }
    expect([await moneyOf(client, account), await client.balance(payee)]).toEqual([['0.00', '0.00', '0.00'], '30.00']);
  });

  test('an atomic one that is refused reserves nothing', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const items = [item.withdrawal(account, '60.00', { initiatedBy: party.ann }), item.withdrawal(account, '40.01')];
    const refused = await sendBatch(client, true, items);
    expect(refused.body).toMatchObject({
      code: 'batch_item_refused',
      item: 1,
      refusal: { code: 'insufficient_funds' },
    });
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
    expect(outcomesOf(await sendBatch(client, true, items.slice(0, 1)))).toEqual(['202']);
  });

  test('an item and the call that it stands for are one by their key', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const sent = item.withdrawal(account, '20.00', { initiatedBy: party.ann, idempotencyKey: `item-${account}` });
    const first = (await sendBatch(client, true, [sent])).body.results[0];
    const again = (await sendBatch(client, false, [sent])).body.results[0];
    expect(again).toEqual({ status: 202, replayed: true, paymentOrder: first.paymentOrder });
    const single = await sendSingle(client, sent);
    expect([single.status, single.body]).toEqual([202, first.paymentOrder]);
    expect(await moneyOf(client, account)).toEqual(['100.00', '20.00', '80.00']);
  });

  test('a dry run tells of the orders and makes none', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    await leavingTheBooksAlone(service, async () => {
      const items = [item.withdrawal(account, '60.00', { initiatedBy: party.ann }), item.withdrawal(account, '40.01')];
      const dry = await client.post('/v1/batches?dryRun=true', { atomic: false, items });
      expect(outcomesOf(dry)).toEqual(['200', '422 insufficient_funds']);
      expect(dry.body.results[0].paymentOrder).toMatchObject({ id: null, status: 'dry_run', instructionHash: null });
    });
  });
});
