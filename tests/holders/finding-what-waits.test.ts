import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openJointAccount } from '../support/joint-account.ts';
import { cancel, makeOrder, sign, twoSign } from '../support/payment-orders.ts';
import { clientOf } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
let client: TestClient;
/** By names: parties, accounts, and all that was made. */
const ids: Record<string, string> = {};
const names = new Map<string, string>();

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  const holders = { ann: {}, bob: {}, cai: { rights: ['view' as const] } };
  const flat = await openJointAccount(client, holders, { balance: '1000.00', mandate: twoSign });
  Object.assign(ids, { flat: flat.id, ...flat.party });
  const open = async (parties: string[]) => {
    const asked = { name: 'Other', currency: 'USD', ownership: 'joint', mandate: twoSign() };
    const opened = await client.post('/v1/accounts', { ...asked, holders: parties.map((partyId) => ({ partyId })) });
    await client.post(`/v1/accounts/${opened.body.id}/deposits`, { amount: '1000.00', currency: 'USD' });
    return opened.body.id;
  };
  ids.dan = await client.createParty('Dan');
  ids.boat = await open([ids.bob!, ids.dan]);
  const know = (name: string, id: string) => {
    ids[name] = id;
    names.set(id, name);
  };
  const made: Record<string, Awaited<ReturnType<typeof makeOrder>>> = {};
  for (const [name, account, by] of [
    ['flat by Ann', 'flat', 'ann'],
    ['flat by Bob', 'flat', 'bob'],
    ['boat by Dan', 'boat', 'dan'],
    ['flat signed', 'flat', 'ann'],
    ['boat cancelled', 'boat', 'bob'],
    ['boat by Bob', 'boat', 'bob'],
  ] as const) {
    made[name] = await makeOrder(client, ids[account]!, { amount: '1.00', initiatedBy: ids[by] });
    know(name, made[name]!.id);
  }
  expect((await sign(client, made['flat signed']!, ids.bob!)).status).toBe(200);
  expect((await cancel(client, made['boat cancelled']!, ids.bob)).status).toBe(200);

  for (const [name, account, by] of [
    ['standing by Ann', 'flat', 'ann'],
    ['standing by Dan', 'boat', 'dan'],
  ] as const) {
    const sent = { fromAccountId: ids[account], toAccountId: ids[account === 'flat' ? 'boat' : 'flat'] };
    const schedule = { startsAt: '2099-01-01T09:00:00' };
    const money = { amount: '5.00', currency: 'USD', initiatedBy: ids[by], schedule };
    know(name, (await client.post('/v1/standing-orders', { ...sent, ...money })).body.id);
  }
  for (const [name, account, by] of [
    ['mandate of the flat', 'flat', 'ann'],
    ['mandate of the boat', 'boat', 'dan'],
  ] as const) {
    const asked = await client.put(`/v1/accounts/${ids[account]}/mandate`, { mandate: { rule: 'any' }, by: ids[by] });
    expect(asked.status).toBe(202);
    know(name, asked.body.id);
  }
  const hold = (account: string) =>
    client.post('/v1/holds', { accountId: ids[account], amount: '1.00', currency: 'USD' }).then(({ body }) => body.id);
  know('hold of the flat', await hold('flat'));
  know('hold of the boat', await hold('boat'));
  know('voided', await hold('boat'));
  await client.post(`/v1/holds/${ids.voided}/void`);
});

afterAll(() => service.stop());

async function namesIn(path: string, by: TestClient = client): Promise<Array<string | undefined>> {
  const asked = path
    .replaceAll(/:(\w+)/g, (_, name) => ids[name]!)
    .replace(/\?$/, '')
    .replace('?&', '?');
  return (await walkPages(by, asked)).map(({ id }) => names.get(id as string));
}

const orders = ['flat by Ann', 'flat by Bob', 'boat by Dan', 'flat signed', 'boat cancelled', 'boat by Bob'];
const changes = ['mandate of the flat', 'mandate of the boat'];

const cases: Array<[path: string, found: string[]]> = [
  ['payment-orders?', orders],
  ['payment-orders?status=waiting', ['flat by Ann', 'flat by Bob', 'boat by Dan', 'boat by Bob']],
  ['payment-orders?status=booked', ['flat signed']],
  ['payment-orders?status=expired', []],
  ['payment-orders?accountId=:boat&status=cancelled', ['boat cancelled']],
  ['payment-orders?missingFrom=:bob', ['flat by Ann', 'boat by Dan']],
  ['payment-orders?missingFrom=:bob&accountId=:boat', ['boat by Dan']],
  ['payment-orders?missingFrom=:ann', ['flat by Bob']],
  ['payment-orders?missingFrom=:cai', []],
  ['payment-orders?missingFrom=:dan', ['boat by Bob']],
  ['payment-orders?missingFrom=:bob&status=booked', []],
  ['standing-orders?', ['standing by Ann', 'standing by Dan']],
  ['standing-orders?missingFrom=:bob', ['standing by Ann', 'standing by Dan']],
  ['standing-orders?missingFrom=:ann', []],
  ['standing-orders?status=active', []],
  ['account-changes?', changes],
  ['account-changes?missingFrom=:bob', changes],
  ['account-changes?missingFrom=:ann', []],
  ['account-changes?missingFrom=:dan', []],
  ['account-changes?accountId=:flat', ['mandate of the flat']],
  ['account-changes?status=applied', []],
  ['accounts/:flat/changes?', ['mandate of the flat']],
  ['accounts/:flat/changes?status=waiting&missingFrom=:bob', ['mandate of the flat']],
  ['holds?status=voided', ['boat cancelled', 'voided']],
  ['holds?accountId=:flat', ['flat by Ann', 'flat by Bob', 'flat signed', 'hold of the flat']],
  ['accounts/:flat/holds?status=active', ['flat by Ann', 'flat by Bob', 'hold of the flat']],
];

