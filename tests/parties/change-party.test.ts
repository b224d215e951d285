import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { controlOf, outcomeOf, signChange } from '../support/account-control.ts';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/projects.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** How long who erases waits: to join takes longer, and would else never come first. */
const headStartsMs = [0, 4, 8, 2, 30];

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function createParty(fields: object = {}) {
  const { status, body } = await client.post('/v1/parties', { name: 'Ann', ...fields });
  expect(status).toBe(201);
  return body;
}

async function eventsOf(partyId: string) {
  await untilLogged(service);
  const { data } = (await client.get('/v1/events?types=party.created,party.updated,party.erased&limit=200')).body;
  return data.filter(({ subject }: { subject: string }) => subject === partyId);
}

describe('changing a party', () => {
  test('changes what is named and nothing else', async () => {
    const [externalId, metadata] = [`ann-${uuidv7()}`, { crm: { id: 7 }, tags: ['a'] }];
    const party = await createParty({ externalId, metadata });
    expect(party).toEqual({ id: party.id, name: 'Ann', externalId, metadata, createdAt: instant, erasedAt: null });
    const patch = async (fields: object) => (await client.patch(`/v1/parties/${party.id}`, fields)).body;
    expect(await patch({ name: 'Anna' })).toEqual({ ...party, name: 'Anna' });
    expect(await patch({ metadata: { crm: 8 } })).toEqual({ ...party, name: 'Anna', metadata: { crm: 8 } });
    expect(await patch({ metadata: null, externalId: null })).toMatchObject({ externalId: null, metadata: null });
    expect((await client.get(`/v1/parties/${party.id}`)).body).toMatchObject({ name: 'Anna', externalId: null });
    // The external id is free for another.
    expect((await createParty({ externalId })).id).not.toBe(party.id);
    expect((await eventsOf(party.id)).map(({ type, data }: { type: string; data: object }) => [type, data])).toEqual(
      ['created', 'updated', 'updated', 'updated'].map((what) => [
        `party.${what}`,
        { ...party, name: 'Anna', externalId: null, metadata: null },
      ]),
    );
  });

  test('refuses an external id in use, also to those who ask at one moment', async () => {
    const taken = `taken-${uuidv7()}`;
    const [one, two, three] = [await createParty({ externalId: taken }), await createParty(), await createParty()];
    const refused = await client.patch(`/v1/parties/${two.id}`, { externalId: taken });
    expect(refused.body).toMatchObject({ status: 409, code: 'external_id_taken', partyId: one.id });
    expect((await client.patch(`/v1/parties/${one.id}`, { externalId: taken })).status).toBe(200);
    const wanted = `wanted-${uuidv7()}`;
    const answers = await startTogether(4, (caller) =>
      caller === 3
        ? client.put(`/v1/parties/by-external-id/${wanted}`, { name: 'New' })
        : client.patch(`/v1/parties/${[one, two, three][caller].id}`, { externalId: wanted }),
    );
    const { data } = (await client.get(`/v1/parties?limit=200`)).body;
    const having = data.filter(({ externalId }: { externalId: string }) => externalId === wanted);
    expect(having).toHaveLength(1);
    // PUT answers the party that has it, whoever was first.
    expect(answers[3]!.body.id).toBe(having[0].id);
    const winners = answers.slice(0, 3).filter(({ status }) => status === 200);
    expect(winners).toHaveLength(answers[3]!.status === 201 ? 0 : 1);
    expect(answers.every(({ status }) => [200, 201, 409].includes(status))).toBe(true);
  });

  test('loses nothing when each of many changes one thing', async () => {
    const party = await createParty();
    const answers = await startTogether(12, (caller) => {
      const value = caller < 6 ? { name: `Ann ${caller}` } : { metadata: { caller } };
      return client.patch(`/v1/parties/${party.id}`, value);
    });
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { body } = await client.get(`/v1/parties/${party.id}`);
    expect([body.name, body.metadata]).toEqual([expect.stringMatching(/^Ann [0-5]$/), { caller: expect.any(Number) }]);
    // The last of the changes answered what there is.
    expect(answers.map((answer) => answer.body)).toContainEqual(body);
  });

  test.each<[string, object, string[]]>([
    ['nothing', {}, ['']],
    ['a name that is null', { name: null }, ['name']],
    ['an id', { name: 'Ann', id: uuidv7() }, ['id']],
    ['metadata that is text', { metadata: 'x' }, ['metadata']],
    ['much metadata', { metadata: { x: 'x'.repeat(5_000) } }, ['metadata']],
  ])('refuses %s', async (_name, fields, paths) => {
    const party = await createParty();
    const { status, body } = await client.patch(`/v1/parties/${party.id}`, fields);
    expect([status, body.errors.map(({ path }: { path: string }) => path)]).toEqual([400, paths]);
    expect((await client.get(`/v1/parties/${party.id}`)).body).toEqual(party);
  });
});

