import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { installLeapingClock, type LeapingClock } from '../support/database-clock.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { openForThree } from '../support/payment-orders.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let clock: LeapingClock;
/** An account that nobody holds. */
let shop: string;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
  clock = await installLeapingClock(service.database);
  shop = await client.openAccount();
});

afterAll(() => service.stop());

async function readAccount(accountId: string) {
  const { body, headers } = await client.get(`/v1/accounts/${accountId}`);
  const { balance, held, available, version, revision } = body;
  return { balance, held, available, version, revision, etag: headers.etag };
}

async function rowOf(table: string, id: string) {
  const [row] = await service.database(table).where('id', id);
  return row;
}

describe('an order whose time is over', () => {
  test('gives its money back to whoever reads or moves next, without anybody sweeping', async () => {
    const { id, party } = await openForThree(client, { balance: '1000.00' });
    const by = { initiatedBy: party.ann, expiresAt: clock.soon() };
    const first = await sendSingle(client, item.withdrawal(id, '900.00', by));
    expect(first.body).toMatchObject({ expiresAt: by.expiresAt, multiAuthorisation: { expiresAt: by.expiresAt } });
    const second = await sendSingle(client, item.withdrawal(id, '60.00', { initiatedBy: party.ann }));
    expect(second.status).toBe(201);
    expect(await readAccount(id)).toMatchObject({ held: '900.00', available: '40.00' });
    await clock.leapPast(by.expiresAt);

    const read = await readAccount(id);
    expect(read).toMatchObject({ balance: '940.00', held: '0.00', available: '940.00' });
    expect((await rowOf('holds', first.body.id)).status).toBe('active');
    const dry = { amount: '940.00', currency: 'USD' };
    expect((await client.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, dry)).body.status).toBe('dry_run');
    expect((await rowOf('holds', first.body.id)).status).toBe('active');

    // The tag that was read with the money given back is that of the account with the money given back.
    const all = await client.post(`/v1/accounts/${id}/withdrawals`, dry, { 'If-Match': read.etag! });
    expect([all.body.code, all.status]).toEqual([undefined, 201]);
    expect(await readAccount(id)).toMatchObject({ balance: '0.00', held: '0.00', available: '0.00' });
    const ended = { finished_at: new Date(by.expiresAt) };
    expect(await rowOf('holds', first.body.id)).toMatchObject({ status: 'expired', remaining: '0.0000', ...ended });
    expect((await client.get(`/v1/payment-orders/${first.body.id}`)).body).toMatchObject({
      ...{ status: 'expired', finishedAt: by.expiresAt },
    });
  });

  test('gives back what it counted for the limit of its initiator, in a dry run too', async () => {
    const holders = { ann: { limits: { perDay: '100.00' } }, bob: {} };
    const mandate = () => ({ bands: [{ rule: 'any', upTo: '20.00' }, { rule: 'all' }] });
    const { id, party } = await openJointAccount(client, holders, { balance: '1000.00', mandate });
    const by = { initiatedBy: party.ann };
    const expiresAt = clock.soon();
    expect((await sendSingle(client, item.withdrawal(id, '20.00', by))).status).toBe(201);
    expect((await sendSingle(client, item.withdrawal(id, '80.00', { ...by, expiresAt }))).status).toBe(202);
    expect((await sendSingle(client, item.withdrawal(id, '20.00', by))).body.code).toBe('limit_exceeded');
    await clock.leapPast(expiresAt);
    const dry = (amount: string) =>
      client.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, { amount, currency: 'USD', ...by });
    expect((await dry('80.00')).body).toMatchObject({ status: 'dry_run' });
    expect((await dry('80.01')).body).toMatchObject({ code: 'limit_exceeded', used: '20.00' });
    const both = [item.withdrawal(id, '60.00', by), item.withdrawal(id, '20.00', by), item.withdrawal(id, '0.01', by)];
    expect(outcomesOf(await sendBatch(client, false, both))).toEqual(['202', '201', '422 limit_exceeded']);
  });

  test('gives back its own money only: other orders go on', async () => {
    const { id, party } = await openForThree(client, { balance: '1000.00' });
    const by = { initiatedBy: party.ann };
    const expiresAt = clock.soon();
    expect((await sendSingle(client, item.withdrawal(id, '300.00', { ...by, expiresAt }))).status).toBe(202);
    const lasting = await sendSingle(client, item.withdrawal(id, '250.00', by));
    await clock.leapPast(expiresAt);
    expect(await readAccount(id)).toMatchObject({ held: '250.00', available: '750.00', revision: 3, etag: '"1-3"' });
    const tooMuch = { amount: '750.01', currency: 'USD' };
    for (const query of ['?dryRun=true', '']) {
      const { body } = await client.post(`/v1/accounts/${id}/withdrawals${query}`, tooMuch);
      const heldBy = [
        { id: lasting.body.id, kind: 'payment_order', amount: '250.00', expiresAt: lasting.body.expiresAt },
      ];
      expect(body).toMatchObject({ code: 'insufficient_funds', available: '750.00', explanation: { held: '250.00' } });
      expect(body.explanation.heldBy).toEqual(heldBy);
    }
    expect((await sendSingle(client, item.withdrawal(id, '750.00'))).status).toBe(201);
    expect(await readAccount(id)).toMatchObject({ balance: '250.00', held: '250.00', available: '0.00' });
  });

  test('lets the account be closed', async () => {
    const { id, party } = await openForThree(client, { balance: undefined, overdraftLimit: '500.00' });
    const expiresAt = clock.soon();
    expect(
      (await sendSingle(client, item.withdrawal(id, '300.00', { initiatedBy: party.ann, expiresAt }))).status,
    ).toBe(202);
    expect((await client.post(`/v1/accounts/${id}/close`)).body.code).toBe('balance_not_zero');
    await clock.leapPast(expiresAt);
    const closed = await client.post(`/v1/accounts/${id}/close`);
    expect(closed.body).toMatchObject({ status: 'closed', held: '0.00', version: 0 });
    expect((await client.get(`/v1/accounts/${id}`)).body).toEqual(closed.body);
  });
});

