import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type HolderRight, ownerRights } from '../../src/ownership/holder.ts';
import { controlOf, lift, outcomeOf, readTag, signChange, signOrder } from '../support/account-control.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const allOwners = () => ({ rule: 'all' });
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

type Terms = { rights?: HolderRight[]; limits?: { perDay: string } };
type Options = { mandate?: (party: Readonly<Record<string, string>>) => object; survivorship?: string };

async function open<Name extends string>(holders: Readonly<Record<Name, Terms>>, options: Options = {}) {
  const { id, party } = await openJointAccount(client, holders, { balance: '100.00', ...options });
  return { id, party, control: controlOf(client, id) };
}

/** A withdrawal by this party that waits for signatures; answers the order's id. */
async function order(account: string, party: string, amount = '30.00'): Promise<string> {
  const answer = await controlOf(client, account).withdraw(amount, party);
  expect(answer.status).toBe(202);
  return answer.body.id;
}

async function moneyOf(account: string): Promise<string[]> {
  const { body } = await client.get(`/v1/accounts/${account}`);
  return [body.balance, body.held, body.available];
}

describe('setting rights and limits', () => {
  test('replaces all of them, and what the holder may do with them', async () => {
    const { id, party, control } = await open({ ann: { limits: { perDay: '50.00' } }, bob: {} });
    const set = await control.setTerms(party.ann, { rights: ['view', 'withdraw'], limits: { perMonth: '20' } });
    expect([set.status, set.headers.etag]).toEqual([200, '"1-1"']);
    const limits = { perMovement: null, perDay: null, perMonth: '20.00' };
    expect(set.body).toMatchObject({ accountId: id, partyId: party.ann, status: 'active', limits });
    const { data } = (await client.get(`/v1/accounts/${id}/holders`)).body;
    expect(data).toContainEqual(expect.objectContaining(set.body));
    expect(outcomeOf(await control.withdraw('20.01', party.ann))).toBe('422 limit_exceeded');
    expect(outcomeOf(await control.withdraw('20.00', party.ann))).toBe('201');
    const left = await control.setTerms(party.ann, { rights: ['view'] });
    expect(left.body).toMatchObject({ rights: ['view'], limits: { perMonth: null } });
    expect(outcomeOf(await control.withdraw('1.00', party.ann))).toBe('403 right_missing');
  });

  const dan: HolderRight[] = ['view', 'withdraw', 'delegate'];
  const all = [...ownerRights];
  const without = (right: HolderRight) => all.filter((each) => each !== right);

  /** What Ann, one of two owners, sets for herself, for Bob (the other) or for Dan (a delegate with a limit of 50). */
  test.each<['ann' | 'bob' | 'dan', HolderRight[], object | undefined, string]>([
    ['dan', dan, { perDay: '50.00' }, '200'],
    ['dan', ['delegate', 'withdraw', 'view'], { perDay: '50.00' }, '200'],
    ['dan', dan, { perDay: '49.99' }, '200'],
    ['dan', dan, { perDay: '50.00', perMovement: '0' }, '200'],
    ['dan', dan, { perDay: '50.01' }, '202'],
    ['dan', dan, undefined, '202'],
    ['dan', dan, { perMonth: '1.00' }, '202'],
    ['dan', ['view', 'delegate'], { perDay: '50.00' }, '200'],
    ['dan', ['view', 'delegate'], { perDay: '60.00' }, '202'],
    ['dan', ['view', 'withdraw'], { perDay: '50.00' }, '202'],
    ['dan', [...dan, 'transfer'], { perDay: '50.00' }, '202'],
    ['dan', [...dan, 'deposit'], { perDay: '50.00' }, '202'],
    ['ann', all, { perDay: '5.00' }, '200'],
    ['ann', all, undefined, '200'],
    ['ann', without('withdraw'), undefined, '200'],
    ['ann', without('manage'), undefined, '200'],
    ['ann', [...all, 'delegate'], undefined, '202'],
    // Limits of another owner are not one's to set.
    ['bob', all, { perDay: '5.00' }, '202'],
    ['bob', without('withdraw'), undefined, '202'],
    ['bob', without('manage'), undefined, '202'],
    ['bob', [...all, 'delegate'], undefined, '202'],
  ])('for %s: %j with %j answers %s', async (who, rights, limits, expected) => {
    const holders = { ann: {}, bob: {}, dan: { rights: dan, limits: { perDay: '50.00' } } };
    const { id, party, control } = await open(holders);
    const before = (await client.get(`/v1/accounts/${id}/holders`)).body.data;
    const answer = await control.setTerms(party[who], { rights, ...(limits && { limits }), by: party.ann });
    expect(outcomeOf(answer)).toBe(expected);
    expect(answer.headers.etag).toBe('"1-1"');
    const after = (await client.get(`/v1/accounts/${id}/holders`)).body.data;
    if (expected === '200') expect(after).toContainEqual(expect.objectContaining(answer.body));
    else expect([answer.body.kind, after]).toEqual(['holder_terms', before]);
  });

  test('takes a holder who manages, and of others none', async () => {
    const holders = { ann: { rights: without('manage') }, bob: {}, dan: { rights: dan } };
    const { id, party, control } = await open(holders);
    const eve = await client.createParty('Eve');
    const terms = { rights: ['view', 'delegate'] as HolderRight[] };
    for (const by of [party.ann, party.dan]) {
      expect((await control.setTerms(party.dan, { ...terms, by })).body).toMatchObject({
        ...{ status: 403, code: 'right_missing', right: 'manage' },
      });
    }
    expect(outcomeOf(await control.setTerms(party.dan, { ...terms, by: eve }))).toBe('403 not_a_holder');
    expect(outcomeOf(await control.setTerms(party.dan, { ...terms, by: nobody }))).toBe('404 party_not_found');
    expect(outcomeOf(await control.setTerms(nobody, { ...terms, by: eve }))).toBe('404 party_not_found');
    expect(outcomeOf(await control.setTerms(eve, { ...terms, by: party.bob }))).toBe('404 holder_not_found');
    await control.invite(eve);
    expect(outcomeOf(await control.setTerms(eve, { ...terms, by: party.bob }))).toBe('404 holder_not_found');
    expect(outcomeOf(await controlOf(client, nobody).setTerms(eve, terms))).toBe('404 account_not_found');
    expect((await readTag(client, id)).revision).toBe(1);
  });

  test('leaves an owner', async () => {
    const { party, control } = await open({ ann: {}, dan: { rights: dan } });
    const asDelegate = { rights: dan };
    expect(outcomeOf(await control.setTerms(party.ann, asDelegate))).toBe('409 last_owner');
    expect(outcomeOf(await control.setTerms(party.ann, { ...asDelegate, by: party.ann }))).toBe('409 last_owner');
    expect(outcomeOf(await control.setTerms(party.dan, { rights: ['view'] }))).toBe('200');
    expect(outcomeOf(await control.setTerms(party.ann, asDelegate))).toBe('200');
  });

  test.each<[string, unknown, string[]]>([
    ['no body', undefined, ['']],
    ['no rights', {}, ['rights']],
    ['no rights left', { rights: [] }, ['rights']],
    ['nothing but "delegate"', { rights: ['delegate'] }, ['rights']],
    ['a right of no kind', { rights: ['View'] }, ['rights.0']],
    ['a limit that is none', { rights: ['view'], limits: { perDay: '1e3' } }, ['limits.perDay']],
    [
      'two of them',
      { rights: ['view'], limits: { perDay: '', perMonth: '0.001' } },
      ['limits.perDay', 'limits.perMonth'],
    ],
    ['limits that are null', { rights: ['view'], limits: null }, ['limits']],
    ['the party in the body', { rights: ['view'], partyId: nobody }, ['partyId']],
    ['a status', { rights: ['view'], status: 'left' }, ['status']],
    ['"by" that is no id', { rights: ['view'], by: 'me' }, ['by']],
  ])('refuses %s', async (_name, body, paths) => {
    const { id, party } = await open({ ann: {} });
    await leavingTheBooksAlone(service, async () => {
      const path = `/v1/accounts/${id}/holders/${party.ann}`;
      const answer = await sendRaw(service, { method: 'PUT', path, body: JSON.stringify(body) });
      expectProblem(answer, 'validation_failed', paths);
    });
  });

  test('takes If-Match and an idempotency key, though it is a PUT', async () => {
    const { id, party, control } = await open({ ann: {}, bob: {} });
    const terms = { rights: ['view'] as HolderRight[] };
    const key = { 'Idempotency-Key': `set-${id}` };
    expect(outcomeOf(await control.setTerms(party.bob, terms, { 'If-Match': '"0"' }))).toBe('412 version_mismatch');
    const first = await control.setTerms(party.bob, terms, { ...key, 'If-Match': '"1"' });
    expect([first.status, first.headers.etag]).toEqual([200, '"1-1"']);
    await control.setTerms(party.bob, { rights: ['view', 'deposit'] });
    const replayed = await control.setTerms(party.bob, terms, key);
    expect([replayed.headers['idempotent-replayed'], replayed.headers.etag]).toEqual(['true', '"1-1"']);
    expect(replayed.body).toEqual(first.body);
    expect(await readTag(client, id)).toMatchObject({ etag: '"1-2"' });
    expect(outcomeOf(await control.setTerms(party.ann, terms, key))).toBe('422 idempotency_key_reused');
    const odd = await control.setTerms(party.bob, terms, { 'Idempotency-Key': 'two words' });
    expect(odd.body.errors[0].path).toBe('Idempotency-Key');
  });
});

