import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type HolderRight, holderRights, noLimits, ownerRights } from '../../src/ownership/holder.ts';
import { controlOf, outcomeOf, readTag } from '../support/account-control.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const dayMs = 86_400_000;
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const viewer: { rights: HolderRight[] } = { rights: ['view', 'delegate'] };
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** An account of Ann, with Eve beside it, who may become its holder. */
async function openForTwo(options: { balance?: string; ownership?: 'sole' } = { balance: '50.00' }) {
  const { id, party } = await openJointAccount(client, { ann: {} }, options);
  return { id, ann: party.ann, eve: await client.createParty('Eve'), control: controlOf(client, id) };
}

async function holderOf(account: string, partyId: string) {
  const { body } = await client.get(`/v1/accounts/${account}/holders?limit=200`);
  const found = body.data.find((holder: { partyId: string }) => holder.partyId === partyId);
  if (found === undefined) return undefined;
  const { name, ...holder } = found;
  expect(name).toEqual(expect.any(String));
  return holder;
}

/** Sets back the end of an invitation, as if that much time had passed. */
const letPass = (account: string, partyId: string) =>
  service
    .rows('holders')
    .where({ account_id: account, party_id: partyId })
    .update({ invitation_expires_at: new Date(Date.now() - 1_000) });

describe('an invitation', () => {
  test('makes a holder of whoever accepts it, and nobody before', async () => {
    const { id, ann, eve, control } = await openForTwo();
    const invited = await control.invite(eve, { by: ann });
    expect([invited.status, invited.headers.etag]).toEqual([201, '"1-1"']);
    expect(invited.body).toEqual({
      accountId: id,
      partyId: eve,
      rights: [...ownerRights],
      limits: { perMovement: null, perDay: null, perMonth: null },
      status: 'invited',
      by: ann,
      expiresAt: instant,
      joinedAt: null,
      endedAt: null,
      history: 'joining',
    });
    const waitsMs = Date.parse(invited.body.expiresAt) - Date.now();
    expect(Math.round(waitsMs / dayMs)).toBe(14);
    expect(await holderOf(id, eve)).toEqual(invited.body);
    const before = (await client.get(`/v1/accounts/${id}`)).body;
    expect(before.holders).toEqual([{ partyId: ann, rights: [...ownerRights], limits: noLimits }]);
    expect(outcomeOf(await control.withdraw('1.00', eve))).toBe('403 not_a_holder');

    const accepted = await control.accept(eve);
    expect([accepted.status, accepted.headers.etag]).toEqual([200, '"1-2"']);
    expect(accepted.body).toEqual({ ...invited.body, status: 'active', joinedAt: instant });
    expect(await holderOf(id, eve)).toEqual(accepted.body);
    const { headers, body } = await client.get(`/v1/accounts/${id}`);
    expect(headers.etag).toBe('"1-2"');
    expect(body.holders.map((holder: { partyId: string }) => holder.partyId)).toEqual([ann, eve].sort());
    expect(outcomeOf(await control.withdraw('1.00', eve))).toBe('201');
  });

  test('gives the rights and limits it says, in the account’s currency', async () => {
    const { id, eve, control } = await openForTwo();
    const terms = { rights: ['view', 'withdraw', 'delegate'], limits: { perMovement: '5', perDay: '7.5' } };
    const limits = { perMovement: '5.00', perDay: '7.50', perMonth: null };
    expect((await control.invite(eve, terms)).body).toMatchObject({ rights: terms.rights, limits });
    expect(await holderOf(id, eve)).toMatchObject({ rights: terms.rights, limits });
    expect((await control.accept(eve)).body).toMatchObject({ rights: terms.rights, limits });
    expect(outcomeOf(await control.withdraw('5.01', eve))).toBe('422 limit_exceeded');
    expect(outcomeOf(await control.withdraw('5.00', eve))).toBe('201');
  });

  test('lapses by itself, and can be made again', async () => {
    const { id, eve, control } = await openForTwo();
    const expiresAt = new Date(Date.now() + 89 * dayMs).toISOString();
    expect((await control.invite(eve, { expiresAt })).body.expiresAt).toBe(expiresAt);
    await letPass(id, eve);
    expect(await holderOf(id, eve)).toMatchObject({ status: 'expired', endedAt: null });
    const late = await control.accept(eve);
    expect(outcomeOf(late)).toBe('409 invitation_not_open');
    expect(late.body).toMatchObject({ status: 409, state: 'expired' });
    expect(outcomeOf(await control.decline(eve))).toBe('409 invitation_not_open');
    expect(outcomeOf(await control.remove(eve))).toBe('404 holder_not_found');
    expect((await control.invite(eve, viewer)).status).toBe(201);
    expect((await control.accept(eve)).body).toMatchObject({ status: 'active', rights: viewer.rights });
  });

  test('can be declined, and taken back by whoever manages the account', async () => {
    const { id, ann, eve, control } = await openForTwo();
    await control.invite(eve);
    const declined = await control.decline(eve);
    expect([declined.status, declined.headers.etag]).toEqual([200, '"1-2"']);
    expect(declined.body).toMatchObject({ status: 'declined', joinedAt: null, endedAt: instant });
    expect((await control.accept(eve)).body).toMatchObject({ code: 'invitation_not_open', state: 'declined' });
    expect((await control.invite(eve)).status).toBe(201);
    const removed = await control.remove(eve, ann);
    expect([removed.status, removed.body.status]).toEqual([200, 'removed']);
    expect((await control.accept(eve)).body).toMatchObject({ code: 'invitation_not_open', state: 'removed' });
    expect(outcomeOf(await control.remove(eve, ann))).toBe('404 holder_not_found');
    expect(await holderOf(id, eve)).toEqual(removed.body);
  });

  test('is made once as long as it is open, and not to somebody who holds the account', async () => {
    const { ann, eve, control } = await openForTwo();
    expect((await control.invite(ann)).body).toMatchObject({ status: 409, code: 'already_a_holder', state: 'active' });
    await control.invite(eve);
    expect((await control.invite(eve)).body).toMatchObject({ code: 'already_a_holder', state: 'invited' });
    await control.accept(eve);
    expect((await control.accept(eve)).body).toMatchObject({ code: 'invitation_not_open', state: 'active' });
    expect((await control.decline(eve)).body).toMatchObject({ code: 'invitation_not_open', state: 'active' });
  });

  test('of a former holder starts anew', async () => {
    const { id, eve, control } = await openForTwo();
    await control.invite(eve, { limits: { perDay: '9.00' } });
    await control.accept(eve);
    expect((await control.leave(eve)).body).toMatchObject({ status: 'left', joinedAt: instant, endedAt: instant });
    const again = await control.invite(eve, viewer);
    expect(again.body).toMatchObject({ status: 'invited', joinedAt: null, endedAt: null, rights: viewer.rights });
    expect(again.body.limits.perDay).toBeNull();
    expect(await holderOf(id, eve)).toEqual(again.body);
    expect(outcomeOf(await control.leave(eve))).toBe('404 holder_not_found');
  });

  test('goes to at most 50 holders, open invitations included', async () => {
    const { id, control } = await openForTwo();
    const parties = await Promise.all(Array.from({ length: 50 }, (_, index) => client.createParty(`Guest ${index}`)));
    for (const partyId of parties.slice(0, 49)) expect((await control.invite(partyId, viewer)).status).toBe(201);
    expect(outcomeOf(await control.invite(parties[49]!, viewer))).toBe('409 too_many_holders');
    await letPass(id, parties[0]!);
    expect((await control.invite(parties[49]!, viewer)).status).toBe(201);
    expect(outcomeOf(await control.invite(parties[0]!, viewer))).toBe('409 too_many_holders');
  });

  test('leaves a sole account with one owner, whichever way another would become one', async () => {
    const { eve, ann, control } = await openForTwo({ ownership: 'sole' });
    expect(outcomeOf(await control.invite(eve))).toBe('409 too_many_holders');
    expect((await control.invite(eve, viewer)).status).toBe(201);
    expect((await control.accept(eve)).status).toBe(200);
    expect(outcomeOf(await control.setTerms(eve, { rights: ['view'] }))).toBe('409 too_many_holders');
    expect(outcomeOf(await control.setTerms(ann, { rights: ['view', 'delegate'] }))).toBe('409 last_owner');
    expect(outcomeOf(await control.setTerms(ann, { rights: ['view', 'manage'] }))).toBe('200');
  });
});