test.each(cases)('finds /v1/%s, from old to new and back', async (path, found) => {
  expect(await namesIn(`/v1/${path}&order=asc`)).toEqual(found);
  expect(await namesIn(`/v1/${path}`)).toEqual(found.toReversed());
});

describe('a key of a party', () => {
  const ofBoat = ['boat by Dan', 'boat cancelled', 'boat by Bob'];

  test.each<[string, string, string[]]>([
    ['dan', 'payment-orders?', ofBoat],
    ['dan', 'payment-orders?status=waiting', ['boat by Dan', 'boat by Bob']],
    ['dan', 'payment-orders?missingFrom=:dan', ['boat by Bob']],
    // Whose signatures else are missing on what it may look at, and nothing of other accounts.
    ['dan', 'payment-orders?missingFrom=:bob', ['boat by Dan']],
    ['dan', 'payment-orders?missingFrom=:ann', []],
    ['bob', 'payment-orders?', orders],
    ['bob', 'payment-orders?status=waiting', ['flat by Ann', 'flat by Bob', 'boat by Dan', 'boat by Bob']],
    ['bob', 'payment-orders?missingFrom=:bob', ['flat by Ann', 'boat by Dan']],
    ['dan', 'standing-orders?', ['standing by Dan']],
    ['bob', 'standing-orders?', ['standing by Ann', 'standing by Dan']],
    ['dan', 'account-changes?', ['mandate of the boat']],
    ['bob', 'account-changes?status=waiting', changes],
    ['dan', 'holds?status=active', ['boat by Dan', 'boat by Bob', 'hold of the boat']],
    ['cai', 'holds?', ['flat by Ann', 'flat by Bob', 'flat signed', 'hold of the flat']],
  ])('of %s finds in /v1/%s what is on accounts of its own', async (party, path, found) => {
    const bound = await clientOf(service, ids[party]!);
    expect(await namesIn(`/v1/${path}&order=asc`, bound)).toEqual(found);
    expect(await namesIn(`/v1/${path}`, bound)).toEqual(found.toReversed());
  });

  test('of who holds nothing finds nothing', async () => {
    const bound = await clientOf(service, await client.createParty('Eve'));
    for (const path of ['payment-orders', 'standing-orders', 'account-changes', 'holds']) {
      expect((await bound.get(`/v1/${path}`)).body).toEqual({ data: [], nextCursor: null });
    }
  });

  test('finds what waits for it where it may not look at the account, too', async () => {
    const holders = { eve: { rights: ['withdraw' as const, 'transfer' as const] }, fay: {} };
    const { id, party } = await openJointAccount(client, holders, { balance: '9.00', mandate: twoSign });
    const order = await makeOrder(client, id, { amount: '1.00', initiatedBy: party.fay });
    const bound = await clientOf(service, party.eve);
    const { data } = (await bound.get(`/v1/payment-orders?missingFrom=${party.eve}`)).body;
    expect(data.map((found: { id: string }) => found.id)).toEqual([order.id]);
    expect((await bound.get('/v1/payment-orders')).body.data).toEqual([]);
    expect((await bound.get(`/v1/payment-orders?accountId=${id}`)).body.code).toBe('account_not_found');
    expect((await bound.get(`/v1/payment-orders?accountId=${id}&missingFrom=${party.fay}`)).body.code).toBe(
      'account_not_found',
    );
  });
});

test.each([
  ['payment-orders?missingFrom=bob', 'missingFrom', 'must be a UUID'],
  ['holds?missingFrom=01890a5d-ac96-774b-bcce-b302099a8057', 'missingFrom', 'is not a known field'],
  ['account-changes?status=booked', 'status', expect.stringContaining('"applied"')],
  ['holds?accountId=x', 'accountId', 'must be a UUID'],
])('refuses /v1/%s', async (path, field, message) => {
  const answer = await client.get(`/v1/${path}`);
  expect([answer.status, answer.body.errors]).toEqual([400, [{ path: field, in: 'query', message }]]);
});
