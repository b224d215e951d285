import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { item, outcomesOf, sendBatch } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { cancel, makeOrder, moneyOf, pay, sign } from '../support/payment-orders.ts';
import { type RawAnswer, sendRaw } from '../support/raw-request.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { routes } from '../support/routes.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** An API key that acts for this party and nobody else. */
async function createBoundKey(partyId: string): Promise<string> {
  const apiKey = createApiKey();
  const row = { ledger_id: service.ledgerId, id: uuidv7(), name: 'Bound', party_id: partyId };
  await service.database('api_keys').insert({ ...row, key_hash: hashApiKey(apiKey) });
  return apiKey;
}

async function clientOf(partyId: string): Promise<TestClient> {
  return createTestClient(service.url, await createBoundKey(partyId));
}

/** What Ann and Bob share, with one of everything that an account can have; and what others have. */
async function openScene() {
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
  const propose = (fields: object) =>
    created(client.post(`/v1/projects/${projects[0]}/proposals`, { title: 'Slates', ...one, ...fields }));
  const proposals = [await propose({ toAccountId: foreign.id }), await propose({ proposedBy: party.ann })] as const;
  const asked = { partyId: await client.createParty('Invited'), invitedBy: party.bob };
  const change = async (fields: object) =>
    (await client.post(`/v1/accounts/${account}/holders`, { ...asked, ...fields })).body;
  const changes = [await change({}), await change({ invitedBy: party.ann })] as const;
  const standingOrder = async (initiatedBy: string) => {
    const schedule = { startsAt: '2099-01-01T09:00:00' };
    const fields = { fromAccountId: account, toAccountId: foreign.id, currency: 'USD', amount: '10.00', initiatedBy };
    return (await client.post('/v1/standing-orders', { ...fields, schedule })).body;
  };
  const standingOrders = [await standingOrder(party.bob), await standingOrder(party.ann)] as const;
  const transaction = await created(pay(client, account, { ...two, toAccountId: foreign.id, ...by }));
  return { account, party, foreign, orders, holds, projects, proposals, changes, standingOrders, transaction };
}

type Scene = Awaited<ReturnType<typeof openScene>>;

/** A way to call a route, and what it answers to whose key. "403 key_not_allowed" or "201". */
interface Call {
  /** As the source names it. */
  readonly route: string;
  readonly path: (scene: Scene) => string;
  readonly body?: (scene: Scene) => object;
  readonly stranger: string;
  readonly holder: string;
}

const forService = '403 key_not_allowed';
const noAccount = '404 account_not_found';
const money = { amount: '1.00', currency: 'USD' };
const expiresAt = new Date(Date.now() + 20 * 86_400_000).toISOString();

/** A way to call a route whose path names nothing but these. */
function call(
  route: string,
  [stranger, holder]: readonly [string, string],
  ids: (scene: Scene) => Record<string, string> = ({ account }) => ({ accountId: account }),
  body?: (scene: Scene) => object,
  query: (scene: Scene) => string = () => '',
): Call {
  const [, template] = route.split(' ') as [string, string];
  const fill = (scene: Scene) =>
    `/v1${template}`.replace(/:(\w+)/g, (_, name) => ids(scene)[name] ?? name) + query(scene);
  return { route, path: (scene) => fill(scene), stranger, holder, ...(body === undefined ? {} : { body }) };
}

const account = ({ account }: Scene) => ({ accountId: account });
const none = () => ({});
const endpoint = () => ({ endpointId: nobody });
const standingOrder = ({ standingOrders }: Scene) => ({ orderId: standingOrders[0].id });
const noStandingOrder = '404 standing_order_not_found';
const ownStandingOrder = ({ account, foreign }: Scene) => ({
  ...{ fromAccountId: account, toAccountId: foreign.id, ...money },
  schedule: { startsAt: '2099-01-01T09:00:00' },
});

