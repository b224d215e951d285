import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { controlOf, signOrder } from '../support/account-control.ts';
import { item, sendSingle } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What a holder took out counts on its day, whatever is taken back later.

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

const holders = { ann: { limits: { perDay: '100.00', perMonth: '250.00' } }, ben: {} };

const reverse = (id: string, amount?: string) =>
  client.post(`/v1/transactions/${id}/reversals`, { reason: 'Goods returned', amount });

async function expectUsed(account: string, party: string, used: string, remaining: string): Promise<void> {
  const refused = await sendSingle(client, item.withdrawal(account, '100.01', { initiatedBy: party }));
  expect(refused.body).toMatchObject({ code: 'limit_exceeded', limit: 'perDay', used, remaining });
}

test('a reversal gives the money back, and not the limit', async () => {
  const { id, party } = await openJointAccount(client, holders, { balance: '500.00' });
  const taken = await sendSingle(client, item.withdrawal(id, '80.00', { initiatedBy: party.ann }));
  expect((await reverse(taken.body.id, '30.00')).status).toBe(201);
  await expectUsed(id, party.ann, '80.00', '20.00');
  expect((await reverse(taken.body.id)).status).toBe(201);
  expect(await client.balance(id)).toBe('500.00');
  await expectUsed(id, party.ann, '80.00', '20.00');
  const { status } = await sendSingle(client, item.withdrawal(id, '20.00', { initiatedBy: party.ann }));
  expect(status).toBe(201);
});

test('nor does that of a capture or of what was signed', async () => {
  const both = { mandate: () => ({ rule: 'all' }), balance: '500.00' };
  const { id, party } = await openJointAccount(client, holders, both);
  const ordered = await controlOf(client, id).withdraw('60.00', party.ann);
  const booked = await signOrder(client, ordered.body.id, party.ben);
  expect((await reverse(booked.body.transaction.id)).status).toBe(201);
  await expectUsed(id, party.ann, '60.00', '40.00');

  const alone = await openJointAccount(client, holders, { balance: '500.00' });
  const amount = { amount: '70.00', currency: 'USD' };
  const hold = await client.post('/v1/holds', { accountId: alone.id, initiatedBy: alone.party.ann, ...amount });
  const captured = await client.post(`/v1/holds/${hold.body.id}/capture`);
  expect((await reverse(captured.body.transaction.id)).status).toBe(201);
  await expectUsed(alone.id, alone.party.ann, '70.00', '30.00');
});

test('what a reversal takes out of an account is no act of a holder, and uses no limit', async () => {
  const { id, party } = await openJointAccount(client, holders, { balance: '500.00' });
  const paidIn = await sendSingle(client, item.deposit(id, '90.00', { initiatedBy: party.ann }));
  expect((await reverse(paidIn.body.id)).status).toBe(201);
  await expectUsed(id, party.ann, '0.00', '100.00');
});
