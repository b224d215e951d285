import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type HolderRight, ownerRights } from '../../src/ownership/holder.ts';
import { controlOf, lift, outcomeOf, readTag, signChange } from '../support/account-control.ts';
import { byService } from '../support/authentication.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem } from '../support/refusals.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const dayMs = 86_400_000;
const manager: { rights: HolderRight[] } = { rights: ['view', 'manage', 'delegate'] };
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** Three owners and a delegate who manages; one of the owners does not. */
async function open() {
  const holders = { ann: {}, bob: {}, cay: { rights: ['view' as const] }, dan: manager };
  const { id, party } = await openJointAccount(client, holders, { mandate: () => ({ rule: 'all' }) });
  return { id, party, control: controlOf(client, id) };
}

/** A change that Ann asks for and that waits for the other owners. */
async function ask(mandate: object = { rule: 'any' }) {
  const scene = await open();
  const asked = await scene.control.setMandate(mandate, scene.party.ann);
  expect(asked.status).toBe(202);
  return { ...scene, asked, changeId: asked.body.id as string, path: `/v1/account-changes/${asked.body.id}` };
}

const cancel = (changeId: string, by?: string, headers: Record<string, string> = {}) =>
  client.post(`/v1/account-changes/${changeId}/cancel`, { by }, headers);

/** What stands in the account and around it that a change may change. */
async function stateOf(account: string) {
  const [read, holders, restrictions] = await Promise.all(
    ['', '/holders', '/restrictions'].map((path) => client.get(`/v1/accounts/${account}${path}`)),
  );
  const { revision: _revision, ...document } = read!.body;
  return [document, holders!.body, restrictions!.body];
}

