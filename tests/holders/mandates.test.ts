import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { controlOf, outcomeOf, readTag, signChange, signOrder } from '../support/account-control.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
type Party = Readonly<Record<'ann' | 'bob' | 'dan', string>>;
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** Two owners and a delegate who manages too. */
async function open(mandate?: (party: Party) => object) {
  const holders = { ann: {}, bob: {}, dan: { rights: ['view' as const, 'manage' as const, 'delegate' as const] } };
  const options = { balance: '1000.00', ...(mandate === undefined ? {} : { mandate }) };
  const { id, party } = await openJointAccount(client, holders, options);
  return { id, party, control: controlOf(client, id), path: `/v1/accounts/${id}/mandate` };
}

describe('a mandate', () => {
  test('is that any one holder signs, until another is agreed', async () => {
    const { id, control, path } = await open();
    const read = await client.get(path);
    expect([read.status, read.body]).toEqual([200, { accountId: id, version: 0, bands: [{ rule: 'any' }] }]);
    expect((await client.get(`${path}/versions`)).body).toEqual({ data: [], nextCursor: null });

    const set = await control.setMandate({ bands: [{ rule: 'all' }] });
    expect([set.status, set.headers.etag]).toEqual([200, '"1-1"']);
    expect(set.body).toEqual({ accountId: id, version: 1, bands: [{ rule: 'all' }] });
    expect((await client.get(path)).body).toEqual(set.body);
    const account = await client.get(`/v1/accounts/${id}`);
    expect([account.headers.etag, account.body.mandate]).toEqual(['"1-1"', { version: 1, bands: set.body.bands }]);
  });

  test('may be written as a single rule', async () => {
    const { control, path } = await open();
    const set = await control.setMandate({ rule: 'count', count: 2 });
    expect(set.body.bands).toEqual([{ rule: 'count', count: 2 }]);
    expect((await client.get(path)).body).toEqual(set.body);
  });

  test('keeps all its versions, the latest first, and whose they were', async () => {
    const { id, party, control, path } = await open(() => ({ rule: 'any' }));
    for (const count of [1, 2, 3])
      expect((await control.setMandate({ rule: 'count', count }, party.dan)).status).toBe(200);
    const asked = await control.setMandate({ rule: 'any' }, party.ann);
    await signChange(client, asked.body.id, party.bob);
    const versions = await walkPages(client, `${path}/versions`);
    expect(versions).toEqual([
      { accountId: id, version: 5, bands: [{ rule: 'any' }], by: party.ann, createdAt: instant },
      ...[3, 2, 1].map((count) => ({
        ...{ accountId: id, version: count + 1, bands: [{ rule: 'count', count }], by: party.dan },
        createdAt: instant,
      })),
      { accountId: id, version: 1, bands: [{ rule: 'any' }], by: null, createdAt: instant },
    ]);
    const page = await client.get(`${path}/versions?limit=1`);
    const other = await open();
    const elsewhere = await client.get(`${other.path}/versions?cursor=${page.body.nextCursor}`);
    expect(outcomeOf(elsewhere)).toBe('400 invalid_cursor');
    expect(outcomeOf(await client.get(`/v1/accounts/${nobody}/mandate/versions`))).toBe('404 account_not_found');
    expect(outcomeOf(await client.get(`/v1/accounts/${nobody}/mandate`))).toBe('404 account_not_found');
  });

  test('decides about the movements after it, each order under its own version', async () => {
    const { id, party, control } = await open(() => ({ rule: 'count', count: 2 }));
    const first = await control.withdraw('10.00', party.ann);
    expect([first.status, first.body.mandateVersion]).toEqual([202, 1]);
    expect((await control.setMandate({ rule: 'any' })).status).toBe(200);
    expect((await control.withdraw('20.00', party.ann)).status).toBe(201);
    expect((await control.setMandate({ rule: 'count', count: 3 }, party.ann)).status).toBe(200);
    expect(outcomeOf(await control.withdraw('40.00', party.ann))).toBe('422 mandate_unreachable');
    const booked = await signOrder(client, first.body.id, party.bob);
    expect([booked.body.status, booked.body.mandateVersion]).toEqual(['booked', 1]);
    expect(await client.balance(id)).toBe('970.00');
  });

  test('has bands for kinds and amounts', async () => {
    const { id, party, control } = await open();
    const bands = [
      { rule: 'any', upTo: '50', kinds: ['withdrawal'] },
      { rule: 'all', kinds: ['withdrawal'] },
      { rule: 'named', kinds: ['transfer'], signatories: [party.bob] },
    ];
    expect((await control.setMandate({ bands })).body.bands).toEqual(bands);
    expect((await control.withdraw('50.00', party.ann)).status).toBe(201);
    expect((await control.withdraw('50.01', party.ann)).status).toBe(202);
    const elsewhere = await client.openAccount();
    const transfer = { fromAccountId: id, toAccountId: elsewhere, amount: '1.00', currency: 'USD' };
    expect((await client.post('/v1/transfers', { ...transfer, initiatedBy: party.bob })).status).toBe(201);
    expect((await client.post('/v1/transfers', { ...transfer, initiatedBy: party.ann })).status).toBe(202);
  });
});

