import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { entriesOf } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { type RawRequest, sendRaw } from '../support/raw-request.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

async function refusalOf(request: RawRequest): Promise<[string, string | undefined]> {
  const { body } = await sendRaw(service, request);
  return [body.code, body.errors?.[0].path];
}

test('checks a request in the documented order: each step with the faults of all later ones', async () => {
  const account = await service.client.openAccount({ balance: '1.00' });
  const key = `Bearer ${service.apiKey}`;
  const bad = { 'Idempotency-Key': 'a b', prefer: 'wait=x' };
  const json = { ...bad, 'content-type': 'application/json' };
  const latin1 = { ...bad, 'content-type': 'text/plain', 'content-encoding': 'gzip' };
  const encoded = { ...json, 'content-encoding': 'gzip' };
  const invalidUtf8 = Buffer.from([0x7b, 0xff]);
  const large = Buffer.alloc(70_000, 0xff);
  const lostPath = '/v1/parties/%zz?surprise=1';
  const deposits = (id: string) => `/v1/accounts/${id}/deposits?surprise=1`;
  const good = '{"amount":"1.00","currency":"USD"}';

  const steps: [RawRequest, string, string | undefined][] = [
    [{ path: lostPath, body: large, headers: { ...latin1, authorization: 'x' } }, 'unauthorized', undefined],
    [{ path: lostPath, body: large, headers: latin1 }, 'unsupported_media_type', undefined],
    [{ path: lostPath, body: large, headers: encoded }, 'unsupported_media_type', undefined],
    [{ path: lostPath, body: large, headers: json }, 'payload_too_large', undefined],
    [{ path: lostPath, body: invalidUtf8, headers: json }, 'malformed_json', undefined],
    [{ path: lostPath, body: '{"a":"\\u0000","a"}', headers: json }, 'malformed_json', undefined],
    [{ path: lostPath, body: '{"a":1,"a":1,"b":"\\u0000"}', headers: json }, 'validation_failed', 'b'],
    [{ path: lostPath, body: '{"a":1,"a":1}', headers: json }, 'validation_failed', 'a'],
    [{ path: lostPath, body: '{"a":1}', headers: json }, 'validation_failed', ''],
    [{ path: '/v1/nothing?surprise=1', body: '{"a":1}', headers: json }, 'route_not_found', undefined],
    [{ method: 'PATCH', path: deposits('x'), body: '{"a":1}', headers: json }, 'method_not_allowed', undefined],
    [{ path: deposits('x'), body: '{"a":1}', headers: json }, 'validation_failed', 'accountId'],
    [
      { path: deposits(nobody), body: '{"amount":"1.001","currency":"USD","a":1}', headers: json },
      'validation_failed',
      'a',
    ],
    [
      { path: deposits(nobody), body: '{"amount":"1.001","currency":"USD"}', headers: json },
      'validation_failed',
      'amount',
    ],
    [{ path: deposits(nobody), body: good, headers: json }, 'validation_failed', 'surprise'],
    [{ path: `/v1/accounts/${nobody}/deposits`, body: good, headers: json }, 'validation_failed', 'Idempotency-Key'],
    [
      { path: `/v1/accounts/${nobody}/deposits`, body: good, headers: { prefer: 'wait=x' } },
      'validation_failed',
      'Prefer',
    ],
    [
      { path: `/v1/accounts/${nobody}/close`, method: 'POST', headers: { prefer: 'wait=x', 'If-Match': 'x' } },
      'validation_failed',
      'Prefer',
    ],
    [
      { path: `/v1/accounts/${nobody}/close`, method: 'POST', headers: { 'If-Match': 'x' } },
      'validation_failed',
      'If-Match',
    ],
  ];
  expect((await sendRaw(service, { path: '/v1/parties', headers: { authorization: key } })).status).toBe(200);
  await leavingTheBooksAlone(service, async () => {
    for (const [request, code, field] of steps) expect(await refusalOf(request)).toEqual([code, field]);
  });
  expect(await service.client.balance(account)).toBe('1.00');
});

