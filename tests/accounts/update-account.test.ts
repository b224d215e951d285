import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outcomeOf, readTag } from '../support/account-control.ts';
import { clientOf } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

const update = (account: string, fields: unknown, headers: Record<string, string> = {}) =>
  sendRaw(service, { method: 'PATCH', path: `/v1/accounts/${account}`, body: JSON.stringify(fields), headers });

const read = async (account: string) => (await service.client.get(`/v1/accounts/${account}`)).body;

const usd = (amount: string) => ({ amount, currency: 'USD' });

test('keeps metadata, apart from the row that every booking writes', async () => {
  const { client } = service;
  const metadata = { crm: { id: 7 }, shared: true };
  const opened = await client.post('/v1/accounts', { name: 'Flat', currency: 'USD', metadata });
  const path = `/v1/accounts/${opened.body.id}`;
  expect([opened.status, opened.body.metadata]).toEqual([201, metadata]);
  expect((await client.get(path)).body).toEqual(opened.body);
  expect((await client.patch(path, { name: 'The flat' })).body).toMatchObject({ name: 'The flat', metadata });
  expect((await client.patch(path, { metadata: { crm: 8 } })).body.metadata).toEqual({ crm: 8 });
  expect((await client.patch(path, { metadata: null })).body.metadata).toBeNull();
  const after = await client.get(path);
  expect([after.body.metadata, after.body.name, after.headers.etag]).toEqual([null, 'The flat', '"0-3"']);
  expect((await client.patch(path, { metadata: { x: 'x'.repeat(5_000) } })).body.code).toBe('validation_failed');
});

test('changes what is named, and leaves the rest', async () => {
  const account = await service.client.openAccount({ balance: '10.00' });
  const before = await read(account);
  const changes = [
    { name: 'Rent' },
    { overdraftLimit: '25' },
    { timeZone: 'Europe/Madrid' },
    { survivorship: 'estate' },
    { name: 'Food', overdraftLimit: '0', timeZone: 'UTC', survivorship: 'survivors' },
  ];
  let expected = before;
  for (const [index, change] of changes.entries()) {
    const answer = await update(account, change);
    const money =
      change.overdraftLimit === undefined
        ? {}
        : { overdraftLimit: `${change.overdraftLimit}.00`, available: index === 1 ? '35.00' : '10.00' };
    expected = { ...expected, ...change, ...money, revision: index + 1 };
    expect([answer.status, answer.headers.etag, answer.body]).toEqual([200, `"1-${index + 1}"`, expected]);
    expect(await read(account)).toEqual(expected);
  }
});

describe('the overdraft limit', () => {
  test('gives and takes what may be withdrawn', async () => {
    const { client } = service;
    const account = await client.openAccount({ balance: '10.00' });
    const withdraw = (amount: string) => client.post(`/v1/accounts/${account}/withdrawals`, usd(amount));
    expect(outcomeOf(await withdraw('15.00'))).toBe('422 insufficient_funds');
    expect((await update(account, { overdraftLimit: '5.00' })).body.available).toBe('15.00');
    expect(outcomeOf(await withdraw('15.00'))).toBe('201');
    expect(await read(account)).toMatchObject({ balance: '-5.00', available: '0.00', overdraftLimit: '5.00' });
  });

  test('never goes below what is used, by bookings or by what is held', async () => {
    const { client } = service;
    const account = await client.openAccount({ balance: '10.00', overdraftLimit: '50.00' });
    expect((await client.post(`/v1/accounts/${account}/withdrawals`, usd('15.00'))).status).toBe(201);
    expect((await client.post('/v1/holds', { accountId: account, ...usd('20.00') })).status).toBe(201);
    const before = await read(account);
    const refused = await update(account, { overdraftLimit: '24.99', name: 'Less' });
    expect(refused.body).toMatchObject({ status: 409, code: 'overdraft_in_use', used: '25.00' });
    expect(await read(account)).toEqual(before);
    expect((await update(account, { overdraftLimit: '25.00' })).body).toMatchObject({ available: '0.00' });
  });

  test('may go as low as it can once holds have run out, whether or not anybody has tidied them up', async () => {
    const { client } = service;
    const account = await client.openAccount({ balance: '10.00', overdraftLimit: '50.00' });
    const hold = await client.post('/v1/holds', { accountId: account, ...usd('60.00') });
    const past = { created_at: new Date(Date.now() - 10_000), expires_at: new Date(Date.now() - 5_000) };
    await service.rows('holds').where('id', hold.body.id).update(past);
    await service.rows('accounts').where('id', account).update({ next_expiry: past.expires_at });
    const lowered = await update(account, { overdraftLimit: '0' });
    expect([lowered.status, lowered.body.code]).toEqual([200, undefined]);
    expect(lowered.body).toMatchObject({ held: '0.00', available: '10.00', overdraftLimit: '0.00' });
    expect(await read(account)).toEqual(lowered.body);
    expect((await client.get(`/v1/holds/${hold.body.id}`)).body.status).toBe('expired');
  });

  test('is read in the currency of the account', async () => {
    const yen = await service.client.openAccount({ currency: 'JPY' });
    expect((await update(yen, { overdraftLimit: '500' })).body.overdraftLimit).toBe('500');
    expectProblem(await update(yen, { overdraftLimit: '500.5' }), 'validation_failed', ['overdraftLimit']);
    const dollars = await service.client.openAccount();
    expectProblem(await update(dollars, { overdraftLimit: '0.001' }), 'validation_failed', ['overdraftLimit']);
  });
});