describe('who may change it', () => {
  /** What one of the owners, Ann, may do alone: what takes nothing from anybody. */
  test.each<[string, (party: Party) => object, (party: Party) => object, '200' | '202']>([
    ['more signatures', () => ({ rule: 'any' }), () => ({ rule: 'count', count: 2 }), '200'],
    ['fewer signatures', () => ({ rule: 'count', count: 2 }), () => ({ rule: 'any' }), '202'],
    ['the same', () => ({ rule: 'all' }), () => ({ rule: 'all' }), '200'],
    ['all of any', () => ({ rule: 'any' }), () => ({ rule: 'all' }), '200'],
    ['two of all, who may become more', () => ({ rule: 'all' }), () => ({ rule: 'count', count: 2 }), '202'],
    ['herself alone', () => ({ rule: 'count', count: 2 }), ({ ann }) => ({ rule: 'named', signatories: [ann] }), '202'],
    ['herself of any', () => ({ rule: 'any' }), ({ ann }) => ({ rule: 'named', signatories: [ann] }), '202'],
    [
      'both by name',
      () => ({ rule: 'count', count: 2 }),
      ({ ann, bob }) => ({ rule: 'named', signatories: [ann, bob] }),
      '200',
    ],
    [
      'a lower band',
      () => ({ bands: [{ rule: 'any', upTo: '100' }, { rule: 'all' }] }),
      () => ({ bands: [{ rule: 'any', upTo: '99.99' }, { rule: 'all' }] }),
      '200',
    ],
    [
      'a higher band',
      () => ({ bands: [{ rule: 'any', upTo: '100' }, { rule: 'all' }] }),
      () => ({ bands: [{ rule: 'any', upTo: '100.01' }, { rule: 'all' }] }),
      '202',
    ],
    [
      'more weight to herself',
      ({ ann, bob }) => ({ rule: 'weighted', weights: { [ann]: 1, [bob]: 1 }, threshold: 2 }),
      ({ ann, bob }) => ({ rule: 'weighted', weights: { [ann]: 2, [bob]: 1 }, threshold: 2 }),
      '202',
    ],
    [
      'a higher threshold',
      ({ ann, bob }) => ({ rule: 'weighted', weights: { [ann]: 1, [bob]: 1 }, threshold: 1 }),
      ({ ann, bob }) => ({ rule: 'weighted', weights: { [ann]: 1, [bob]: 1 }, threshold: 2 }),
      '200',
    ],
  ])('%s', async (_name, current, next, expected) => {
    const { id, party, control, path } = await open(current);
    const before = (await client.get(path)).body;
    const set = await control.setMandate(next(party), party.ann);
    expect([outcomeOf(set), set.headers.etag]).toEqual([expected, '"1-1"']);
    if (expected === '200') {
      expect((await client.get(path)).body).toMatchObject({ version: 2, bands: set.body.bands });
      return;
    }
    expect(set.headers.location).toBe(`/v1/account-changes/${set.body.id}`);
    expect(set.body).toMatchObject({
      accountId: id,
      kind: 'mandate',
      status: 'waiting',
      multiAuthorisation: { missingFrom: [party.bob] },
    });
    expect((await client.get(path)).body).toEqual(before);
    const signed = await signChange(client, set.body.id, party.bob);
    expect(signed.body).toMatchObject({ status: 'applied', applied: { accountId: id, version: 2 } });
    expect((await client.get(path)).body).toEqual(signed.body.applied);
  });

  test('takes a holder with the right to manage', async () => {
    const { id, party, control } = await open();
    await control.setTerms(party.bob, { rights: ['view', 'withdraw', 'transfer'] });
    const eve = await client.createParty('Eve');
    const all = { rule: 'all' };
    expect((await control.setMandate(all, party.bob)).body).toMatchObject({ code: 'right_missing', right: 'manage' });
    expect(outcomeOf(await control.setMandate(all, eve))).toBe('403 not_a_holder');
    expect(outcomeOf(await control.setMandate(all, nobody))).toBe('404 party_not_found');
    expect(outcomeOf(await controlOf(client, nobody).setMandate(all, nobody))).toBe('404 account_not_found');
    expect(outcomeOf(await control.setMandate(all, party.dan))).toBe('200');
    expect(outcomeOf(await control.setMandate({ rule: 'any' }, party.dan))).toBe('202');
    const byAnn = controlOf(await clientOf(service, party.ann), id);
    expect(outcomeOf(await byAnn.setMandate(all, party.bob))).toBe('403 key_not_allowed');
    expect(outcomeOf(await byAnn.setMandate(all))).toBe('200');
    expect(outcomeOf(await controlOf(await clientOf(service, eve), id).setMandate(all))).toBe('404 account_not_found');
  });

  test('names holders and invited parties, nobody else', async () => {
    const { id, party, control } = await open();
    const eve = await client.createParty('Eve');
    const named = { rule: 'named', signatories: [party.ann, eve] };
    const weighted = { rule: 'weighted', weights: { [eve]: 1, [party.ann]: 1 }, threshold: 1 };
    for (const mandate of [named, weighted, { ...named, rule: 'count', count: 1 }]) {
      expect(outcomeOf(await control.setMandate(mandate))).toBe('404 holder_not_found');
    }
    await control.invite(eve);
    expect(outcomeOf(await control.setMandate(named))).toBe('200');
    expect(outcomeOf(await control.withdraw('1.00', party.ann))).toBe('422 mandate_unreachable');
    await control.accept(eve);
    expect(outcomeOf(await control.withdraw('1.00', party.ann))).toBe('202');
    await control.leave(eve);
    expect(outcomeOf(await control.setMandate(named))).toBe('404 holder_not_found');
    expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(1);
  });

  test('refuses for the first fault in the documented order', async () => {
    const closed = await openJointAccount(client, { ann: {} });
    expect((await client.post(`/v1/accounts/${closed.id}/close`)).status).toBe(200);
    const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
    const eve = await client.createParty('Eve');
    const stranger = { rule: 'named', signatories: [nobody] };
    expect(outcomeOf(await controlOf(client, clearing.id).setMandate(stranger, nobody))).toBe('404 party_not_found');
    expect(outcomeOf(await controlOf(client, clearing.id).setMandate(stranger, eve))).toBe('422 clearing_account');
    expect(outcomeOf(await controlOf(client, closed.id).setMandate(stranger, eve))).toBe('403 not_a_holder');
    const byAnn = await controlOf(client, closed.id).setMandate(stranger, closed.party.ann);
    expect(outcomeOf(byAnn)).toBe('422 account_closed');
  });
});

