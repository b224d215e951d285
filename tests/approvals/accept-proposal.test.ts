import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accept, acceptanceOf, clientOf, openScene, propose, type SceneHolder } from '../support/projects.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01936f00-0000-7000-8000-000000000999';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const two = () => ({ rule: 'count', count: 2 });
let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

async function statusesOf(project: string): Promise<Record<string, string>> {
  const { data } = (await service.client.get(`/v1/projects/${project}/proposals`)).body;
  return Object.fromEntries(data.map(({ id, status }: { id: string; status: string }) => [id, status]));
}

async function stateOf(account: string) {
  const { balance, version, revision } = (await service.client.get(`/v1/accounts/${account}`)).body;
  return { balance, version, revision };
}

test('pays an accepted proposal out of the ledger, assigns the project and rejects the rivals', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client);
  const [before, chosen, rival] = [
    await propose(client, project, { amount: '300.00' }),
    await propose(client, project, { amount: '250.00', title: 'Tiles' }),
    await propose(client, project),
  ];
  const { version, revision } = await stateOf(account);
  const { etag } = (await client.get(`/v1/accounts/${account}`)).headers;
  const accepted = await accept(client, chosen, holders[1]!, { 'If-Match': etag! });
  expect(accepted.status).toBe(200);
  const { transaction, ...proposal } = accepted.body;
  expect(proposal).toMatchObject({
    id: chosen,
    status: 'accepted',
    transactionId: transaction.id,
    finishedAt: instant,
    multiAuthorisation: { numberRequired: 1, numberReceived: 1, missingFrom: [], signedBy: [holders[1]] },
    authorisations: [{ by: holders[1], decision: 'approve', at: instant }],
  });
  expect((await client.get(`/v1/proposals/${chosen}`)).body).toEqual(proposal);
  expect(transaction).toMatchObject({
    type: 'withdrawal',
    amount: '250.00',
    initiatedBy: holders[1],
    signedBy: [holders[1]],
    description: 'Tiles',
    origin: { type: 'proposal', id: chosen },
  });
  expect((await client.get(`/v1/transactions/${transaction.id}`)).body).toEqual(transaction);
  expect(await statusesOf(project)).toEqual({ [before]: 'rejected', [chosen]: 'accepted', [rival]: 'rejected' });
  expect((await client.get(`/v1/projects/${project}`)).body).toMatchObject({
    status: 'assigned',
    acceptedProposalId: chosen,
  });
  expect(await stateOf(account)).toEqual({ balance: '750.00', version: version + 1, revision });
  expect(accepted.headers.etag).toBe((await client.get(`/v1/accounts/${account}`)).headers.etag);

  for (const proposal of [chosen, rival]) {
    const refused = await accept(client, proposal, holders[0]!);
    expect(refused.body).toMatchObject({ status: 409, code: 'project_already_assigned', acceptedProposalId: chosen });
  }
  expect(await client.balance(account)).toBe('750.00');
});

test('pays an accepted proposal into the account that it names', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client);
  const payee = await client.openAccount();
  const proposal = await propose(client, project, { toAccountId: payee });
  const accepted = await accept(client, proposal, holders[0]!);
  expect(accepted.body.transaction).toMatchObject({
    type: 'transfer',
    entries: [
      { accountId: account, amount: '-100.00', balanceAfter: '900.00' },
      { accountId: payee, amount: '100.00', balanceAfter: '100.00' },
    ],
  });
  expect([await client.balance(account), await client.balance(payee)]).toEqual(['900.00', '100.00']);
});