describe('whoever goes', () => {
  test('leaves on its own, but not as the last owner', async () => {
    const { id, party, control } = await open({ ann: {}, bob: {}, dan: { rights: ['withdraw', 'delegate'] } });
    const left = await control.leave(party.ann);
    expect([left.status, left.headers.etag, left.body.status]).toEqual([200, '"1-1"', 'left']);
    expect(outcomeOf(await control.withdraw('1.00', party.ann))).toBe('403 not_a_holder');
    expect(outcomeOf(await control.leave(party.ann))).toBe('404 holder_not_found');
    expect(outcomeOf(await control.leave(party.bob))).toBe('409 last_owner');
    expect(outcomeOf(await control.remove(party.bob))).toBe('409 last_owner');
    expect(outcomeOf(await control.remove(party.bob, party.bob))).toBe('409 last_owner');
    expect(outcomeOf(await control.leave(party.dan))).toBe('200');
    expect((await client.get(`/v1/accounts/${id}`)).body.holders).toHaveLength(1);
  });

  test('is removed by one who manages where it is a delegate, by all owners where it is an owner', async () => {
    const manages: HolderRight[] = ['view', 'manage', 'delegate'];
    const { party, control } = await open({ ann: {}, bob: {}, dan: { rights: manages }, ed: { rights: manages } });
    expect(outcomeOf(await control.remove(party.ed, party.dan))).toBe('200');
    const asked = await control.remove(party.bob, party.dan);
    expect([asked.status, asked.body.kind, asked.body.multiAuthorisation.missingFrom]).toEqual([
      ...[202, 'holder_removal', [party.ann, party.bob].sort()],
    ]);
    expect((await control.remove(party.dan)).body.status).toBe('removed');
    expect(outcomeOf(await control.remove(party.ann, party.dan))).toBe('403 not_a_holder');
    expect((await control.remove(party.bob, party.ann)).status).toBe(202);
    expect((await control.remove(party.bob)).body.status).toBe('removed');
  });

  const going = {
    leaves: (control: ReturnType<typeof controlOf>, party: string) => control.leave(party),
    'is removed': (control: ReturnType<typeof controlOf>, party: string) => control.remove(party),
    dies: (control: ReturnType<typeof controlOf>, party: string) => control.bury(party),
    'loses the right': (control: ReturnType<typeof controlOf>, party: string) =>
      control.setTerms(party, { rights: ['view', 'transfer'] }),
  };

  test.each(Object.entries(going))(
    'ends the orders that nobody can complete any more, when it %s',
    async (_name, goes) => {
      const named = (party: Record<string, string>) => ({ rule: 'named', signatories: [party.ann, party.bob] });
      const { id, party, control } = await open({ ann: {}, bob: {}, cay: {} }, { mandate: named });
      const [first, second] = [await order(id, party.ann), await order(id, party.cay, '20.00')];
      expect(await moneyOf(id)).toEqual(['100.00', '50.00', '50.00']);
      const before = await readTag(client, id);
      expect((await goes(control, party.bob)).status).toBe(200);
      expect(await moneyOf(id)).toEqual(['100.00', '0.00', '100.00']);
      expect((await readTag(client, id)).revision).toBe(before.revision + 1);
      for (const orderId of [first, second]) {
        const { body } = await client.get(`/v1/payment-orders/${orderId}`);
        expect([body.status, body.transactionId, body.multiAuthorisation.missingFrom]).toEqual(['rejected', null, []]);
        expect((await client.get(`/v1/holds/${orderId}`)).body).toMatchObject({ status: 'voided', remaining: '0.00' });
        expect(outcomeOf(await signOrder(client, orderId, party.ann))).toBe('409 payment_order_not_pending');
      }
      expect(outcomeOf(await control.withdraw('1.00', party.ann))).toBe('422 mandate_unreachable');
    },
  );

  test.each(Object.entries(going))(
    'pays nothing that is complete without it, when it %s; the next signature does',
    async (_name, goes) => {
      const { id, party, control } = await open({ ann: {}, bob: {}, cay: {} }, { mandate: allOwners });
      const orderId = await order(id, party.ann);
      expect((await signOrder(client, orderId, party.bob)).body.status).toBe('waiting');
      expect((await goes(control, party.cay)).status).toBe(200);
      expect(await moneyOf(id)).toEqual(['100.00', '30.00', '70.00']);
      const { body } = await client.get(`/v1/payment-orders/${orderId}`);
      expect([body.status, body.multiAuthorisation.missingFrom]).toEqual(['waiting', []]);
      const again = await signOrder(client, orderId, party.ann);
      expect([again.status, again.body.status]).toEqual([200, 'booked']);
      expect(again.body.transaction.signedBy).toEqual([party.ann, party.bob].sort());
      expect(await moneyOf(id)).toEqual(['70.00', '0.00', '70.00']);
    },
  );

  test('keeps no voice in orders that go on, not even in those it initiated', async () => {
    const two = () => ({ rule: 'count', count: 2 });
    const { id, party, control } = await open({ ann: {}, bob: {}, cay: {} }, { mandate: two });
    const orderId = await order(id, party.ann);
    expect((await control.leave(party.ann)).status).toBe(200);
    const { body } = await client.get(`/v1/payment-orders/${orderId}`);
    expect([body.status, body.multiAuthorisation.missingFrom]).toEqual(['waiting', [party.bob, party.cay].sort()]);
    expect(body.multiAuthorisation).toMatchObject({ numberReceived: 0, numberRequired: 2 });
    expect(outcomeOf(await signOrder(client, orderId, party.ann))).toBe('403 not_a_holder');
    expect((await signOrder(client, orderId, party.bob)).body.status).toBe('waiting');
    const booked = await signOrder(client, orderId, party.cay);
    expect(booked.body.transaction).toMatchObject({
      ...{ initiatedBy: party.ann, signedBy: [party.bob, party.cay].sort() },
    });
  });
});

