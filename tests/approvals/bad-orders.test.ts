import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../src/errors/error-catalogue.ts';
import type { PaymentOrderDocument } from '../../src/payment-orders/payment-order.ts';
import {
  allSign,
  cancel,
  expectOrdersSettled,
  makeOrder,
  moneyOf,
  openFamily,
  readOrder,
  sign,
  twoSign,
} from '../support/payment-orders.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const day = 86_400_000;
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

describe('bad input', () => {
  const hash = 'a'.repeat(64);
  const good = { by: nobody, decision: 'approve', instructionHash: hash };
  const signs = (order: string) => `/v1/payment-orders/${order}/authorisations`;
  const cases: [string, { method?: string; path: string; body?: object }, string[]][] = [
    ['no body', { method: 'POST', path: signs(nobody) }, ['']],
    ['an empty body', { path: signs(nobody), body: {} }, ['decision', 'instructionHash']],
    ['no party', { path: signs(nobody), body: { ...good, by: undefined } }, ['by']],
    ['null as party', { path: signs(nobody), body: { ...good, by: null } }, ['by']],
    ['a party that is no id', { path: signs(nobody), body: { ...good, by: 'ann' } }, ['by']],
    ['another decision', { path: signs(nobody), body: { ...good, decision: 'abstain' } }, ['decision']],
    ['a short hash', { path: signs(nobody), body: { ...good, instructionHash: 'a'.repeat(63) } }, ['instructionHash']],
    [
      'a hash in capitals',
      { path: signs(nobody), body: { ...good, instructionHash: hash.toUpperCase() } },
      ['instructionHash'],
    ],
    ['a hash that is a number', { path: signs(nobody), body: { ...good, instructionHash: 1 } }, ['instructionHash']],
    [
      'a line end after the hash',
      { path: signs(nobody), body: { ...good, instructionHash: `${hash}\n` } },
      ['instructionHash'],
    ],
    ['an unknown field', { path: signs(nobody), body: { ...good, amount: '1.00' } }, ['amount']],
    ['a list', { path: signs(nobody), body: [good] }, ['']],
    ['an order that is no id', { path: signs('x'), body: good }, ['orderId']],
    ['a dry run', { path: `${signs(nobody)}?dryRun=true`, body: good }, ['dryRun']],
    ['cancelling: an order that is no id', { method: 'POST', path: '/v1/payment-orders/x/cancel' }, ['orderId']],
    ['cancelling: a name', { path: `/v1/payment-orders/${nobody}/cancel`, body: { by: 'ann' } }, ['by']],
    [
      'cancelling: an unknown field',
      { path: `/v1/payment-orders/${nobody}/cancel`, body: { party: nobody } },
      ['party'],
    ],
    ['cancelling: a dry run', { method: 'POST', path: `/v1/payment-orders/${nobody}/cancel?dryRun=true` }, ['dryRun']],
    ['reading: an order that is no id', { path: '/v1/payment-orders/x' }, ['orderId']],
    ['reading: a query', { path: `/v1/payment-orders/${nobody}?full=true` }, ['full']],
    ['listing: an unknown status', { path: '/v1/payment-orders?status=paid' }, ['status']],
    ['listing: two statuses', { path: '/v1/payment-orders?status=booked&status=waiting' }, ['status']],
    ['listing: an account that is no id', { path: '/v1/payment-orders?accountId=x' }, ['accountId']],
    ['listing: an unknown order', { path: '/v1/payment-orders?order=up' }, ['order']],
    ['listing: no items', { path: '/v1/payment-orders?limit=0' }, ['limit']],
    ['listing: an unknown parameter', { path: '/v1/payment-orders?party=x' }, ['party']],
  ];

  test.each(cases)('%s', async (_name, { method, path, body }, paths) => {
    await leavingTheBooksAlone(service, async () => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      expectProblem(
        await sendRaw(service, { path, body: sent, ...(method === undefined ? {} : { method }) }),
        'validation_failed',
        paths,
      );
    });
  });

  test.each<[string, () => unknown]>([
    ['in the past', () => new Date(Date.now() - 1_000).toISOString()],
    ['beyond 90 days', () => new Date(Date.now() + 90 * day + 60_000).toISOString()],
    ['a day', () => '2027-01-01'],
    ['without a zone', () => '2027-01-01T00:00:00'],
    ['a number', () => 1],
    ['in the year 10000', () => '+010000-01-01T00:00:00Z'],
  ])('expiresAt %s', async (_name, expiresAt) => {
    const { id: account, party } = await openFamily(client, twoSign);
    const about = { amount: '1.00', currency: 'USD', initiatedBy: party.ann, expiresAt: expiresAt() };
    await leavingTheBooksAlone(service, async () => {
      const path = `/v1/accounts/${account}/withdrawals`;
      expectProblem(await sendRaw(service, { path, body: JSON.stringify(about) }), 'validation_failed', ['expiresAt']);
    });
  });

  test('expiresAt may be 90 days away, or in another zone, or nothing', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
    const far = new Date(Date.now() + 90 * day - 5_000).toISOString();
    const inZone = far.replace('Z', '+00:00');
    for (const expiresAt of [far, inZone]) {
      const order = await makeOrder(client, account, { amount: '1.00', initiatedBy: party.ann, expiresAt });
      expect(order.expiresAt).toBe(far);
    }
    await makeOrder(client, account, { amount: '1.00', initiatedBy: party.ann, expiresAt: null });
  });
});

