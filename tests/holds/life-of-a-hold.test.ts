import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byService } from '../support/authentication.ts';
import { installLeapingClock, type LeapingClock } from '../support/database-clock.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const dayMs = 86_400_000;
let service: TestService;
let client: TestClient;
let clock: LeapingClock;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
  clock = await installLeapingClock(service.database);
});

afterAll(() => service.stop());

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

async function hold(accountId: string, amount: string, more: object = {}): Promise<string> {
  const answer = await client.post('/v1/holds', { accountId, amount, currency: 'USD', ...more });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

const capture = (id: string, body?: object) => client.post(`/v1/holds/${id}/capture`, body);

/** Booked, held and available, as both addresses that tell of them agree. */
async function balances(account: string) {
  const { balance, held, available } = (await client.get(`/v1/accounts/${account}`)).body;
  const { body } = await client.get(`/v1/accounts/${account}/balances`);
  expect([body.booked, body.held, body.available]).toEqual([balance, held, available]);
  return [balance, held, available];
}

describe('making a hold', () => {
  test('reserves the money at once and says so in every answer', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const told = { description: 'Hotel', reference: 'R-1', metadata: { room: 7 } };
    const answer = await client.post('/v1/holds', { accountId: account, amount: '60', currency: 'USD', ...told });
    expect([answer.status, answer.headers.etag]).toEqual([201, '"1-1"']);
    expect(answer.body).toEqual({
      id: uuid,
      kind: 'hold',
      accountId: account,
      toAccountId: null,
      status: 'active',
      amount: '60.00',
      currency: 'USD',
      remaining: '60.00',
      captured: '0.00',
      initiatedBy: null,
      authentication: byService,
      ...told,
      createdAt: instant,
      expiresAt: new Date(Date.parse(answer.body.createdAt) + 7 * dayMs).toISOString(),
      finishedAt: null,
    });
    expect(answer.headers.location).toBe(`/v1/holds/${answer.body.id}`);
    expect((await client.get(answer.headers.location!)).body).toEqual(answer.body);
    expect(await balances(account)).toEqual(['100.00', '60.00', '40.00']);
    expect((await client.get(`/v1/accounts/${account}`)).headers.etag).toBe('"1-1"');

    const refused = await client.post(`/v1/accounts/${account}/withdrawals`, { amount: '40.01', currency: 'USD' });
    expect([refused.status, refused.body.code, refused.body.available]).toEqual([422, 'insufficient_funds', '40.00']);
    expect(refused.body.explanation).toEqual({
      rule: 'insufficient_funds',
      accountId: account,
      currency: 'USD',
      booked: '100.00',
      held: '60.00',
      overdraftLimit: '0.00',
      available: '40.00',
      heldBy: [{ id: answer.body.id, kind: 'hold', amount: '60.00', expiresAt: answer.body.expiresAt }],
    });
    expect((await client.post(`/v1/accounts/${account}/close`)).body.code).toBe('balance_not_zero');
    expect(
      (await client.post('/v1/holds', { accountId: account, amount: '40.01', currency: 'USD' })).body,
    ).toMatchObject({ code: 'insufficient_funds', explanation: { heldBy: [{ id: answer.body.id }] } });
  });

  test('may reserve what is left of an overdraft', async () => {
    const account = await client.openAccount({ balance: '10.00', overdraftLimit: '20.00' });
    await hold(account, '30.00');
    expect(await balances(account)).toEqual(['10.00', '30.00', '0.00']);
  });

  test('answers the same again for the same idempotency key', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const send = (amount: string) =>
      client.post('/v1/holds', { accountId: account, amount, currency: 'USD' }, { 'Idempotency-Key': account });
    const [first, second] = [await send('10.00'), await send('10.00')];
    expect([second.status, second.body, second.headers.etag]).toEqual([201, first.body, first.headers.etag]);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect((await send('11.00')).body.code).toBe('idempotency_key_reused');
    expect(await balances(account)).toEqual(['100.00', '10.00', '90.00']);
  });

  test('says in a dry run what would be, and reserves nothing', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const other = await hold(account, '10.00');
    const body = { accountId: account, amount: '60.00', currency: 'USD' };
    const answer = await client.post('/v1/holds?dryRun=true', body);
    expect([answer.status, answer.headers.location]).toEqual([200, undefined]);
    expect(answer.body).toMatchObject({ id: null, status: 'dry_run', remaining: '60.00' });
    expect(answer.body.explanation).toMatchObject({ rule: 'reserved', available: '90.00', heldBy: [{ id: other }] });
    expect(await balances(account)).toEqual(['100.00', '10.00', '90.00']);
    expect((await client.get(`/v1/accounts/${account}/holds`)).body.data).toHaveLength(1);
  });

  test('keeps to the version of the account that the caller has read', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const send = (tag: string) =>
      client.post('/v1/holds', { accountId: account, amount: '10.00', currency: 'USD' }, { 'If-Match': tag });
    expect((await send('"1"')).headers.etag).toBe('"1-1"');
    expect((await send('"1"')).body.code).toBe('version_mismatch');
    expect((await send('"1-1"')).headers.etag).toBe('"1-2"');
  });

  test('is refused for its first fault in the order of a withdrawal or a transfer', async () => {
    const [rich, poor] = [await client.openAccount({ balance: '1.00' }), await client.openAccount()];
    const yen = await client.openAccount({ currency: 'JPY' });
    const closed = await client.openAccount({ currency: 'JPY' });
    expect((await client.post(`/v1/accounts/${closed}/close`)).status).toBe(200);
    const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
    const steps: [string, string, string | null, string | null][] = [
      ['account_not_found', nobody, null, nobody],
      ['account_not_found', closed, nobody, nobody],
      ['party_not_found', clearing, closed, nobody],
      ['clearing_account', clearing, closed, null],
      ['clearing_account', closed, clearing, null],
      ['account_closed', yen, closed, null],
      ['account_closed', closed, null, null],
      ['currency_mismatch', yen, null, null],
      ['currency_mismatch', rich, yen, null],
      ['insufficient_funds', poor, rich, null],
    ];
    for (const [code, accountId, toAccountId, initiatedBy] of steps) {
      const body = { accountId, toAccountId, initiatedBy, amount: '1.00', currency: 'USD' };
      expect([code, (await client.post('/v1/holds', body)).body.code]).toEqual([code, code]);
    }
    expect((await client.get(`/v1/accounts/${rich}/holds`)).body).toEqual({ data: [], nextCursor: null });
  });
});

