import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { insertApiKey } from '../../src/ledger/insert-ledger.ts';
import { type Scope, scopes } from '../../src/ledger/key-scopes.ts';
import { item, sendBatch } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { pay } from '../support/payment-orders.ts';
import { sendRaw } from '../support/raw-request.ts';
import { routes } from '../support/routes.ts';
import { openScene } from '../support/shared-scene.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

async function keyWith(given: readonly Scope[], partyId: string | null = null): Promise<string> {
  const apiKey = createApiKey(service.ledgerId);
  const name = given.join(' ');
  await insertApiKey(service.database, { ledgerId: service.ledgerId, name, apiKey, scopes: given, partyId });
  return apiKey;
}

const clientWith = async (given: readonly Scope[], partyId: string | null = null): Promise<TestClient> =>
  createTestClient(service.url, await keyWith(given, partyId));

const all = [...scopes];
const withoutUnsigned = all.filter((scope) => scope !== 'movements:unsigned');
const someone = '01890a5d-ac96-774b-bcce-b302099a8057';

test('every route with a key takes one scope, and every scope is taken by a route', () => {
  const withKey = routes.filter(({ keys }) => keys !== 'none');
  expect(withKey.filter(({ scope }) => scope === undefined)).toEqual([]);
  expect([...new Set(withKey.map(({ scope }) => scope))].sort()).toEqual(all.sort());
});

test.each(scopes)('all that takes %s is refused without it, and nothing else is', async (scope) => {
  const keys = {
    with: await keyWith([scope]),
    without: await keyWith(all.filter((other) => other !== scope)),
  };
  for (const route of routes.filter(({ keys: takes }) => takes !== 'none')) {
    // Ids that nothing has: whoever comes as far is refused for that, or for a body that is missing.
    const path = route.path.replace(/:queue/, 'x').replaceAll(/:\w+/g, someone);
    const method = route.method.toUpperCase();
    // A stream would go on.
    const address = path.endsWith('/stream') ? `${path}?cursor=x` : path;
    const outcomes: boolean[] = [];
    for (const key of [keys.with, keys.without]) {
      const headers = { authorization: `Bearer ${key}` };
      const { body } = await sendRaw(service, { method, path: address, body: undefined, headers });
      const problem = body ?? {};
      outcomes.push(problem.code === 'scope_missing' && problem.detail.startsWith('This takes'));
    }
    const isTaken = route.scope === scope;
    expect([method, path, ...outcomes]).toEqual([method, path, !isTaken, isTaken]);
  }
});

describe('without movements:unsigned', () => {
  test('nothing is done for nobody, and nothing is kept of the attempt', async () => {
    const { account, party, projects, orders, holds, foreign, standingOrders } = await openScene(service.client);
    const client = await clientWith(withoutUnsigned);
    const money = { amount: '1.00', currency: 'USD' };
    const before = (await service.client.get(`/v1/accounts/${account}`)).body;
    const schedule = { startsAt: '2099-01-01T09:00:00' };
    const acts: Array<[string, object]> = [
      [`/v1/accounts/${account}/deposits`, money],
      [`/v1/accounts/${account}/withdrawals`, money],
      ['/v1/transfers', { fromAccountId: account, toAccountId: foreign.id, ...money }],
      [
        '/v1/transactions',
        {
          entries: [
            { accountId: foreign.id, ...money },
            { accountId: account, ...money, amount: '-1.00' },
          ],
        },
      ],
      ['/v1/batches', { atomic: true, items: [item.withdrawal(account, '1.00')] }],
      ['/v1/batches', { atomic: false, items: [{ ...item.deposit(account, '1.00'), initiatedBy: null }] }],
      ['/v1/holds', { accountId: account, ...money }],
      [`/v1/holds/${holds[0]}/capture`, {}],
      [`/v1/holds/${holds[0]}/void`, {}],
      [`/v1/payment-orders/${orders[0].id}/cancel`, {}],
      [`/v1/accounts/${account}/projects`, { name: 'X' }],
      [`/v1/projects/${projects[0]}/proposals`, { title: 'X', ...money }],
      ['/v1/standing-orders', { fromAccountId: account, toAccountId: foreign.id, ...money, schedule }],
      [`/v1/standing-orders/${standingOrders[0].id}/cancel`, {}],
      [`/v1/accounts/${account}/holders`, { partyId: foreign.party.zoe, rights: ['view'] }],
      [`/v1/accounts/${account}/holders/${party.bob}/remove`, {}],
      [`/v1/accounts/${account}/restrictions`, { reason: 'X' }],
      [`/v1/accounts/${account}/holders/${party.bob}/death`, {}],
    ];
    for (const [path, body] of acts) {
      const { status, body: problem } = await client.post(path, body, { 'Idempotency-Key': 'again' });
      expect([path, status, problem.code, problem.scope]).toEqual([path, 403, 'scope_missing', 'movements:unsigned']);
    }
    const mandate = await client.put(`/v1/accounts/${account}/mandate`, { mandate: { bands: [{ rule: 'any' }] } });
    expect([mandate.status, mandate.body.code]).toEqual([403, 'scope_missing']);
    expect((await service.client.get(`/v1/accounts/${account}`)).body).toEqual(before);
    // The key of the request was not used up.
    const named = { ...money, initiatedBy: party.ann };
    const done = await client.post(`/v1/accounts/${account}/deposits`, named, { 'Idempotency-Key': 'again' });
    expect(done.status).toBe(201);
  });

  test('a party that is named acts under its mandate', async () => {
    const { id, party } = await openJointAccount(
      service.client,
      { ann: {}, bob: {} },
      { balance: '50.00', mandate: () => ({ bands: [{ rule: 'any', upTo: '2.00' }, { rule: 'all' }] }) },
    );
    const client = await clientWith(withoutUnsigned);
    expect((await pay(client, id, { amount: '2.00', initiatedBy: party.ann })).status).toBe(201);
    expect((await pay(client, id, { amount: '2.01', initiatedBy: party.ann })).status).toBe(202);
    const batch = await sendBatch(client, false, [
      { ...item.withdrawal(id, '1.00'), initiatedBy: party.bob },
      { ...item.deposit(id, '1.00'), initiatedBy: party.bob },
    ]);
    expect(batch.body.results.map(({ status }: { status: number }) => status)).toEqual([201, 201]);
  });

  test('a key of a party always acts for it', async () => {
    const { id, party } = await openJointAccount(service.client, { ann: {} }, { balance: '50.00' });
    const ann = await clientWith(['movements:write'], party.ann);
    const paid = await pay(ann, id, { amount: '2.00' });
    expect([paid.status, paid.body.initiatedBy]).toEqual([201, party.ann]);
    expect((await ann.get(`/v1/accounts/${id}`)).body.code).toBe('scope_missing');
  });
});
