import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// Who joins an account sees what was booked from then on, unless the owners showed more.

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

const money = (amount: string) => ({ amount, currency: 'USD' });

/** Ann's account with two payments from before Cat joined and one after. */
async function join(history?: 'all' | 'joining') {
  const { id, party } = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '100.00' });
  const old = (await client.post(`/v1/accounts/${id}/withdrawals`, { ...money('7.00'), initiatedBy: party.ann })).body;
  expect((await client.put(`/v1/accounts/${id}/mandate`, { mandate: { rule: 'any' } })).status).toBe(200);
  const cat = await client.createParty('Cat');
  const body = { partyId: cat, rights: ['view', 'deposit'], ...(history === undefined ? {} : { history }) };
  expect((await client.post(`/v1/accounts/${id}/holders`, body)).status).toBe(201);
  expect((await client.post(`/v1/accounts/${id}/holders/${cat}/accept`)).status).toBe(200);
  const recent = (await client.post(`/v1/accounts/${id}/withdrawals`, money('5.00'))).body;
  await untilLogged(service);
  return { id, party, cat, seenBy: await clientOf(service, cat), old, recent };
}

async function seen(reader: TestClient, id: string, old: string) {
  const events = (await reader.get(`/v1/events?accountId=${id}&limit=200`)).body.data;
  return {
    entries: (await reader.get(`/v1/accounts/${id}/entries`)).body.data.map(({ amount }: { amount: string }) => amount),
    transactions: (await reader.get(`/v1/transactions?accountId=${id}`)).body.data.length,
    old: (await reader.get(`/v1/transactions/${old}`)).status,
    booked: events.filter(({ type }: { type: string }) => type === 'transaction.booked').length,
    agreed: events.filter(({ type }: { type: string }) => type === 'mandate.changed').length,
  };
}

test('sees from its joining on, in entries, transactions, events and balances', async () => {
  const { id, party, cat, seenBy, old, recent } = await join();
  expect(await seen(seenBy, id, old.id)).toEqual({
    ...{ entries: ['-5.00'], transactions: 1, old: 404, booked: 1, agreed: 0 },
  });
  expect((await seenBy.get(`/v1/transactions/${recent.id}`)).status).toBe(200);
  // What is there now is for every holder who may look.
  expect((await seenBy.get(`/v1/accounts/${id}`)).body.balance).toBe('88.00');
  expect((await seenBy.get(`/v1/accounts/${id}/entries?from=2020-01-01T00:00:00Z`)).body.data).toHaveLength(1);
  const { joinedAt, history } = (await client.get(`/v1/accounts/${id}/holders`)).body.data.find(
    ({ partyId }: { partyId: string }) => partyId === cat,
  );
  expect(history).toBe('joining');
  const before = new Date(Date.parse(joinedAt) - 1).toISOString();
  const today = joinedAt.slice(0, 10);
  for (const path of [
    `/v1/accounts/${id}/balances?at=${before}`,
    `/v1/balances?accountIds=${id}&at=${before}`,
    `/v1/accounts/${id}/balance-series?from=${today}&to=${today}`,
  ]) {
    const { status, body } = await seenBy.get(path);
    expect([path, status, body.code, body.since]).toEqual([path, 403, 'right_missing', joinedAt]);
  }
  expect((await seenBy.get(`/v1/accounts/${id}/balances?at=${joinedAt}`)).body.booked).toBe('93.00');
  // Those who opened it see all.
  const ann = await clientOf(service, party.ann);
  expect(await seen(ann, id, old.id)).toMatchObject({ transactions: 3, old: 200, booked: 3, agreed: 1 });
  // One that is told of events page by page comes to their end.
  const pages = await seenBy.get(`/v1/events?limit=2&cursor=begin`);
  expect(pages.status).toBe(200);
});

test('sees all where it was invited so', async () => {
  const { id, seenBy, old } = await join('all');
  expect(await seen(seenBy, id, old.id)).toEqual({
    ...{ entries: ['-5.00', '-7.00', '100.00'], transactions: 3, old: 200, booked: 3, agreed: 1 },
  });
});

test('to show what was takes every owner', async () => {
  const { id, party } = await openJointAccount(client, { ann: {}, bob: {} });
  const ask = async (history: string) => {
    const partyId = await client.createParty('Cat');
    const body = { partyId, rights: ['view'], history, by: party.ann };
    return client.post(`/v1/accounts/${id}/holders`, { ...body, rights: ['view', 'delegate'] });
  };
  expect((await ask('joining')).status).toBe(201);
  const waiting = await ask('all');
  expect([waiting.status, waiting.body.change.history]).toEqual([202, 'all']);
  const { instructionHash } = waiting.body;
  const signed = await client.post(`/v1/account-changes/${waiting.body.id}/authorisations`, {
    ...{ by: party.bob, decision: 'approve', instructionHash },
  });
  expect(signed.body.status).toBe('applied');
});

test('who leaves and is invited again begins anew', async () => {
  const { id, cat, seenBy, recent } = await join();
  await client.post(`/v1/accounts/${id}/holders/${cat}/leave`);
  await client.post(`/v1/accounts/${id}/holders`, { partyId: cat, rights: ['view'] });
  await client.post(`/v1/accounts/${id}/holders/${cat}/accept`);
  expect((await seenBy.get(`/v1/accounts/${id}/entries`)).body.data).toEqual([]);
  expect((await seenBy.get(`/v1/transactions/${recent.id}`)).status).toBe(404);
});