describe('a change', () => {
  test('waits for every owner, and is made with the last signature', async () => {
    const { id, party, asked, path } = await ask();
    expect([asked.headers.location, asked.headers.etag]).toEqual([path, '"0-1"']);
    const waiting = {
      id: asked.body.id,
      accountId: id,
      kind: 'mandate',
      change: { mandate: { version: null, bands: [{ rule: 'any' }] } },
      status: 'waiting',
      instructionHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      by: party.ann,
      authentication: byService,
      createdAt: instant,
      expiresAt: instant,
      finishedAt: null,
      multiAuthorisation: {
        ...{ status: 'AwaitingFurtherAuthorisation', numberRequired: 3, numberReceived: 1 },
        ...{ missingFrom: [party.bob, party.cay].sort(), signedBy: [party.ann], expiresAt: asked.body.expiresAt },
      },
      authorisations: [
        {
          ...{ by: party.ann, decision: 'approve', authentication: byService },
          ...{ instructionHash: asked.body.instructionHash, at: asked.body.createdAt },
        },
      ],
    };
    expect(asked.body).toEqual(waiting);
    expect(Date.parse(asked.body.expiresAt) - Date.parse(asked.body.createdAt)).toBe(14 * dayMs);
    const read = await client.get(path);
    expect([read.status, read.body]).toEqual([200, asked.body]);

    const first = await signChange(client, asked.body.id, party.cay);
    expect([first.status, first.headers.etag]).toEqual([200, '"0-2"']);
    expect(first.body).toMatchObject({
      status: 'waiting',
      multiAuthorisation: { numberReceived: 2, missingFrom: [party.bob] },
    });
    expect((await client.get(path)).body).toEqual(first.body);
    expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(1);

    const last = await signChange(client, asked.body.id, party.bob);
    expect([last.status, last.headers.etag]).toEqual([200, '"0-3"']);
    const { applied, ...change } = last.body;
    expect(change).toEqual({
      ...waiting,
      ...{ status: 'applied', finishedAt: instant },
      multiAuthorisation: {
        ...{ ...waiting.multiAuthorisation, status: 'Authorised', numberReceived: 3, missingFrom: [] },
        signedBy: [party.ann, party.bob, party.cay].sort(),
      },
      authorisations: [party.ann, party.cay, party.bob].map((by) => ({
        ...{ by, decision: 'approve', authentication: byService },
        ...{ instructionHash: change.instructionHash, at: instant },
      })),
    });
    expect((await client.get(path)).body).toEqual(change);
    expect(applied).toEqual((await client.get(`/v1/accounts/${id}/mandate`)).body);
    expect(applied).toEqual({ accountId: id, version: 2, bands: [{ rule: 'any' }] });
  });

  test('counts each owner once, however often it signs', async () => {
    const { id, party, changeId } = await ask();
    await signChange(client, changeId, party.bob);
    const again = await signChange(client, changeId, party.bob);
    expect([again.status, again.body.status, again.body.multiAuthorisation.numberReceived]).toEqual([
      200,
      'waiting',
      2,
    ]);
    expect(again.body.authorisations).toHaveLength(2);
    const together = await startTogether(3, async () => signChange(client, changeId, party.bob));
    expect(together.map(({ body }) => body.multiAuthorisation.numberReceived)).toEqual([2, 2, 2]);
    expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(1);
  });

  test('ends with the first rejection', async () => {
    const { id, party, changeId, path } = await ask();
    await signChange(client, changeId, party.bob);
    const before = await stateOf(id);
    const rejected = await signChange(client, changeId, party.cay, 'reject');
    expect([rejected.status, rejected.headers.etag]).toEqual([200, '"0-3"']);
    expect(rejected.body).toMatchObject({
      status: 'rejected',
      finishedAt: instant,
      multiAuthorisation: { missingFrom: [] },
    });
    expect(rejected.body.authorisations.at(-1)).toMatchObject({ by: party.cay, decision: 'reject', at: instant });
    expect((await client.get(path)).body).toEqual(rejected.body);
    for (const name of ['ann', 'bob', 'cay'] as const) {
      const late = await signChange(client, changeId, party[name]);
      expect(late.body).toMatchObject({ status: 409, code: 'account_change_not_pending', state: 'rejected' });
    }
    expect(await stateOf(id)).toEqual(before);
  });

  test('is taken back, not rejected, by whoever asked for it', async () => {
    const { party, changeId } = await ask();
    const answer = await signChange(client, changeId, party.ann, 'reject');
    expect(answer.body).toMatchObject({ status: 409, code: 'already_decided', decision: 'approve' });
    expect((await cancel(changeId, party.ann)).body.status).toBe('cancelled');
  });

  test('can be taken back by whoever asked for it, and by the service', async () => {
    for (const by of ['ann', undefined] as const) {
      const { party, changeId, path } = await ask();
      for (const other of [party.bob, party.dan]) {
        expect(outcomeOf(await cancel(changeId, other))).toBe('403 right_missing');
      }
      const cancelled = await cancel(changeId, by && party[by]);
      expect([cancelled.status, cancelled.headers.etag]).toEqual([200, '"0-2"']);
      expect(cancelled.body).toMatchObject({
        status: 'cancelled',
        finishedAt: instant,
        multiAuthorisation: { missingFrom: [] },
      });
      expect((await client.get(path)).body).toEqual(cancelled.body);
      expect((await cancel(changeId)).body).toMatchObject({ code: 'account_change_not_pending', state: 'cancelled' });
      expect(outcomeOf(await signChange(client, changeId, party.bob))).toBe('409 account_change_not_pending');
    }
  });

  test('expires by itself', async () => {
    const { id, party, changeId, path } = await ask();
    await signChange(client, changeId, party.cay);
    const expires_at = new Date(Date.now() - 1_000);
    await service.rows('account_changes').where('id', changeId).update({ expires_at });
    const { body } = await client.get(path);
    expect(body).toMatchObject({
      status: 'expired',
      finishedAt: expires_at.toISOString(),
      multiAuthorisation: { missingFrom: [] },
    });
    expect((await client.get(`/v1/accounts/${id}/changes`)).body.data).toEqual([body]);
    for (const answer of [await signChange(client, changeId, party.bob), await cancel(changeId, party.ann)]) {
      expect(answer.body).toMatchObject({ status: 409, code: 'account_change_not_pending', state: 'expired' });
    }
    expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(1);
  });

  test('may be asked for by a delegate who manages, whose signature is none', async () => {
    const { party, control } = await open();
    const asked = await control.setMandate({ rule: 'any' }, party.dan);
    expect(asked.body).toMatchObject({
      by: party.dan,
      multiAuthorisation: { numberReceived: 0, numberRequired: 3 },
      authorisations: [],
    });
    expect(outcomeOf(await signChange(client, asked.body.id, party.dan))).toBe('403 right_missing');
    for (const name of ['ann', 'bob'] as const) await signChange(client, asked.body.id, party[name]);
    const done = await signChange(client, asked.body.id, party.cay);
    expect(done.body).toMatchObject({ status: 'applied', applied: { version: 2 } });
  });
});