/** In an order in which Ann can do them one after another. */
const calls: Call[] = [
  call('GET /parties', [forService, forService], none),
  call('POST /parties', [forService, forService], none, () => ({ name: 'X' })),
  call('PUT /parties/by-external-id/:externalId', [forService, forService], none, () => ({ name: 'X' })),
  call('GET /parties/:partyId', ['404 party_not_found', '404 party_not_found'], ({ party }) => ({
    partyId: party.bob,
  })),
  call('GET /parties/:partyId', ['404 party_not_found', '200'], ({ party }) => ({ partyId: party.ann })),

  call('GET /accounts', ['200', '200'], none),
  call('GET /accounts', ['200', '200'], none, undefined, () => '?ownership=clearing'),
  call('POST /accounts', [forService, forService], none, () => ({ name: 'X', currency: 'USD', ownership: 'sole' })),
  call('PUT /accounts/by-external-id/:externalId', [forService, forService], none, () => ({
    name: 'X',
    currency: 'USD',
    ownership: 'sole',
  })),
  call('GET /accounts/:accountId', [noAccount, '200']),
  call('GET /accounts/:accountId', [noAccount, noAccount], ({ foreign }) => ({ accountId: foreign.id })),
  call('PATCH /accounts/:accountId', [forService, forService], account, () => ({ overdraftLimit: '1000.00' })),
  call('POST /accounts/:accountId/close', [forService, forService]),
  call('GET /accounts/:accountId/balances', [noAccount, '200']),
  call('GET /accounts/:accountId/balances', [noAccount, '200'], account, undefined, () => '?at=2026-01-01T00:00:00Z'),
  call('GET /accounts/:accountId/balances', [noAccount, noAccount], ({ foreign }) => ({ accountId: foreign.id })),
  call('GET /balances', [noAccount, '200'], none, undefined, ({ account }) => `?accountIds=${account}`),
  call(
    'GET /balances',
    [noAccount, noAccount],
    none,
    undefined,
    ({ account, foreign }) => `?accountIds=${account},${foreign.id}`,
  ),
  call('GET /accounts/:accountId/entries', [noAccount, '200']),
  call('GET /accounts/:accountId/entries', [noAccount, noAccount], ({ foreign }) => ({ accountId: foreign.id })),

  call('POST /accounts/:accountId/deposits', [noAccount, '201'], account, () => money),
  call(
    'POST /accounts/:accountId/deposits',
    [noAccount, noAccount],
    ({ foreign }) => ({ accountId: foreign.id }),
    () => money,
  ),
  call(
    'POST /accounts/:accountId/deposits',
    [noAccount, '200'],
    account,
    () => money,
    () => '?dryRun=true',
  ),
  call('POST /accounts/:accountId/withdrawals', [noAccount, '201'], account, () => money),
  call('POST /accounts/:accountId/withdrawals', [noAccount, '202'], account, () => ({ ...money, amount: '5.01' })),
  call('POST /accounts/:accountId/withdrawals', [noAccount, '422 insufficient_funds'], account, () => ({
    ...money,
    amount: '90000.00',
  })),
  call(
    'POST /accounts/:accountId/withdrawals',
    [noAccount, noAccount],
    ({ foreign }) => ({ accountId: foreign.id }),
    () => money,
  ),
  call('POST /transfers', [noAccount, '201'], none, ({ account, foreign }) => ({
    fromAccountId: account,
    toAccountId: foreign.id,
    ...money,
  })),
  call(
    'POST /transfers',
    [noAccount, '200'],
    none,
    ({ account, foreign }) => ({ fromAccountId: account, toAccountId: foreign.id, ...money }),
    () => '?dryRun=true',
  ),
  call('POST /transfers', [noAccount, '202'], none, ({ account, foreign }) => ({
    fromAccountId: account,
    toAccountId: foreign.id,
    ...money,
    amount: '6.00',
  })),
  call('POST /transfers', [noAccount, noAccount], none, ({ account, foreign }) => ({
    fromAccountId: foreign.id,
    toAccountId: account,
    ...money,
  })),
  call('POST /transactions', [noAccount, '201'], none, ({ account, foreign }) => ({
    entries: [
      { accountId: foreign.id, ...money },
      { accountId: account, ...money, amount: '-1.00' },
    ],
  })),
  call('POST /transactions', [noAccount, noAccount], none, ({ account, foreign }) => ({
    entries: [
      { accountId: account, ...money },
      { accountId: foreign.id, ...money, amount: '-1.00' },
    ],
  })),
  call('POST /batches', [noAccount, '200'], none, ({ account, foreign }) => ({
    atomic: false,
    items: [item.transfer(account, foreign.id, '1.00'), item.deposit(account, '1.00')],
  })),
  call('POST /batches', [noAccount, '200'], none, ({ account, foreign }) => ({
    atomic: true,
    items: [item.transfer(account, foreign.id, '6.00')],
  })),
  call('POST /batches', [noAccount, noAccount], none, ({ account, foreign }) => ({
    atomic: false,
    items: [item.deposit(account, '1.00'), item.withdrawal(foreign.id, '1.00')],
  })),
  call('GET /transactions', [forService, forService], none),
  call('GET /transactions/:transactionId', ['404 transaction_not_found', '200'], ({ transaction }) => ({
    transactionId: transaction,
  })),
  call(
    'POST /transactions/:transactionId/reversals',
    [forService, forService],
    ({ transaction }) => ({ transactionId: transaction }),
    () => ({ reason: 'x' }),
  ),

  call('GET /payment-orders', [forService, forService], none),
  call('GET /payment-orders', [noAccount, '200'], none, undefined, ({ account }) => `?accountId=${account}`),
  call('GET /payment-orders', [noAccount, noAccount], none, undefined, ({ foreign }) => `?accountId=${foreign.id}`),
  call('GET /payment-orders/:orderId', ['404 payment_order_not_found', '200'], ({ orders }) => ({
    orderId: orders[0].id,
  })),
  call(
    'POST /payment-orders/:orderId/authorisations',
    ['404 payment_order_not_found', '200'],
    ({ orders }) => ({ orderId: orders[0].id }),
    ({ orders }) => ({ decision: 'approve', instructionHash: orders[0].instructionHash }),
  ),
  call('POST /payment-orders/:orderId/cancel', ['404 payment_order_not_found', '200'], ({ orders }) => ({
    orderId: orders[1].id,
  })),

  call('POST /holds', [noAccount, '201'], none, ({ account, foreign }) => ({
    accountId: account,
    toAccountId: foreign.id,
    ...money,
  })),
  call('POST /holds', [noAccount, noAccount], none, ({ account, foreign }) => ({
    accountId: foreign.id,
    toAccountId: account,
    ...money,
  })),
  call('GET /holds/:holdId', ['404 hold_not_found', '200'], ({ holds }) => ({ holdId: holds[0] })),
  call('GET /accounts/:accountId/holds', [noAccount, '200']),
  call(
    'POST /holds/:holdId/capture',
    ['404 hold_not_found', '200'],
    ({ holds }) => ({ holdId: holds[0] }),
    none,
    () => '?dryRun=true',
  ),
  call('POST /holds/:holdId/capture', ['404 hold_not_found', '201'], ({ holds }) => ({ holdId: holds[0] }), none),
  call(
    'POST /holds/:holdId/extend',
    ['404 hold_not_found', '200'],
    ({ holds }) => ({ holdId: holds[1] }),
    () => ({ expiresAt }),
  ),
  call('POST /holds/:holdId/void', ['404 hold_not_found', '200'], ({ holds }) => ({ holdId: holds[1] })),

  call('GET /accounts/:accountId/projects', [noAccount, '200']),
  call('POST /accounts/:accountId/projects', [noAccount, '201'], account, () => ({ name: 'X' })),
  call('GET /projects/:projectId', ['404 project_not_found', '200'], ({ projects }) => ({ projectId: projects[0] })),
  call('GET /projects/:projectId/proposals', ['404 project_not_found', '200'], ({ projects }) => ({
    projectId: projects[0],
  })),
  call(
    'POST /projects/:projectId/proposals',
    ['404 project_not_found', '201'],
    ({ projects }) => ({ projectId: projects[0] }),
    () => ({ title: 'X', ...money }),
  ),
  call('GET /proposals/:proposalId', ['404 proposal_not_found', '200'], ({ proposals }) => ({
    proposalId: proposals[0],
  })),
  call('POST /proposals/:proposalId/withdraw', ['404 proposal_not_found', '200'], ({ proposals }) => ({
    proposalId: proposals[1],
  })),
  call(
    'POST /proposals/:proposalId/accept',
    ['404 proposal_not_found', '200'],
    ({ proposals }) => ({ proposalId: proposals[0] }),
    undefined,
    () => '?dryRun=true',
  ),
  call('POST /proposals/:proposalId/accept', ['404 proposal_not_found', '200'], ({ proposals }) => ({
    proposalId: proposals[0],
  })),
  call('POST /projects/:projectId/close', ['404 project_not_found', '200'], ({ projects }) => ({
    projectId: projects[1],
  })),

  call('GET /accounts/:accountId/holders', [noAccount, '200']),
  call('POST /accounts/:accountId/holders', [noAccount, '202'], account, ({ foreign }) => ({
    partyId: foreign.party.zoe,
  })),
  call(
    'PUT /accounts/:accountId/holders/:partyId',
    [noAccount, '200'],
    ({ account, party }) => ({ accountId: account, partyId: party.cai }),
    () => ({ rights: ['deposit', 'delegate'] }),
  ),
  call('POST /accounts/:accountId/holders/:partyId/remove', [noAccount, '200'], ({ account, party }) => ({
    accountId: account,
    partyId: party.cai,
  })),
  call('POST /accounts/:accountId/holders/:partyId/accept', [forService, forService], ({ account, party }) => ({
    accountId: account,
    partyId: party.bob,
  })),
  call('POST /accounts/:accountId/holders/:partyId/decline', [forService, forService], ({ account, party }) => ({
    accountId: account,
    partyId: party.bob,
  })),
  call('POST /accounts/:accountId/holders/:partyId/leave', [forService, forService], ({ account, party }) => ({
    accountId: account,
    partyId: party.bob,
  })),
  call(
    'POST /accounts/:accountId/holders/:partyId/accept',
    [forService, '409 invitation_not_open'],
    ({ account, party }) => ({ accountId: account, partyId: party.ann }),
  ),
  call(
    'POST /accounts/:accountId/holders/:partyId/decline',
    [forService, '409 invitation_not_open'],
    ({ account, party }) => ({ accountId: account, partyId: party.ann }),
  ),
  call('POST /accounts/:accountId/holders/:partyId/death', [forService, forService], ({ account, party }) => ({
    accountId: account,
    partyId: party.bob,
  })),
  call('GET /accounts/:accountId/mandate', [noAccount, '200']),
  call('PUT /accounts/:accountId/mandate', [noAccount, '202'], account, () => ({ mandate: { rule: 'any' } })),
  call('GET /accounts/:accountId/mandate/versions', [noAccount, '200']),
  call('GET /accounts/:accountId/changes', [noAccount, '200']),
  call('GET /account-changes/:changeId', ['404 account_change_not_found', '200'], ({ changes }) => ({
    changeId: changes[0].id,
  })),
  call(
    'POST /account-changes/:changeId/authorisations',
    ['404 account_change_not_found', '200'],
    ({ changes }) => ({ changeId: changes[0].id }),
    ({ changes }) => ({ decision: 'reject', instructionHash: changes[0].instructionHash }),
  ),
  call('POST /account-changes/:changeId/cancel', ['404 account_change_not_found', '200'], ({ changes }) => ({
    changeId: changes[1].id,
  })),
  call('GET /accounts/:accountId/restrictions', [noAccount, '200']),
  call('POST /accounts/:accountId/restrictions', [noAccount, '201'], account, () => ({ reason: 'Lost phone' })),
  call('POST /accounts/:accountId/restrictions', [noAccount, '403 right_missing'], account, () => ({
    reason: 'x',
    scope: 'both',
  })),
  call('POST /restrictions/:restrictionId/lift', ['404 restriction_not_found', '404 restriction_not_found'], () => ({
    restrictionId: nobody,
  })),
  call('GET /standing-orders', [forService, forService], none),
  call('GET /standing-orders', [noAccount, '200'], none, undefined, ({ account }) => `?accountId=${account}`),
  call('GET /standing-orders', [noAccount, noAccount], none, undefined, ({ foreign }) => `?accountId=${foreign.id}`),
  call('POST /standing-orders', [noAccount, '201'], none, ownStandingOrder),
  call('POST /standing-orders', [forService, forService], none, (scene) => ({
    ...ownStandingOrder(scene),
    initiatedBy: scene.party.bob,
  })),
  // How much tops up somebody else's account would say how much is on it.
  call('POST /standing-orders', [noAccount, noAccount], none, (scene) => ({
    ...ownStandingOrder(scene),
    ...{ amount: null, topUp: { to: '100.00' } },
  })),
  call('POST /standing-orders', [noAccount, noAccount], none, ({ account, foreign }) => ({
    ...ownStandingOrder({ account: foreign.id, foreign: { id: account } } as Scene),
  })),
  call('GET /standing-orders/:orderId', [noStandingOrder, '200'], standingOrder),
  call('GET /standing-orders/:orderId/runs', [noStandingOrder, '200'], standingOrder),
  call(
    'POST /standing-orders/:orderId/authorisations',
    [noStandingOrder, '200'],
    standingOrder,
    ({ standingOrders }) => ({ decision: 'approve', instructionHash: standingOrders[0].instructionHash }),
  ),
  call('POST /standing-orders/:orderId/pause', [noStandingOrder, '200'], standingOrder),
  call('POST /standing-orders/:orderId/resume', [noStandingOrder, '200'], standingOrder),
  call('POST /standing-orders/:orderId/cancel', [forService, forService], standingOrder, ({ party }) => ({
    by: party.bob,
  })),
  call('POST /standing-orders/:orderId/cancel', [noStandingOrder, '200'], standingOrder),
  call('GET /events', ['200', '200'], none),
  // A good one would go on for ever.
  call('GET /events/stream', ['400 invalid_cursor', '400 invalid_cursor'], none, undefined, () => '?cursor=x'),
  call('GET /events/:eventId', ['404 event_not_found', '404 event_not_found'], () => ({ eventId: '0-1-1' })),
  call('GET /webhook-endpoints', [forService, forService], none),
  call('POST /webhook-endpoints', [forService, forService], none, () => ({ url: 'https://example.com/' })),
  call('GET /webhook-endpoints/:endpointId', [forService, forService], endpoint),
  call('PATCH /webhook-endpoints/:endpointId', [forService, forService], endpoint, () => ({ ordered: true })),
  call('DELETE /webhook-endpoints/:endpointId', [forService, forService], endpoint),
  call('POST /webhook-endpoints/:endpointId/secret-rotations', [forService, forService], endpoint),
  call('POST /webhook-endpoints/:endpointId/test', [forService, forService], endpoint),
  call('GET /webhook-endpoints/:endpointId/deliveries', [forService, forService], endpoint),
  call('GET /webhook-deliveries/:deliveryId', [forService, forService], () => ({ deliveryId: nobody })),
  call('POST /webhook-deliveries/:deliveryId/redeliver', [forService, forService], () => ({ deliveryId: nobody })),
  call('GET /failed-work', [forService, forService], none),
  call('POST /failed-work/:queue/:itemId/requeue', [forService, forService], () => ({
    queue: 'expiries',
    itemId: '1',
  })),
  call('POST /accounts/:accountId/holders/:partyId/leave', [forService, '200'], ({ account, party }) => ({
    accountId: account,
    partyId: party.ann,
  })),
];