describe('capturing a hold', () => {
  test('books what was reserved, and the money leaves the ledger', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const initiatedBy = await client.createParty('Ann');
    const told = { initiatedBy, description: 'Hotel', reference: 'R-1', metadata: { room: 7 } };
    const id = await hold(account, '60.00', told);
    const answer = await capture(id);
    expect([answer.status, answer.headers.etag]).toEqual([201, '"2-2"']);
    const { hold: after, transaction } = answer.body;
    expect(after).toMatchObject({ id, status: 'captured', amount: '60.00', remaining: '0.00', captured: '60.00' });
    expect(after.finishedAt).toEqual(instant);
    expect(transaction).toEqual({
      id: uuid,
      externalId: null,
      kind: 'transaction',
      type: 'capture',
      status: 'booked',
      amount: '60.00',
      currency: 'USD',
      bookedAt: instant,
      valueDate: transaction.bookedAt.slice(0, 10),
      ...told,
      authentication: byService,
      signedBy: [initiatedBy],
      origin: { type: 'hold', id },
      reversedBy: null,
      reversedAmount: '0.00',
      entries: [
        { accountId: account, amount: '-60.00', balanceAfter: '40.00', version: 2 },
        { accountId: expect.any(String), amount: '60.00' },
      ],
    });
    expect(answer.headers.location).toBe(`/v1/transactions/${transaction.id}`);
    expect((await client.get(answer.headers.location!)).body).toEqual(transaction);
    expect((await client.get(`/v1/holds/${id}`)).body).toEqual(after);
    expect(await balances(account)).toEqual(['40.00', '0.00', '40.00']);
  });

  test('pays the account that the hold names, in parts, until nothing is left', async () => {
    const [from, to] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
    const id = await hold(from, '60.00', { toAccountId: to });
    const first = await capture(id, { amount: '25.00', currency: 'USD' });
    expect(first.body.hold).toMatchObject({
      status: 'active',
      remaining: '35.00',
      captured: '25.00',
      finishedAt: null,
    });
    expect(first.body.transaction.entries).toEqual([
      { accountId: from, amount: '-25.00', balanceAfter: '75.00', version: 2 },
      { accountId: to, amount: '25.00', balanceAfter: '25.00', version: 1 },
    ]);
    expect(await balances(from)).toEqual(['75.00', '35.00', '40.00']);

    const tooMuch = await capture(id, { amount: '35.01' });
    expect([tooMuch.status, tooMuch.body.code, tooMuch.body.remaining]).toEqual([409, 'hold_amount_exceeded', '35.00']);
    expect((await capture(id, { amount: '35.00' })).body.hold).toMatchObject({ status: 'captured', captured: '60.00' });
    expect([await balances(from), await client.balance(to)]).toEqual([['40.00', '0.00', '40.00'], '60.00']);
    const again = await capture(id, { amount: '0.01' });
    expect(again.body).toMatchObject({ code: 'hold_not_active', status: 409, state: 'captured' });
  });

  test('lets go of the rest when it is final', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const id = await hold(account, '60.00');
    const answer = await capture(id, { amount: '10.00', final: true });
    expect(answer.body.hold).toMatchObject({ status: 'captured', remaining: '0.00', captured: '10.00' });
    expect(await balances(account)).toEqual(['90.00', '0.00', '90.00']);
  });

  test('takes what was reserved even where nothing else is available', async () => {
    const account = await client.openAccount({ balance: '10.00', overdraftLimit: '20.00' });
    const id = await hold(account, '30.00');
    expect((await capture(id)).status).toBe(201);
    expect(await balances(account)).toEqual(['-20.00', '0.00', '0.00']);
  });

  test('is stopped by a restriction and by a closed payee, and the hold stays as it is', async () => {
    const [from, to] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
    const id = await hold(from, '60.00', { toAccountId: to });
    const before = (await client.get(`/v1/holds/${id}`)).body;
    await service.database('accounts').where('id', from).update({ debits_stopped: true });
    const restricted = await capture(id);
    expect([restricted.status, restricted.body.code]).toEqual([422, 'account_restricted']);
    expect(restricted.body.explanation).toMatchObject({ held: '60.00', available: '40.00', heldBy: [{ id }] });
    await service.database('accounts').where('id', from).update({ debits_stopped: false });
    expect((await client.post(`/v1/accounts/${to}/close`)).status).toBe(200);
    expect((await capture(id)).body.code).toBe('account_closed');
    expect((await client.get(`/v1/holds/${id}`)).body).toEqual(before);
    expect(await balances(from)).toEqual(['100.00', '60.00', '40.00']);
    expect((await client.post(`/v1/holds/${id}/void`)).status).toBe(200);
  });

  test('refuses another currency than that of the hold', async () => {
    const id = await hold(await client.openAccount({ balance: '100.00' }), '60.00');
    expect((await capture(id, { amount: '1', currency: 'JPY' })).body.code).toBe('currency_mismatch');
  });

  test('says in a dry run what would be booked, and books nothing', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const id = await hold(account, '60.00');
    const answer = await client.post(`/v1/holds/${id}/capture?dryRun=true`, { amount: '10.00' });
    expect([answer.status, answer.headers.location]).toEqual([200, undefined]);
    expect(answer.body.transaction).toMatchObject({ id: null, status: 'dry_run', amount: '10.00' });
    expect(answer.body.hold).toMatchObject({ id, remaining: '50.00' });
    expect(await balances(account)).toEqual(['100.00', '60.00', '40.00']);
  });

  test('answers the same again for the same idempotency key', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const id = await hold(account, '60.00');
    const send = () => client.post(`/v1/holds/${id}/capture`, { amount: '30.00' }, { 'Idempotency-Key': id });
    const [first, second] = [await send(), await send()];
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(await balances(account)).toEqual(['70.00', '30.00', '40.00']);
  });
});

