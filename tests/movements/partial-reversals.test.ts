import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { verifyBooks } from '../../src/verify-books.ts';
import { untilLogged } from '../support/event-log.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService, withoutDeadlock } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** Pays 40.00 from an account with 100.00 to an empty one. */
async function pay(by = client) {
  const [from, to] = [await by.openAccount({ balance: '100.00' }), await by.openAccount()];
  const transfer = { fromAccountId: from, toAccountId: to, amount: '40.00', currency: 'USD' };
  return { from, to, id: (await by.post('/v1/transfers', transfer)).body.id as string };
}

const reverse = (id: string, amount?: string, headers = {}, query = '') =>
  client.post(`/v1/transactions/${id}/reversals${query}`, { reason: 'Returned', amount }, headers);
const read = async (id: string) => (await client.get(`/v1/transactions/${id}`)).body;

test('a transaction is taken back in parts, and says how much of it was', async () => {
  const { from, to, id } = await pay();
  const first = (await reverse(id, '10.00')).body;
  expect(first).toMatchObject({ amount: '10.00', origin: { type: 'reversal', id }, reversedAmount: '0.00' });
  expect(await read(id)).toMatchObject({ amount: '40.00', reversedBy: first.id, reversedAmount: '10.00' });

  const second = (await reverse(id, '5.50')).body;
  expect(await read(id)).toMatchObject({ reversedBy: second.id, reversedAmount: '15.50' });
  const listed = (await client.get('/v1/transactions?limit=3')).body.data;
  expect(listed[2]).toMatchObject({ id, reversedBy: second.id, reversedAmount: '15.50' });

  const last = await reverse(id);
  expect([last.status, last.body.amount]).toEqual([201, '24.50']);
  expect(last.body.entries).toMatchObject([
    { accountId: from, amount: '24.50', balanceAfter: '100.00' },
    { accountId: to, amount: '-24.50', balanceAfter: '0.00' },
  ]);
  expect(await read(id)).toMatchObject({ reversedBy: last.body.id, reversedAmount: '40.00' });
  for (const amount of [undefined, '0.01', '50.00']) {
    const refused = await reverse(id, amount);
    expect(refused.body).toMatchObject({ status: 409, code: 'already_reversed', reversalId: last.body.id });
  }
});

test('no more is taken back than is left', async () => {
  const { to, id } = await pay();
  await reverse(id, '30.00');
  const refused = await reverse(id, '10.01', { 'Idempotency-Key': id });
  expect(refused.body).toMatchObject({ status: 422, code: 'reversal_not_possible' });
  expect(refused.body).toMatchObject({ amount: '40.00', reversed: '30.00', left: '10.00' });
  const again = await reverse(id, '10.01', { 'Idempotency-Key': id });
  expect([again.body.left, again.headers['idempotent-replayed']]).toEqual(['10.00', 'true']);
  expect((await reverse(id, '40.01')).body).toMatchObject({ amount: '40.00', reversed: '30.00', left: '10.00' });
  expect((await reverse(id, '10.00')).status).toBe(201);
  expect(await client.balance(to)).toBe('0.00');
});

test('what can never be taken back is refused once and for all, as its key remembers', async () => {
  const { id } = await pay();
  const { body: reversal } = await reverse(id, '1.00');
  const headers = { 'Idempotency-Key': reversal.id };
  const refused = await reverse(reversal.id, undefined, headers);
  expect(refused.body).toMatchObject({ status: 422, code: 'reversal_not_possible' });
  const again = await reverse(reversal.id, undefined, headers);
  expect([again.body.detail, again.headers['idempotent-replayed']]).toEqual([refused.body.detail, 'true']);
});

test('what went against the clearing account comes back in parts too', async () => {
  const account = await client.openAccount({ balance: '9.00' });
  const { id } = (await client.post(`/v1/accounts/${account}/withdrawals`, { amount: '4.00', currency: 'USD' })).body;
  expect((await reverse(id, '1.00')).body.entries.map(amountOf)).toEqual(['1.00', '-1.00']);
  expect((await reverse(id)).body.entries.map(amountOf)).toEqual(['3.00', '-3.00']);
  expect(await client.balance(account)).toBe('9.00');
});

test('a replayed answer stays as it was stored, and a dry run speaks of what is left', async () => {
  const { id } = await pay();
  const headers = { 'Idempotency-Key': id };
  const first = await reverse(id, undefined, headers, '?dryRun=true');
  expect([first.status, first.body.amount]).toEqual([200, '40.00']);
  const booked = await reverse(id, '15.00', headers);
  expect((await reverse(id, undefined, {}, '?dryRun=true')).body.amount).toBe('25.00');
  await reverse(id, '25.00');
  expect((await reverse(id, '15.00', headers)).body).toEqual(booked.body);
  expect((await reverse(id, undefined, {}, '?dryRun=true')).body.code).toBe('already_reversed');
});

