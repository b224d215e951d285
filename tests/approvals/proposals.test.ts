import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accept, clientOf, openScene, propose, type SceneHolder } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01936f00-0000-7000-8000-000000000999';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const offer = { title: 'Slates', amount: '100.00', currency: 'USD' };
const two = () => ({ rule: 'count', count: 2 });
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

async function stateOf(account: string) {
  const { balance, version, revision } = (await service.client.get(`/v1/accounts/${account}`)).body;
  return { balance, version, revision };
}

describe('making a proposal', () => {
  test('takes anybody, who need not hold the account, and reserves nothing', async () => {
    const { client } = service;
    const { account, holders, project } = await openScene(client, { mandate: two });
    const [contractor, payee] = [await client.createParty('Roofer'), await client.openAccount()];
    const body = { ...offer, description: 'By May', toAccountId: payee, by: contractor };
    const made = await client.post(`/v1/projects/${project}/proposals`, body);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.any(String),
      projectId: project,
      accountId: account,
      ...body,
      status: 'pending',
      instructionHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      transactionId: null,
      createdAt: instant,
      finishedAt: null,
      multiAuthorisation: {
        ...{ status: 'AwaitingFurtherAuthorisation', numberRequired: 2, numberReceived: 0 },
        ...{ missingFrom: [...holders].sort(), signedBy: [], expiresAt: null },
      },
      authorisations: [],
    });
    expect(made.headers.location).toBe(`/v1/proposals/${made.body.id}`);
    expect((await client.get(made.headers.location!)).body).toEqual(made.body);
    const { headers, body: after } = await client.get(`/v1/accounts/${account}`);
    expect(made.headers.etag).toBe(headers.etag);
    expect(after).toMatchObject({ balance: '1000.00', held: '0.00', available: '1000.00' });
  });

  test('takes an amount that the account has not got, and none that it could never pay', async () => {
    const { client } = service;
    const { project } = await openScene(client);
    const [yen, closed] = [await client.openAccount({ currency: 'JPY' }), await client.openAccount()];
    expect((await client.post(`/v1/accounts/${closed}/close`)).status).toBe(200);
    const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data;
    const clearingUsd = clearing.find(({ currency }: { currency: string }) => currency === 'USD').id;
    const send = (fields: object) => client.post(`/v1/projects/${project}/proposals`, { ...offer, ...fields });
    expect((await send({ amount: '1000000.00' })).status).toBe(201);
    for (const [code, fields] of [
      ['party_not_found', { by: nobody, toAccountId: nobody }],
      ['account_not_found', { toAccountId: nobody }],
      ['clearing_account', { toAccountId: clearingUsd }],
      ['account_closed', { toAccountId: closed, currency: 'EUR' }],
      ['currency_mismatch', { toAccountId: yen }],
      ['currency_mismatch', { currency: 'EUR' }],
    ] as const) {
      expect([code, (await send(fields)).body.code]).toEqual([code, code]);
    }
    expect((await client.get(`/v1/projects/${project}/proposals`)).body.data).toHaveLength(1);
    expect((await client.post(`/v1/projects/${nobody}/proposals`, offer)).body.code).toBe('project_not_found');
  });

  test('stops at 200 pending proposals of a project, and goes on when one is withdrawn', async () => {
    const { client } = service;
    const { project } = await openScene(client);
    const made: string[] = [];
    // Each has the account to itself, and all at once might wait for longer than callers may.
    while (made.length < 200) made.push(...(await startTogether(20, () => propose(client, project))));
    const refused = await client.post(`/v1/projects/${project}/proposals`, offer);
    expect(refused.body).toMatchObject({ status: 409, code: 'too_many_proposals', limit: 200, projectId: project });
    expect((await client.post(`/v1/proposals/${made[7]}/withdraw`)).status).toBe(200);
    await propose(client, project);
  });

  test('lists proposals in the order of their making, by status if asked', async () => {
    const { client } = service;
    const { holders, project } = await openScene(client);
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.push(await propose(client, project));
    await client.post(`/v1/proposals/${made[1]}/withdraw`);
    const idsOf = async (query: string) =>
      (await walkPages(client, `/v1/projects/${project}/proposals${query}`)).map(({ id }) => id);
    expect(await idsOf('')).toEqual(made);
    expect(await idsOf('?status=withdrawn')).toEqual([made[1]]);
    expect(await idsOf('?status=pending')).toEqual([made[0], made[2], made[3], made[4]]);
    expect((await accept(client, made[3]!, holders[0]!)).status).toBe(200);
    expect(await idsOf('?status=rejected')).toEqual([made[0], made[2], made[4]]);
    expect(await idsOf('?status=accepted')).toEqual([made[3]]);
  });
});