test('of a sole account without an owner one of two becomes it', async () => {
  const { id, party } = await openJointAccount(
    client,
    { dan: { rights: ['view', 'delegate'] } },
    { ownership: 'sole' },
  );
  const [control, eve] = [controlOf(client, id), await client.createParty('Eve')];
  expect((await control.invite(eve)).status).toBe(201);
  expect(outcomeOf(await control.setTerms(party.dan, { rights: ['view'] }))).toBe('409 too_many_holders');
  expect((await control.decline(eve)).status).toBe(200);
  expect(outcomeOf(await control.setTerms(party.dan, { rights: ['view'] }))).toBe('200');
  expect(outcomeOf(await control.invite(eve))).toBe('409 too_many_holders');
});

describe('who may invite', () => {
  const inviting = (holders: Record<string, { rights?: HolderRight[] }>) => openJointAccount(client, holders);

  test.each<[string, HolderRight[] | undefined, HolderRight[], string]>([
    ['the only owner invites an owner', undefined, [...ownerRights], '201'],
    ['an owner without "manage" invites nobody', ['view', 'withdraw'], ['view', 'delegate'], '403 right_missing'],
    ['a delegate who manages lets in what it has', ['deposit', 'manage', 'delegate'], ['deposit', 'delegate'], '201'],
    ['and gives nothing that it lacks', ['manage', 'delegate'], ['deposit', 'delegate'], '422 mandate_unreachable'],
    [
      'who may look is for an owner to say',
      ['view', 'manage', 'delegate'],
      ['view', 'delegate'],
      '422 mandate_unreachable',
    ],
    [
      'a delegate who manages gives power only with the owners',
      ['view', 'manage', 'delegate'],
      ['withdraw', 'delegate'],
      '422 mandate_unreachable',
    ],
  ])('%s', async (_name, rights, given, expected) => {
    const { id, party } = await inviting({ ann: rights === undefined ? {} : { rights } });
    const eve = await client.createParty('Eve');
    const answer = await controlOf(client, id).invite(eve, { rights: given, by: party.ann });
    expect(outcomeOf(answer)).toBe(expected);
    expect((await holderOf(id, eve))?.status).toBe(expected === '201' ? 'invited' : undefined);
  });

  test.each<[HolderRight[], number]>([
    [['view', 'delegate'], 201],
    [['deposit', 'delegate'], 201],
    [['view', 'deposit', 'delegate'], 201],
    [['view'], 202],
    [['deposit'], 202],
    [['withdraw', 'delegate'], 202],
    [['transfer', 'delegate'], 202],
    [['manage', 'delegate'], 202],
    [[...ownerRights], 202],
    [[...holderRights], 202],
  ])('one of two owners gives %j with status %i', async (rights, expected) => {
    const { id, party } = await inviting({ ann: {}, bob: {} });
    const eve = await client.createParty('Eve');
    const answer = await controlOf(client, id).invite(eve, { rights, by: party.ann });
    expect(answer.status).toBe(expected);
    expect(await holderOf(id, eve)).toEqual(expected === 201 ? answer.body : undefined);
  });

  test('a stranger, an invited party and a party that left invite nobody', async () => {
    const { id, party } = await inviting({ ann: {}, bob: {} });
    const [control, eve, fay] = [
      controlOf(client, id),
      await client.createParty('Eve'),
      await client.createParty('Fay'),
    ];
    await control.invite(eve);
    await control.leave(party.bob!);
    for (const by of [fay, eve, party.bob]) {
      expect(outcomeOf(await control.invite(fay, { ...viewer, by }))).toBe('403 not_a_holder');
    }
  });
});

