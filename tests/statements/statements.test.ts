import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { clearingAccountId } from '../../src/ledger/clearing-account.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  clock = await installDatabaseClock(service.database);
});

afterAll(async () => {
  await clock.reset();
  await service.stop();
});

const issue = (accountId: string, through: string, headers = {}) =>
  client.post(`/v1/accounts/${accountId}/statements`, { through }, headers);

const read = (accountId: string, number: number | string, by = client) =>
  by.get(`/v1/accounts/${accountId}/statements/${number}`);

/** Moves money at an instant, as this body says. */
async function move(at: string, accountId: string, type: 'deposits' | 'withdrawals', amount: string, more = {}) {
  await clock.setTo(at);
  const answer = await client.post(`/v1/accounts/${accountId}/${type}`, { amount, currency: 'USD', ...more });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
}

/** An account in Madrid, which is two hours ahead of UTC in summer and one in winter, opened in September. */
async function openInMadrid() {
  await clock.setTo('2025-09-15T10:00:00Z');
  return openJointAccount(client, { ann: {}, ben: {} }, { timeZone: 'Europe/Madrid', externalId: null });
}

test('cuts the books of an account at the ends of days in its time zone, one statement after another', async () => {
  const { id, party } = await openInMadrid();
  await move('2025-09-20T10:00:00Z', id, 'deposits', '100.00', { initiatedBy: party.ann });
  await move('2025-09-30T21:59:50Z', id, 'withdrawals', '30.00', { initiatedBy: party.ben, description: 'rent' });
  // The first of October in Madrid.
  await move('2025-09-30T22:00:00Z', id, 'deposits', '5.00');
  await move('2025-10-26T22:59:00Z', id, 'withdrawals', '1.00', { initiatedBy: party.ben });
  // After the clocks have gone back.
  await move('2025-10-31T23:00:00Z', id, 'deposits', '7.00');

  const first = await issue(id, '2025-09-30');
  expect(first.status).toBe(201);
  expect(first.headers.location).toBe(`/v1/accounts/${id}/statements/1`);
  const nothing = { count: 0, sum: '0.00' };
  expect(first.body).toEqual({
    ...{ id: expect.any(String), number: 1, accountId: id, currency: 'USD', timeZone: 'Europe/Madrid' },
    ...{ periodFrom: expect.stringMatching(/^2025-09-15T10:00/), periodTo: '2025-09-30T22:00:00.000Z' },
    ...{ fromVersion: 1, toVersion: 2, opening: '0.00', closing: '70.00' },
    ...{ credits: { count: 1, sum: '100.00' }, debits: { count: 1, sum: '30.00' } },
    by: [
      { partyId: party.ann, credits: { count: 1, sum: '100.00' }, debits: nothing },
      { partyId: party.ben, credits: nothing, debits: { count: 1, sum: '30.00' } },
    ].sort((a, b) => (a.partyId < b.partyId ? -1 : 1)),
    others: { credits: nothing, debits: nothing },
    issuedAt: expect.stringMatching(/^2025-10-31T23:0/),
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });

  const second = await issue(id, '2025-10-31');
  expect(second.body).toMatchObject({
    ...{ number: 2, periodFrom: '2025-09-30T22:00:00.000Z', periodTo: '2025-10-31T23:00:00.000Z' },
    ...{ fromVersion: 3, toVersion: 4, opening: '70.00', closing: '74.00' },
    by: [
      { partyId: null, credits: { count: 1, sum: '5.00' } },
      { partyId: party.ben, debits: { count: 1, sum: '1.00' } },
    ],
  });

  const whole = await read(id, 2);
  expect(whole.body.statement).toEqual(second.body);
  expect(whole.body.account).toEqual({ name: 'Joint', externalId: null });
  expect(whole.body.holders).toEqual(
    [
      { id: party.ann, name: 'ann' },
      { id: party.ben, name: 'ben' },
    ].sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  expect(whole.body.lines).toMatchObject([
    { version: 3, amount: '5.00', balanceAfter: '75.00', initiatedBy: null, description: null },
    { version: 4, amount: '-1.00', balanceAfter: '74.00', initiatedBy: { id: party.ben, name: 'ben' } },
  ]);
  expect(whole.headers.etag).toBe(`W/"${second.body.hash}"`);
  expect(whole.headers['content-disposition']).toBe(`attachment; filename="statement-${id}-2.json"`);

  const listed = await client.get(`/v1/accounts/${id}/statements`);
  expect(listed.body).toEqual({ data: [second.body, first.body], nextCursor: null });
});

/** RFC 8785, written down once more: fields in the order of their names, no spaces. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(Reflect.get(value, name))}`).join(',')}}`;
}

test('says by a hash that anybody can make what was issued', async () => {
  const { id } = await openInMadrid();
  await move('2025-11-03T10:00:00Z', id, 'deposits', '12.34');
  const { hash, ...head } = (await issue(id, '2025-10-31')).body;
  expect(createHash('sha256').update(canonical(head)).digest('hex')).toBe(hash);
  expect((await read(id, 1)).body.statement.hash).toBe(hash);
});

test('has nothing between two versions where nothing was booked', async () => {
  const { id } = await openInMadrid();
  await move('2025-12-05T10:00:00Z', id, 'deposits', '1.00');
  expect((await issue(id, '2025-10-31')).body).toMatchObject({ fromVersion: 1, toVersion: 0, closing: '0.00' });
  expect((await issue(id, '2025-11-30')).body).toMatchObject({ number: 2, fromVersion: 1, toVersion: 0 });
  expect((await read(id, 2)).body.lines).toEqual([]);
  expect((await issue(id, '2025-12-04')).body).toMatchObject({ number: 3, fromVersion: 1, toVersion: 0, by: [] });
});

test('refuses what can not be issued, and answers a repeated request with what was', async () => {
  const { id } = await openInMadrid();
  await clock.setTo('2025-10-31T22:59:59.900Z');
  const key = { 'Idempotency-Key': `october-${id}` };
  const early = await issue(id, '2025-10-31', key);
  expect([early.status, early.body.code, early.body.periodTo]).toEqual([
    ...[409, 'period_not_over', '2025-10-31T23:00:00.000Z'],
  ]);
  // Too early uses no key up: the same call is the right one later.
  await clock.setTo('2025-10-31T23:00:00.000Z');
  const made = await issue(id, '2025-10-31', key);
  const again = await issue(id, '2025-10-31', key);
  expect([made.status, again.status, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true']);
  expect(again.body).toEqual(made.body);
  for (const day of ['2025-10-31', '2025-10-30', '2025-09-01']) {
    const covered = await issue(id, day);
    expect([covered.status, covered.body.code, covered.body.number]).toEqual([409, 'statement_covered', 1]);
  }
  const other = await openInMadrid();
  const before = await issue(other.id, '2025-09-14');
  expect([before.status, before.body.code, before.body.errors[0].path]).toEqual([400, 'validation_failed', 'through']);
  const clearing = clearingAccountId(service.ledgerId, 'USD');
  expect((await issue(clearing, '2025-09-16')).body.code).toBe('clearing_account');
  expect((await issue(service.ledgerId, '2025-09-16')).body.code).toBe('account_not_found');
  expect((await read(id, 2)).body.code).toBe('statement_not_found');
  expect((await read(clearing, 1)).body.code).toBe('statement_not_found');
});

test('draws up any days without a number, up to now', async () => {
  const { id } = await openInMadrid();
  await move('2025-10-01T10:00:00Z', id, 'deposits', '10.00');
  await move('2025-10-02T10:00:00Z', id, 'deposits', '20.00');
  await move('2025-10-03T10:00:00Z', id, 'withdrawals', '5.00');
  const interim = (query: string) => client.get(`/v1/accounts/${id}/interim-statement?${query}`);
  const middle = await interim('from=2025-10-02&to=2025-10-02');
  expect(middle.status).toBe(200);
  expect(middle.body.statement).toMatchObject({
    ...{ number: null, opening: '10.00', closing: '30.00', fromVersion: 2, toVersion: 2 },
    ...{ periodFrom: '2025-10-01T22:00:00.000Z', periodTo: '2025-10-02T22:00:00.000Z' },
  });
  expect(middle.body.lines).toHaveLength(1);
  expect(middle.headers.etag).toBe(undefined);
  const today = await interim('from=2025-10-01&to=2025-10-03');
  expect(today.body.statement).toMatchObject({ opening: '0.00', closing: '25.00', fromVersion: 1, toVersion: 3 });
  expect(today.body.statement.periodTo).toMatch(/^2025-10-03T10:00:/);
  const tomorrow = await interim('from=2025-10-04&to=2025-10-05');
  expect([tomorrow.status, tomorrow.body.errors[0].path]).toEqual([400, 'from']);
  expect((await interim('from=2025-10-03&to=2025-10-02')).body.errors[0].path).toBe('to');
  expect((await client.get(`/v1/accounts/${id}/statements`)).body.data).toEqual([]);
  const clearing = clearingAccountId(service.ledgerId, 'USD');
  const ofClearing = await client.get(`/v1/accounts/${clearing}/interim-statement?from=2025-10-01&to=2025-10-01`);
  expect(ofClearing.body.code).toBe('clearing_account');
});

test('writes CSV, in which nothing is a formula but what is a number', async () => {
  const { id } = await openInMadrid();
  await move('2025-10-01T10:00:00Z', id, 'deposits', '10.00', { description: '=1+1', reference: '@A' });
  await move('2025-10-02T10:00:00Z', id, 'withdrawals', '4.00', { description: 'a "b", c' });
  await move('2025-11-01T10:00:00Z', id, 'deposits', '1.00');
  await issue(id, '2025-10-31');
  const csv = await client.get(`/v1/accounts/${id}/statements/1?format=csv`);
  expect([csv.status, csv.type, csv.headers['content-disposition']]).toEqual([
    ...[200, 'text/csv', `attachment; filename="statement-${id}-1.csv"`],
  ]);
  const [names, first, second, end] = csv.text.split('\r\n');
  expect(names).toMatch(/^version,bookedAt,valueDate,type,amount,currency,balanceAfter,description,reference,/);
  expect(first).toMatch(/^1,2025-10-01T10:00:0\S+,2025-10-01,deposit,10\.00,USD,10\.00,'=1\+1,'@A,/);
  expect(second).toMatch(/,withdrawal,-4\.00,USD,6\.00,"a ""b"", c",/);
  expect(end).toBe('');
});

test('takes the format from the query or from Accept', async () => {
  const { id } = await openInMadrid();
  await clock.setTo('2025-10-02T10:00:00Z');
  await issue(id, '2025-09-30');
  const accepting = (accept: string, query = '') =>
    client.get(`/v1/accounts/${id}/statements/1${query}`).set('Accept', accept);
  expect((await accepting('text/csv')).type).toBe('text/csv');
  expect((await accepting('text/csv;q=0.5, application/json')).type).toBe('application/json');
  expect((await accepting('*/*')).type).toBe('application/json');
  expect((await accepting('image/png', '?format=csv')).type).toBe('text/csv');
  const refused = await accepting('image/png');
  expect([refused.status, refused.body.code]).toEqual([406, 'not_acceptable']);
  expect(refused.body.formats).toContain('csv');
  expect((await accepting('text/csv', '?format=doc')).body.code).toBe('validation_failed');
});