test('lets a proposal wait for as many signatures as the mandate asks, counting each party once', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client, { holders: [{}, {}, {}], mandate: two });
  const [ann, ben, cay] = holders as [string, string, string];
  const proposal = await propose(client, project);
  const start = await stateOf(account);

  const first = await accept(client, proposal, ann);
  expect(first.status).toBe(202);
  expect(first.body).toMatchObject({
    status: 'pending',
    transactionId: null,
    transaction: null,
    multiAuthorisation: { numberRequired: 2, numberReceived: 1, missingFrom: [ben, cay].sort(), signedBy: [ann] },
    authorisations: [{ by: ann, decision: 'approve', at: instant }],
  });
  expect(await stateOf(account)).toEqual({ ...start, revision: start.revision + 1 });
  const again = await accept(client, proposal, ann);
  expect([again.status, again.body]).toEqual([202, first.body]);
  expect(await stateOf(account)).toEqual({ ...start, revision: start.revision + 1 });
  const { transaction: _none, ...proposed } = first.body;
  expect((await client.get(`/v1/proposals/${proposal}`)).body).toEqual(proposed);

  const last = await accept(client, proposal, cay);
  expect(last.status).toBe(200);
  expect(last.body.transaction).toMatchObject({ initiatedBy: cay, signedBy: [ann, cay].sort() });
  expect(last.body.multiAuthorisation).toMatchObject({
    numberRequired: 2,
    numberReceived: 2,
    missingFrom: [],
    signedBy: [ann, cay].sort(),
  });
  expect(await client.balance(account)).toBe('900.00');
});

test('reads acceptances by the mandate and the holders of the moment, not by those of the first signature', async () => {
  const { client, database, ledgerId } = service;
  const { account, holders, project } = await openScene(client, { holders: [{}, {}, {}], mandate: two });
  const [ann, ben, cay] = holders as [string, string, string];
  const [proposal, rival] = [await propose(client, project), await propose(client, project)];
  expect((await accept(client, proposal, ann)).status).toBe(202);
  // Whoever has left is no signer any more.
  const leave = (party: string) =>
    service.rows('holders').where({ account_id: account, party_id: party }).update({ status: 'left' });
  await leave(ann);
  expect((await client.get(`/v1/proposals/${proposal}`)).body.multiAuthorisation).toMatchObject({
    numberReceived: 0,
    signedBy: [],
  });
  expect((await accept(client, proposal, ann)).body.code).toBe('not_a_holder');
  expect((await accept(client, proposal, ben)).status).toBe(202);
  // A new mandate is in force for what waits.
  const terms = JSON.stringify({ bands: [{ rule: 'any' }] });
  const mandate = { ledger_id: ledgerId, account_id: account, version: 2, terms, created_at: new Date() };
  await database('mandates').insert(mandate);
  const accepted = await accept(client, proposal, ben);
  expect(accepted.body).toMatchObject({ status: 'accepted', transaction: { signedBy: [ben] } });
  expect(accepted.body.authorisations.map(({ by }: { by: string }) => by)).toEqual([ann, ben]);
  expect((await accept(client, rival, cay)).body.code).toBe('project_already_assigned');
  // Nothing of it changes with those who leave later.
  await leave(ben);
  expect((await client.get(`/v1/proposals/${proposal}`)).body.multiAuthorisation.signedBy).toEqual([ben]);
});

test('refuses a proposal that nobody can complete the signatures of, and notes no signature', async () => {
  const { client } = service;
  const looker: SceneHolder = { rights: ['view'] };
  const mandate = ([ann, ben]: string[]) => ({ rule: 'named', signatories: [ann, ben] });
  const { account, holders, project } = await openScene(client, { holders: [{}, looker], mandate });
  const proposal = await propose(client, project);
  const before = await stateOf(account);
  const refused = await accept(client, proposal, holders[0]!);
  expect(refused.body).toMatchObject({
    status: 422,
    code: 'mandate_unreachable',
    explanation: { rule: 'mandate', accountId: account, signatures: { required: 2, received: 1 } },
  });
  expect((await client.get(`/v1/proposals/${proposal}`)).body.authorisations).toEqual([]);
  expect(await stateOf(account)).toEqual(before);
});

test('asks nobody’s signature where nobody holds the account', async () => {
  const { client } = service;
  for (const named of ['party', 'service'] as const) {
    const { account, project } = await openScene(client, { holders: [] });
    const proposal = await propose(client, project);
    const none = { numberRequired: 0, numberReceived: 0, missingFrom: [], signedBy: [] };
    expect((await client.get(`/v1/proposals/${proposal}`)).body.multiAuthorisation).toMatchObject(none);
    const party = named === 'party' ? await client.createParty('Anybody') : null;
    const accepted = await accept(client, proposal, party);
    expect(accepted.body).toMatchObject({
      status: 'accepted',
      multiAuthorisation: none,
      transaction: { initiatedBy: party },
    });
    expect(accepted.body.transaction.signedBy).toEqual([]);
    const { transaction: _paid, ...document } = accepted.body;
    expect((await client.get(`/v1/proposals/${proposal}`)).body).toEqual(document);
    expect(await client.balance(account)).toBe('900.00');
  }
});