test('refuses for the first fault in the documented order', async () => {
  const { id, control, ann } = await openForTwo();
  const closed = await openForTwo({});
  expect((await client.post(`/v1/accounts/${closed.id}/close`)).status).toBe(200);
  const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
  const stranger = await client.createParty('Fay');
  const invite = (account: string, partyId: string, by?: string) => controlOf(client, account).invite(partyId, { by });
  expect(outcomeOf(await invite(nobody, nobody, nobody))).toBe('404 account_not_found');
  expect(outcomeOf(await invite(clearing.id, nobody, stranger))).toBe('404 party_not_found');
  expect(outcomeOf(await invite(clearing.id, ann, nobody))).toBe('404 party_not_found');
  expect(outcomeOf(await invite(clearing.id, ann, stranger))).toBe('422 clearing_account');
  expect(outcomeOf(await invite(closed.id, closed.ann, stranger))).toBe('403 not_a_holder');
  expect(outcomeOf(await invite(closed.id, closed.ann, closed.ann))).toBe('422 account_closed');
  expect(outcomeOf(await invite(id, ann, ann))).toBe('409 already_a_holder');
  for (const act of ['accept', 'decline', 'leave', 'bury', 'remove'] as const) {
    const outcome = async (account: string, partyId: string) =>
      outcomeOf(await controlOf(client, account)[act](partyId));
    expect(await outcome(nobody, nobody)).toBe('404 account_not_found');
    expect(await outcome(clearing.id, nobody)).toBe('404 party_not_found');
    expect(await outcome(clearing.id, stranger)).toBe('422 clearing_account');
    if (act !== 'remove') expect(await outcome(closed.id, stranger)).toBe('404 holder_not_found');
    expect(await outcome(closed.id, closed.ann)).toBe('422 account_closed');
    expect(await outcome(id, stranger)).toBe('404 holder_not_found');
  }
  expect(outcomeOf(await control.leave(ann))).toBe('409 last_owner');
});