describe('whose signature it takes', () => {
  test('an owner who joined meanwhile signs too', async () => {
    const { party, control, changeId } = await ask();
    const eve = await client.createParty('Eve');
    await control.invite(eve);
    await control.accept(eve);
    await signChange(client, changeId, party.bob);
    const signed = await signChange(client, changeId, party.cay);
    expect(signed.body).toMatchObject({
      status: 'waiting',
      multiAuthorisation: { numberRequired: 4, missingFrom: [eve] },
    });
    expect((await signChange(client, changeId, eve)).body.status).toBe('applied');
  });

  test('one who went need not; nothing happens until the next signature, which may be a repeated one', async () => {
    const { id, party, control, changeId, path } = await ask();
    await signChange(client, changeId, party.bob);
    expect((await control.leave(party.cay)).status).toBe(200);
    expect((await client.get(path)).body).toMatchObject({
      status: 'waiting',
      multiAuthorisation: { missingFrom: [], numberRequired: 2 },
    });
    expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(1);
    expect(outcomeOf(await signChange(client, changeId, party.cay))).toBe('403 not_a_holder');
    expect((await signChange(client, changeId, party.ann)).body).toMatchObject({ status: 'applied' });
    expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(2);
  });

  test('the word of one who went counts no longer, and it can still take back what it asked for', async () => {
    const { party, control, changeId } = await ask();
    expect((await control.leave(party.ann)).status).toBe(200);
    const signed = await signChange(client, changeId, party.bob);
    expect(signed.body).toMatchObject({
      multiAuthorisation: { numberRequired: 2, numberReceived: 1, missingFrom: [party.cay] },
    });
    expect((await cancel(changeId, party.ann)).body.status).toBe('cancelled');
  });
});

describe('every kind of change', () => {
  type Scene = Awaited<ReturnType<typeof open>>;

  const kinds: Record<string, (scene: Scene) => PromiseLike<{ status: number; body: { id: string } }>> = {
    mandate: ({ control, party }) => control.setMandate({ rule: 'any' }, party.ann),
    holder_invitation: async ({ control, party }) =>
      control.invite(await client.createParty('Eve'), { by: party.ann, limits: { perDay: '7' } }),
    holder_terms: ({ control, party }) => control.setTerms(party.cay, { rights: [...ownerRights], by: party.ann }),
    holder_removal: ({ control, party }) => control.remove(party.bob, party.ann),
    restriction_lift: async ({ control, party }) => {
      const { body } = await control.restrict({ by: party.bob });
      return lift(client, body.id, party.ann);
    },
  };

  test.each(Object.entries(kinds))(
    '%s is made with the last signature, and what it made is what is read',
    async (kind, asks) => {
      const scene = await open();
      const { id, party } = scene;
      const asked = await asks(scene);
      expect(asked).toMatchObject({ status: 202, body: { kind, status: 'waiting' } });
      const before = await stateOf(id);
      await signChange(client, asked.body.id, party.bob);
      expect(await stateOf(id)).toEqual(before);
      const { body } = await signChange(client, asked.body.id, party.cay);
      expect(body).toMatchObject({ kind, status: 'applied', applied: { accountId: id } });
      const after = await stateOf(id);
      expect(after).not.toEqual(before);
      const [, holders, restrictions] = after;
      const mandate = (await client.get(`/v1/accounts/${id}/mandate`)).body;
      const found = [mandate, ...holders.data, ...restrictions.data];
      expect(found).toContainEqual(expect.objectContaining(body.applied));
    },
  );

  test('an invitation in one can be accepted once it is made', async () => {
    const { id, party, control } = await open();
    const eve = await client.createParty('Eve');
    const asked = await control.invite(eve, { by: party.ann, limits: { perDay: '7' } });
    const { holder } = asked.body.change;
    expect(holder).toEqual({
      partyId: eve,
      rights: [...ownerRights],
      limits: { perMovement: null, perDay: '7.00', perMonth: null },
    });
    expect(outcomeOf(await control.accept(eve))).toBe('404 holder_not_found');
    await signChange(client, asked.body.id, party.bob);
    await signChange(client, asked.body.id, party.cay);
    expect((await control.accept(eve)).body).toMatchObject({ status: 'active', by: party.ann });
    expect((await client.get(`/v1/accounts/${id}`)).body.holders).toHaveLength(5);
  });

  test('an invitation is not waited for longer than it is open', async () => {
    const { party, control } = await open();
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const asked = await control.invite(await client.createParty('Eve'), { by: party.ann, expiresAt });
    expect(asked.body).toMatchObject({ expiresAt, change: { expiresAt: expiresAt } });
    const later = new Date(Date.now() + 60 * dayMs).toISOString();
    const longer = await control.invite(await client.createParty('Fay'), { by: party.ann, expiresAt: later });
    const waitsMs = Date.parse(longer.body.expiresAt) - Date.parse(longer.body.createdAt);
    expect(waitsMs).toBe(14 * dayMs);
  });

  test('that has become impossible is refused with the last signature, and goes on waiting', async () => {
    const { id, party, control } = await open();
    const eve = await client.createParty('Eve');
    const asked = await control.invite(eve, { by: party.ann });
    await signChange(client, asked.body.id, party.bob);
    expect((await control.invite(eve)).status).toBe(201);
    const before = [await stateOf(id), await readTag(client, id)];
    const last = await signChange(client, asked.body.id, party.cay);
    expect(last.body).toMatchObject({ status: 409, code: 'already_a_holder', state: 'invited' });
    expect([await stateOf(id), await readTag(client, id)]).toEqual(before);
    expect((await client.get(`/v1/account-changes/${asked.body.id}`)).body).toMatchObject({
      ...{ status: 'waiting', multiAuthorisation: { numberReceived: 2 } },
    });
    await control.decline(eve);
    expect((await signChange(client, asked.body.id, party.cay)).body.status).toBe('applied');
  });
});

