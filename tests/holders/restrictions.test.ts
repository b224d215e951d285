import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { controlOf, lift, outcomeOf, readTag, signChange, signOrder } from '../support/account-control.ts';
import { item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const viewer: { rights: HolderRight[] } = { rights: ['view', 'delegate'] };
let service: TestService;
let client: TestClient;
/** An account that nobody holds. */
let elsewhere = '';

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  elsewhere = await client.openAccount({ balance: '1000.00' });
});

afterAll(() => service.stop());

async function open(options: { mandate?: () => object } = {}) {
  const { id, party } = await openJointAccount(
    client,
    { ann: {}, bob: {}, dan: viewer },
    { balance: '100.00', ...options },
  );
  return { id, party, control: controlOf(client, id), path: `/v1/accounts/${id}/restrictions` };
}

async function stopped(account: string): Promise<boolean[]> {
  const { body } = await client.get(`/v1/accounts/${account}`);
  return [body.debitsStopped, body.creditsStopped];
}

describe('stopping debits', () => {
  test('is open to any holder, whatever its rights, and takes effect at once', async () => {
    const { id, party, control, path } = await open();
    const placed = await control.restrict({ by: party.dan });
    expect([placed.status, placed.headers.etag]).toEqual([201, '"1-1"']);
    expect(placed.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      accountId: id,
      scope: 'debits',
      reason: 'A card was lost',
      by: party.dan,
      placedAt: instant,
      liftedBy: null,
      liftedAt: null,
      liftReason: null,
    });
    expect((await client.get(path)).body).toEqual({ data: [placed.body], nextCursor: null });
    expect(await stopped(id)).toEqual([true, false]);
    expect(outcomeOf(await control.withdraw('1.00', party.ann))).toBe('422 account_restricted');
  });

  test('stops every way out, for the service too, and lets money in', async () => {
    const { id, party, control } = await open();
    await control.restrict();
    const out = [
      item.withdrawal(id, '1.00'),
      item.transfer(id, elsewhere, '1.00'),
      item.multiLeg({ [id]: '-1.00', [elsewhere]: '1.00' }),
      item.withdrawal(id, '1.00', { initiatedBy: party.ann }),
    ];
    for (const each of out) {
      const answer = await sendSingle(client, each);
      expect(outcomeOf(answer)).toBe('422 account_restricted');
      expect(answer.body).toMatchObject({ accountId: id, stopped: 'debits' });
      expect(outcomesOf(await sendBatch(client, false, [each]))).toEqual(['422 account_restricted']);
    }
    const hold = { accountId: id, amount: '1.00', currency: 'USD' };
    expect(outcomeOf(await client.post('/v1/holds', hold))).toBe('422 account_restricted');
    const into = [
      item.deposit(id, '1.00'),
      item.transfer(elsewhere, id, '1.00'),
      item.multiLeg({ [id]: '1.00', [elsewhere]: '-1.00' }),
    ];
    for (const each of into) expect((await sendSingle(client, each)).status).toBe(201);
    expect(await client.balance(id)).toBe('103.00');
  });

  test('keeps orders and holds waiting, which go on afterwards', async () => {
    const { id, party, control } = await open({ mandate: () => ({ rule: 'all' }) });
    const order = (await control.withdraw('30.00', party.ann)).body.id;
    const hold = (await client.post('/v1/holds', { accountId: id, amount: '20.00', currency: 'USD' })).body.id;
    const { body: restriction } = await control.restrict({ by: party.ann });
    expect(outcomeOf(await signOrder(client, order, party.bob))).toBe('422 account_restricted');
    expect((await client.get(`/v1/payment-orders/${order}`)).body).toMatchObject({
      ...{ status: 'waiting', multiAuthorisation: { missingFrom: [party.bob] } },
    });
    expect(outcomeOf(await client.post(`/v1/holds/${hold}/capture`, {}))).toBe('422 account_restricted');
    expect((await client.get(`/v1/accounts/${id}`)).body).toMatchObject({ held: '50.00', balance: '100.00' });
    const asked = await lift(client, restriction.id, party.ann);
    expect((await signChange(client, asked.body.id, party.bob)).body.status).toBe('applied');
    expect((await signOrder(client, order, party.bob)).body.status).toBe('booked');
    expect((await client.post(`/v1/holds/${hold}/capture`, {})).status).toBe(201);
    expect(await client.balance(id)).toBe('50.00');
  });

  test('is all that a holder may stop; the service may stop credits too', async () => {
    const { id, party, control } = await open();
    for (const scope of ['credits', 'both']) {
      expect(outcomeOf(await control.restrict({ scope, by: party.ann }))).toBe('403 right_missing');
    }
    const credits = (await control.restrict({ scope: 'credits' })).body;
    expect(await stopped(id)).toEqual([false, true]);
    const deposit = await sendSingle(client, item.deposit(id, '1.00'));
    expect(deposit.body).toMatchObject({ code: 'account_restricted', stopped: 'credits' });
    expect((await control.withdraw('1.00')).status).toBe(201);
    const both = (await control.restrict({ scope: 'both' })).body;
    expect(await stopped(id)).toEqual([true, true]);
    await lift(client, credits.id);
    expect(await stopped(id)).toEqual([true, true]);
    await control.restrict({ by: party.ann });
    await lift(client, both.id);
    expect(await stopped(id)).toEqual([true, false]);
  });
});