test("checks a request with a party's key in the documented order: each step with the faults of all later ones", async () => {
  const { client, database, ledgerId } = service;
  const { id: account, party } = await openJointAccount(client, { ann: {} });
  const foreign = await client.openAccount();
  const apiKey = createApiKey(ledgerId);
  const row = { ledger_id: ledgerId, id: uuidv7(), name: 'Bound', key_hash: hashApiKey(apiKey), party_id: party.ann };
  await database('api_keys').insert(row);
  const key = { authorization: `Bearer ${apiKey}` };
  const bad = { ...key, prefer: 'wait=x', 'If-Match': '"7"' };
  const tagged = { ...key, 'If-Match': '"7"' };
  const entries = (id: string, query: string) => `/v1/accounts/${id}/entries?${query}`;
  const pay = (to: string, initiatedBy: string) =>
    JSON.stringify({
      entries: [
        { accountId: to, amount: '1.00', currency: 'USD' },
        { accountId: to === account ? foreign : account, amount: '-1.00', currency: 'USD' },
      ],
      initiatedBy,
    });

  const steps: [RawRequest, string, string | undefined][] = [
    [{ path: '/v1/accounts/x/close?surprise=1', body: '{"a":1}', headers: bad }, 'key_not_allowed', undefined],
    [
      { path: '/v1/transactions?surprise=1', body: pay(account, nobody), headers: bad },
      'validation_failed',
      'surprise',
    ],
    [{ path: '/v1/transactions', body: pay(account, nobody), headers: bad }, 'validation_failed', 'Prefer'],
    [{ path: '/v1/transactions', body: pay(account, nobody), headers: tagged }, 'key_not_allowed', undefined],
    [{ path: '/v1/transactions', body: pay(account, party.ann), headers: tagged }, 'account_not_found', undefined],
    [{ path: '/v1/transactions', body: pay(foreign, party.ann), headers: tagged }, 'validation_failed', 'If-Match'],
    [{ path: '/v1/transactions', body: pay(foreign, party.ann), headers: key }, 'insufficient_funds', undefined],
    [{ path: entries('x', 'surprise=1&cursor=x'), headers: key }, 'validation_failed', 'accountId'],
    [{ path: entries(foreign, 'surprise=1&cursor=x'), headers: key }, 'validation_failed', 'surprise'],
    [{ path: entries(foreign, 'cursor=x'), headers: key }, 'account_not_found', undefined],
    [{ path: entries(account, 'cursor=x'), headers: key }, 'invalid_cursor', undefined],
  ];
  for (const [request, code, field] of steps) expect(await refusalOf(request)).toEqual([code, field]);
});

test('looks at the key before the books', async () => {
  const account = await service.client.openAccount({ balance: '1.00' });
  const path = `/v1/accounts/${account}/withdrawals`;
  const withdraw = (amount: string) =>
    sendRaw(service, {
      path,
      body: JSON.stringify({ amount, currency: 'USD' }),
      headers: { 'Idempotency-Key': account },
    });
  expect((await withdraw('5.00')).body.code).toBe('insufficient_funds');
  expect((await withdraw('6.00')).body.code).toBe('idempotency_key_reused');
  const again = await withdraw('5.00');
  expect([again.body.code, again.headers['idempotent-replayed']]).toEqual(['insufficient_funds', 'true']);
});

