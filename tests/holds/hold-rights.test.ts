import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
/** Ann may do everything, Ben only look and transfer; Cid holds nothing. */
let [ann, ben, cid, account] = ['', '', '', ''];

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  [ann, ben, cid] = [await client.createParty('Ann'), await client.createParty('Ben'), await client.createParty('Cid')];
});

afterAll(() => service.stop());

beforeEach(async () => {
  account = await openJoint();
});

async function openJoint(more: object = {}): Promise<string> {
  const holders = [{ partyId: ann }, { partyId: ben, rights: ['view', 'transfer'] }];
  const body = { name: 'Joint', currency: 'USD', ownership: 'joint', holders, ...more };
  const { id } = (await client.post('/v1/accounts', body)).body;
  expect((await client.post(`/v1/accounts/${id}/deposits`, { amount: '100.00', currency: 'USD' })).status).toBe(201);
  return id;
}

/** A client whose key acts for this party alone. */
async function clientOf(partyId: string): Promise<TestClient> {
  const apiKey = createApiKey(service.ledgerId);
  const row = { ledger_id: service.ledgerId, id: uuidv7(), name: 'Bound', party_id: partyId };
  await service.database('api_keys').insert({ ...row, key_hash: hashApiKey(apiKey) });
  return createTestClient(service.url, apiKey);
}

const place = (fields: object, by = client) =>
  by.post('/v1/holds', { accountId: account, amount: '60.00', currency: 'USD', ...fields });

test('making a hold takes the right to the movement that it is for', async () => {
  expect((await place({ initiatedBy: cid })).body.code).toBe('not_a_holder');
  const refused = await place({ initiatedBy: ben });
  expect([refused.status, refused.body.code, refused.body.right]).toEqual([403, 'right_missing', 'withdraw']);
  const toAccountId = await client.openAccount();
  expect((await place({ initiatedBy: ben, toAccountId })).status).toBe(201);
  expect((await place({ initiatedBy: ann, amount: '40.00' })).status).toBe(201);
});

test('capturing, voiding and extending take the same right of the party that acts', async () => {
  const { id } = (await place({ initiatedBy: ann })).body;
  const expiresAt = new Date(Date.now() + 8 * 86_400_000).toISOString();
  for (const [action, body] of [
    ['capture', {}],
    ['void', {}],
    ['extend', { expiresAt }],
  ] as const) {
    const act = async (by: string) => (await client.post(`/v1/holds/${id}/${action}`, { ...body, by })).body.code;
    expect([await act(ben), await act(cid), await act(account)]).toEqual([
      'right_missing',
      'not_a_holder',
      'party_not_found',
    ]);
  }
  const captured = await client.post(`/v1/holds/${id}/capture`, { by: ann, amount: '10.00' });
  expect(captured.body.transaction).toMatchObject({ initiatedBy: ann, signedBy: [ann] });
  expect((await client.post(`/v1/holds/${id}/extend`, { by: ann, expiresAt })).status).toBe(200);
  expect((await client.post(`/v1/holds/${id}/void`, { by: ann })).body).toMatchObject({ status: 'voided' });
});

test('a hold counts against the limit of the holder who made it, and no longer once it is voided', async () => {
  account = await openJoint({ holders: [{ partyId: ann, limits: { perDay: '70.00' } }] });
  const { id } = (await place({ initiatedBy: ann })).body;
  const refused = await place({ initiatedBy: ann, amount: '10.01' });
  expect([refused.status, refused.body.code, refused.body.remaining]).toEqual([422, 'limit_exceeded', '10.00']);
  expect(refused.body.explanation).toMatchObject({ rule: 'limit_exceeded', heldBy: [{ id }] });
  expect((await client.post(`/v1/holds/${id}/capture`, { amount: '50.00' })).status).toBe(201);
  expect((await place({ initiatedBy: ann, amount: '10.01' })).body.code).toBe('limit_exceeded');
  expect((await client.post(`/v1/holds/${id}/void`)).status).toBe(200);
  expect((await place({ initiatedBy: ann, amount: '20.01' })).body.code).toBe('limit_exceeded');
  expect((await place({ initiatedBy: ann, amount: '20.00' })).status).toBe(201);
});

test('a hold does not wait for signatures', async () => {
  const mandate = { bands: [{ rule: 'any', upTo: '50.00' }, { rule: 'all' }] };
  account = await openJoint({ mandate, holders: [{ partyId: ann }, { partyId: ben }] });
  const refused = await place({ initiatedBy: ann });
  expect([refused.status, refused.body.code]).toEqual([403, 'signatures_missing']);
  expect(refused.body.explanation).toMatchObject({
    rule: 'mandate',
    signatures: { required: 2, received: 1, missingFrom: [ben] },
  });
  expect((await place({ initiatedBy: ann, amount: '50.00' })).status).toBe(201);
  // Ben may sign no more.
  await service
    .rows('holders')
    .where({ account_id: account, party_id: ben })
    .update({ rights: ['view'] });
  await service.database('mandates').insert({
    ...{ ledger_id: service.ledgerId, account_id: account, version: 2, created_at: new Date() },
    terms: JSON.stringify({ bands: [{ rule: 'named', signatories: [ann, ben] }] }),
  });
  expect((await place({ initiatedBy: ann, amount: '50.00' })).body.code).toBe('mandate_unreachable');
});