test('refuses for the first fault in the documented order', async () => {
  const { id, party, changeId } = await ask();
  const eve = await client.createParty('Eve');
  const send = async (change: string, by: string, decision: string, instructionHash: string) =>
    outcomeOf(await client.post(`/v1/account-changes/${change}/authorisations`, { by, decision, instructionHash }));
  const [wrong, right] = ['0'.repeat(64), (await client.get(`/v1/account-changes/${changeId}`)).body.instructionHash];
  expect(await send(nobody, nobody, 'approve', wrong)).toBe('404 account_change_not_found');
  expect(await send(changeId, nobody, 'reject', wrong)).toBe('404 party_not_found');
  expect(await send(changeId, eve, 'reject', wrong)).toBe('403 not_a_holder');
  expect(await send(changeId, party.dan, 'reject', wrong)).toBe('403 right_missing');
  expect(await send(changeId, party.ann, 'reject', wrong)).toBe('409 instruction_mismatch');
  expect(await send(changeId, party.ann, 'reject', right)).toBe('409 already_decided');
  const other = await ask({ rule: 'any' });
  expect(await send(changeId, party.bob, 'approve', other.asked.body.instructionHash)).toBe('409 instruction_mismatch');
  expect(outcomeOf(await cancel(nobody, nobody))).toBe('404 account_change_not_found');
  expect(outcomeOf(await cancel(changeId, nobody))).toBe('404 party_not_found');
  expect(outcomeOf(await cancel(changeId, eve))).toBe('403 not_a_holder');

  expect((await client.post(`/v1/accounts/${id}/close`)).status).toBe(200);
  expect(await send(changeId, party.bob, 'approve', wrong)).toBe('422 account_closed');
  expect(outcomeOf(await cancel(changeId, party.ann))).toBe('200');
  expect(await send(changeId, party.bob, 'approve', wrong)).toBe('409 account_change_not_pending');
});

const hash = 'a'.repeat(64);

test.each<[string, unknown, string[]]>([
  ['no body', undefined, ['']],
  ['nothing', {}, ['decision', 'instructionHash']],
  ['another word', { by: nobody, decision: 'accept', instructionHash: hash }, ['decision']],
  ['no hash', { by: nobody, decision: 'approve' }, ['instructionHash']],
  ['a short hash', { by: nobody, decision: 'approve', instructionHash: hash.slice(1) }, ['instructionHash']],
  ['a hash in capitals', { by: nobody, decision: 'approve', instructionHash: 'A'.repeat(64) }, ['instructionHash']],
  ['no party', { decision: 'approve', instructionHash: hash }, ['by']],
  ['a party that is null', { by: null, decision: 'approve', instructionHash: hash }, ['by']],
  ['a party by name', { by: 'Ann', decision: 'approve', instructionHash: hash }, ['by']],
  ['"party" for who signs', { party: nobody, decision: 'approve', instructionHash: hash }, ['party']],
])('refuses a signature with %s', async (_name, body, paths) => {
  const { id, path } = await ask();
  const before = await readTag(client, id);
  const request = { method: 'POST', path: `${path}/authorisations`, body: JSON.stringify(body) };
  expectProblem(await sendRaw(service, request), 'validation_failed', paths);
  expect(await readTag(client, id)).toEqual(before);
});