describe('expiresAt', () => {
  test.each([
    ['the past', () => clock.soon(-1_000)],
    ['more than 90 days', () => clock.soon(90 * 86_400_000 + 60_000)],
    ['no instant', () => '2026-12-01'],
    ['a number', () => 1_800_000_000],
  ])('is no time to sign: %s', async (_name, expiresAt) => {
    const { id, party } = await openForThree(client);
    const more = { initiatedBy: party.ann, expiresAt: expiresAt() };
    for (const movement of [item.withdrawal(id, '300.00', more), item.transfer(id, shop, '300.00', more)]) {
      const single = await sendSingle(client, movement);
      expect(single.body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'expiresAt' }] });
      const batch = await sendBatch(client, true, [movement]);
      // That a time has passed shows when the item is decided; everything else before.
      const refused = batch.body.code === 'batch_item_refused' ? batch.body.refusal : batch.body;
      expect(refused).toMatchObject({
        code: 'validation_failed',
        errors: [{ path: expect.stringMatching(/expiresAt$/) }],
      });
    }
  });

  test('may have passed when a request is repeated with its key, which gets the same answer', async () => {
    const { id, party } = await openForThree(client);
    const body = { amount: '300.00', currency: 'USD', initiatedBy: party.ann, expiresAt: clock.soon() };
    const send = () => client.post(`/v1/accounts/${id}/withdrawals`, body, { 'Idempotency-Key': id });
    const first = await send();
    expect(first.status).toBe(202);
    await clock.leapPast(body.expiresAt);
    const again = await send();
    expect([again.status, again.headers['idempotent-replayed'], again.body]).toEqual([202, 'true', first.body]);
  });

  test('has no meaning for what cannot wait', async () => {
    const { id } = await openForThree(client);
    const more = { expiresAt: clock.soon(60_000) };
    for (const movement of [item.deposit(id, '1.00', more), item.multiLeg({ [id]: '-1.00', [shop]: '1.00' }, more)]) {
      expect((await sendSingle(client, movement)).body).toMatchObject({ errors: [{ path: 'expiresAt' }] });
      expect((await sendBatch(client, true, [movement])).body).toMatchObject({
        errors: [{ path: 'items.0.expiresAt' }],
      });
    }
  });

  test('does no harm to what needs no further signatures', async () => {
    const { id, party } = await openForThree(client);
    const expiresAt = clock.soon(60_000);
    const { status } = await sendSingle(client, item.withdrawal(id, '200.00', { initiatedBy: party.ann, expiresAt }));
    expect(status).toBe(201);
  });
});
