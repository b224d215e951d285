import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { item } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { cancel, makeOrder, sign, twoSign } from '../support/payment-orders.ts';
import { roundsOf } from '../support/rounds.ts';
import { clientOf } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let account: string;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  account = await client.openAccount({ balance: '1000.00' });
});

afterAll(() => service.stop());

const money = { amount: '1.00', currency: 'USD' };
const deposit = (externalId: string, fields: object = {}, by = client, headers: Record<string, string> = {}) =>
  by.post(`/v1/accounts/${account}/deposits`, { ...money, externalId, ...fields }, headers);
const find = (externalId: string, by = client) =>
  by.get(`/v1/transactions/by-external-id/${encodeURIComponent(externalId)}`);

/** What is claimed while a movement is booked must not stay. */
async function expectNothingClaimed() {
  const kept = await service.rows('idempotency_keys').whereLike('key', 'external id %').pluck('key');
  expect(kept).toEqual([]);
}

test.each(['invoice 7', 'ü/😀?', "'; drop table transactions; --", 'x'.repeat(200)])(
  'books a movement with the external id %s once, and finds it by that',
  async (externalId) => {
    const first = await deposit(externalId);
    expect([first.status, first.body.externalId]).toEqual([201, externalId]);
    const found = await find(externalId);
    expect([found.status, found.body]).toEqual([200, first.body]);
    const second = await deposit(externalId, { amount: '2.00' });
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ code: 'external_id_taken', externalId });
    await expectNothingClaimed();
  },
);

test('any kind of movement has one, and one kind takes it from the others', async () => {
  const to = await client.openAccount();
  const entries = [
    { accountId: account, amount: '-1.00', currency: 'USD' },
    { accountId: to, amount: '1.00', currency: 'USD' },
  ];
  const kinds = [
    (externalId: string) => client.post(`/v1/accounts/${account}/withdrawals`, { ...money, externalId }),
    (externalId: string) =>
      client.post('/v1/transfers', { fromAccountId: account, toAccountId: to, ...money, externalId }),
    (externalId: string) => client.post('/v1/transactions', { entries, externalId }),
  ];
  for (const [number, make] of kinds.entries()) {
    expect((await make(`kind ${number}`)).body).toMatchObject({ externalId: `kind ${number}`, status: 'booked' });
    for (const other of kinds) expect((await other(`kind ${number}`)).body.code).toBe('external_id_taken');
  }
});

test('nobody has what is not booked', async () => {
  expect((await find('nobody')).body.code).toBe('transaction_not_found');
  const dry = await client.post(`/v1/accounts/${account}/deposits?dryRun=true`, { ...money, externalId: 'dry' });
  expect(dry.body).toMatchObject({ status: 'dry_run', externalId: 'dry' });
  const poor = await client.post(`/v1/accounts/${account}/withdrawals`, {
    ...{ amount: '99999.00', currency: 'USD', externalId: 'dry' },
  });
  expect(poor.body.code).toBe('insufficient_funds');
  expect((await deposit('dry')).status).toBe(201);
  const again = await client.post(`/v1/accounts/${account}/deposits?dryRun=true`, { ...money, externalId: 'dry' });
  expect(again.body.code).toBe('external_id_taken');
});

test('the same request again, by its key, has the answer that it had', async () => {
  const key = { 'Idempotency-Key': 'with an external id'.replaceAll(' ', '-') };
  const first = await deposit('again', {}, client, key);
  const second = await deposit('again', {}, client, key);
  expect([second.status, second.body, second.headers['idempotent-replayed']]).toEqual([201, first.body, 'true']);
});

test.each(['', 'x'.repeat(201), 7])('refuses the external id %p', async (externalId) => {
  const answer = await deposit(externalId as string);
  expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'externalId' }] });
});