describe('bad input', () => {
  const any = { rule: 'any' };
  const bands = (...list: unknown[]) => ({ bands: list });

  test.each<[string, unknown, string[]]>([
    ['no mandate', undefined, ['mandate']],
    ['null', null, ['mandate']],
    ['text', 'all', ['mandate']],
    ['nothing', {}, ['mandate.bands']],
    ['no bands', bands(), ['mandate.bands']],
    ['21 bands', bands(...Array(21).fill(any)), ['mandate.bands']],
    ['an unknown rule', { rule: 'most' }, ['mandate.bands.0.rule']],
    ['a rule beside bands', { rule: 'any', bands: [any] }, ['mandate.rule']],
    ['a count of 0', { rule: 'count', count: 0 }, ['mandate.bands.0.count']],
    ['a count of 1.5', { rule: 'count', count: 1.5 }, ['mandate.bands.0.count']],
    ['a count of 51', { rule: 'count', count: 51 }, ['mandate.bands.0.count']],
    ['more than there are', { rule: 'count', count: 2, signatories: [nobody] }, ['mandate.bands.0.count']],
    ['a count without a number', { rule: 'count' }, ['mandate.bands.0.count']],
    ['nobody by name', { rule: 'named', signatories: [] }, ['mandate.bands.0.signatories']],
    ['somebody twice', { rule: 'named', signatories: [nobody, nobody] }, ['mandate.bands.0.signatories']],
    ['a name', { rule: 'named', signatories: ['Ann'] }, ['mandate.bands.0.signatories.0']],
    ['no weights', { rule: 'weighted', weights: {}, threshold: 1 }, ['mandate.bands.0.weights']],
    [
      'a weight of 0',
      { rule: 'weighted', weights: { [nobody]: 0 }, threshold: 1 },
      [`mandate.bands.0.weights.${nobody}`],
    ],
    ['too little weight', { rule: 'weighted', weights: { [nobody]: 1 }, threshold: 2 }, ['mandate.bands.0.threshold']],
    ['a threshold of 0', { rule: 'weighted', weights: { [nobody]: 1 }, threshold: 0 }, ['mandate.bands.0.threshold']],
    ['"all" with signatories', { rule: 'all', signatories: [nobody] }, ['mandate.bands.0.signatories']],
    ['an unknown kind', { rule: 'any', kinds: ['deposit'] }, ['mandate.bands.0.kinds.0']],
    ['a kind twice', { rule: 'any', kinds: ['transfer', 'transfer'] }, ['mandate.bands.0.kinds']],
    ['a limit as a number', bands({ rule: 'any', upTo: 5 }, any), ['mandate.bands.0.upTo']],
    ['too many decimals', bands({ rule: 'any', upTo: '5.001' }, any), ['mandate.bands.0.upTo']],
    ['no end', { rule: 'any', upTo: '5' }, ['mandate.bands', 'mandate.bands']],
    ['nothing for a kind', { rule: 'any', kinds: ['withdrawal'] }, ['mandate.bands']],
    ['falling limits', bands({ ...any, upTo: '5' }, { ...any, upTo: '4' }, any), ['mandate.bands', 'mandate.bands']],
    ['equal limits', bands({ ...any, upTo: '5' }, { ...any, upTo: '5.00' }, any), ['mandate.bands', 'mandate.bands']],
    ['two ends', bands(any, any), ['mandate.bands', 'mandate.bands']],
  ])('refuses %s', async (_name, mandate, paths) => {
    const { id, path } = await open();
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendRaw(service, { method: 'PUT', path, body: JSON.stringify({ mandate }) });
      expectProblem(answer, 'validation_failed', paths);
    });
    expect(await readTag(client, id)).toMatchObject({ etag: '"1"' });
  });

  test('refuses what stands beside it and is not known', async () => {
    const { path } = await open();
    const body = JSON.stringify({ mandate: any, by: 'Ann', version: 1 });
    expectProblem(await sendRaw(service, { method: 'PUT', path, body }), 'validation_failed', ['by', 'version']);
    expectProblem(await sendRaw(service, { path: `${path}?version=1` }), 'validation_failed', ['version']);
    expectProblem(await sendRaw(service, { path: `${path}/versions?limit=0` }), 'validation_failed', ['limit']);
    const withQuery = { method: 'PUT', path: `${path}?dryRun=true`, body: JSON.stringify({ mandate: any }) };
    expectProblem(await sendRaw(service, withQuery), 'validation_failed', ['dryRun']);
  });
});