describe('ending a hold', () => {
  test('void lets go of all that is left', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const id = await hold(account, '60.00');
    expect((await capture(id, { amount: '10.00' })).status).toBe(201);
    const answer = await client.post(`/v1/holds/${id}/void`);
    expect([answer.status, answer.headers.etag]).toEqual([200, '"2-3"']);
    expect(answer.body).toMatchObject({ status: 'voided', remaining: '0.00', captured: '10.00', finishedAt: instant });
    expect(await balances(account)).toEqual(['90.00', '0.00', '90.00']);
    for (const action of ['capture', 'void']) {
      const again = await client.post(`/v1/holds/${id}/${action}`, {});
      expect([again.status, again.body.code]).toEqual([409, 'hold_not_active']);
    }
    expect((await client.post(`/v1/holds/${id}/extend`, { expiresAt: inMs(dayMs) })).body.code).toBe('hold_not_active');
  });

  test('extend keeps it for longer, never for less', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const [id, other] = [await hold(account, '10.00', { expiresAt: inMs(dayMs) }), await hold(account, '10.00')];
    const expiresAt = inMs(30 * dayMs);
    const answer = await client.post(`/v1/holds/${id}/extend`, { expiresAt });
    expect([answer.status, answer.body.expiresAt, answer.body.remaining]).toEqual([200, expiresAt, '10.00']);
    const [row] = await service.database('accounts').where('id', account).select('next_expiry');
    expect(row.next_expiry.toISOString()).toBe((await client.get(`/v1/holds/${other}`)).body.expiresAt);
    const earlier = await client.post(`/v1/holds/${id}/extend`, { expiresAt: inMs(20 * dayMs) });
    expect([earlier.status, earlier.body.errors[0].path]).toEqual([400, 'expiresAt']);
    expect((await client.get(`/v1/holds/${id}`)).body.expiresAt).toBe(expiresAt);
  });

  test('passes by itself when its time is over, without anybody sweeping', async () => {
    const [account, other] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
    const id = await hold(account, '60.00', { expiresAt: clock.soon(), toAccountId: other });
    expect(await balances(account)).toEqual(['100.00', '60.00', '40.00']);
    const { expiresAt } = (await client.get(`/v1/holds/${id}`)).body;
    await clock.leapPast(expiresAt);

    expect(await balances(account)).toEqual(['100.00', '0.00', '100.00']);
    const over = { id, status: 'expired', remaining: '0.00', captured: '0.00', finishedAt: expiresAt };
    expect((await client.get(`/v1/holds/${id}`)).body).toMatchObject(over);
    expect((await client.get(`/v1/accounts/${account}/holds?status=expired`)).body.data).toMatchObject([over]);
    expect((await client.get(`/v1/accounts/${account}/holds?status=active`)).body.data).toEqual([]);
    for (const dryRun of ['?dryRun=true', '']) {
      const late = await capture(`${id}`, {}).query(dryRun.slice(1));
      expect([late.status, late.body.code]).toEqual([409, 'hold_not_active']);
      expect(late.body.detail).toContain('is expired');
    }
    const all = await client.post(`/v1/accounts/${account}/withdrawals`, { amount: '100.00', currency: 'USD' });
    expect(all.status).toBe(201);
    expect((await client.get(`/v1/holds/${id}`)).body).toMatchObject(over);
    expect(await service.database('holds').where('id', id).pluck('status')).toEqual(['expired']);
  });

  test('whoever comes first after its time has all of the money', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const expiresAt = clock.soon();
    const id = await hold(account, '60.00', { expiresAt });
    const longer = await hold(account, '5.00');
    await clock.leapPast(expiresAt);
    expect((await hold(account, '95.00')).length).toBe(36);
    expect((await client.get(`/v1/holds/${id}`)).body.status).toBe('expired');
    expect((await client.get(`/v1/holds/${longer}`)).body.status).toBe('active');
    expect(await balances(account)).toEqual(['100.00', '100.00', '0.00']);
  });
});