describe('bad input', () => {
  const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

  test.each<[string, () => unknown, string[]]>([
    ['no body', () => undefined, ['']],
    ['no party', () => ({}), ['partyId']],
    ['a party that is no id', () => ({ partyId: 'Eve' }), ['partyId']],
    ['no rights at all', () => ({ partyId: nobody, rights: [] }), ['rights']],
    ['an unknown right', () => ({ partyId: nobody, rights: ['view', 'own'] }), ['rights.1']],
    ['a right twice', () => ({ partyId: nobody, rights: ['view', 'view'] }), ['rights']],
    ['nothing but "delegate"', () => ({ partyId: nobody, rights: ['delegate'] }), ['rights']],
    ['rights as text', () => ({ partyId: nobody, rights: 'view' }), ['rights']],
    ['rights that are null', () => ({ partyId: nobody, rights: null }), ['rights']],
    ['a limit as a number', () => ({ partyId: nobody, limits: { perDay: 5 } }), ['limits.perDay']],
    ['a negative limit', () => ({ partyId: nobody, limits: { perDay: '-5' } }), ['limits.perDay']],
    ['too many decimals', () => ({ partyId: nobody, limits: { perMonth: '5.001' } }), ['limits.perMonth']],
    ['an unknown limit', () => ({ partyId: nobody, limits: { perYear: '5' } }), ['limits.perYear']],
    ['an end in 91 days', () => ({ partyId: nobody, expiresAt: soon(91 * dayMs) }), ['expiresAt']],
    ['an end that is a day', () => ({ partyId: nobody, expiresAt: '2026-12-24' }), ['expiresAt']],
    ['an inviter that is no id', () => ({ partyId: nobody, by: 'Ann' }), ['by']],
    ['"invitedBy" for the inviter', () => ({ partyId: nobody, invitedBy: nobody }), ['invitedBy']],
    ['a field of the answer', () => ({ partyId: nobody, status: 'active' }), ['status']],
  ])('in an invitation: %s', async (_name, body, paths) => {
    const { id } = await openForTwo();
    const before = await readTag(client, id);
    await leavingTheBooksAlone(service, async () => {
      const path = `/v1/accounts/${id}/holders`;
      const answer = await sendRaw(service, { method: 'POST', path, body: JSON.stringify(body()) });
      expectProblem(answer, 'validation_failed', paths);
    });
    expect(await readTag(client, id)).toEqual(before);
  });

  test('an end in the past', async () => {
    const { id, eve } = await openForTwo();
    await leavingTheBooksAlone(service, async () => {
      const body = JSON.stringify({ partyId: eve, expiresAt: soon(-1_000) });
      const answer = await sendRaw(service, { method: 'POST', path: `/v1/accounts/${id}/holders`, body });
      expectProblem(answer, 'validation_failed', ['expiresAt']);
    });
  });

  test.each(['accept', 'decline', 'leave', 'death'])('in the body of %s: anything', async (act) => {
    const { id, ann } = await openForTwo();
    const path = `/v1/accounts/${id}/holders/${ann}/${act}`;
    for (const [body, paths] of [
      ['{"by":null}', ['by']],
      ['[]', ['']],
    ] as const) {
      expectProblem(await sendRaw(service, { method: 'POST', path, body }), 'validation_failed', paths);
    }
  });

  test('in the path: what is no id', async () => {
    for (const [path, paths] of [
      [`/v1/accounts/x/holders/${nobody}/accept`, ['accountId']],
      [`/v1/accounts/${nobody}/holders/x/leave`, ['partyId']],
      ['/v1/accounts/x/holders/y/remove', ['accountId', 'partyId']],
    ] as const) {
      expectProblem(await sendRaw(service, { method: 'POST', path }), 'validation_failed', paths);
    }
  });
});

