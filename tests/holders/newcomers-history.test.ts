import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { clientOf } from '../support/shared-scene.ts';
import { runOnce, signAsTheyAre } from '../support/standing-orders.ts';
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

/** One of each on an account, open, or ended by the act that is there for it. */
async function makeEach(id: string, by: string, end: boolean) {
  const to = await client.openAccount();
  const made = async (path: string, body: object) => {
    const { status, body: answer } = await client.post(path, body);
    expect([path, Math.floor(status / 100)]).toEqual([path, 2]);
    return answer;
  };
  const order = { ...money('60.00'), initiatedBy: by };
  const schedule = { startsAt: '2099-01-05T09:00' };
  const paymentOrder = await made(`/v1/accounts/${id}/withdrawals`, order);
  const hold = await made('/v1/holds', { accountId: id, ...money('1.00') });
  const standing = await made('/v1/standing-orders', {
    fromAccountId: id,
    toAccountId: to,
    ...money('1.00'),
    schedule,
  });
  const project = await made(`/v1/accounts/${id}/projects`, { name: 'Roof' });
  const proposal = await made(`/v1/projects/${project.id}/proposals`, { title: 'Slates', ...money('1.00') });
  const change = await made(`/v1/accounts/${id}/holders`, {
    ...{ partyId: await client.createParty('Dan'), rights: ['view'], history: 'all', by },
  });
  const each = {
    paymentOrder: paymentOrder.id,
    hold: hold.id,
    standing: standing.id,
    project: project.id,
    proposal: proposal.id,
    change: change.id,
  };
  if (end) {
    await made(`/v1/payment-orders/${each.paymentOrder}/cancel`, { by });
    await made(`/v1/holds/${each.hold}/void`, {});
    await made(`/v1/standing-orders/${each.standing}/cancel`, {});
    await made(`/v1/projects/${each.project}/close`, {});
    await made(`/v1/account-changes/${each.change}/cancel`, { by });
  }
  return each;
}

const paths = {
  paymentOrder: 'payment-orders',
  hold: 'holds',
  standing: 'standing-orders',
  project: 'projects',
  proposal: 'proposals',
  change: 'account-changes',
};

test('sees in lists, and by ids, what was open when it joined, and nothing that had ended', async () => {
  const mandate = () => ({ bands: [{ rule: 'any' as const, upTo: '50.00' }, { rule: 'all' as const }] });
  const { id, party } = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '900.00', mandate });
  const old = await makeEach(id, party.ann!, true);
  const open = await makeEach(id, party.ann!, false);
  const early = await makeDueOrder(id);
  const cat = await client.createParty('Cat');
  const invited = await client.post(`/v1/accounts/${id}/holders`, { partyId: cat, rights: ['view', 'manage'] });
  expect(invited.status).toBe(201);
  expect((await client.post(`/v1/accounts/${id}/holders/${cat}/accept`)).status).toBe(200);
  const [newcomer, ann] = [await clientOf(service, cat), await clientOf(service, party.ann!)];
  for (const [kind, path] of Object.entries(paths) as Array<[keyof typeof paths, string]>) {
    const statuses = [old, open].map(async (each) => (await newcomer.get(`/v1/${path}/${each[kind]}`)).status);
    expect([kind, await Promise.all(statuses)]).toEqual([kind, [404, 200]]);
    expect([kind, (await ann.get(`/v1/${path}/${old[kind]}`)).status]).toEqual([kind, 200]);
  }
  const lists = [
    ...['payment-orders', 'holds', 'standing-orders', 'account-changes'].map((path) => `/v1/${path}?accountId=${id}`),
    ...[`/v1/accounts/${id}/projects?`, `/v1/accounts/${id}/holds?`, `/v1/accounts/${id}/changes?`],
    // Of several accounts at once.
    ...['/v1/payment-orders?', '/v1/holds?', '/v1/standing-orders?', '/v1/account-changes?'],
  ];
  const own = { name: 'Own', currency: 'USD', holders: [{ partyId: cat }] };
  expect((await client.post('/v1/accounts', own)).status).toBe(201);
  for (const list of lists) {
    const seen = (await newcomer.get(`${list}&limit=200`)).body.data.map((item: { id: string }) => item.id);
    const all = (await ann.get(`${list}&limit=200`)).body.data.map((item: { id: string }) => item.id);
    const [ended, going] = [Object.values(old), Object.values(open)];
    expect([list, seen.some((item: string) => ended.includes(item))]).toEqual([list, false]);
    expect([list, seen.some((item: string) => going.includes(item))]).toEqual([list, true]);
    expect([list, all.some((item: string) => ended.includes(item))]).toEqual([list, true]);
  }
  const withdrawn = await client.post(`/v1/projects/${open.project}/proposals`, { title: 'Tin', ...money('1.00') });
  await client.post(`/v1/proposals/${withdrawn.body.id}/withdraw`);
  // It ended after Cat had joined.
  expect((await newcomer.get(`/v1/projects/${open.project}/proposals`)).body.data).toHaveLength(2);
  const runs = async (reader: TestClient) => [
    (await reader.get(`/v1/standing-orders/${early}/runs`)).body.data.length,
    (await reader.get(`/v1/standing-orders/${early}`)).body.lastRun === null,
  ];
  expect([await runs(newcomer), await runs(ann)]).toEqual([
    [0, true],
    [1, false],
  ]);
});

/** A standing order that goes on, with one run. */
async function makeDueOrder(id: string): Promise<string> {
  const schedule = { startsAt: '2099-01-05T09:00', recurrence: 'FREQ=YEARLY' };
  const order = { fromAccountId: id, toAccountId: await client.openAccount(), ...money('1.00'), schedule };
  const { body } = await client.post('/v1/standing-orders', order);
  const at = '2026-01-05T09:00:00Z';
  await service
    .database('standing_orders')
    .where({ ledger_id: service.ledgerId, id: body.id })
    .update({
      ...{ starts_at: '2026-01-05T09:00', handled_until: '2026-01-01T00:00:00Z' },
      ...{ next_occurrence_at: at, next_due_at: at, next_attempt_at: at },
    });
  await service.database.transaction((knex) => signAsTheyAre(knex, service.ledgerId));
  expect(await runOnce(service)).toBe(1);
  return body.id;
}

test('who leaves and is invited again begins anew', async () => {
  const { id, cat, seenBy, recent } = await join();
  await client.post(`/v1/accounts/${id}/holders/${cat}/leave`);
  await client.post(`/v1/accounts/${id}/holders`, { partyId: cat, rights: ['view'] });
  await client.post(`/v1/accounts/${id}/holders/${cat}/accept`);
  expect((await seenBy.get(`/v1/accounts/${id}/entries`)).body.data).toEqual([]);
  expect((await seenBy.get(`/v1/transactions/${recent.id}`)).status).toBe(404);
});
