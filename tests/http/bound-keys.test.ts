import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { item, outcomesOf, sendBatch } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { cancel, makeOrder, moneyOf, pay, sign } from '../support/payment-orders.ts';
import { clientOf, openScene } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const money = { amount: '1.00', currency: 'USD' };
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

describe('a bound key', () => {
  test('acts as its party wherever nobody is named', async () => {
    const { account, party, orders } = await openScene(client);
    const ann = await clientOf(service, party.ann);
    const deposit = await ann.post(`/v1/accounts/${account}/deposits`, money);
    expect([deposit.status, deposit.body.initiatedBy, deposit.body.signedBy]).toEqual([201, party.ann, [party.ann]]);
    const signed = await ann.post(`/v1/payment-orders/${orders[0].id}/authorisations`, {
      decision: 'approve',
      instructionHash: orders[0].instructionHash,
    });
    expect(signed.body.transaction.signedBy).toEqual([party.ann, party.bob].sort());
    const named = await ann.post(`/v1/accounts/${account}/deposits`, { ...money, initiatedBy: party.ann });
    expect([named.status, named.body.initiatedBy]).toEqual([201, party.ann]);
    const inBatch = await sendBatch(ann, false, [item.withdrawal(account, '1.00')]);
    expect(inBatch.body.results[0].transaction.initiatedBy).toBe(party.ann);
  });

  test('has its limits and the mandate, which the service has not', async () => {
    const limits = { perMovement: '3.00' };
    const { id, party } = await openJointAccount(
      client,
      { ann: { limits }, bob: {} },
      { balance: '50.00', mandate: () => ({ bands: [{ rule: 'any', upTo: '2.00' }, { rule: 'all' }] }) },
    );
    const ann = await clientOf(service, party.ann);
    expect((await pay(ann, id, { amount: '2.00' })).status).toBe(201);
    expect((await pay(ann, id, { amount: '2.01' })).status).toBe(202);
    expect((await pay(ann, id, { amount: '3.01' })).body.code).toBe('limit_exceeded');
    expect((await pay(client, id, { amount: '3.01' })).status).toBe(201);
  });

  test('pays into the account of a stranger without learning of it, whatever the answer is', async () => {
    const { account, party, foreign } = await openScene(client);
    const [ann, zoe] = [await clientOf(service, party.ann), await clientOf(service, foreign.party.zoe)];
    const hidden = { accountId: foreign.id, amount: '1.00' };
    const { body, headers } = await pay(ann, account, { amount: '1.00', toAccountId: foreign.id });
    expect(body.entries[1]).toEqual(hidden);
    expect(body.entries[0]).toHaveProperty('balanceAfter');
    expect(headers.etag).toBe((await client.get(`/v1/accounts/${account}`)).headers.etag);
    expect((await ann.get(`/v1/transactions/${body.id}`)).body).toEqual(body);
    const seenByPayee = (await zoe.get(`/v1/transactions/${body.id}`)).body;
    expect(seenByPayee.entries[0]).toEqual({ accountId: account, amount: '-1.00' });
    expect(seenByPayee.entries[1]).toHaveProperty('balanceAfter');
    const listed = (await zoe.get(`/v1/accounts/${foreign.id}/entries`)).body.data;
    expect(JSON.stringify(listed)).not.toMatch(/765\d\d\.\d\d/);

    // The tag of the first account is the answer's, if it is for the caller to read.
    const legs = {
      entries: [
        { accountId: foreign.id, ...money },
        { accountId: account, ...money, amount: '-1.00' },
      ],
    };
    const multiLeg = await ann.post('/v1/transactions', legs);
    expect([multiLeg.status, multiLeg.headers.etag]).toEqual([201, undefined]);
    expect(multiLeg.body.entries[0]).toEqual(hidden);
    const probe = await ann.post('/v1/transactions', legs, { 'If-Match': '"1"' });
    expect([probe.status, probe.body.code]).toEqual([400, 'validation_failed']);
    legs.entries.reverse();
    const own = await ann.post('/v1/transactions', legs);
    expect(own.headers.etag).toBe((await client.get(`/v1/accounts/${account}`)).headers.etag);
  });

  test('pays into a full or closed account without learning of it', async () => {
    const { account, party } = await openScene(client);
    const ann = await clientOf(service, party.ann);
    const full = await client.openAccount({ balance: '999999999999999999.99' });
    const refused = await pay(ann, account, { amount: '1.00', toAccountId: full });
    expect(refused.body.code).toBe('account_not_found');
    expect(refused.text).not.toMatch(/9{12}|explanation/);
    const closed = await client.openAccount();
    await client.post(`/v1/accounts/${closed}/close`);
    expect((await pay(ann, account, { amount: '1.00', toAccountId: closed })).body.code).toBe('account_not_found');
  });

  test('of a holder who may not look shows no balance where something is booked', async () => {
    const rights: HolderRight[] = ['deposit', 'withdraw', 'transfer', 'manage'];
    const mandate = () => ({
      bands: [
        { rule: 'any', upTo: '5.00' },
        { rule: 'count', count: 2 },
      ],
    });
    const { id, party } = await openJointAccount(
      client,
      { ann: { rights }, bob: {} },
      { balance: '76543.21', mandate },
    );
    const ann = await clientOf(service, party.ann);
    const bob = await makeOrder(client, id, { amount: '10.00', initiatedBy: party.bob });
    const answers = [
      await ann.post(`/v1/accounts/${id}/deposits`, money),
      await ann.post('/v1/batches', {
        atomic: false,
        items: [item.deposit(id, '1.00'), item.withdrawal(id, '6.00')],
      }),
      await pay(ann, id, { amount: '1.00' }),
      await pay(ann, id, { amount: '6.00' }),
      await sign(ann, bob, party.ann),
    ];
    for (const { status, text, body } of answers) {
      expect([status, body.code]).toEqual([expect.any(Number), undefined]);
      expect(text).not.toMatch(/765\d\d\.\d\d/);
    }
    for (const { headers } of answers.slice(0, 4)) expect(headers.etag).toBeUndefined();
    for (const way of [
      '',
      '/balances',
      '/entries',
      '/holds',
      '/holders',
      '/mandate',
      '/changes',
      '/restrictions',
      '/projects',
    ]) {
      expect([way, (await ann.get(`/v1/accounts/${id}${way}`)).body.code]).toEqual([way, 'account_not_found']);
    }
    expect((await ann.get('/v1/accounts')).body.data).toEqual([]);
    // What waits for its signature it may read.
    expect((await ann.get(`/v1/payment-orders/${bob.id}`)).status).toBe(200);
  });

  test('loses an account with its place on it, and gets it with the invitation', async () => {
    const { account, party, transaction } = await openScene(client);
    const guest = await client.createParty('Guest');
    const key = await clientOf(service, guest);
    const order = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.bob });
    const seen = async () => [
      (await key.get(`/v1/accounts/${account}`)).status,
      (await key.get(`/v1/transactions/${transaction}`)).status,
      (await sign(key, order, guest)).body.code,
    ];
    expect(await seen()).toEqual([404, 404, 'payment_order_not_found']);
    const rights = ['view', 'deposit', 'delegate'];
    expect((await client.post(`/v1/accounts/${account}/holders`, { partyId: guest, rights })).status).toBe(201);
    // Who is only invited acts nowhere.
    expect(await seen()).toEqual([404, 404, 'payment_order_not_found']);
    expect((await key.post(`/v1/accounts/${account}/holders/${guest}/accept`)).status).toBe(200);
    // What was booked before is the owners' to show.
    expect(await seen()).toEqual([200, 404, 'right_missing']);
    expect((await cancel(key, order, guest)).body.code).toBe('right_missing');
    expect((await key.post(`/v1/accounts/${account}/holders/${guest}/leave`)).status).toBe(200);
    expect(await seen()).toEqual([404, 404, 'payment_order_not_found']);
  });

  test('never gets the stored answer to another key, though it sends the same', async () => {
    const { account, party, foreign, orders } = await openScene(client);
    const [ann, alsoAnn, bob] = [
      await clientOf(service, party.ann),
      await clientOf(service, party.ann),
      await clientOf(service, party.bob),
    ];
    const mallory = await clientOf(service, await client.createParty('Mallory'));
    const requests: [string, object][] = [
      [`/v1/accounts/${account}/deposits`, money],
      [`/v1/accounts/${account}/withdrawals`, money],
      ['/v1/transfers', { fromAccountId: account, toAccountId: foreign.id, ...money }],
      ['/v1/batches', { atomic: false, items: [item.deposit(account, '1.00')] }],
      [`/v1/payment-orders/${orders[1].id}/cancel`, {}],
      ['/v1/holds', { accountId: account, ...money }],
    ];
    for (const [index, [address, body]] of requests.entries()) {
      // Whatever the others have sent with it, the key is each caller's own.
      const answers = [];
      for (const caller of address.endsWith('cancel') ? [ann] : [client, ann, bob]) {
        const answer = await caller.post(address, body, { 'Idempotency-Key': `shared-${account}-${index}` });
        expect([address, answer.status < 300, answer.headers['idempotent-replayed']]).toEqual([
          address,
          true,
          undefined,
        ]);
        answers.push([caller, answer] as const);
      }
      const before = await moneyOf(client, account);
      const headers = { 'Idempotency-Key': `shared-${account}-${index}` };
      for (const [caller, answer] of [...answers, [alsoAnn, answers.find(([caller]) => caller === ann)![1]] as const]) {
        const replayed = await caller.post(address, body, headers);
        expect([replayed.body, replayed.headers['idempotent-replayed']]).toEqual([answer.body, 'true']);
      }
      const strange = await mallory.post(address, body, headers);
      expect([strange.status, strange.headers['idempotent-replayed']]).toEqual([404, undefined]);
      expect(await moneyOf(client, account)).toEqual(before);
    }
  });

  test('never gets the stored answer to an item of another key, nor to a call through a batch', async () => {
    const { account, party } = await openScene(client);
    const [ann, bob] = [await clientOf(service, party.ann), await clientOf(service, party.bob)];
    const keyed = item.deposit(account, '1.00', { idempotencyKey: `item-${account}` });
    expect(outcomesOf(await sendBatch(ann, false, [keyed]))).toEqual(['201']);
    for (const other of [client, bob]) {
      expect(outcomesOf(await sendBatch(other, false, [keyed]))).toEqual(['201']);
      const single = await other.post(`/v1/accounts/${account}/deposits`, money, {
        'Idempotency-Key': `item-${account}`,
      });
      expect([single.status, single.headers['idempotent-replayed']]).toEqual([201, 'true']);
    }
    expect(outcomesOf(await sendBatch(ann, false, [keyed]))).toEqual(['replayed 201']);
  });

  test('gets its own stored answer without what it may not read any more', async () => {
    const { account, party } = await openScene(client);
    const ann = await clientOf(service, party.ann);
    const headers = { 'Idempotency-Key': `once-${account}` };
    const first = await ann.post(`/v1/accounts/${account}/deposits`, money, headers);
    expect(first.body.entries[0].balanceAfter).toMatch(/^765/);
    const rights = ['deposit', 'withdraw', 'transfer', 'manage'];
    expect((await client.put(`/v1/accounts/${account}/holders/${party.ann}`, { rights })).status).toBe(200);
    const again = await ann.post(`/v1/accounts/${account}/deposits`, money, headers);
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
    expect(again.text).not.toMatch(/765\d\d/);
    expect((await client.post(`/v1/accounts/${account}/holders/${party.ann}/remove`)).status).toBe(200);
    const gone = await ann.post(`/v1/accounts/${account}/deposits`, money, headers);
    expect([gone.status, gone.body.code, gone.headers['idempotent-replayed']]).toEqual([
      404,
      'account_not_found',
      undefined,
    ]);
  });
});