test('tells holders what the list of entries tells them, and strangers nothing', async () => {
  const { id, party } = await openInMadrid();
  const payer = await openJointAccount(client, { zoe: {} }, { balance: '50.00' });
  await clock.setTo('2025-10-01T10:00:00Z');
  const paid = await client.post('/v1/transfers', {
    ...{ fromAccountId: payer.id, toAccountId: id, amount: '9.00', currency: 'USD', initiatedBy: payer.party.zoe },
    ...{ metadata: { secret: 'x' }, externalId: `x-${id}`, description: 'a gift' },
  });
  expect(paid.status).toBe(201);
  await clock.setTo('2025-11-01T10:00:00Z');
  const issued = await issue(id, '2025-10-31');
  expect(issued.body).toMatchObject({ by: [], others: { credits: { count: 1, sum: '9.00' } } });
  const ofService = (await read(id, 1)).body.lines[0];
  expect(ofService).toMatchObject({ initiatedBy: { name: 'zoe' }, metadata: { secret: 'x' } });
  const ann = await clientOf(service, party.ann);
  const [line] = (await read(id, 1, ann)).body.lines;
  expect(line).toEqual({
    ...ofService,
    ...{ initiatedBy: null, metadata: null, externalId: null, signedBy: [] },
    counterparty: { accountId: payer.id, name: 'Joint' },
  });
  expect(JSON.stringify((await read(id, 1, ann)).body)).not.toContain(payer.party.zoe);
  const zoe = await clientOf(service, payer.party.zoe);
  for (const path of ['statements', 'statements/1', 'interim-statement?from=2025-10-01&to=2025-10-01']) {
    expect((await zoe.get(`/v1/accounts/${id}/${path}`)).body.code).toBe('account_not_found');
  }
  expect((await ann.post(`/v1/accounts/${id}/statements`, { through: '2025-11-01' })).body.code).toBe(
    'key_not_allowed',
  );
});