describe('death', () => {
  const dies = async (holders: Record<string, Terms>, options: Options, who = 'ann') => {
    const { id, party, control } = await open(holders, options);
    const died = await control.bury(party[who]!);
    expect([died.status, died.body.status, died.headers.etag]).toEqual([200, 'deceased', '"1-1"']);
    const restrictions = (await client.get(`/v1/accounts/${id}/restrictions`)).body.data;
    const { debitsStopped, creditsStopped } = (await client.get(`/v1/accounts/${id}`)).body;
    expect([creditsStopped, restrictions.length]).toEqual([false, debitsStopped ? 1 : 0]);
    return { id, party, control, debitsStopped, restrictions };
  };
  const dan = { rights: ['view', 'withdraw', 'delegate'] as HolderRight[] };

  test.each<[string, Record<string, Terms>, string, string, boolean]>([
    ['an owner among survivors', { ann: {}, bob: {} }, 'survivors', 'ann', false],
    ['an owner with an estate', { ann: {}, bob: {} }, 'estate', 'ann', true],
    ['the last one', { ann: {} }, 'survivors', 'ann', true],
    ['the last owner, a delegate being left', { ann: {}, dan }, 'survivors', 'ann', true],
    ['a delegate, who has no share', { ann: {}, dan }, 'estate', 'dan', false],
  ])('of %s (%j, %s)', async (_name, holders, survivorship, who, stops) => {
    const { id, party, control, debitsStopped, restrictions } = await dies(holders, { survivorship }, who);
    expect(debitsStopped).toBe(stops);
    for (const name of Object.keys(holders).filter((name) => name !== who)) {
      expect(outcomeOf(await control.withdraw('1.00', party[name]))).toBe(stops ? '422 account_restricted' : '201');
    }
    expect(outcomeOf(await control.withdraw('1.00'))).toBe(stops ? '422 account_restricted' : '201');
    const deposit = await client.post(`/v1/accounts/${id}/deposits`, { amount: '1.00', currency: 'USD' });
    expect(deposit.status).toBe(201);
    if (!stops) return;
    const [restriction] = restrictions;
    expect(restriction).toMatchObject({ scope: 'debits', by: null, liftedAt: null });
    expect(restriction.reason).toContain(party[who]);
    const survivor = Object.keys(holders).find((name) => name !== who);
    if (survivor !== undefined) {
      expect(outcomeOf(await lift(client, restriction.id, party[survivor]))).toBe('403 right_missing');
    }
    expect(outcomeOf(await lift(client, restriction.id))).toBe('200');
    expect(outcomeOf(await control.withdraw('1.00'))).toBe('201');
  });

  test('counts no longer among those whose signature a change takes', async () => {
    const { id, party, control } = await open({ ann: {}, bob: {}, cay: {} });
    const asked = await control.invite(await client.createParty('Eve'), { by: party.ann });
    expect((await signChange(client, asked.body.id, party.bob)).body.status).toBe('waiting');
    expect((await control.bury(party.cay)).status).toBe(200);
    expect((await client.get(`/v1/account-changes/${asked.body.id}`)).body).toMatchObject({
      ...{ status: 'waiting', multiAuthorisation: { missingFrom: [], numberReceived: 2, numberRequired: 2 } },
    });
    expect((await signChange(client, asked.body.id, party.bob)).body.status).toBe('applied');
    expect((await client.get(`/v1/accounts/${id}/holders`)).body.data).toHaveLength(4);
  });

  test('comes once, and to nobody who holds nothing', async () => {
    const { id, party, control } = await open({ ann: {}, bob: {} });
    const eve = await client.createParty('Eve');
    await control.invite(eve);
    expect(outcomeOf(await control.bury(eve))).toBe('404 holder_not_found');
    expect(outcomeOf(await control.bury(party.ann))).toBe('200');
    expect(outcomeOf(await control.bury(party.ann))).toBe('404 holder_not_found');
    const replayed = [0, 1].map(() =>
      client.post(`/v1/accounts/${id}/holders/${party.bob}/death`, undefined, { 'Idempotency-Key': `death-${id}` }),
    );
    const [first, second] = await Promise.all(replayed);
    expect([first!.status, second!.status, second!.body]).toEqual([200, 200, first!.body]);
    expect((await client.get(`/v1/accounts/${id}/restrictions`)).body.data).toHaveLength(1);
  });
});