async function send(apiKey: string, { route, path, body }: Call, scene: Scene): Promise<RawAnswer> {
  const method = route.split(' ')[0]!;
  const sent = body === undefined ? undefined : JSON.stringify(body(scene));
  return sendRaw(service, { method, path: path(scene), body: sent, headers: { authorization: `Bearer ${apiKey}` } });
}

const outcomeOf = ({ status, body }: RawAnswer) => (body?.code === undefined ? `${status}` : `${status} ${body.code}`);

describe('every route', () => {
  test('is walked here, with every method that it takes', () => {
    const withKey = routes.filter(({ keys }) => keys !== 'none');
    expect(withKey.length).toBeGreaterThan(70);
    const named = withKey.map(({ method, path }) => `${method.toUpperCase()} ${path.slice('/v1'.length)}`);
    expect([...new Set(calls.map(({ route }) => route))].sort()).toEqual(named.sort());
  });

  test('looks at who calls before it looks at anything of the request', async () => {
    const bound = `Bearer ${await createBoundKey(await client.createParty('Ann'))}`;
    const callers = { nobody: undefined, unknown: 'Bearer x', bound, service: `Bearer ${service.apiKey}` };
    // All of it is wrong: ids, body, query and headers.
    const wrong = { 'Idempotency-Key': 'a b', prefer: 'wait=x', 'If-Match': 'x' };
    await leavingTheBooksAlone(service, async () => {
      for (const { method, path, keys, query } of routes) {
        const address = `${path.replaceAll(/:\w+/g, 'x')}?surprise=1`;
        const body = method === 'get' ? undefined : '{"surprise":1}';
        const outcomes: string[] = [];
        for (const authorization of Object.values(callers)) {
          const headers = { ...wrong, authorization };
          outcomes.push(
            outcomeOf(await sendRaw(service, { method: method.toUpperCase(), path: address, body, headers })),
          );
        }
        const [unknown, unfit] = ['401 unauthorized', '400 validation_failed'];
        const expected = {
          any: [unknown, unknown, unfit, unfit],
          service: [unknown, unknown, forService, unfit],
          // Probes add what they like to the addresses of operators; the lab's own page does not.
          none: Array(4).fill(query?.safeParse({ surprise: '1' }).success ? '200' : unfit),
        }[keys];
        expect([method, path, ...outcomes]).toEqual([method, path, ...expected]);
      }
    });
  });

  test('keeps from a stranger whatever it does not hold, as though it were not there', async () => {
    const scene = await openScene();
    const stranger = await client.createParty('Mallory');
    const key = await createBoundKey(stranger);
    // The same scene, if there were nothing.
    const nothing: Scene = JSON.parse(
      JSON.stringify(scene).replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id, at) =>
        id.replace(/.{6}$/, String(at).padStart(6, 'f')),
      ),
    );
    await leavingTheBooksAlone(service, async () => {
      for (const each of calls) {
        const answer = await send(key, each, scene);
        expect([each.route, each.path(scene), outcomeOf(answer)]).toEqual([
          each.route,
          each.path(scene),
          each.stranger,
        ]);
        const empty = await send(key, each, nothing);
        expect([each.route, outcomeOf(empty)]).toEqual([each.route, outcomeOf(answer)]);
        expect([each.route, Object.keys(answer.body), answer.headers.etag]).toEqual([
          each.route,
          Object.keys(empty.body),
          empty.headers.etag,
        ]);
        expect(answer.text).not.toMatch(/7654\d\.|9876\d\.|Joint|roof|Slates/);
        if (answer.status === 200) expect(answer.body.data).toEqual([]);
      }
    });
  });

  test('lets a holder do what is its own, and never learn what others have', async () => {
    const scene = await openScene();
    const key = await createBoundKey(scene.party.ann);
    for (const each of calls) {
      const answer = await send(key, each, scene);
      expect([each.route, each.path(scene), outcomeOf(answer)]).toEqual([each.route, each.path(scene), each.holder]);
      expect([each.route, answer.text]).toEqual([each.route, expect.not.stringMatching(/987[67]\d\.\d\d/)]);
      const entries = JSON.stringify(answer.body).matchAll(/\{[^{}]*\}/g);
      for (const [entry] of entries) {
        if (entry.includes(scene.foreign.id)) expect(entry).not.toMatch(/balanceAfter|"version"|available/);
      }
    }
    expect((await moneyOf(client, scene.account))[0]).toMatch(/^765\d\d\./);
    expect(await client.balance(scene.foreign.id)).not.toBe('98765.43');
  });

  test('lets a holder name nobody else', async () => {
    const scene = await openScene();
    const key = await createBoundKey(scene.party.ann);
    const names = ['party', 'by', 'initiatedBy', 'proposedBy', 'createdBy', 'invitedBy'];
    const refused: string[] = [];
    await leavingTheBooksAlone(service, async () => {
      for (const { route, path, body } of calls) {
        const [method] = route.split(' ') as [string];
        if (method === 'GET') continue;
        const given = body?.(scene) ?? {};
        for (const name of names) {
          const named = { ...given, [name]: scene.party.bob };
          // Whatever field is not known there is refused before.
          const sent =
            route === 'POST /batches' && 'items' in given
              ? { ...given, items: (given.items as object[]).map((each) => ({ ...each, [name]: scene.party.bob })) }
              : named;
          const answer = await sendRaw(service, {
            method,
            path: path(scene),
            body: JSON.stringify(sent),
            headers: { authorization: `Bearer ${key}` },
          });
          expect(['validation_failed', 'key_not_allowed', 'account_not_found', 'restriction_not_found']).toContain(
            answer.body.code,
          );
          if (answer.body.code === 'key_not_allowed') refused.push(`${route} ${name}`);
        }
      }
    });
    for (const each of [
      'POST /accounts/:accountId/deposits initiatedBy',
      'POST /accounts/:accountId/withdrawals initiatedBy',
      'POST /transfers initiatedBy',
      'POST /transactions initiatedBy',
      'POST /batches initiatedBy',
      'POST /payment-orders/:orderId/authorisations party',
      'POST /payment-orders/:orderId/cancel by',
      'POST /holds initiatedBy',
      'POST /holds/:holdId/capture by',
      'POST /holds/:holdId/extend by',
      'POST /holds/:holdId/void by',
      'POST /accounts/:accountId/projects createdBy',
      'POST /projects/:projectId/proposals proposedBy',
      'POST /projects/:projectId/close by',
      'POST /proposals/:proposalId/accept party',
      'POST /proposals/:proposalId/withdraw by',
      'POST /accounts/:accountId/holders invitedBy',
      'PUT /accounts/:accountId/holders/:partyId by',
      'POST /accounts/:accountId/holders/:partyId/remove by',
      'PUT /accounts/:accountId/mandate by',
      'POST /account-changes/:changeId/authorisations party',
      'POST /account-changes/:changeId/cancel by',
      'POST /accounts/:accountId/restrictions by',
      'POST /restrictions/:restrictionId/lift by',
    ]) {
      expect(refused).toContain(each);
    }
  });
});