test('shows a newcomer what begins with its joining', async () => {
  const { id } = await openInMadrid();
  await move('2025-10-01T10:00:00Z', id, 'deposits', '10.00');
  await clock.setTo('2025-10-10T10:00:00Z');
  const cat = await client.createParty('Cat');
  await client.put(`/v1/accounts/${id}/mandate`, { mandate: { rule: 'any' } });
  const invitation = { partyId: cat, rights: ['view'], history: 'joining' };
  expect((await client.post(`/v1/accounts/${id}/holders`, invitation)).status).toBe(201);
  const newcomer = await clientOf(service, cat);
  await newcomer.post(`/v1/accounts/${id}/holders/${cat}/accept`);
  const { data } = (await client.get(`/v1/accounts/${id}/holders`)).body;
  const place = data.find(({ partyId }: { partyId: string }) => partyId === cat);
  expect([place.status, place.history]).toEqual(['active', 'joining']);
  await clock.setTo('2025-12-02T10:00:00Z');
  await issue(id, '2025-10-31');
  const second = await issue(id, '2025-11-30');
  expect((await newcomer.get(`/v1/accounts/${id}/statements`)).body.data).toEqual([second.body]);
  expect((await read(id, 2, newcomer)).status).toBe(200);
  const earlier = await read(id, 1, newcomer);
  expect([earlier.status, earlier.body.code]).toEqual([403, 'right_missing']);
  const interim = (from: string) =>
    newcomer.get(`/v1/accounts/${id}/interim-statement?from=${from}&to=2025-11-01&format=csv`);
  expect((await interim('2025-10-10')).body.code).toBe('right_missing');
  expect((await interim('2025-10-11')).status).toBe(200);
});

test('books nothing before the end of a statement, even when the clock is set back', async () => {
  const { id } = await openInMadrid();
  const other = await client.openAccount({ balance: '5.00' });
  await clock.setTo('2025-10-31T23:00:00.500Z');
  const { periodTo } = (await issue(id, '2025-10-31')).body;
  await clock.setTo('2025-10-31T22:59:59Z');
  const late = await client.post('/v1/transfers', {
    ...{ fromAccountId: other, toAccountId: id, amount: '1.00', currency: 'USD' },
  });
  expect([late.status, late.body.bookedAt >= periodTo]).toEqual([201, true]);
  await clock.setTo('2025-10-31T22:59:00Z');
  const refused = await client.post(`/v1/accounts/${id}/deposits`, { amount: '1.00', currency: 'USD' });
  expect(refused.body.code).toBe('booked_in_the_future');
  const interim = await client.get(`/v1/accounts/${id}/interim-statement?from=2025-10-01&to=2025-10-31`);
  expect(interim.body.statement.toVersion).toBe(0);
});