test('refuses a signature for its first fault in the documented order', async () => {
  const { id: account, party } = await openFamily(client, allSign);
  const stranger = await client.createParty('Stranger');
  const payee = await client.openAccount();
  const about = { amount: '10.00', toAccountId: payee, initiatedBy: party.ann };
  const [waiting, finished] = [await makeOrder(client, account, about), await makeOrder(client, account, about)];
  expect((await cancel(client, finished)).status).toBe(200);
  expect((await sign(client, waiting, party.bob)).status).toBe(200);
  await client.post(`/v1/accounts/${payee}/close`);
  await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
  const wrong = 'f'.repeat(64);
  const no = { decision: 'reject' } as const;
  const stale = { 'If-Match': '"0"' };

  const steps: [Pick<PaymentOrderDocument, 'id' | 'instructionHash'>, string, Parameters<typeof sign>[3], ErrorCode][] =
    [
      [{ id: nobody, instructionHash: wrong }, nobody, { headers: stale }, 'payment_order_not_found'],
      [{ ...finished, instructionHash: wrong }, nobody, { headers: stale }, 'version_mismatch'],
      [{ ...finished, instructionHash: wrong }, nobody, no, 'party_not_found'],
      [{ ...finished, instructionHash: wrong }, stranger, no, 'not_a_holder'],
      [{ ...finished, instructionHash: wrong }, party.eve, no, 'right_missing'],
      [{ ...finished, instructionHash: wrong }, party.bob, no, 'payment_order_not_pending'],
      [{ ...waiting, instructionHash: wrong }, party.bob, no, 'instruction_mismatch'],
      [waiting, party.bob, no, 'already_decided'],
      [waiting, party.cai, {}, 'account_closed'],
    ];
  const before = [await readOrder(client, waiting), await readOrder(client, finished), await moneyOf(client, account)];
  for (const [order, who, options, code] of steps) {
    expect((await sign(client, order, who, options)).body.code).toBe(code);
  }
  await service.rows('accounts').where({ id: payee }).update({ status: 'active', closed_at: null });
  expect((await sign(client, waiting, party.cai)).body.code).toBe('account_restricted');
  expect([await readOrder(client, waiting), await readOrder(client, finished), await moneyOf(client, account)]).toEqual(
    before,
  );
});

test('refuses to cancel for the first fault in the documented order', async () => {
  const { id: account, party } = await openFamily(client, allSign);
  const stranger = await client.createParty('Stranger');
  const order = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
  const finished = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
  expect((await cancel(client, finished)).status).toBe(200);
  const steps: [{ id: string }, string, ErrorCode][] = [
    [{ id: nobody }, nobody, 'payment_order_not_found'],
    [finished, nobody, 'party_not_found'],
    [finished, stranger, 'not_a_holder'],
    [finished, party.dan, 'right_missing'],
    [finished, party.ann, 'payment_order_not_pending'],
    [order, party.dan, 'right_missing'],
  ];
  for (const [asked, by, code] of steps) expect((await cancel(client, asked, by)).body.code).toBe(code);
  expect(await readOrder(client, order)).toEqual(order);
});