describe('lifting', () => {
  test('takes every owner, whoever stopped the debits and whoever asks', async () => {
    for (const asking of ['ann', 'dan'] as const) {
      const { id, party, control, path } = await open();
      const { body: placed } = await control.restrict({ by: party.ann });
      const asked = await lift(client, placed.id, party[asking]);
      expect([asked.status, asked.headers.etag]).toEqual([202, '"1-2"']);
      const missing = [party.ann, party.bob].filter((owner) => owner !== party[asking]).sort();
      expect(asked.body).toMatchObject({
        kind: 'restriction_lift',
        change: { restrictionId: placed.id },
        multiAuthorisation: { missingFrom: missing },
      });
      expect(await stopped(id)).toEqual([true, false]);
      for (const owner of missing) await signChange(client, asked.body.id, owner);
      const { body: change } = await client.get(`/v1/account-changes/${asked.body.id}`);
      expect(change.status).toBe('applied');
      const lifted = { ...placed, liftedBy: party[asking], liftedAt: change.finishedAt };
      expect((await client.get(path)).body.data).toEqual([lifted]);
      expect(await stopped(id)).toEqual([false, false]);
      expect((await control.withdraw('1.00', party.bob)).status).toBe(201);
      expect(outcomeOf(await lift(client, placed.id, party.ann))).toBe('409 restriction_not_active');
    }
  });

  test('is done at once by the only owner', async () => {
    const { id, party } = await openJointAccount(client, { ann: {}, dan: viewer });
    const { body: placed } = await controlOf(client, id).restrict({ by: party.dan });
    const lifted = await lift(client, placed.id, party.ann);
    expect([lifted.status, lifted.headers.etag]).toEqual([200, '"0-2"']);
    expect(lifted.body).toEqual({ ...placed, liftedBy: party.ann, liftedAt: instant });
  });

  test('leaves the service’s restrictions to the service, which lifts the holders’ with a reason only', async () => {
    const { id, party, control } = await open();
    const { body: ours } = await control.restrict({ by: party.ann });
    const { body: theirs } = await control.restrict();
    expectProblem(await lift(client, ours.id), 'validation_failed', ['reason']);
    expect((await lift(client, theirs.id, party.ann)).body).toMatchObject({
      ...{ status: 403, code: 'right_missing', placedBy: null },
    });
    const lifted = await lift(client, theirs.id);
    expect([lifted.status, lifted.body]).toEqual([200, { ...theirs, liftedAt: instant }]);
    expect(outcomeOf(await lift(client, theirs.id))).toBe('409 restriction_not_active');
    expect(await stopped(id)).toEqual([true, false]);
    expect((await client.get(`/v1/accounts/${id}/changes`)).body.data).toEqual([]);
    const reason = 'By order of a court';
    const freed = await client.post(`/v1/restrictions/${ours.id}/lift`, { reason });
    expect(freed.body).toEqual({ ...ours, liftedAt: instant, liftReason: reason });
    expect(await stopped(id)).toEqual([false, false]);
  });

  test('is one of each party, and ends with its membership', async () => {
    const { id, party, control } = await open();
    const { body: first } = await control.restrict({ by: party.dan });
    const again = await control.restrict({ by: party.dan });
    expect(again.body).toMatchObject({ status: 409, code: 'restriction_in_place', restrictionId: first.id });
    expect((await control.restrict({ by: party.ann })).status).toBe(201);
    expect(await stopped(id)).toEqual([true, false]);
    expect((await client.post(`/v1/accounts/${id}/holders/${party.dan}/remove`)).status).toBe(200);
    const { data } = (await client.get(`/v1/accounts/${id}/restrictions`)).body;
    expect(data).toMatchObject([
      { id: first.id, liftedAt: instant },
      { by: party.ann, liftedAt: null },
    ]);
    expect(await stopped(id)).toEqual([true, false]);
  });

  test('of a delegate is lifted by any owner', async () => {
    const { id, party, control } = await open();
    const { body: placed } = await control.restrict({ by: party.dan });
    expect(outcomeOf(await lift(client, placed.id, party.dan))).toBe('202');
    expect((await lift(client, placed.id, party.bob)).body).toEqual({
      ...placed,
      liftedBy: party.bob,
      liftedAt: instant,
    });
    expect(await stopped(id)).toEqual([false, false]);
  });

  test('goes on for each restriction by itself', async () => {
    const { id, party, control } = await open();
    const [first, second] = [await control.restrict({ by: party.ann }), await control.restrict({ by: party.bob })];
    for (const { body } of [first, second]) {
      expect(await stopped(id)).toEqual([true, false]);
      const asked = await lift(client, body.id, party.ann);
      await signChange(client, asked.body.id, party.bob);
    }
    expect(await stopped(id)).toEqual([false, false]);
  });

  test('is not decided twice: what was lifted meanwhile is refused, and the question stays open', async () => {
    const { id, party, control } = await open();
    const { body: placed } = await control.restrict({ by: party.ann });
    const [one, other] = [await lift(client, placed.id, party.ann), await lift(client, placed.id, party.bob)];
    expect((await signChange(client, one.body.id, party.bob)).body.status).toBe('applied');
    const before = await readTag(client, id);
    const late = await signChange(client, other.body.id, party.ann);
    expect(outcomeOf(late)).toBe('409 restriction_not_active');
    expect(await readTag(client, id)).toEqual(before);
    const { body } = await client.get(`/v1/account-changes/${other.body.id}`);
    expect([body.status, body.multiAuthorisation.numberReceived, body.multiAuthorisation.missingFrom]).toEqual([
      'waiting',
      1,
      [party.ann],
    ]);
    expect((await signChange(client, other.body.id, party.ann, 'reject')).body.status).toBe('rejected');
  });
});