test('refuses a movement for its first fault in the documented order, on whichever account it is', async () => {
  const { client } = service;
  const full = await client.openAccount({ balance: '999999999999999999.99' });
  const [poor, rich] = [await client.openAccount(), await client.openAccount({ balance: '1.00' })];
  const yen = await client.openAccount({ currency: 'JPY' });
  const closed = await client.openAccount({ currency: 'JPY' });
  expect((await client.post(`/v1/accounts/${closed}/close`)).status).toBe(200);
  const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data;
  const clearingYen = clearing.find((account: { currency: string }) => account.currency === 'JPY').id;

  // Each pair of accounts has the fault named, and where they can all the later ones too.
  const steps: [string, string, string, string | null][] = [
    ['account_not_found', nobody, closed, nobody],
    ['account_not_found', closed, nobody, nobody],
    ['party_not_found', closed, clearingYen, nobody],
    ['clearing_account', closed, clearingYen, null],
    ['clearing_account', clearingYen, closed, null],
    ['account_closed', yen, closed, null],
    ['account_closed', closed, yen, null],
    ['currency_mismatch', poor, yen, null],
    ['currency_mismatch', yen, full, null],
    ['insufficient_funds', poor, full, null],
    ['balance_limit_exceeded', rich, full, null],
  ];
  const balances = () => Promise.all([full, poor, rich, yen, closed].map((id) => client.balance(id)));
  const before = await balances();
  for (const [code, fromAccountId, toAccountId, initiatedBy] of steps) {
    const body = { fromAccountId, toAccountId, initiatedBy, amount: '1.00', currency: 'USD' };
    const answer = await client.post('/v1/transfers', body);
    expect([code, answer.body.code]).toEqual([code, code]);
  }
  expect(await balances()).toEqual(before);
});

test('refuses an external id that is taken before all that a movement does', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const taken = { amount: '1.00', currency: 'USD', externalId: 'taken before' };
  expect((await client.post(`/v1/accounts/${account}/deposits`, taken)).status).toBe(201);
  const elsewhere = await client.post(`/v1/accounts/${nobody}/deposits`, taken);
  expect(elsewhere.body.code).toBe('external_id_taken');
  const changed = await client.post(`/v1/accounts/${account}/deposits`, taken, { 'If-Match': '"99"' });
  expect(changed.body.code).toBe('version_mismatch');
});