test('refuses addresses and bodies that are none', async () => {
  const { path } = await ask();
  expectProblem(await sendRaw(service, { path: '/v1/account-changes/x' }), 'validation_failed', ['changeId']);
  expectProblem(await sendRaw(service, { path: `${path}?x=1` }), 'validation_failed', ['x']);
  const cancelled = { method: 'POST', path: `${path}/cancel`, body: '{"by":1,"reason":"x"}' };
  expectProblem(await sendRaw(service, cancelled), 'validation_failed', ['by', 'reason']);
  expect(outcomeOf(await client.get(`/v1/account-changes/${nobody}`))).toBe('404 account_change_not_found');
});

test('lists the changes of an account page by page, the latest first', async () => {
  const { id, party, control } = await open();
  const ids: string[] = [];
  for (let number = 0; number < 5; number++) ids.push((await control.setMandate({ rule: 'any' }, party.ann)).body.id);
  await signChange(client, ids[1]!, party.bob, 'reject');
  await cancel(ids[2]!);
  const listed = await walkPages(client, `/v1/accounts/${id}/changes`);
  expect(listed.map((change) => change.id)).toEqual(ids.toReversed());
  expect(listed.map((change) => change.status)).toEqual(['waiting', 'waiting', 'cancelled', 'rejected', 'waiting']);
  for (const change of listed) expect((await client.get(`/v1/account-changes/${change.id}`)).body).toEqual(change);
  const page = await client.get(`/v1/accounts/${id}/changes?limit=1`);
  const other = await open();
  const elsewhere = await client.get(`/v1/accounts/${other.id}/changes?cursor=${page.body.nextCursor}`);
  expect(outcomeOf(elsewhere)).toBe('400 invalid_cursor');
  expect(outcomeOf(await client.get(`/v1/accounts/${nobody}/changes`))).toBe('404 account_not_found');
});

test('a key that is bound to a party signs for that party only', async () => {
  const { id, party, asked, changeId, path } = await ask();
  const [byBob, byEve] = [await clientOf(service, party.bob), await clientOf(service, await client.createParty('Eve'))];
  const signature = { decision: 'approve', instructionHash: asked.body.instructionHash };
  const signed = (bound: TestClient, more: object = {}) =>
    bound.post(`${path}/authorisations`, { ...signature, ...more });
  for (const answer of [await byEve.get(path), await signed(byEve), await byEve.post(`${path}/cancel`)]) {
    expect(outcomeOf(answer)).toBe('404 account_change_not_found');
  }
  expect(outcomeOf(await byEve.get(`/v1/accounts/${id}/changes`))).toBe('404 account_not_found');
  expect(outcomeOf(await signed(byBob, { by: party.cay }))).toBe('403 key_not_allowed');
  expect(outcomeOf(await byBob.post(`${path}/cancel`))).toBe('403 right_missing');
  expect((await signed(byBob)).body.multiAuthorisation.missingFrom).toEqual([party.cay]);
  expect((await byBob.get(path)).body.authorisations.map((said: { by: string }) => said.by)).toContain(party.bob);
  expect((await signChange(client, changeId, party.cay)).body.status).toBe('applied');
});

test('expects the tag of If-Match, and answers a used key with its first answer', async () => {
  const { id, party, asked, path } = await ask();
  const body = { by: party.bob, decision: 'approve', instructionHash: asked.body.instructionHash };
  const signed = (headers: Record<string, string>) => client.post(`${path}/authorisations`, body, headers);
  expect(outcomeOf(await signed({ 'If-Match': '"0"' }))).toBe('412 version_mismatch');
  const key = { 'Idempotency-Key': `sign-${id}` };
  const first = await signed({ ...key, 'If-Match': '"0-1"' });
  await signChange(client, asked.body.id, party.cay);
  const again = await signed(key);
  expect([again.status, again.headers['idempotent-replayed'], again.headers.etag]).toEqual([200, 'true', '"0-2"']);
  expect(again.body).toEqual(first.body);
  expect((await client.get(path)).body.status).toBe('applied');
  expect(outcomeOf(await cancel(asked.body.id, undefined, key))).toBe('422 idempotency_key_reused');
});

test('no more than a hundred wait on an account, until one of them is taken back', async () => {
  const { control, party } = await ask();
  const asked = await startTogether(99, () => control.setMandate({ rule: 'any' }, party.ann));
  expect(asked.map(({ status }) => status)).toEqual(Array(99).fill(202));
  const refused = await control.setMandate({ rule: 'any' }, party.ann);
  expect(refused.body).toMatchObject({ status: 409, code: 'too_many_changes', limit: 100 });
  await client.post(`/v1/account-changes/${asked[0]!.body.id}/cancel`, { by: party.ann });
  expect((await control.setMandate({ rule: 'any' }, party.ann)).status).toBe(202);
});