test('takes the version that new bands were made from, and refuses them when another is in force', async () => {
  const { path } = await open();
  const put = async (mandate: object) => outcomeOf(await client.put(path, { mandate }));
  const { version } = (await client.get(path)).body;
  expect(await put({ version, bands: [{ rule: 'all' }] })).toBe('200');
  const refused = await client.put(path, { mandate: { version, bands: [{ rule: 'any' }] } });
  expect(refused.body).toMatchObject({ status: 412, code: 'version_mismatch', version: version + 1 });
  expect((await client.get(path)).body).toMatchObject({ version: version + 1, bands: [{ rule: 'all' }] });
  // As it is read from the account, and without one.
  expect(await put({ version: version + 1, bands: [{ rule: 'any' }] })).toBe('200');
  expect(await put({ bands: [{ rule: 'all' }] })).toBe('200');
  const together = await Promise.all(
    [1, 2].map((count) => put({ version: version + 3, bands: [{ rule: 'count', count }] })),
  );
  expect(together.sort()).toEqual(['200', '412 version_mismatch']);
});

test('takes If-Match and an idempotency key, though it is a PUT', async () => {
  const { id, party, control, path } = await open();
  const key = { 'Idempotency-Key': `mandate-${id}` };
  const all = { rule: 'all' };
  expect(outcomeOf(await control.setMandate(all, undefined, { 'If-Match': '"1-1"' }))).toBe('412 version_mismatch');
  const first = await control.setMandate(all, undefined, { ...key, 'If-Match': '"1"' });
  expect(outcomeOf(first)).toBe('200');
  const replayed = await control.setMandate(all, undefined, { ...key, 'If-Match': '"1"' });
  expect([replayed.headers['idempotent-replayed'], replayed.headers.etag]).toEqual(['true', '"1-1"']);
  expect(replayed.body).toEqual(first.body);
  expect((await client.get(path)).body.version).toBe(1);
  const looser = { 'Idempotency-Key': `looser-${id}` };
  const asked = await control.setMandate({ rule: 'any' }, party.ann, looser);
  await signChange(client, asked.body.id, party.bob);
  const again = await control.setMandate({ rule: 'any' }, party.ann, looser);
  expect([again.status, again.headers.location]).toEqual([202, asked.headers.location]);
  expect([again.headers['idempotent-replayed'], again.body]).toEqual(['true', asked.body]);
  expect((await client.get(`/v1/accounts/${id}/changes`)).body.data).toHaveLength(1);
});