test('a hold that a payment order made is listed, and ends only with the order', async () => {
  account = await openJoint({ mandate: { rule: 'all' }, holders: [{ partyId: ann }, { partyId: ben }] });
  const waiting = await client.post(`/v1/accounts/${account}/withdrawals`, {
    amount: '60.00',
    currency: 'USD',
    initiatedBy: ann,
  });
  expect(waiting.status).toBe(202);
  const { id } = waiting.body;
  const { body } = await client.get(`/v1/accounts/${account}/holds`);
  expect(body.data).toMatchObject([{ id, kind: 'payment_order', status: 'active', remaining: '60.00' }]);
  const expiresAt = new Date(Date.now() + 8 * 86_400_000).toISOString();
  for (const [action, told] of [
    ['capture', {}],
    ['void', {}],
    ['extend', { expiresAt }],
  ] as const) {
    const refused = await client.post(`/v1/holds/${id}/${action}`, told);
    expect(refused.body).toMatchObject({ status: 409, code: 'hold_not_active', paymentOrderId: id });
    expect(refused.body.detail).toContain('payment order');
  }
  expect((await client.get(`/v1/accounts/${account}`)).body.held).toBe('60.00');
});

test('a key that is bound to a party acts for that party, and sees only what it holds', async () => {
  const [asAnn, asCid] = [await clientOf(ann), await clientOf(cid)];
  const placed = await place({}, asAnn);
  expect([placed.status, placed.body.initiatedBy]).toEqual([201, ann]);
  const { id } = placed.body;
  expect((await place({ initiatedBy: ben }, asAnn)).body.code).toBe('key_not_allowed');
  expect((await asAnn.post(`/v1/holds/${id}/void`, { by: ben })).body.code).toBe('key_not_allowed');
  expect((await asAnn.get(`/v1/holds/${id}`)).body).toEqual(placed.body);
  expect((await asAnn.get(`/v1/accounts/${account}/holds`)).body.data).toEqual([placed.body]);

  expect((await place({}, asCid)).body.code).toBe('account_not_found');
  expect((await asCid.get(`/v1/accounts/${account}/holds`)).body.code).toBe('account_not_found');
  expect((await asCid.get(`/v1/holds/${id}`)).body.code).toBe('hold_not_found');
  for (const action of ['capture', 'void']) {
    expect((await asCid.post(`/v1/holds/${id}/${action}`)).body.code).toBe('hold_not_found');
  }
  const captured = await asAnn.post(`/v1/holds/${id}/capture`);
  expect([captured.status, captured.body.transaction.signedBy]).toEqual([201, [ann]]);
});

test('a holder without the right to view, and one who pays another account, learn no balance', async () => {
  account = await openJoint({ holders: [{ partyId: ann }, { partyId: ben, rights: ['transfer'] }] });
  const toAccountId = await client.openAccount({ balance: '500.00' });
  const [asAnn, asBen] = [await clientOf(ann), await clientOf(ben)];
  const dry = { accountId: account, toAccountId, amount: '10.00', currency: 'USD' };
  expect((await asAnn.post('/v1/holds?dryRun=true', dry)).body.explanation).toMatchObject({ available: '100.00' });
  expect((await asBen.post('/v1/holds?dryRun=true', dry)).body.explanation).toBeUndefined();

  const placed = await place({ toAccountId }, asBen);
  expect(placed.status).toBe(201);
  const { id } = placed.body;
  expect((await asBen.get(`/v1/holds/${id}`)).body.code).toBe('hold_not_found');
  expect((await asBen.get(`/v1/accounts/${account}/holds`)).body.code).toBe('account_not_found');
  const byBen = await asBen.post(`/v1/holds/${id}/capture`, { amount: '10.00' });
  // Nobody moves what somebody else has reserved, or the service.
  for (const other of [id, (await client.post('/v1/holds', dry)).body.id]) {
    for (const action of ['capture', 'void']) {
      const refused = await asAnn.post(`/v1/holds/${other}/${action}`);
      expect([refused.status, refused.body.code]).toEqual([403, 'right_missing']);
    }
  }
  const debit = { accountId: account, amount: '-10.00' };
  const credit = { accountId: toAccountId, amount: '10.00' };
  expect(byBen.body.transaction.entries).toEqual([debit, credit]);
  expect((await asBen.post(`/v1/holds/${id}/void`)).status).toBe(200);
});