describe('a bound key', () => {
  test('acts as its party wherever nobody is named', async () => {
    const { account, party, orders } = await openScene();
    const ann = await clientOf(party.ann);
    const deposit = await ann.post(`/v1/accounts/${account}/deposits`, money);
    expect([deposit.status, deposit.body.initiatedBy, deposit.body.signedBy]).toEqual([201, party.ann, [party.ann]]);
    const signed = await ann.post(`/v1/payment-orders/${orders[0].id}/authorisations`, {
      decision: 'approve',
      instructionHash: orders[0].instructionHash,
    });
    expect(signed.body.transaction.signedBy).toEqual([party.ann, party.bob].sort());
    const named = await ann.post(`/v1/accounts/${account}/deposits`, { ...money, initiatedBy: party.ann });
    expect([named.status, named.body.initiatedBy]).toEqual([201, party.ann]);
    const inBatch = await sendBatch(ann, false, [item.withdrawal(account, '1.00')]);
    expect(inBatch.body.results[0].transaction.initiatedBy).toBe(party.ann);
  });

  test('has its limits and the mandate, which the service has not', async () => {
    const limits = { perMovement: '3.00' };
    const { id, party } = await openJointAccount(
      client,
      { ann: { limits }, bob: {} },
      { balance: '50.00', mandate: () => ({ bands: [{ rule: 'any', upTo: '2.00' }, { rule: 'all' }] }) },
    );
    const ann = await clientOf(party.ann);
    expect((await pay(ann, id, { amount: '2.00' })).status).toBe(201);
    expect((await pay(ann, id, { amount: '2.01' })).status).toBe(202);
    expect((await pay(ann, id, { amount: '3.01' })).body.code).toBe('limit_exceeded');
    expect((await pay(client, id, { amount: '3.01' })).status).toBe(201);
  });

  test('pays into the account of a stranger without learning of it, whatever the answer is', async () => {
    const { account, party, foreign } = await openScene();
    const [ann, zoe] = [await clientOf(party.ann), await clientOf(foreign.party.zoe)];
    const hidden = { accountId: foreign.id, amount: '1.00' };
    const { body, headers } = await pay(ann, account, { amount: '1.00', toAccountId: foreign.id });
    expect(body.entries[1]).toEqual(hidden);
    expect(body.entries[0]).toHaveProperty('balanceAfter');
    expect(headers.etag).toBe((await client.get(`/v1/accounts/${account}`)).headers.etag);
    expect((await ann.get(`/v1/transactions/${body.id}`)).body).toEqual(body);
    const seenByPayee = (await zoe.get(`/v1/transactions/${body.id}`)).body;
    expect(seenByPayee.entries[0]).toEqual({ accountId: account, amount: '-1.00' });
    expect(seenByPayee.entries[1]).toHaveProperty('balanceAfter');
    const listed = (await zoe.get(`/v1/accounts/${foreign.id}/entries`)).body.data;
    expect(JSON.stringify(listed)).not.toMatch(/765\d\d\.\d\d/);

    // The tag of the first account is the answer's, if it is for the caller to read.
    const legs = {
      entries: [
        { accountId: foreign.id, ...money },
        { accountId: account, ...money, amount: '-1.00' },
      ],
    };
    const multiLeg = await ann.post('/v1/transactions', legs);
    expect([multiLeg.status, multiLeg.headers.etag]).toEqual([201, undefined]);
    expect(multiLeg.body.entries[0]).toEqual(hidden);
    const probe = await ann.post('/v1/transactions', legs, { 'If-Match': '"1"' });
    expect([probe.status, probe.body.code]).toEqual([400, 'validation_failed']);
    legs.entries.reverse();
    const own = await ann.post('/v1/transactions', legs);
    expect(own.headers.etag).toBe((await client.get(`/v1/accounts/${account}`)).headers.etag);
  });

  test('pays into a full or closed account without learning of it', async () => {
    const { account, party } = await openScene();
    const ann = await clientOf(party.ann);
    const full = await client.openAccount({ balance: '999999999999999999.99' });
    const refused = await pay(ann, account, { amount: '1.00', toAccountId: full });
    expect(refused.body.code).toBe('balance_limit_exceeded');
    expect(refused.text).not.toMatch(/9{12}|explanation/);
    const closed = await client.openAccount();
    await client.post(`/v1/accounts/${closed}/close`);
    expect((await pay(ann, account, { amount: '1.00', toAccountId: closed })).body.code).toBe('account_closed');
  });

  test('of a holder who may not look shows no balance where something is booked', async () => {
    const rights: HolderRight[] = ['deposit', 'withdraw', 'transfer', 'manage'];
    const mandate = () => ({
      bands: [
        { rule: 'any', upTo: '5.00' },
        { rule: 'count', count: 2 },
      ],
    });
    const { id, party } = await openJointAccount(
      client,
      { ann: { rights }, bob: {} },
      { balance: '76543.21', mandate },
    );
    const ann = await clientOf(party.ann);
    const bob = await makeOrder(client, id, { amount: '10.00', initiatedBy: party.bob });
    const answers = [
      await ann.post(`/v1/accounts/${id}/deposits`, money),
      await ann.post(`/v1/accounts/${id}/deposits?dryRun=true`, money),
      await ann.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, money),
      await ann.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, { ...money, amount: '6.00' }),
      await ann.post('/v1/batches?dryRun=true', {
        atomic: false,
        items: [item.deposit(id, '1.00'), item.withdrawal(id, '6.00')],
      }),
      await pay(ann, id, { amount: '1.00' }),
      await pay(ann, id, { amount: '6.00' }),
      await sign(ann, bob, party.ann),
    ];
    for (const { status, text, body } of answers) {
      expect([status, body.code]).toEqual([expect.any(Number), undefined]);
      expect(text).not.toMatch(/765\d\d\.\d\d/);
    }
    for (const { headers } of answers.slice(0, 4)) expect(headers.etag).toBeUndefined();
    for (const way of [
      '',
      '/balances',
      '/entries',
      '/holds',
      '/holders',
      '/mandate',
      '/changes',
      '/restrictions',
      '/projects',
    ]) {
      expect([way, (await ann.get(`/v1/accounts/${id}${way}`)).body.code]).toEqual([way, 'account_not_found']);
    }
    expect((await ann.get('/v1/accounts')).body.data).toEqual([]);
    expect((await ann.get(`/v1/payment-orders/${bob.id}`)).body.code).toBe('payment_order_not_found');
  });

  test('loses an account with its place on it, and gets it with the invitation', async () => {
    const { account, party, transaction } = await openScene();
    const guest = await client.createParty('Guest');
    const key = await clientOf(guest);
    const order = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.bob });
    const seen = async () => [
      (await key.get(`/v1/accounts/${account}`)).status,
      (await key.get(`/v1/transactions/${transaction}`)).status,
      (await sign(key, order, guest)).body.code,
    ];
    expect(await seen()).toEqual([404, 404, 'payment_order_not_found']);
    const rights = ['view', 'deposit', 'delegate'];
    expect((await client.post(`/v1/accounts/${account}/holders`, { partyId: guest, rights })).status).toBe(201);
    expect(await seen()).toEqual([404, 404, 'not_a_holder']);
    expect((await key.post(`/v1/accounts/${account}/holders/${guest}/accept`)).status).toBe(200);
    expect(await seen()).toEqual([200, 200, 'right_missing']);
    expect((await cancel(key, order, guest)).body.code).toBe('right_missing');
    expect((await key.post(`/v1/accounts/${account}/holders/${guest}/leave`)).status).toBe(200);
    expect(await seen()).toEqual([404, 404, 'payment_order_not_found']);
  });

  test('never gets the stored answer to another key, though it sends the same', async () => {
    const { account, party, foreign, orders } = await openScene();
    const [ann, alsoAnn, bob] = [await clientOf(party.ann), await clientOf(party.ann), await clientOf(party.bob)];
    const mallory = await clientOf(await client.createParty('Mallory'));
    const requests: [string, object][] = [
      [`/v1/accounts/${account}/deposits`, money],
      [`/v1/accounts/${account}/withdrawals`, money],
      ['/v1/transfers', { fromAccountId: account, toAccountId: foreign.id, ...money }],
      ['/v1/batches', { atomic: false, items: [item.deposit(account, '1.00')] }],
      [`/v1/payment-orders/${orders[1].id}/cancel`, {}],
      ['/v1/holds', { accountId: account, ...money }],
    ];
    for (const [index, [address, body]] of requests.entries()) {
      // Whatever the others have sent with it, the key is each caller's own.
      const answers = [];
      for (const caller of address.endsWith('cancel') ? [ann] : [client, ann, bob]) {
        const answer = await caller.post(address, body, { 'Idempotency-Key': `shared-${account}-${index}` });
        expect([address, answer.status < 300, answer.headers['idempotent-replayed']]).toEqual([
          address,
          true,
          undefined,
        ]);
        answers.push([caller, answer] as const);
      }
      const before = await moneyOf(client, account);
      const headers = { 'Idempotency-Key': `shared-${account}-${index}` };
      for (const [caller, answer] of [...answers, [alsoAnn, answers.find(([caller]) => caller === ann)![1]] as const]) {
        const replayed = await caller.post(address, body, headers);
        expect([replayed.body, replayed.headers['idempotent-replayed']]).toEqual([answer.body, 'true']);
      }
      const strange = await mallory.post(address, body, headers);
      expect([strange.status, strange.headers['idempotent-replayed']]).toEqual([404, undefined]);
      expect(await moneyOf(client, account)).toEqual(before);
    }
  });

  test('never gets the stored answer to an item of another key, nor to a call through a batch', async () => {
    const { account, party } = await openScene();
    const [ann, bob] = [await clientOf(party.ann), await clientOf(party.bob)];
    const keyed = item.deposit(account, '1.00', { idempotencyKey: `item-${account}` });
    expect(outcomesOf(await sendBatch(ann, false, [keyed]))).toEqual(['201']);
    for (const other of [client, bob]) {
      expect(outcomesOf(await sendBatch(other, false, [keyed]))).toEqual(['201']);
      const single = await other.post(`/v1/accounts/${account}/deposits`, money, {
        'Idempotency-Key': `item-${account}`,
      });
      expect([single.status, single.headers['idempotent-replayed']]).toEqual([201, 'true']);
    }
    expect(outcomesOf(await sendBatch(ann, false, [keyed]))).toEqual(['replayed 201']);
  });

  test('gets its own stored answer without what it may not read any more', async () => {
    const { account, party } = await openScene();
    const ann = await clientOf(party.ann);
    const headers = { 'Idempotency-Key': `once-${account}` };
    const first = await ann.post(`/v1/accounts/${account}/deposits`, money, headers);
    expect(first.body.entries[0].balanceAfter).toMatch(/^765/);
    const rights = ['deposit', 'withdraw', 'transfer', 'manage'];
    expect((await client.put(`/v1/accounts/${account}/holders/${party.ann}`, { rights })).status).toBe(200);
    const again = await ann.post(`/v1/accounts/${account}/deposits`, money, headers);
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
    expect(again.text).not.toMatch(/765\d\d/);
    expect((await client.post(`/v1/accounts/${account}/holders/${party.ann}/remove`)).status).toBe(200);
    const gone = await ann.post(`/v1/accounts/${account}/deposits`, money, headers);
    expect([gone.status, gone.body.code, gone.headers['idempotent-replayed']]).toEqual([
      404,
      'account_not_found',
      undefined,
    ]);
  });
});