test('what has several legs is taken back as a whole, once', async () => {
  const [a, b, c] = await Promise.all([{ balance: '9.00' }, {}, {}].map((options) => client.openAccount(options)));
  const [x, y] = [
    await client.openAccount({ currency: 'EUR', balance: '5.00' }),
    await client.openAccount({ currency: 'EUR' }),
  ];
  const leg = (accountId: string, amount: string, currency = 'USD') => ({ accountId, amount, currency });
  for (const { entries, reversedAmount } of [
    { entries: [leg(a!, '-9.00'), leg(b!, '4.00'), leg(c!, '5.00')], reversedAmount: ['0.00', '9.00'] },
    {
      entries: [leg(a!, '-9.00'), leg(b!, '9.00'), leg(x, '-5.00', 'EUR'), leg(y, '5.00', 'EUR')],
      reversedAmount: [null, null],
    },
  ]) {
    const { id } = (await client.post('/v1/transactions', { entries })).body;
    expect(await read(id)).toMatchObject({ reversedBy: null, reversedAmount: reversedAmount[0] });
    expect((await reverse(id, '1.00')).body.code).toBe('reversal_not_possible');
    const whole = await reverse(id);
    expect([whole.status, (await reverse(id)).body.code]).toEqual([201, 'already_reversed']);
    expect(await read(id)).toMatchObject({ reversedBy: whole.body.id, reversedAmount: reversedAmount[1] });
  }
});

test('an event of the booking stays without what was taken back since', async () => {
  const { to, id } = await pay();
  await reverse(id, '1.00');
  const booked = async () => (await client.get(`/v1/events?accountId=${to}&types=transaction.booked`)).body.data;
  await untilLogged(service);
  const data = await booked();
  const told = data.map((event: { data: { reversedBy: null; reversedAmount: string } }) => event.data);
  expect(told).toMatchObject([
    { id, reversedBy: null, reversedAmount: '0.00' },
    { amount: '1.00', reversedBy: null, reversedAmount: '0.00' },
  ]);
});

test('twenty parts asked for together at two services make the whole and nothing beyond it', async () => {
  await withoutDeadlock(async (first, second) => {
    for (const _round of roundsOf(10)) {
      const { from, to, id } = await pay(first);
      const answers = await startTogether(20, (caller) => {
        // 3.00 goes into 40.00 thirteen times, and then 1.00 is left.
        const body = { reason: 'Returned', amount: '3.00' };
        return [first, second][caller % 2]!.post(`/v1/transactions/${id}/reversals`, body);
      });
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(13).fill(201), ...Array(7).fill(422)]);
      const refused = answers.filter(({ status }) => status === 422).map(({ body }) => [body.reversed, body.left]);
      expect(refused).toEqual(Array(7).fill(['39.00', '1.00']));

      const rest = await startTogether(6, (caller) =>
        [first, second][caller % 2]!.post(`/v1/transactions/${id}/reversals`, { reason: 'The rest' }),
      );
      expect(rest.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
      const winner = rest.find(({ status }) => status === 201)!.body;
      const { reversedBy, reversedAmount } = (await second.get(`/v1/transactions/${id}`)).body;
      expect([winner.amount, reversedBy, reversedAmount]).toEqual(['1.00', winner.id, '40.00']);
      expect([await first.balance(from), await first.balance(to)]).toEqual(['100.00', '0.00']);
    }
  });
});

test('parts of all sizes, whatever order they come in, add up to what the transaction says', async () => {
  await withoutDeadlock(async (first, second) => {
    const { from, to, id } = await pay(first);
    const answers = await startTogether(24, (caller) =>
      [first, second][caller % 2]!.post(`/v1/transactions/${id}/reversals`, {
        reason: 'x',
        amount: `${1 + caller}.00`,
      }),
    );
    const booked = answers.filter(({ status }) => status === 201).map(({ body }) => body);
    const total = booked.reduce((sum, { amount }) => sum + BigInt(amount.replace('.', '')), 0n);
    await first.post(`/v1/transactions/${id}/reversals`, { reason: 'The rest' });
    const { reversedAmount } = (await first.get(`/v1/transactions/${id}`)).body;
    expect(total).toBeLessThanOrEqual(4000n);
    expect(reversedAmount).toBe('40.00');
    expect([await first.balance(from), await first.balance(to)]).toEqual(['100.00', '0.00']);
  });
});

test('the check of the books finds reversals of too much, in another currency, and two of several', async () => {
  const { id } = await pay();
  const row = { ledger_id: service.ledgerId, booked_at: new Date(), value_date: '2026-11-21', type: 'reversal' };
  const whole = uuidv7();
  const add = (origin_id: string, amount: string | null, currency: string | null) => ({
    ...row,
    id: uuidv7(),
    origin: 'reversal',
    origin_id,
    amount,
    currency,
  });
  const wrong = [add(id, '40.0000', 'USD'), add(id, '0.0100', 'USD'), add(whole, null, null), add(whole, null, null)];
  const other = await pay();
  wrong.push(add(other.id, '1.0000', 'EUR'));
  await service.database('transactions').insert([{ ...row, id: whole, type: 'multi_leg' }, ...wrong]);
  const findings = await verifyBooks(service.database);
  const about = (rule: RegExp) => findings.filter((finding) => rule.test(finding.rule)).map(({ subject }) => subject);
  expect(about(/reversals of a transaction take back no more/).sort()).toEqual([id, whole].sort());
  expect(about(/takes back a transaction that is none itself/)).toEqual([wrong[4]!.id]);
  // Nothing else can take them away: the journal is only ever inserted.
  await service.database.transaction(async (repair) => {
    await repair.raw('set local session_replication_role = replica');
    await repair('transactions')
      .whereIn('id', [whole, ...wrong.map((each) => each.id)])
      .delete();
  });
});

function amountOf({ amount }: { amount: string }): string {
  return amount;
}
