import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
