import { expect } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { openJointAccount } from './joint-account.ts';
import { makeOrder, pay } from './payment-orders.ts';
import { propose as proposeOffer } from './projects.ts';
import { createTestClient, type TestClient } from './test-client.ts';
import type { TestService } from './test-service.ts';

/** An API key that acts for this party and nobody else. */
export async function createBoundKey(service: TestService, partyId: string): Promise<string> {
  const apiKey = createApiKey(service.ledgerId);
  const row = { ledger_id: service.ledgerId, id: uuidv7(), name: 'Bound', party_id: partyId };
  await service.database('api_keys').insert({ ...row, key_hash: hashApiKey(apiKey) });
  return apiKey;
}

export async function clientOf(service: TestService, partyId: string): Promise<TestClient> {
  return createTestClient(service.url, await createBoundKey(service, partyId));
}

/** What Ann and Bob share, with one of everything that an account can have; and what others have. */
export async function openScene(client: TestClient) {
  const mandate = () => ({
    bands: [
      { rule: 'any', upTo: '5.00' },
      { rule: 'count', count: 2 },
    ],
  });
  const holders = { ann: {}, bob: {}, cai: { rights: ['deposit' as const, 'delegate' as const] } };
  const { id: account, party } = await openJointAccount(client, holders, { balance: '76543.21', mandate });
  const foreign = await openJointAccount(client, { zoe: {} }, { balance: '98765.43' });
  const by = { initiatedBy: party.ann };
  const created = async (sent: PromiseLike<{ status: number; body: { id: string } }>) => {
    const { status, body } = await sent;
    expect([201, 202]).toContain(status);
    return body.id;
  };
  const [one, two] = [
    { amount: '1.00', currency: 'USD' },
    { amount: '2.00', currency: 'USD' },
  ];
  const orders = [
    await makeOrder(client, account, { amount: '10.00', toAccountId: foreign.id, initiatedBy: party.bob }),
    await makeOrder(client, account, { amount: '11.00', initiatedBy: party.bob }),
  ] as const;
  const hold = (fields: object) => created(client.post('/v1/holds', { accountId: account, ...one, ...by, ...fields }));
  const holds = [await hold({ toAccountId: foreign.id }), await hold({}), await hold({})] as const;
  const open = () => created(client.post(`/v1/accounts/${account}/projects`, { name: 'A new roof' }));
  const projects = [await open(), await open()] as const;
  const propose = (fields: object) => proposeOffer(client, projects[0], { ...one, ...fields });
  const proposals = [await propose({ toAccountId: foreign.id }), await propose({ by: party.ann })] as const;
  const asked = { partyId: await client.createParty('Invited'), by: party.bob };
  const change = async (fields: object) =>
    (await client.post(`/v1/accounts/${account}/holders`, { ...asked, ...fields })).body;
  const changes = [await change({}), await change({ by: party.ann })] as const;
  const standingOrder = async (initiatedBy: string) => {
    const schedule = { startsAt: '2099-01-01T09:00:00' };
    const fields = { fromAccountId: account, toAccountId: foreign.id, currency: 'USD', amount: '10.00', initiatedBy };
    return (await client.post('/v1/standing-orders', { ...fields, schedule })).body;
  };
  const standingOrders = [await standingOrder(party.bob), await standingOrder(party.ann)] as const;
  const transaction = await created(pay(client, account, { ...two, toAccountId: foreign.id, ...by }));
  return { account, party, foreign, orders, holds, projects, proposals, changes, standingOrders, transaction };
}

export type Scene = Awaited<ReturnType<typeof openScene>>;