describe('withdrawing a proposal', () => {
  test('is for its proposer, a managing holder and the service', async () => {
    const { client } = service;
    const viewer: SceneHolder = { rights: ['view', 'withdraw'] };
    const { account, holders, project } = await openScene(client, { holders: [{}, viewer] });
    const [contractor, rival] = [await client.createParty('Roofer'), await client.createParty('Rival')];
    const withdraw = (proposal: string, by?: string) => client.post(`/v1/proposals/${proposal}/withdraw`, { by });
    const make = () => propose(client, project, { by: contractor });
    const proposal = await make();
    for (const [code, by] of [
      ['party_not_found', nobody],
      ['not_a_holder', rival],
      ['right_missing', holders[1]!],
    ] as const) {
      expect([code, (await withdraw(proposal, by)).body.code]).toEqual([code, code]);
    }
    const before = await stateOf(account);
    const withdrawn = await withdraw(proposal, contractor);
    expect(withdrawn.status).toBe(200);
    expect(withdrawn.body).toMatchObject({ id: proposal, status: 'withdrawn', finishedAt: instant });
    expect(withdrawn.body.multiAuthorisation.missingFrom).toEqual([]);
    expect((await client.get(`/v1/proposals/${proposal}`)).body).toEqual(withdrawn.body);
    expect(await stateOf(account)).toEqual({ ...before, revision: before.revision + 1 });
    const again = await withdraw(proposal, contractor);
    expect(again.body).toMatchObject({ status: 409, code: 'proposal_not_pending', state: 'withdrawn' });
    expect((await withdraw(await make(), holders[0])).status).toBe(200);
    expect((await withdraw(await make())).status).toBe(200);
    expect((await withdraw(nobody)).body.code).toBe('proposal_not_found');
    expect((await client.get(`/v1/projects/${project}`)).body.status).toBe('open');
  });
});

test('shows a bound key nothing of projects on accounts its party does not hold', async () => {
  const { client } = service;
  const looker: SceneHolder = { rights: ['view'] };
  const blind: SceneHolder = { rights: ['withdraw'] };
  const { holders, project } = await openScene(client, { holders: [{}, looker, blind] });
  const contractor = await client.createParty('Roofer');
  const proposal = await propose(client, project, { by: contractor });
  const stranger = await clientOf(service, contractor);
  for (const [answer, code] of [
    [await stranger.get(`/v1/projects/${project}/proposals`), 'project_not_found'],
    [await stranger.post(`/v1/projects/${project}/proposals`, offer), 'project_not_found'],
    [await stranger.get(`/v1/proposals/${proposal}`), 'proposal_not_found'],
    [await accept(stranger, proposal, undefined), 'proposal_not_found'],
    [await stranger.post(`/v1/proposals/${proposal}/withdraw`), 'proposal_not_found'],
  ] as const) {
    expect([answer.status, answer.body.code]).toEqual([404, code]);
  }
  const [, lookers, blinds] = await Promise.all(holders.map((party) => clientOf(service, party)));
  expect((await lookers!.get(`/v1/proposals/${proposal}`)).status).toBe(200);
  // Who is to sign something may read it.
  expect((await blinds!.get(`/v1/proposals/${proposal}`)).status).toBe(200);
  expect((await blinds!.get(`/v1/projects/${project}/proposals`)).body.code).toBe('project_not_found');
  const made = await lookers!.post(`/v1/projects/${project}/proposals`, offer);
  expect([made.status, made.body.by]).toEqual([201, holders[1]]);
  expect((await accept(lookers!, proposal, undefined)).body.code).toBe('right_missing');
  expect((await lookers!.post(`/v1/proposals/${proposal}/withdraw`)).body.code).toBe('right_missing');
  expect((await lookers!.post(`/v1/proposals/${made.body.id}/withdraw`)).status).toBe(200);
});