test('refuses for the first fault in the documented order', async () => {
  const closed = await openJointAccount(client, { ann: {} });
  const { body: old } = await controlOf(client, closed.id).restrict({ by: closed.party.ann });
  expect((await client.post(`/v1/accounts/${closed.id}/close`)).status).toBe(200);
  const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
  const eve = await client.createParty('Eve');
  const credits = { scope: 'credits' };
  const restrict = async (account: string, fields: object) =>
    outcomeOf(await controlOf(client, account).restrict(fields));
  expect(await restrict(nobody, { ...credits, by: nobody })).toBe('404 account_not_found');
  expect(await restrict(clearing.id, { ...credits, by: nobody })).toBe('404 party_not_found');
  expect(await restrict(clearing.id, { ...credits, by: eve })).toBe('422 clearing_account');
  expect(await restrict(closed.id, { ...credits, by: eve })).toBe('403 not_a_holder');
  expect(await restrict(closed.id, { ...credits, by: closed.party.ann })).toBe('403 right_missing');
  expect(await restrict(closed.id, { by: closed.party.ann })).toBe('422 account_closed');
  expect(await restrict(closed.id, credits)).toBe('422 account_closed');
  const { control } = await open();
  await control.invite(eve);
  expect(outcomeOf(await control.restrict({ by: eve }))).toBe('403 not_a_holder');

  expect(outcomeOf(await lift(client, nobody, nobody))).toBe('404 restriction_not_found');
  expect(outcomeOf(await lift(client, old.id, nobody))).toBe('404 party_not_found');
  expect(outcomeOf(await lift(client, old.id, eve))).toBe('403 not_a_holder');
  expect(outcomeOf(await lift(client, old.id, closed.party.ann))).toBe('422 account_closed');
});