describe('a key that is bound to a party', () => {
  test('accepts for that party only', async () => {
    const { id, ann, eve, control } = await openForTwo();
    const [byEve, byAnn] = [await clientOf(service, eve), await clientOf(service, ann)];
    expect(outcomeOf(await controlOf(byEve, id).accept(eve))).toBe('404 account_not_found');
    await control.invite(eve);
    expect(outcomeOf(await controlOf(byAnn, id).accept(eve))).toBe('403 key_not_allowed');
    expect(outcomeOf(await byEve.get(`/v1/accounts/${id}/holders`))).toBe('404 account_not_found');
    expect(outcomeOf(await controlOf(byEve, id).accept(eve))).toBe('200');
    expect((await byEve.get(`/v1/accounts/${id}/holders`)).body.data).toHaveLength(2);
    expect(outcomeOf(await controlOf(byEve, id).bury(ann))).toBe('403 key_not_allowed');
    expect(outcomeOf(await controlOf(byEve, id).leave(ann))).toBe('403 key_not_allowed');
    expect(outcomeOf(await controlOf(byEve, id).leave(eve))).toBe('200');
    expect(outcomeOf(await controlOf(byEve, id).leave(eve))).toBe('404 account_not_found');
  });

  test('invites in its own name', async () => {
    const { id, ann, eve } = await openForTwo();
    const byAnn = controlOf(await clientOf(service, ann), id);
    expect(outcomeOf(await byAnn.invite(eve, { by: eve }))).toBe('403 key_not_allowed');
    expect((await byAnn.invite(eve)).body).toMatchObject({ status: 'invited', by: ann });
  });
});

test('expects the tag of If-Match, and answers a used key with its first answer', async () => {
  const { id, eve, control } = await openForTwo();
  const { etag } = await readTag(client, id);
  const invited = await control.invite(eve, viewer, {
    'If-Match': etag,
    'Idempotency-Key': `invite ${id}`.replace(' ', '-'),
  });
  expect([invited.status, invited.headers.etag]).toEqual([201, '"1-1"']);
  const stale = await control.accept(eve, { 'If-Match': etag });
  expect([outcomeOf(stale), stale.body.version]).toEqual(['412 version_mismatch', 1]);
  const key = { 'Idempotency-Key': `accept-${id}` };
  const accepted = await control.accept(eve, { ...key, 'If-Match': '"1-1"' });
  expect([accepted.status, accepted.headers.etag]).toEqual([200, '"1-2"']);
  await control.leave(eve);
  const replayed = await control.accept(eve, key);
  expect([replayed.status, replayed.headers['idempotent-replayed'], replayed.headers.etag]).toEqual([
    200,
    'true',
    '"1-2"',
  ]);
  expect(replayed.body).toEqual(accepted.body);
  expect((await holderOf(id, eve)).status).toBe('left');
  const again = await control.invite(eve, viewer, { 'Idempotency-Key': `invite-${id}` });
  expect([again.headers['idempotent-replayed'], again.body]).toEqual(['true', invited.body]);
  const other = await control.invite(eve, {}, { 'Idempotency-Key': `invite-${id}` });
  expect(outcomeOf(other)).toBe('422 idempotency_key_reused');
});

test('lists places page by page, whatever became of them', async () => {
  const { id, ann, control } = await openForTwo();
  const others = await Promise.all(['B', 'C', 'D', 'E'].map((name) => client.createParty(name)));
  for (const partyId of others) await control.invite(partyId, viewer);
  await control.accept(others[0]!);
  await control.decline(others[1]!);
  await control.remove(others[2]!);
  const holders = await walkPages(client, `/v1/accounts/${id}/holders`);
  expect(holders.map(({ partyId }) => partyId)).toEqual([ann, ...others].sort());
  const statusOf = new Map(holders.map(({ partyId, status }) => [partyId, status]));
  expect([ann, ...others].map((partyId) => statusOf.get(partyId))).toEqual([
    ...['active', 'active', 'declined', 'removed', 'invited'],
  ]);
  const page = await client.get(`/v1/accounts/${id}/holders?limit=2`);
  const other = await openForTwo();
  const elsewhere = await client.get(`/v1/accounts/${other.id}/holders?cursor=${page.body.nextCursor}`);
  expect(outcomeOf(elsewhere)).toBe('400 invalid_cursor');
  expect(outcomeOf(await client.get(`/v1/accounts/${nobody}/holders`))).toBe('404 account_not_found');
  expectProblem(await sendRaw(service, { path: `/v1/accounts/${id}/holders?status=active` }), 'validation_failed', [
    'status',
  ]);
});
