import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accept, clientOf, openProject, openScene, propose, type SceneHolder } from '../support/projects.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01936f00-0000-7000-8000-000000000999';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

async function revisionOf(account: string): Promise<number> {
  return (await service.client.get(`/v1/accounts/${account}`)).body.revision;
}

test('opens a project by a managing holder, which changes the entity tag of the account', async () => {
  const { client } = service;
  const { account, holders } = await openScene(client);
  const before = (await client.get(`/v1/accounts/${account}`)).headers.etag;
  const body = { name: 'A new roof', description: 'Before the winter', by: holders[1] };
  const opened = await client.post(`/v1/accounts/${account}/projects`, body, { 'If-Match': before! });
  expect(opened.status).toBe(201);
  expect(opened.body).toEqual({
    id: expect.any(String),
    accountId: account,
    ...body,
    status: 'open',
    createdAt: instant,
    expiresAt: null,
    finishedAt: null,
    acceptedProposalId: null,
  });
  expect(opened.headers.location).toBe(`/v1/projects/${opened.body.id}`);
  const read = await client.get(opened.headers.location!);
  expect([read.status, read.body]).toEqual([200, opened.body]);
  const after = (await client.get(`/v1/accounts/${account}`)).headers.etag;
  expect(opened.headers.etag).toBe(after);
  expect(after).not.toBe(before);

  const stale = await client.post(`/v1/accounts/${account}/projects`, body, { 'If-Match': before! });
  expect(stale.body).toMatchObject({ status: 412, code: 'version_mismatch' });
});

test('opens a project once for one idempotency key', async () => {
  const { client } = service;
  const { account } = await openScene(client);
  const send = () =>
    client.post(`/v1/accounts/${account}/projects`, { name: 'Once' }, { 'Idempotency-Key': `once-${account}` });
  const [first, again] = [await send(), await send()];
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect((await client.get(`/v1/accounts/${account}/projects`)).body.data).toHaveLength(2);
});

test('lists the projects of an account in the order of their opening, by status if asked', async () => {
  const { client } = service;
  const { account, project } = await openScene(client);
  const others = [
    await openProject(client, account),
    await openProject(client, account),
    await openProject(client, account),
  ];
  expect((await client.post(`/v1/projects/${others[1]}/close`)).status).toBe(200);
  const idsOf = async (query: string) =>
    (await walkPages(client, `/v1/accounts/${account}/projects${query}`)).map(({ id }) => id);
  expect(await idsOf('')).toEqual([project, ...others]);
  expect(await idsOf('?status=open')).toEqual([project, others[0], others[2]]);
  expect(await idsOf('?status=closed')).toEqual([others[1]]);
  expect(await idsOf('?status=assigned')).toEqual([]);

  const { nextCursor } = (await client.get(`/v1/accounts/${account}/projects?limit=1`)).body;
  const elsewhere = await client.get(`/v1/accounts/${account}/projects?status=open&cursor=${nextCursor}`);
  expect(elsewhere.body.code).toBe('invalid_cursor');
  expect((await client.get(`/v1/accounts/${nobody}/projects`)).body.code).toBe('account_not_found');
});

test('closes a project with its pending proposals, once', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client);
  const [pending, withdrawn] = [await propose(client, project), await propose(client, project)];
  expect((await client.post(`/v1/proposals/${withdrawn}/withdraw`)).status).toBe(200);
  const revision = await revisionOf(account);

  const closed = await client.post(`/v1/projects/${project}/close`, { by: holders[0] });
  expect(closed.status).toBe(200);
  expect(closed.body).toMatchObject({ id: project, status: 'closed', finishedAt: instant, acceptedProposalId: null });
  expect((await client.get(`/v1/projects/${project}`)).body).toEqual(closed.body);
  expect(await revisionOf(account)).toBe(revision + 1);
  const statuses = (await client.get(`/v1/projects/${project}/proposals`)).body.data;
  expect(statuses.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
    [pending, 'rejected'],
    [withdrawn, 'withdrawn'],
  ]);

  const again = await client.post(`/v1/projects/${project}/close`);
  expect(again.body).toMatchObject({ status: 409, code: 'project_not_open', projectId: project });
  const late = await client.post(`/v1/projects/${project}/proposals`, { title: 'x', amount: '1.00', currency: 'USD' });
  expect(late.body.code).toBe('project_not_open');
  expect(await revisionOf(account)).toBe(revision + 1);
});

test('closes no project that is assigned', async () => {
  const { client } = service;
  const { holders, project } = await openScene(client);
  const proposal = await propose(client, project);
  expect((await accept(client, proposal, holders[0]!)).status).toBe(200);
  const refused = await client.post(`/v1/projects/${project}/close`);
  expect(refused.body).toMatchObject({ status: 409, code: 'project_already_assigned', acceptedProposalId: proposal });
  expect((await client.get(`/v1/projects/${project}`)).body).toMatchObject({
    status: 'assigned',
    acceptedProposalId: proposal,
    finishedAt: instant,
  });
});