test.each<[string, unknown, string[]]>([
  ['no body', undefined, ['']],
  ['no reason', {}, ['reason']],
  ['an empty reason', { reason: '' }, ['reason']],
  ['a reason of 501 characters', { reason: 'x'.repeat(501) }, ['reason']],
  ['a reason with NUL', { reason: 'a\0b' }, ['reason']],
  ['a reason that is none', { reason: 7 }, ['reason']],
  ['an unknown scope', { reason: 'x', scope: 'all' }, ['scope']],
  ['a scope that is null', { reason: 'x', scope: null }, ['scope']],
  ['"by" that is no id', { reason: 'x', by: 'Ann' }, ['by']],
  ['what the answer says', { reason: 'x', placedBy: nobody, liftedAt: null }, ['placedBy', 'liftedAt']],
])('refuses %s', async (_name, body, paths) => {
  const { id, path } = await open();
  await leavingTheBooksAlone(service, async () => {
    const answer = await sendRaw(service, { method: 'POST', path, body: JSON.stringify(body) });
    expectProblem(answer, 'validation_failed', paths);
  });
  expect([await stopped(id), (await readTag(client, id)).etag]).toEqual([[false, false], '"1"']);
});

test('refuses to lift what is no id, and to be told more than who asks', async () => {
  const at = (id: string, body?: string) =>
    sendRaw(service, { method: 'POST', path: `/v1/restrictions/${id}/lift`, body });
  expectProblem(await at('x'), 'validation_failed', ['restrictionId']);
  expectProblem(await at(nobody, '{"by":5,"reason":"","scope":"both"}'), 'validation_failed', [
    'by',
    'reason',
    'scope',
  ]);
  const { path } = await open();
  expectProblem(await sendRaw(service, { path: `${path}?active=yes` }), 'validation_failed', ['active']);
});

test('lists restrictions page by page, those in force apart', async () => {
  const { id, party, control, path } = await open();
  const ids: string[] = [];
  for (let number = 0; number < 5; number++) ids.push((await control.restrict({ reason: `No. ${number}` })).body.id);
  await lift(client, ids[1]!);
  await lift(client, ids[3]!);
  const list = async (query: string) => (await walkPages(client, `${path}${query}`)).map((each) => each.id);
  expect(await list('')).toEqual(ids);
  expect(await list('?active=true')).toEqual([ids[0], ids[2], ids[4]]);
  expect(await list('?active=false')).toEqual([ids[1], ids[3]]);
  const page = await client.get(`${path}?limit=1`);
  const filtered = await client.get(`${path}?active=true&cursor=${page.body.nextCursor}`);
  expect(outcomeOf(filtered)).toBe('400 invalid_cursor');
  expect(outcomeOf(await client.get(`/v1/accounts/${nobody}/restrictions`))).toBe('404 account_not_found');
  const [byDan, byEve] = [await clientOf(service, party.dan), await clientOf(service, await client.createParty('Eve'))];
  expect((await byDan.get(path)).body.data).toHaveLength(5);
  expect(outcomeOf(await byEve.get(path))).toBe('404 account_not_found');
  expect(outcomeOf(await lift(byEve, ids[0]!))).toBe('404 restriction_not_found');
  expect(outcomeOf(await lift(byDan, ids[0]!))).toBe('403 right_missing');
  expect((await controlOf(byDan, id).restrict()).body.by).toBe(party.dan);
});

test('expects the tag of If-Match, and answers a used key with its first answer', async () => {
  const { id, party, control, path } = await open();
  expect(outcomeOf(await control.restrict({}, { 'If-Match': '"0"' }))).toBe('412 version_mismatch');
  const key = { 'Idempotency-Key': `restrict-${id}`, 'If-Match': '"1"' };
  const [first, again] = [
    await control.restrict({ by: party.ann }, key),
    await control.restrict({ by: party.ann }, key),
  ];
  expect([again.status, again.headers['idempotent-replayed'], again.body]).toEqual([201, 'true', first.body]);
  expect((await client.get(path)).body.data).toHaveLength(1);
  expect(outcomeOf(await control.restrict({ by: party.bob }, key))).toBe('422 idempotency_key_reused');
  expect(outcomeOf(await lift(client, first.body.id, party.ann, { 'If-Match': '"1"' }))).toBe('412 version_mismatch');
  const liftKey = { 'Idempotency-Key': `lift-${id}` };
  const asked = await lift(client, first.body.id, party.ann, { ...liftKey, 'If-Match': '"1-1"' });
  const repeated = await lift(client, first.body.id, party.ann, liftKey);
  expect([repeated.status, repeated.headers['idempotent-replayed'], repeated.body]).toEqual([202, 'true', asked.body]);
  expect((await client.get(`/v1/accounts/${id}/changes`)).body.data).toHaveLength(1);
});