describe('bad input', () => {
  let [account, project, proposal] = ['', '', ''];

  beforeAll(async () => {
    const scene = await openScene(service.client);
    [account, project] = [scene.account, scene.project];
    proposal = await propose(service.client, project);
  });

  test.each<[string, object, string[]]>([
    ['nothing', {}, ['title', 'amount', 'currency']],
    ['an empty title', { ...offer, title: '' }, ['title']],
    ['a long title', { ...offer, title: 'x'.repeat(201) }, ['title']],
    ['a long description', { ...offer, description: 'x'.repeat(501) }, ['description']],
    ['a number for the amount', { ...offer, amount: 100 }, ['amount']],
    ['no amount at all', { ...offer, amount: '0.00' }, ['amount']],
    ['a negative amount', { ...offer, amount: '-1.00' }, ['amount']],
    ['too many decimals', { ...offer, amount: '1.001' }, ['amount']],
    ['an unknown currency', { ...offer, currency: 'usd' }, ['currency']],
    ['ids that are none', { ...offer, toAccountId: 'x', by: 'y' }, ['toAccountId', 'by']],
    ['an unknown field', { ...offer, status: 'accepted' }, ['status']],
  ])('makes no proposal with %s', async (_name, body, paths) => {
    await leavingTheBooksAlone(service, async () => {
      const path = `/v1/projects/${project}/proposals`;
      expectProblem(await sendRaw(service, { path, body: JSON.stringify(body) }), 'validation_failed', paths);
    });
  });

  test('names what is wrong with every other request', async () => {
    const cases: [string, object | undefined, string[]][] = [
      [`projects/${project}/proposals`, { ...offer, toAccountId: account }, ['toAccountId']],
      [`projects/${project}/proposals?dryRun=true`, offer, ['dryRun']],
      [`proposals/${proposal}/accept`, {}, ['by']],
      [`proposals/${proposal}/accept`, { by: 'x' }, ['by']],
      [`proposals/${proposal}/accept`, { by: nobody, amount: '1.00' }, ['amount']],
      [`proposals/${proposal}/accept?dryRun=yes`, { by: nobody }, ['dryRun']],
      [`proposals/${proposal}/withdraw`, { by: 1 }, ['by']],
      [`proposals/${proposal}/withdraw`, { party: nobody }, ['party']],
      ['proposals/x/accept', { by: nobody }, ['proposalId']],
    ];
    await leavingTheBooksAlone(service, async () => {
      for (const [path, body, paths] of cases) {
        const answer = await sendRaw(service, { method: 'POST', path: `/v1/${path}`, body: JSON.stringify(body) });
        expectProblem(answer, 'validation_failed', paths);
      }
      for (const [path, paths] of [
        [`proposals/${proposal}?x=1`, ['x']],
        ['proposals/x', ['proposalId']],
        [`projects/${project}/proposals?status=open&limit=201`, ['limit', 'status']],
        [`projects/x/proposals`, ['projectId']],
      ] as const) {
        expectProblem(await sendRaw(service, { path: `/v1/${path}` }), 'validation_failed', paths);
      }
    });
  });
});
