import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyBooks } from '../../src/verify-books.ts';
import { byService } from '../support/authentication.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { makeOrder } from '../support/payment-orders.ts';
import { accept, openScene, propose } from '../support/projects.ts';
import { clientOf } from '../support/shared-scene.ts';
import { makeStandingOrder } from '../support/standing-orders.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// Who signed what, and how it is known.

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
});

afterAll(() => service.stop());

const both = () => ({ rule: 'all' });
const open = (mandate: object = both()) =>
  openJointAccount(client, { ann: {}, bob: {} }, { balance: '1000.00', mandate: () => mandate });

const sign = (by: TestClient, path: string, instructionHash: string, party?: string) =>
  by.post(`${path}/authorisations`, { by: party, decision: 'approve', instructionHash });

const withKey = { channel: 'own_key', keyId: expect.any(String) };

describe('evidence', () => {
  test('tells the signature of a party from the service that names it, in answers and events', async () => {
    const { id: account, party } = await open();
    const order = await makeOrder(client, account, {
      amount: '10.00',
      initiatedBy: party.ann,
      metadata: { iban: 'X' },
    });
    const path = `/v1/payment-orders/${order.id}`;
    const signed = await sign(await clientOf(service, party.bob), path, order.instructionHash);
    expect(signed.body).toMatchObject({ status: 'booked', authentication: byService });
    expect(signed.body.authorisations).toEqual([
      expect.objectContaining({ by: party.ann, authentication: byService, instructionHash: order.instructionHash }),
      expect.objectContaining({ by: party.bob, authentication: withKey, instructionHash: order.instructionHash }),
    ]);
    expect((await client.get(path)).body.authorisations).toEqual(signed.body.authorisations);
    const booked = await client.get(`/v1/transactions/${signed.body.transaction.id}`);
    expect(booked.body.authentication).toEqual(byService);
    expect((await client.get(`/v1/accounts/${account}/entries?limit=1`)).body.data[0].authentication).toEqual(
      byService,
    );
  });

  test('is kept of movements, holds, standing orders and changes', async () => {
    const { id: account, party } = await open({ rule: 'any' });
    const ann = await clientOf(service, party.ann);
    const money = { amount: '1.00', currency: 'USD' };
    const paid = await ann.post(`/v1/accounts/${account}/withdrawals`, money);
    const hold = await ann.post('/v1/holds', { accountId: account, ...money });
    const captured = await client.post(`/v1/holds/${hold.body.id}/capture`, {});
    const payee = await client.openAccount();
    const terms = { ...money, fromAccountId: account, toAccountId: payee, schedule: { startsAt: '2099-01-05T09:00' } };
    const standing = await ann.post('/v1/standing-orders', terms);
    const change = await ann.post(`/v1/accounts/${account}/holders`, { partyId: await client.createParty('Cay') });
    for (const { body } of [paid, hold, standing, change]) expect(body.authentication).toEqual(withKey);
    // It was reserved by its initiator, and taken by the service.
    expect(captured.body.hold.authentication).toEqual(withKey);
    expect(captured.body.transaction).toMatchObject({ initiatedBy: party.ann, authentication: byService });
  });
});