test('needs a party to accept where the account has holders', async () => {
  const { client } = service;
  const { holders, project } = await openScene(client);
  const proposal = await propose(client, project);
  const refused = await accept(client, proposal, null);
  expect(refused.body).toMatchObject({ status: 403, code: 'signatures_missing' });
  const bound = await clientOf(service, holders[0]!);
  const forged = await accept(bound, proposal, holders[1]!);
  expect(forged.body).toMatchObject({ status: 403, code: 'key_not_allowed' });
  const accepted = await accept(bound, proposal, undefined);
  expect([accepted.status, accepted.body.transaction.initiatedBy]).toEqual([200, holders[0]]);
});

test('tells a bound key no balance of an account that it only pays into', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client);
  const payee = await client.openAccount({ balance: '5000.00' });
  const proposal = await propose(client, project, { toAccountId: payee });
  const bound = await clientOf(service, holders[0]!);
  const asked = () => accept(bound, proposal, undefined);
  const { body: dryRun } = await bound.post(
    `/v1/proposals/${proposal}/accept?dryRun=true`,
    acceptanceOf(proposal, undefined),
  );
  for (const { transaction } of [dryRun, (await asked()).body]) {
    expect(transaction.entries).toEqual([
      { accountId: account, amount: '-100.00', balanceAfter: '900.00', version: 2 },
      { accountId: payee, amount: '100.00' },
    ]);
  }
});

test('says in a dry run of an acceptance what would be, and changes nothing', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client, { mandate: two });
  const proposal = await propose(client, project);
  const dryRun = (party: string) =>
    client.post(`/v1/proposals/${proposal}/accept?dryRun=true`, acceptanceOf(proposal, party));
  await leavingTheBooksAlone(service, async () => {
    const waiting = await dryRun(holders[0]!);
    expect(waiting.status).toBe(200);
    expect(waiting.body).toMatchObject({ id: proposal, status: 'dry_run', transaction: null });
    expect(waiting.body.multiAuthorisation).toMatchObject({
      numberRequired: 2,
      numberReceived: 1,
      missingFrom: [holders[1]],
    });
  });
  expect((await accept(client, proposal, holders[0]!)).status).toBe(202);
  await leavingTheBooksAlone(service, async () => {
    const paid = await dryRun(holders[1]!);
    expect(paid.status).toBe(200);
    expect(paid.body).toMatchObject({
      status: 'dry_run',
      transactionId: null,
      finishedAt: null,
      multiAuthorisation: { numberReceived: 2, missingFrom: [] },
      transaction: {
        id: null,
        status: 'dry_run',
        amount: '100.00',
        explanation: { rule: 'booked', accountId: account },
      },
    });
  });
  expect(await statusesOf(project)).toEqual({ [proposal]: 'pending' });
  expect((await client.get(`/v1/projects/${project}`)).body.status).toBe('open');
  const poor = await propose(client, project, { amount: '1000.01' });
  await accept(client, poor, holders[0]!);
  const refused = await client.post(`/v1/proposals/${poor}/accept?dryRun=true`, acceptanceOf(poor, holders[1]!));
  expect(refused.body.code).toBe('insufficient_funds');
});

test('answers the first acceptance again to its own key', async () => {
  const { client } = service;
  const { account, holders, project } = await openScene(client);
  const proposal = await propose(client, project);
  const key = { 'Idempotency-Key': `accept-${proposal}` };
  const first = await accept(client, proposal, holders[0]!, key);
  const again = await accept(client, proposal, holders[0]!, key);
  expect([again.status, again.body]).toEqual([200, first.body]);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(await client.balance(account)).toBe('900.00');
});