test('lists the holds of an account newest first or oldest first, by status', async () => {
  const account = await client.openAccount({ balance: '100.00' });
  const ids: string[] = [];
  for (let number = 0; number < 5; number++) ids.push(await hold(account, '1.00'));
  expect((await client.post(`/v1/holds/${ids[1]}/void`)).status).toBe(200);
  const list = async (query: string) =>
    (await walkPages(client, `/v1/accounts/${account}/holds${query}`)).map((item) => item.id);
  expect(await list('')).toEqual(ids.toReversed());
  expect(await list('?order=asc')).toEqual(ids);
  expect(await list('?status=active&order=asc')).toEqual(ids.filter((id) => id !== ids[1]));
  expect(await list('?status=voided')).toEqual([ids[1]]);
  const page = await client.get(`/v1/accounts/${account}/holds?limit=1`);
  const elsewhere = await client.get(`/v1/accounts/${account}/holds?status=active&cursor=${page.body.nextCursor}`);
  expect(elsewhere.body.code).toBe('invalid_cursor');
  expect((await client.get(`/v1/accounts/${nobody}/holds`)).body.code).toBe('account_not_found');
  expect((await client.get(`/v1/holds/${nobody}`)).body.code).toBe('hold_not_found');
  for (const action of ['capture', 'void']) {
    expect((await client.post(`/v1/holds/${nobody}/${action}`)).body.code).toBe('hold_not_found');
  }
});