describe('what was signed', () => {
  /** Something that waits for Bob, and what it is in the database. */
  const subjects = {
    async 'payment order'() {
      const { id: account, party } = await open();
      const order = await makeOrder(client, account, {
        amount: '10.00',
        initiatedBy: party.ann,
        metadata: { iban: 'A' },
      });
      const finish = () => sign(client, `/v1/payment-orders/${order.id}`, order.instructionHash, party.bob);
      return { table: 'payment_orders', id: order.id, finish };
    },
    async 'standing order'() {
      const { id: account, party } = await open();
      const pair = { fromAccountId: account, toAccountId: await client.openAccount() };
      const order = await makeStandingOrder(client, { ...pair, initiatedBy: party.ann, metadata: { iban: 'A' } });
      const finish = () => sign(client, `/v1/standing-orders/${order.id}`, order.instructionHash, party.bob);
      return { table: 'standing_orders', id: order.id, finish };
    },
    async change() {
      const { id: account, party } = await open();
      const asked = await client.put(`/v1/accounts/${account}/mandate`, { by: party.ann, mandate: { rule: 'any' } });
      const { id, instructionHash } = asked.body;
      const finish = () => sign(client, `/v1/account-changes/${id}`, instructionHash, party.bob);
      return { table: 'account_changes', id, finish };
    },
    async proposal() {
      const { holders, project } = await openScene(client, { mandate: both });
      const id = await propose(client, project);
      await accept(client, id, holders[0]!);
      return { table: 'proposals', id, finish: () => accept(client, id, holders[1]!) };
    },
  };

  test.each([
    ['payment order', 'amount = 700'],
    ['payment order', `metadata = '{"iban":"B"}'`],
    ['payment order', 'instruction_hash = sha256(instruction_hash)'],
    ['standing order', 'amount = 700'],
    ['standing order', `metadata = '{"iban":"B"}'`],
    ['change', `terms = jsonb_set(terms::jsonb, '{mandate,signatures}', '"own"')`],
    ['proposal', "title = 'Gold'"],
    ['proposal', 'amount = 700'],
  ] as const)('of a %s is seen to be changed by "%s", when it is signed and in the books', async (what, change) => {
    const { table, id, finish } = await subjects[what]();
    const alter = async (sql: string) => {
      await service.database.transaction(async (transaction) => {
        await transaction.raw("set local session_replication_role = 'replica'");
        await transaction.raw(`update ${table} set ${sql} where id = ?`, [id]);
      });
    };
    const [before] = (await service.database.raw(`select * from ${table} where id = ?`, [id])).rows;
    await alter(change);
    const refused = await finish();
    expect([refused.status, refused.body.code]).toEqual([409, 'instruction_altered']);
    const findings = await verifyBooks(service.database);
    expect(findings.map(({ subject }) => subject)).toContain(id);
    // As it was: nothing was done.
    const column = change.split(' ')[0]!;
    const value = before[column];
    const bound =
      value !== null && typeof value === 'object' && !Buffer.isBuffer(value) ? JSON.stringify(value) : value;
    await service.database.transaction(async (transaction) => {
      await transaction.raw("set local session_replication_role = 'replica'");
      await transaction.raw(`update ${table} set ${column} = ? where id = ?`, [bound, id]);
    });
    expect((await finish()).status).toBe(200);
  });
});

describe('a signature', () => {
  test('counts for the membership under which it was given', async () => {
    const two = { bands: [{ rule: 'count', count: 2 }] };
    const { id: account, party } = await openJointAccount(
      client,
      { ann: {}, bob: {}, cay: {} },
      { balance: '1000.00', mandate: () => ({ rule: 'count', count: 3 }) },
    );
    const order = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
    const path = `/v1/payment-orders/${order.id}`;
    await sign(client, path, order.instructionHash, party.bob);
    // So that two suffice, and the order lives on while Bob is away.
    expect((await client.put(`/v1/accounts/${account}/mandate`, { mandate: two })).status).toBe(200);
    const dan = await client.createParty('Dan');
    await client.post(`/v1/accounts/${account}/holders`, { partyId: dan });
    await client.post(`/v1/accounts/${account}/holders/${dan}/accept`);
    expect((await client.post(`/v1/accounts/${account}/holders/${party.bob}/leave`)).status).toBe(200);
    await client.post(`/v1/accounts/${account}/holders`, { partyId: party.bob });
    expect((await client.post(`/v1/accounts/${account}/holders/${party.bob}/accept`)).status).toBe(200);
    const back = (await client.get(path)).body.multiAuthorisation;
    expect(back).toMatchObject({ numberReceived: 1, signedBy: [party.ann] });
    expect(back.missingFrom).toContain(party.bob);
    const again = await sign(client, path, order.instructionHash, party.bob);
    expect(again.body.multiAuthorisation.signedBy).toEqual([party.ann, party.bob].sort());
    const last = await sign(client, path, order.instructionHash, party.cay);
    expect(last.body.status).toBe('booked');
    expect(last.body.authorisations.map(({ by }: { by: string }) => by)).toEqual([
      party.ann,
      party.bob,
      party.bob,
      party.cay,
    ]);
  });

  test('is of what its signer may read, even without the right to view', async () => {
    const { id: account, party } = await openJointAccount(
      client,
      { ann: {}, bob: { rights: ['withdraw', 'transfer'] } },
      { balance: '1000.00', mandate: both },
    );
    const bob = await clientOf(service, party.bob);
    const order = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
    const payee = await client.openAccount();
    const pair = { fromAccountId: account, toAccountId: payee };
    const standing = await makeStandingOrder(client, { ...pair, initiatedBy: party.ann });
    const change = await client.put(`/v1/accounts/${account}/mandate`, { by: party.ann, mandate: { rule: 'any' } });
    const project = await client.post(`/v1/accounts/${account}/projects`, { name: 'Roof' });
    const proposal = await propose(client, project.body.id);
    for (const path of [
      `/v1/payment-orders/${order.id}`,
      `/v1/standing-orders/${standing.id}`,
      `/v1/account-changes/${change.body.id}`,
      `/v1/proposals/${proposal}`,
    ]) {
      const { status, body } = await bob.get(path);
      expect([path, status, body.instructionHash]).toEqual([path, 200, expect.any(String)]);
    }
    expect((await bob.get(`/v1/accounts/${account}`)).status).toBe(404);
  });
});

