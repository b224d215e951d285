import { item } from './batches.ts';
import { acceptanceOf } from './projects.ts';
import type { Scene } from './shared-scene.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
/** A way to call a route, and what it answers to whose key. "403 key_not_allowed" or "201". */
export interface RouteCall {
  /** As the source names it. */
  readonly route: string;
  readonly path: (scene: Scene) => string;
  readonly body?: (scene: Scene) => object;
  readonly stranger: string;
  readonly holder: string;
}

export const forService = '403 key_not_allowed';
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
): RouteCall {
  const [, template] = route.split(' ') as [string, string];
  const fill = (scene: Scene) =>
    `/v1${template}`.replace(/:(\w+)/g, (_, name) => ids(scene)[name] ?? name) + query(scene);
  return { route, path: (scene) => fill(scene), stranger, holder, ...(body === undefined ? {} : { body }) };
}

const account = ({ account }: Scene) => ({ accountId: account });
const none = () => ({});
const endpoint = () => ({ endpointId: nobody });
const key = () => ({ keyId: nobody });
const standingOrder = ({ standingOrders }: Scene) => ({ orderId: standingOrders[0].id });
const noStandingOrder = '404 standing_order_not_found';
const ownStandingOrder = ({ account, foreign }: Scene) => ({
  ...{ fromAccountId: account, toAccountId: foreign.id, ...money },
  schedule: { startsAt: '2099-01-01T09:00:00' },
});

/** In an order in which Ann can do them one after another. */
export const routeCalls: RouteCall[] = [
  call('GET /parties', [forService, forService], none),
  call('POST /parties', [forService, forService], none, () => ({ name: 'X' })),
  call('PUT /parties/by-external-id/:externalId', [forService, forService], none, () => ({ name: 'X' })),
  call('GET /parties/by-external-id/:externalId', [forService, forService], none),
  // Of those with whom it holds an account, a party may know the name.
  call('GET /parties/:partyId', ['404 party_not_found', '200'], ({ party }) => ({ partyId: party.bob })),
  call(
    'PATCH /parties/:partyId',
    [forService, forService],
    ({ party }) => ({ partyId: party.ann }),
    () => ({ name: 'X' }),
  ),
  call('POST /parties/:partyId/erase', [forService, forService], ({ party }) => ({ partyId: party.ann })),
  call('GET /parties/:partyId', ['404 party_not_found', '200'], ({ party }) => ({ partyId: party.ann })),

  call('GET /accounts', ['200', '200'], none),
  call('GET /accounts', ['200', '200'], none, undefined, () => '?ownership=clearing'),
  call('POST /accounts', [forService, forService], none, () => ({ name: 'X', currency: 'USD', ownership: 'sole' })),
  call('PUT /accounts/by-external-id/:externalId', [forService, forService], none, () => ({
    name: 'X',
    currency: 'USD',
    ownership: 'sole',
  })),
  call('GET /accounts/by-external-id/:externalId', [noAccount, noAccount], none),
  call('GET /accounts/:accountId', [noAccount, '200']),
  call('GET /accounts/:accountId', [noAccount, noAccount], ({ foreign }) => ({ accountId: foreign.id })),
  call('PATCH /accounts/:accountId', [forService, forService], account, () => ({ overdraftLimit: '1000.00' })),
  call('POST /accounts/:accountId/close', [forService, forService]),
  call('GET /accounts/:accountId/balances', [noAccount, '200']),
  call('GET /accounts/:accountId/balances', [noAccount, '200'], account, undefined, () => '?at=2026-01-01T00:00:00Z'),
  call('GET /accounts/:accountId/balances', [noAccount, noAccount], ({ foreign }) => ({ accountId: foreign.id })),
  call(
    'GET /accounts/:accountId/balance-series',
    [noAccount, '200'],
    account,
    undefined,
    () => '?from=2026-11-01&to=2026-11-30',
  ),
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

  call('POST /accounts/:accountId/statements', [forService, forService], account, () => ({ through: '9000-01-01' })),
  call('GET /accounts/:accountId/statements', [noAccount, '200']),
  call('GET /accounts/:accountId/statements', [noAccount, noAccount], ({ foreign }) => ({ accountId: foreign.id })),
  call('GET /accounts/:accountId/statements/:number', [noAccount, '404 statement_not_found'], ({ account }) => ({
    accountId: account,
    number: '1',
  })),
  call(
    'GET /accounts/:accountId/interim-statement',
    [noAccount, '200'],
    account,
    undefined,
    () => '?from=2026-11-01&to=2026-11-30',
  ),
  call(
    'GET /accounts/:accountId/interim-statement',
    [noAccount, noAccount],
    ({ foreign }) => ({ accountId: foreign.id }),
    undefined,
    () => '?from=2026-11-01&to=2026-11-30',
  ),

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
  call('GET /transactions', [noAccount, '200'], none, undefined, ({ account }) => `?accountId=${account}`),
  call('GET /transactions', [noAccount, noAccount], none, undefined, ({ foreign }) => `?accountId=${foreign.id}`),
  call('GET /transactions/by-external-id/:externalId', ['404 transaction_not_found', '404 transaction_not_found']),
  call('GET /transactions/:transactionId', ['404 transaction_not_found', '200'], ({ transaction }) => ({
    transactionId: transaction,
  })),
  call(
    'POST /transactions/:transactionId/reversals',
    [forService, forService],
    ({ transaction }) => ({ transactionId: transaction }),
    () => ({ reason: 'x' }),
  ),

  call('GET /payment-orders', ['200', '200'], none),
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
  call('GET /holds', ['200', '200'], none),
  call('GET /holds', [noAccount, noAccount], none, undefined, ({ foreign }) => `?accountId=${foreign.id}`),
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
    ({ proposals }) => acceptanceOf(proposals[0], undefined),
    () => '?dryRun=true',
  ),
  call(
    'POST /proposals/:proposalId/accept',
    ['404 proposal_not_found', '200'],
    ({ proposals }) => ({ proposalId: proposals[0] }),
    ({ proposals }) => acceptanceOf(proposals[0], undefined),
  ),
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
  call('GET /account-changes', ['200', '200'], none),
  call('GET /account-changes', [noAccount, noAccount], none, undefined, ({ foreign }) => `?accountId=${foreign.id}`),
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
  call('GET /standing-orders', ['200', '200'], none),
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
  call('GET /api-keys', [forService, forService], none),
  call('POST /api-keys', [forService, forService], none, () => ({ name: 'X' })),
  call('GET /api-keys/:keyId', [forService, forService], key),
  call('POST /api-keys/:keyId/rotate', [forService, forService], key),
  call('POST /api-keys/:keyId/revoke', [forService, forService], key),
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
  call('GET /audit', [forService, forService], none),
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