test('refuses a movement by a party for its first fault in the documented order, on whichever account it is', async () => {
  const { client, database, ledgerId } = service;
  const ann = await client.createParty('Ann');
  /** An account of Bob's, and of Ann's when she has terms there, that only both together may take money from. */
  const openShared = async (
    terms: object | null,
    { currency = 'USD', balance }: { currency?: string; balance?: string },
  ) => {
    const bob = await client.createParty('Bob');
    const holders = terms === null ? [{ partyId: bob }] : [{ partyId: bob }, { partyId: ann, ...terms }];
    const body = { name: 'Shared', currency, ownership: 'joint', holders, mandate: { rule: 'all' } };
    const opened = await client.post('/v1/accounts', body);
    expect(opened.status).toBe(201);
    if (balance !== undefined)
      await client.post(`/v1/accounts/${opened.body.id}/deposits`, { amount: balance, currency });
    return opened.body.id as string;
  };
  const close = async (account: string) => {
    expect((await client.post(`/v1/accounts/${account}/close`)).status).toBe(200);
    return account;
  };
  const restrict = async (account: string, scope: 'debits' | 'credits') => {
    const placed = { account_id: account, scope, reason: 'a court order', placed_at: new Date() };
    await database('restrictions').insert({ ledger_id: ledgerId, id: uuidv7(), ...placed });
    await database('accounts')
      .where({ ledger_id: ledgerId, id: account })
      .update({ [`${scope}_stopped`]: true });
    return account;
  };
  const noMore = { limits: { perMovement: '0' } };
  const noTransfers = { rights: ['view', 'deposit', 'withdraw', 'manage'], ...noMore };
  const largest = '999999999999999999.99';

  const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
  const bobsClosed = await close(await openShared(null, { currency: 'JPY' }));
  const viewedClosed = await close(await openShared(noTransfers, { currency: 'JPY' }));
  const closedYen = await close(await openShared(noMore, { currency: 'JPY' }));
  const yen = await restrict(await openShared(noMore, { currency: 'JPY' }), 'debits');
  const stopped = await restrict(await openShared(noMore, {}), 'debits');
  const limited = await openShared(noMore, {});
  const poor = await openShared({}, {});
  const rich = await openShared({}, { balance: '5.00' });
  const full = await openShared(null, { balance: largest });
  const fullStopped = await restrict(await openShared(null, { balance: largest }), 'credits');
  const closed = await close(await client.openAccount());
  const mandate = ({ zoe }: { zoe: string }) => ({ rule: 'named', signatories: [zoe] });
  const lost = await openJointAccount(client, { zoe: {}, bob: {} }, { balance: '5.00', mandate });
  const zoe = { ledger_id: ledgerId, account_id: lost.id, party_id: lost.party.zoe };
  await database('holders').where(zoe).update({ status: 'left' });
  const { bob } = lost.party;
  const shop = await client.openAccount();

  // Who pays and who is paid: with the fault named, and where they can with all later ones.
  const steps: { code: string; from: string; to: string; by?: string; explains?: string; transfers?: string }[] = [
    { code: 'account_not_found', from: clearing, to: nobody, by: nobody },
    { code: 'account_not_found', from: nobody, to: closed, by: nobody },
    { code: 'party_not_found', from: bobsClosed, to: clearing, by: nobody },
    { code: 'clearing_account', from: bobsClosed, to: clearing },
    { code: 'clearing_account', from: clearing, to: closed },
    { code: 'not_a_holder', from: bobsClosed, to: closed },
    { code: 'right_missing', from: viewedClosed, to: closed },
    { code: 'account_closed', from: closedYen, to: fullStopped, explains: closedYen },
    { code: 'account_closed', from: yen, to: closed },
    { code: 'currency_mismatch', from: yen, to: fullStopped, explains: yen },
    { code: 'account_restricted', from: stopped, to: full, explains: stopped },
    { code: 'account_restricted', from: limited, to: fullStopped },
    { code: 'limit_exceeded', from: limited, to: full, explains: limited },
    { code: 'insufficient_funds', from: poor, to: full, explains: poor },
    { code: 'balance_limit_exceeded', from: rich, to: full },
    { code: 'balance_limit_exceeded', from: lost.id, to: full, by: bob },
    { code: 'signatures_missing', from: rich, to: shop, explains: rich, transfers: 'waiting' },
    { code: 'mandate_unreachable', from: lost.id, to: shop, by: bob, explains: lost.id },
  ];
  const accounts = [yen, stopped, limited, poor, rich, full, fullStopped, lost.id, shop];
  const balances = () => Promise.all(accounts.map((id) => client.balance(id)));
  const before = await balances();
  for (const { code, from, to, by = ann, explains, transfers = code } of steps) {
    const entries = entriesOf({ [from]: '-1.00', [to]: '1.00' });
    for (const legs of [entries, entries.toReversed()]) {
      const { body } = await client.post('/v1/transactions', { entries: legs, initiatedBy: by });
      expect([code, body.code, body.explanation?.accountId]).toEqual([code, code, explains]);
    }
    const transfer = { fromAccountId: from, toAccountId: to, amount: '1.00', currency: 'USD', initiatedBy: by };
    const { body } = await client.post('/v1/transfers', transfer);
    expect([code, body.code ?? body.status]).toEqual([code, transfers]);
  }
  expect(await balances()).toEqual(before);
});

test('compares the tag before the operation decides, and after the key', async () => {
  const { client } = service;
  const account = await openJointAccount(client, { ann: {} });
  const path = `/v1/accounts/${account.id}/withdrawals`;
  const send = (tag: string, key: string) => {
    const body = { amount: '1.00', currency: 'USD', initiatedBy: nobody };
    return client.post(path, body, { 'If-Match': tag, 'Idempotency-Key': `${account.id}-${key}` });
  };
  expect((await send('"0"', 'a')).body.code).toBe('party_not_found');
  expect((await send('"1"', 'b')).body).toMatchObject({ status: 412, code: 'version_mismatch', version: 0 });
  expect((await send('"1"', 'a')).body.code).toBe('party_not_found');
  const missing = await client.post(
    `/v1/accounts/${nobody}/withdrawals`,
    { amount: '1.00', currency: 'USD' },
    { 'If-Match': '"1"' },
  );
  expect(missing.body.code).toBe('account_not_found');
});