test('counts an acceptance against the limits of the acceptor, whether or not it completes the signatures', async () => {
  const { client } = service;
  const limited: SceneHolder = { limits: { perDay: '150.00' } };
  const { account, holders, project } = await openScene(client, { holders: [{}, limited] });
  const ben = holders[1]!;
  expect((await accept(client, await propose(client, project), ben)).status).toBe(200);
  const next = (await client.post(`/v1/accounts/${account}/projects`, { name: 'Next' })).body.id;
  const [big, small] = [await propose(client, next), await propose(client, next, { amount: '50.00' })];
  const refused = await accept(client, big, ben);
  expect(refused.body).toMatchObject({
    status: 422,
    code: 'limit_exceeded',
    limit: 'perDay',
    used: '100.00',
    remaining: '50.00',
    explanation: { rule: 'limit_exceeded', accountId: account },
  });
  expect((await client.get(`/v1/proposals/${big}`)).body.authorisations).toEqual([]);
  expect((await accept(client, small, ben)).status).toBe(200);

  const shared = await openScene(client, { holders: [{}, limited], mandate: two });
  const proposal = await propose(client, shared.project, { amount: '200.00' });
  expect((await accept(client, proposal, shared.holders[1]!)).body.code).toBe('limit_exceeded');
});

test('refuses an acceptance for its first fault in the documented order', async () => {
  const { client } = service;
  const spender: SceneHolder = { rights: ['view', 'withdraw'], limits: { perMovement: '10.00' } };
  const depositor: SceneHolder = { rights: ['view', 'deposit'] };
  const { account, holders, project } = await openScene(client, {
    holders: [{}, spender, depositor],
    balance: '50.00',
    mandate: ([ann, ben]) => ({ rule: 'named', signatories: [ann, ben] }),
  });
  const [ann, ben, cay] = holders as [string, string, string];
  const stranger = await client.createParty('Stranger');
  const payee = await client.openAccount();
  const [proposal, withdrawn] = [await propose(client, project), await propose(client, project)];
  const toPayee = await propose(client, project, { toAccountId: payee });
  const set = (table: string, id: string, fields: object) => service.rows(table).where({ id }).update(fields);
  const expectCode = async (code: string, party: string, of = proposal) =>
    expect([code, (await accept(client, of, party)).body.code]).toEqual([code, code]);
  await client.post(`/v1/proposals/${withdrawn}/withdraw`);
  await set('accounts', account, { debits_stopped: true });

  const closed = (await openScene(client, { balance: '0.00' })).project;
  const late = await propose(client, closed);
  expect((await client.post(`/v1/projects/${closed}/close`)).status).toBe(200);
  await expectCode('proposal_not_found', nobody, nobody);
  // What is said of the project comes before what is said of the proposal, and both before the party.
  await expectCode('project_not_open', nobody, late);
  await expectCode('proposal_not_pending', nobody, withdrawn);
  await expectCode('party_not_found', nobody);
  await expectCode('not_a_holder', stranger);
  await expectCode('right_missing', cay);
  // Withdrawing takes another right than paying into an account.
  await expectCode('right_missing', ben, toPayee);
  await set('accounts', payee, { status: 'closed', closed_at: new Date() });
  await expectCode('account_closed', ann, toPayee);
  await expectCode('account_restricted', ben);
  await set('accounts', account, { debits_stopped: false });
  await expectCode('limit_exceeded', ben);
  await service.rows('holders').where({ account_id: account, party_id: ben }).update({ limit_per_movement: null });
  expect((await accept(client, proposal, ann)).status).toBe(202);
  const poor = await accept(client, proposal, ben);
  expect(poor.body).toMatchObject({
    code: 'insufficient_funds',
    available: '50.00',
    explanation: { rule: 'insufficient_funds', accountId: account, booked: '50.00' },
  });
  // The signature that could not pay is none.
  expect((await client.get(`/v1/proposals/${proposal}`)).body.multiAuthorisation.signedBy).toEqual([ann]);
  await client.post(`/v1/accounts/${account}/deposits`, { amount: '50.00', currency: 'USD' });
  expect((await accept(client, proposal, ben)).status).toBe(200);
  await expectCode('project_already_assigned', nobody, withdrawn);
  await expectCode('project_already_assigned', nobody, proposal);
  await set('accounts', payee, { status: 'active', closed_at: null });
});