describe('within a batch', () => {
  const batch = (atomic: boolean, ids: string[]) =>
    client.post('/v1/batches', {
      atomic,
      items: ids.map((externalId) => ({ ...item.deposit(account, '1.00'), externalId })),
    });

  test('the first of two that have the same is booked', async () => {
    const { body } = await batch(false, ['twice', 'once', 'twice']);
    const codes = body.results.map(({ problem }: { problem?: { code: string } }) => problem?.code ?? 'booked');
    expect(codes).toEqual(['booked', 'booked', 'external_id_taken']);
    expect((await find('twice')).body.id).toBe(body.results[0].transaction.id);
  });

  test('none of those that stand or fall together', async () => {
    const { status, body } = await batch(true, ['together', 'together']);
    expect([status, body.code, body.item, body.refusal.code]).toEqual([
      ...[422, 'batch_item_refused', 1, 'external_id_taken'],
    ]);
    expect((await find('together')).status).toBe(404);
    expect((await batch(true, ['together', 'and once more'])).status).toBe(200);
  });
});

test('of many callers of two processes at once, one books it, and groups do not fail for it', async () => {
  const second = await startSecondApi(service);
  try {
    for (const round of roundsOf(40)) {
      const externalId = `race ${round}`;
      const before = Number.parseInt(await client.balance(account), 10);
      const answers = await Promise.all([
        ...Array.from({ length: 4 }, () => deposit(externalId)),
        ...Array.from({ length: 4 }, () => deposit(externalId, {}, second.client)),
        ...Array.from({ length: 4 }, (_, number) => deposit(`${externalId} ${number}`)),
        client.post('/v1/batches', { atomic: false, items: [{ ...item.deposit(account, '1.00'), externalId }] }),
      ]);
      const statuses = answers.map(({ status, body }) =>
        body.results === undefined ? status : body.results[0].status,
      );
      expect(statuses.filter((status) => status === 201)).toHaveLength(1 + 4);
      expect(statuses.filter((status) => status === 409)).toHaveLength(8);
      expect(await client.balance(account)).toBe(`${before + 5}.00`);
    }
    await expectNothingClaimed();
  } finally {
    await second.api.stop(5_000);
  }
});

describe('a payment order', () => {
  test('has it from when it is made, and its transaction gets it', async () => {
    const { id, party } = await openJointAccount(client, { bob: {}, cai: {} }, { balance: '100.00', mandate: twoSign });
    const order = await makeOrder(client, id, { amount: '10.00', initiatedBy: party.bob, externalId: 'order' });
    expect(order.externalId).toBe('order');
    expect((await deposit('order')).body.code).toBe('external_id_taken');
    expect((await find('order')).status).toBe(404);
    const signed = await sign(client, order, party.cai);
    expect(signed.body.transaction).toMatchObject({ externalId: 'order', origin: { id: order.id } });
    expect((await find('order')).body.id).toBe(signed.body.transactionId);
  });

  test('keeps it when it is taken back', async () => {
    const { id, party } = await openJointAccount(client, { bob: {}, cai: {} }, { balance: '100.00', mandate: twoSign });
    const order = await makeOrder(client, id, { amount: '10.00', initiatedBy: party.bob, externalId: 'cancelled' });
    expect((await cancel(client, order, party.bob)).status).toBe(200);
    expect((await deposit('cancelled')).body.code).toBe('external_id_taken');
  });
});

describe('a key of a party', () => {
  test('gives none, by itself or in a batch', async () => {
    const { id, party } = await openJointAccount(client, { ann: {} }, { balance: '100.00' });
    const bound = await clientOf(service, party.ann);
    const alone = await bound.post(`/v1/accounts/${id}/deposits`, { ...money, externalId: 'of a party' });
    const items = [{ ...item.deposit(id, '1.00'), externalId: 'of a party' }];
    const inBatch = await bound.post('/v1/batches', { atomic: false, items });
    expect([alone.body.code, inBatch.body.code]).toEqual(['key_not_allowed', 'key_not_allowed']);
    expect((await find('of a party')).status).toBe(404);
  });

  test('finds what is on accounts that it may look at, and nothing else', async () => {
    const { id, party } = await openJointAccount(
      client,
      { ann: {}, ben: { rights: ['deposit'] } },
      { balance: '9.00' },
    );
    const { body } = await client.post(`/v1/accounts/${id}/deposits`, { ...money, externalId: 'of Ann' });
    const found = await find('of Ann', await clientOf(service, party.ann));
    expect([found.status, found.body.id]).toEqual([200, body.id]);
    for (const [externalId, partyId] of [
      ['of Ann', party.ben],
      ['invoice 7', party.ann],
    ]) {
      expect((await find(externalId!, await clientOf(service, partyId!))).body.code).toBe('transaction_not_found');
    }
  });
});