describe('erasing a party', () => {
  test('takes its name from everywhere, and leaves the books', async () => {
    const secret = `Zoë ${uuidv7()}`;
    const party = await createParty({ name: secret, externalId: secret, metadata: { secret } });
    const account = await client.openAccount();
    const about = { amount: '5.00', currency: 'USD', initiatedBy: party.id };
    const { body: deposit } = await client.post(`/v1/accounts/${account}/deposits`, about);
    const byItself = await clientOf(service, party.id);
    expect((await byItself.get(`/v1/parties/${party.id}`)).status).toBe(200);

    const erased = await client.post(`/v1/parties/${party.id}/erase`);
    const nothing = { name: 'Erased party', externalId: null, metadata: null, erasedAt: instant };
    expect([erased.status, erased.body]).toEqual([200, { ...party, ...nothing }]);
    expect((await client.post(`/v1/parties/${party.id}/erase`)).body).toEqual(erased.body);
    expect((await client.get(`/v1/parties/${party.id}`)).body).toEqual(erased.body);
    expect((await client.get(`/v1/transactions/${deposit.id}`)).body.initiatedBy).toBe(party.id);
    const events = await eventsOf(party.id);
    expect(events.map(({ type }: { type: string }) => type)).toEqual(['party.created', 'party.erased']);
    expect(JSON.stringify(events)).not.toContain(secret);
    const { rows } = await service.database.raw(
      `select (select count(*)::int from events e where e.ledger_id = :ledgerId and e.data::text like :like) +
              (select count(*)::int from parties p where p.ledger_id = :ledgerId and p::text like :like) as found`,
      { ledgerId: service.ledgerId, like: `%${secret}%` },
    );
    expect(rows).toEqual([{ found: 0 }]);

    // It acts no more, nor can it be named; who wants its external id gets a new party.
    expect(outcomeOf(await client.post(`/v1/accounts/${account}/deposits`, about))).toBe('404 party_not_found');
    expect(outcomeOf(await controlOf(client, account).invite(party.id))).toBe('404 party_not_found');
    expect(outcomeOf(await client.patch(`/v1/parties/${party.id}`, { name: 'Zoë' }))).toBe('404 party_not_found');
    const keys = await service.rows('api_keys').where('party_id', party.id).pluck('revoked_at');
    expect(keys.map((revokedAt: Date | null) => revokedAt !== null)).toEqual([true]);
    const again = await client.put(`/v1/parties/by-external-id/${encodeURIComponent(secret)}`, { name: 'Zoë' });
    expect([again.status, again.body.id === party.id]).toEqual([201, false]);
  });

  test('waits until it has left every account', async () => {
    const { id, party } = await openJointAccount(client, { ann: {}, bob: {} });
    const control = controlOf(client, id);
    const eve = await client.createParty('Eve');
    await control.invite(eve);
    for (const partyId of [party.bob, eve]) {
      const refused = await client.post(`/v1/parties/${partyId}/erase`);
      expect(refused.body).toMatchObject({ status: 409, code: 'party_holds_accounts', accountIds: [id] });
    }
    await control.decline(eve);
    await control.leave(party.bob);
    for (const partyId of [party.bob, eve]) {
      expect((await client.post(`/v1/parties/${partyId}/erase`)).status).toBe(200);
    }
    const { data } = (await client.get(`/v1/accounts/${id}/holders`)).body;
    const named = data.map(({ partyId, name }: { partyId: string; name: string }) => [partyId, name]);
    expect(Object.fromEntries(named)).toEqual({
      ...{ [party.ann]: expect.any(String), [party.bob]: 'Erased party', [eve]: 'Erased party' },
    });
  });

  test.each<[string, (eve: string, account: string) => PromiseLike<{ status: number }>]>([
    ['is invited', (eve, account) => controlOf(client, account).invite(eve)],
    [
      'opens an account',
      (eve) => client.post('/v1/accounts', { name: 'Hers', currency: 'USD', holders: [{ partyId: eve }] }),
    ],
    [
      'opens an account by an external id',
      (eve) =>
        client.put(`/v1/accounts/by-external-id/${uuidv7()}`, {
          name: 'X',
          currency: 'USD',
          holders: [{ partyId: eve }],
        }),
    ],
  ])('or it %s: never both, whoever comes first', async (_name, join) => {
    const { id: account } = await openJointAccount(client, { ann: {} });
    const seen = new Set<number>();
    for (const round of roundsOf(40, seen)) {
      const eve = await client.createParty('Eve');
      const [erased, joined] = await startTogether<{ status: number }>(2, async (caller) => {
        if (caller === 1) return join(eve, account);
        await sleep(headStartsMs[round % headStartsMs.length]!);
        return client.post(`/v1/parties/${eve}/erase`);
      });
      expect([erased!.status, joined!.status]).toEqual(erased!.status === 200 ? [200, 404] : [409, 201]);
      const held = await service.rows('holders').where('party_id', eve);
      expect(held).toHaveLength(erased!.status === 200 ? 0 : 1);
      if (erased!.status === 409 && joined!.status === 201) await controlOf(client, account).remove(eve);
      seen.add(erased!.status);
    }
    expect([...seen].sort()).toEqual([200, 409]);
  });

  test('ends an invitation that waits for signatures: the last one is refused', async () => {
    const { id, party } = await openJointAccount(client, { ann: {}, bob: {} });
    const eve = await client.createParty('Eve');
    const asked = await controlOf(client, id).invite(eve, { by: party.ann });
    expect(asked.status).toBe(202);
    expect((await client.post(`/v1/parties/${eve}/erase`)).status).toBe(200);
    expect(outcomeOf(await signChange(client, asked.body.id, party.bob))).toBe('404 party_not_found');
    expect((await client.get(`/v1/accounts/${id}/holders`)).body.data).toHaveLength(2);
  });
});