describe('who may open and close', () => {
  test('takes the right "manage"', async () => {
    const { client } = service;
    const spender: SceneHolder = { rights: ['view', 'deposit', 'withdraw', 'transfer'] };
    const { account, holders, project } = await openScene(client, { holders: [{}, spender] });
    const stranger = await client.createParty('Stranger');
    const cases = [
      ['right_missing', holders[1]],
      ['not_a_holder', stranger],
      ['party_not_found', nobody],
    ] as const;
    for (const [code, party] of cases) {
      const opening = await client.post(`/v1/accounts/${account}/projects`, { name: 'x', by: party });
      const closing = await client.post(`/v1/projects/${project}/close`, { by: party });
      expect([opening.body.code, closing.body.code]).toEqual([code, code]);
    }
    expect((await client.post(`/v1/projects/${project}/close`, { by: holders[0] })).status).toBe(200);
  });

  test('opens none on a closed account or a clearing account, and may still close one there', async () => {
    const { client } = service;
    const { account, project } = await openScene(client, { balance: '0.00' });
    expect((await client.post(`/v1/accounts/${account}/close`)).status).toBe(200);
    const refused = await client.post(`/v1/accounts/${account}/projects`, { name: 'x' });
    expect(refused.body).toMatchObject({ status: 422, code: 'account_closed' });
    const proposed = await client.post(`/v1/projects/${project}/proposals`, {
      title: 'x',
      amount: '1',
      currency: 'USD',
    });
    expect(proposed.body.code).toBe('account_closed');
    const closed = await client.post(`/v1/projects/${project}/close`);
    expect([closed.status, closed.body.status]).toEqual([200, 'closed']);

    const [clearing] = (await client.get('/v1/accounts?ownership=clearing')).body.data;
    const onClearing = await client.post(`/v1/accounts/${clearing.id}/projects`, { name: 'x' });
    expect(onClearing.body.code).toBe('clearing_account');
    const missing = await client.post(`/v1/accounts/${nobody}/projects`, { name: 'x' });
    expect(missing.body.code).toBe('account_not_found');
  });

  test('shows a bound key nothing of accounts its party does not hold, and acts for its party only', async () => {
    const { client } = service;
    const viewer: SceneHolder = { rights: ['view'] };
    const blind: SceneHolder = { rights: ['deposit'] };
    const { account, holders, project } = await openScene(client, { holders: [{}, viewer, blind] });
    const stranger = await clientOf(service, await client.createParty('Stranger'));
    for (const [answer, code] of [
      [await stranger.get(`/v1/accounts/${account}/projects`), 'account_not_found'],
      [await stranger.post(`/v1/accounts/${account}/projects`, { name: 'x' }), 'account_not_found'],
      [await stranger.get(`/v1/projects/${project}`), 'project_not_found'],
      [await stranger.post(`/v1/projects/${project}/close`), 'project_not_found'],
      [await stranger.get(`/v1/projects/${nobody}`), 'project_not_found'],
    ] as const) {
      expect([answer.status, answer.body.code]).toEqual([404, code]);
    }
    const [owner, looker, blinded] = await Promise.all(holders.map((party) => clientOf(service, party)));
    expect((await looker!.get(`/v1/projects/${project}`)).status).toBe(200);
    expect((await blinded!.get(`/v1/projects/${project}`)).status).toBe(404);
    expect((await looker!.post(`/v1/projects/${project}/close`)).body.code).toBe('right_missing');
    const forged = await looker!.post(`/v1/projects/${project}/close`, { by: holders[0] });
    expect([forged.status, forged.body.code]).toEqual([403, 'key_not_allowed']);
    const opened = await owner!.post(`/v1/accounts/${account}/projects`, { name: 'Mine' });
    expect([opened.status, opened.body.by]).toEqual([201, holders[0]]);
  });
});

describe('bad input', () => {
  test.each<[string, object, string[]]>([
    ['no name', {}, ['name']],
    ['an empty name', { name: '' }, ['name']],
    ['a long name', { name: 'x'.repeat(201) }, ['name']],
    ['a name that is no text', { name: 1 }, ['name']],
    ['a long description', { name: 'x', description: 'x'.repeat(501) }, ['description']],
    ['a creator who is no id', { name: 'x', by: 'Ann' }, ['by']],
    ['an unknown field', { name: 'x', status: 'open' }, ['status']],
    ['everything wrong', { name: '', by: 1, extra: 1 }, ['name', 'by', 'extra']],
  ])('opens no project with %s', async (_name, body, paths) => {
    const { account } = await openScene(service.client);
    await leavingTheBooksAlone(service, async () => {
      const path = `/v1/accounts/${account}/projects`;
      expectProblem(await sendRaw(service, { path, body: JSON.stringify(body) }), 'validation_failed', paths);
    });
  });

  test('names what is wrong with addresses, queries and headers', async () => {
    const { account, project } = await openScene(service.client);
    const cases: [string, string, object | undefined, Record<string, string>, string[]][] = [
      ['GET', '/v1/projects/x', undefined, {}, ['projectId']],
      ['GET', `/v1/projects/${project}?x=1`, undefined, {}, ['x']],
      ['GET', `/v1/accounts/x/projects`, undefined, {}, ['accountId']],
      ['GET', `/v1/accounts/${account}/projects?status=done&limit=0`, undefined, {}, ['limit', 'status']],
      ['POST', `/v1/projects/${project}/close`, { force: true }, {}, ['force']],
      ['POST', `/v1/projects/${project}/close`, { by: 'x' }, {}, ['by']],
      ['POST', `/v1/projects/${project}/close?dryRun=true`, {}, {}, ['dryRun']],
      ['POST', `/v1/projects/${project}/close`, {}, { 'if-match': 'x' }, ['If-Match']],
      ['POST', `/v1/projects/${project}/close`, {}, { prefer: 'wait=x' }, ['Prefer']],
    ];
    await leavingTheBooksAlone(service, async () => {
      for (const [method, path, body, headers, paths] of cases) {
        const sent = body === undefined ? undefined : JSON.stringify(body);
        expectProblem(await sendRaw(service, { method, path, body: sent, headers }), 'validation_failed', paths);
      }
    });
  });
});