describe("where signatures are parties' own", () => {
  const own = () => ({ signatures: 'own', bands: [{ rule: 'count', count: 2 }] });

  test('a key of the service neither initiates nor signs for them, nor changes who may', async () => {
    const { id: account, party } = await openJointAccount(
      client,
      { ann: {}, bob: {} },
      { balance: '1000.00', mandate: own },
    );
    expect((await client.get(`/v1/accounts/${account}/mandate`)).body).toMatchObject({ signatures: 'own' });
    const [ann, bob] = [await clientOf(service, party.ann), await clientOf(service, party.bob)];
    const money = { amount: '10.00', currency: 'USD' };
    const named = await client.post(`/v1/accounts/${account}/withdrawals`, { ...money, initiatedBy: party.ann });
    const dan = await client.createParty('Dan');
    const order = (await ann.post(`/v1/accounts/${account}/withdrawals`, money)).body;
    const path = `/v1/payment-orders/${order.id}`;
    const anything = { rule: 'any' };
    for (const refused of [
      named,
      await sign(client, path, order.instructionHash, party.bob),
      await client.put(`/v1/accounts/${account}/mandate`, { mandate: anything }),
      await client.put(`/v1/accounts/${account}/mandate`, { mandate: anything, by: party.ann }),
      await client.post(`/v1/accounts/${account}/holders`, { partyId: dan }),
      await client.post(`/v1/accounts/${account}/holders/${party.bob}/remove`),
      await client.post('/v1/holds', { accountId: account, ...money, initiatedBy: party.bob }),
    ]) {
      expect([refused.status, refused.body.code]).toEqual([403, 'own_signature_required']);
    }
    // What they gave themselves only they take back, all together.
    const waiting = await ann.put(`/v1/accounts/${account}/mandate`, {
      mandate: { signatures: 'any', ...own().bands[0] },
    });
    expect([waiting.status, waiting.body.errors]).toEqual([400, expect.anything()]);
    const loosened = await ann.put(`/v1/accounts/${account}/mandate`, { mandate: { bands: own().bands } });
    expect(loosened.status).toBe(202);
    expect((await sign(bob, path, order.instructionHash)).body.status).toBe('booked');
    // Money comes in, and the service's own act is its own.
    expect((await client.post(`/v1/accounts/${account}/deposits`, money)).status).toBe(201);
  });

  test('of a whole ledger, it is so on all its accounts', async () => {
    const { id: account, party } = await open();
    await service.database('ledgers').where('id', service.ledgerId).update({ signatures: 'own' });
    try {
      const money = { amount: '10.00', currency: 'USD', initiatedBy: party.ann };
      const refused = await client.post(`/v1/accounts/${account}/withdrawals`, money);
      expect(refused.body.code).toBe('own_signature_required');
    } finally {
      await service.database('ledgers').where('id', service.ledgerId).update({ signatures: 'any' });
    }
  });
});