test('takes no time zone that the database does not know', async () => {
  const { rows } = await service.database.raw('select name from pg_timezone_names');
  const known = new Set(rows.map(({ name }: { name: string }) => name));
  expect(Intl.supportedValuesOf('timeZone').filter((name) => !known.has(name))).toEqual([]);
  const account = await service.client.openAccount();
  for (const timeZone of ['America/New_York', 'Europe/Madrid', 'Pacific/Kiritimati', 'UTC']) {
    const answer = await update(account, { timeZone });
    expect([answer.status, answer.body.timeZone]).toEqual([200, timeZone]);
  }
});

test.each<[string, unknown, string[]]>([
  ['no body', undefined, ['']],
  ['nothing to change', {}, ['']],
  ['a list', [], ['']],
  ['an empty name', { name: '' }, ['name']],
  ['a name of 201 characters', { name: 'x'.repeat(201) }, ['name']],
  ['a name that is null', { name: null }, ['name']],
  ['a limit as a number', { overdraftLimit: 5 }, ['overdraftLimit']],
  ['a negative limit', { overdraftLimit: '-5' }, ['overdraftLimit']],
  ['a limit that is too large', { overdraftLimit: '1000000000000000000' }, ['overdraftLimit']],
  ['a limit with too many decimals', { overdraftLimit: '1.001' }, ['overdraftLimit']],
  ['an unknown time zone', { timeZone: 'Mars/Olympus' }, ['timeZone']],
  ['an offset', { timeZone: '+01:00' }, ['timeZone']],
  ['a time zone in other letters', { timeZone: 'europe/madrid' }, ['timeZone']],
  ['SQL as a time zone', { timeZone: "UTC'; drop table accounts; --" }, ['timeZone']],
  ['an unknown survivorship', { survivorship: 'eldest' }, ['survivorship']],
  ['what never changes', { currency: 'EUR', ownership: 'sole' }, ['currency', 'ownership', '']],
  [
    'what has its own addresses',
    { holders: [], mandate: null, status: 'closed' },
    ['holders', 'mandate', 'status', ''],
  ],
  ['what only bookings change', { balance: '5.00', name: '' }, ['name', 'balance']],
])('refuses %s', async (_name, body, paths) => {
  const account = await service.client.openAccount({ balance: '1.00' });
  const before = await read(account);
  await leavingTheBooksAlone(service, async () => {
    expectProblem(await update(account, body, { 'Idempotency-Key': `never-${account}` }), 'validation_failed', paths);
  });
  expect(await read(account)).toEqual(before);
});

test('refuses for the first fault in the documented order', async () => {
  const { client } = service;
  const closed = await client.openAccount();
  expect((await client.post(`/v1/accounts/${closed}/close`)).status).toBe(200);
  const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
  const rename = { name: 'Mine' };
  const steps = [
    [await update('x', { name: '' }), 'validation_failed'],
    [await update(nobody, rename, { 'If-Match': '"7"' }), 'account_not_found'],
    [await update(nobody, { overdraftLimit: '1.001' }), 'account_not_found'],
    [await update(closed, rename, { 'If-Match': '"7"' }), 'version_mismatch'],
    [await update(closed, rename), 'account_closed'],
    [await update(clearing.id, rename), 'clearing_account'],
    [await update(clearing.id, { overdraftLimit: '5' }), 'clearing_account'],
  ] as const;
  for (const [answer, code] of steps) expect([answer.body.code, code]).toEqual([code, code]);
});

test('is the service’s own act: a key that is bound to a party may not, whatever the party holds', async () => {
  const { client } = service;
  const ann = await client.createParty('Ann');
  const fields = { name: 'Joint', currency: 'USD', ownership: 'joint', holders: [{ partyId: ann }] };
  const { id } = (await client.post('/v1/accounts', fields)).body;
  const bound = await clientOf(service, ann);
  expect((await bound.get(`/v1/accounts/${id}`)).status).toBe(200);
  const authorization = bound.get('/').get('Authorization');
  for (const account of [id, nobody]) {
    const answer = await update(account, { overdraftLimit: '5' }, { authorization: `${authorization}` });
    expectProblem(answer, 'key_not_allowed');
  }
  expect(await readTag(client, id)).toMatchObject({ etag: '"0"' });
});

test('expects the tag of If-Match, and answers a used key with its first answer', async () => {
  const account = await service.client.openAccount({ balance: '10.00' });
  expect((await update(account, { name: 'A' }, { 'If-Match': '"0"' })).body.code).toBe('version_mismatch');
  const key = { 'Idempotency-Key': `rename-${account}`, 'If-Match': '"1"' };
  const first = await update(account, { name: 'A' }, key);
  expect((await update(account, { name: 'B' }, { 'If-Match': '"1-1"' })).headers.etag).toBe('"1-2"');
  const again = await update(account, { name: 'A' }, key);
  expect([again.status, again.headers['idempotent-replayed'], again.headers.etag]).toEqual([200, 'true', '"1-1"']);
  expect(again.body).toEqual(first.body);
  expect((await read(account)).name).toBe('B');
  expectProblem(await update(account, { name: 'C' }, key), 'idempotency_key_reused');
  expectProblem(await update(account, { name: 'C' }, { 'If-Match': 'W/"1-2"' }), 'validation_failed', ['If-Match']);
});