test('a party reads the names of those with whom it holds an account, and of nobody else', async () => {
  const { id, party } = await openJointAccount(client, { ann: {}, bob: {} });
  const eve = await client.createParty('Eve');
  const [stranger, blind] = [await client.createParty('Stranger'), await client.createParty('Blind')];
  await controlOf(client, id).invite(eve);
  const control = controlOf(client, id);
  await control.invite(blind, { rights: ['deposit'] });
  const [byAnn, byBlind] = [await clientOf(service, party.ann), await clientOf(service, blind)];
  await control.accept(blind);
  expect((await byAnn.get(`/v1/parties/${party.bob}`)).body).toEqual({ id: party.bob, name: 'bob' });
  expect((await byAnn.get(`/v1/parties/${eve}`)).body).toEqual({ id: eve, name: 'Eve' });
  expect((await byAnn.get(`/v1/parties/${party.ann}`)).body).toHaveProperty('externalId');
  expect(outcomeOf(await byAnn.get(`/v1/parties/${stranger}`))).toBe('404 party_not_found');
  expect(outcomeOf(await byBlind.get(`/v1/parties/${party.ann}`))).toBe('404 party_not_found');
  const { data } = (await byAnn.get(`/v1/accounts/${id}/holders`)).body;
  expect(data.map(({ name }: { name: string }) => name).sort()).toEqual(['Blind', 'Eve', 'ann', 'bob']);
});
