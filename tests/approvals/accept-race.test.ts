import { expect, test } from '@jest/globals';
import type { Test } from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { verifyBooks } from '../../src/verify-books.ts';
import {
  countDeadlocks,
  holdAccountLock,
  until,
  untilLockWaiters,
  untilSessionsEnded,
} from '../support/lock-witness.ts';
import { accept, openProject, openScene, propose } from '../support/projects.ts';
import { roundsOf } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService, withoutDeadlock } from '../support/test-service.ts';

// Within one process two acceptances of one account never share a transaction; the row lock keeps two processes apart.

interface Bid {
  readonly proposal: string;
  readonly party: string;
  readonly amount: string;
}

type Answer = Awaited<ReturnType<typeof accept>>;

/** Makes a proposal of another amount for each of these parties. */
function bidsOf(client: TestClient, project: string, parties: readonly string[]): Promise<Bid[]> {
  return Promise.all(
    parties.map(async (party, index) => {
      const amount = `${index + 1}.00`;
      return { party, amount, proposal: await propose(client, project, { amount }) };
    }),
  );
}

/** Expects that one of these acceptances paid its proposal, and that the others found that out and did nothing. */
async function expectOneWinner(
  client: TestClient,
  project: string,
  { bids, answers }: { bids: readonly Bid[]; answers: readonly Answer[] },
): Promise<{ won: Bid; signedBy: string[] }> {
  const statuses = answers.map((answer) => answer.status);
  expect([...statuses].sort()).toEqual([200, ...Array(bids.length - 1).fill(409)]);
  const index = statuses.indexOf(200);
  const [won, answer] = [bids[index]!, answers[index]!];
  const facts = { code: 'project_already_assigned', acceptedProposalId: won.proposal };
  for (const refused of answers.filter(({ status }) => status !== 200)) expect(refused.body).toMatchObject(facts);

  const assigned = (await client.get(`/v1/projects/${project}`)).body;
  expect(assigned).toMatchObject({ status: 'assigned', acceptedProposalId: won.proposal });
  const { data } = (await client.get(`/v1/projects/${project}/proposals`)).body;
  for (const { id, status, transactionId } of data) {
    const isWinner = id === won.proposal;
    expect([status, transactionId]).toEqual(isWinner ? ['accepted', answer.body.transaction.id] : ['rejected', null]);
  }
  const paid = (await client.get(`/v1/transactions/${answer.body.transaction.id}`)).body;
  expect(paid).toMatchObject({
    amount: won.amount,
    initiatedBy: won.party,
    origin: { type: 'proposal', id: won.proposal },
  });
  return { won, signedBy: paid.signedBy };
}

/** What was paid out of an account. */
async function paymentsOf(client: TestClient, account: string): Promise<string[]> {
  const { data } = (await client.get(`/v1/accounts/${account}/entries`)).body;
  return data.map(({ amount }: { amount: string }) => amount).filter((amount: string) => amount.startsWith('-'));
}

test('assigns a project once when two managers accept two proposals through two services at one instant', async () => {
  await withoutDeadlock(async (first, second) => {
    const wins = new Set<string>();
    const scene = await openScene(first);
    const paid: string[] = [];
    for (const round of roundsOf(60, wins)) {
      const project = await openProject(first, scene.account);
      const bids = await bidsOf(first, project, scene.holders);
      const answers = await startTogether(2, async (caller) => {
        // Whoever is sent first usually wins, so both take turns at it.
        const { proposal, party } = bids[(caller + round) % 2]!;
        return accept([first, second][caller]!, proposal, party);
      });
      const inOrder = round % 2 === 0 ? answers : answers.toReversed();
      const { won, signedBy } = await expectOneWinner(second, project, { bids, answers: inOrder });
      expect(signedBy).toEqual([won.party]);
      wins.add(won.party);
      paid.unshift(`-${won.amount}`);
    }
    expect((await first.get(`/v1/accounts/${scene.account}/entries?limit=200`)).body.data).toHaveLength(
      1 + paid.length,
    );
    expect((await paymentsOf(first, scene.account)).slice(0, 50)).toEqual(paid.slice(0, 50));
    expect(wins.size).toBe(2);
  });
});

test('assigns a project once when ten proposals are accepted at one instant', async () => {
  await withoutDeadlock(async (first, second) => {
    for (const _round of roundsOf(10)) {
      const { account, holders, project } = await openScene(first, { holders: Array(10).fill({}) });
      const bids = await bidsOf(first, project, holders);
      const answers = await startTogether(10, async (caller) =>
        accept([first, second][caller % 2]!, bids[caller]!.proposal, bids[caller]!.party),
      );
      const { won, signedBy } = await expectOneWinner(first, project, { bids, answers });
      expect(signedBy).toEqual([won.party]);
      expect(await paymentsOf(first, account)).toEqual([`-${won.amount}`]);
    }
  });
});

test('pays one of two half-signed proposals when a third holder accepts both at one instant', async () => {
  await withoutDeadlock(async (first, second) => {
    for (const round of roundsOf(20)) {
      const mandate = () => ({ rule: 'count', count: 2 });
      const { account, holders, project } = await openScene(first, { holders: [{}, {}, {}], mandate });
      const [ann, ben, cay] = holders as [string, string, string];
      const bids = await bidsOf(first, project, [cay, cay]);
      const before = [ann, ben];
      for (const [index, { proposal }] of bids.entries()) {
        expect((await accept(first, proposal, before[index]!)).status).toBe(202);
      }
      const answers = await startTogether(2, async (caller) =>
        accept([first, second][(caller + round) % 2]!, bids[caller]!.proposal, cay),
      );
      const { won, signedBy } = await expectOneWinner(second, project, { bids, answers });
      expect(signedBy).toEqual([before[bids.indexOf(won)]!, cay].sort());
      expect(await paymentsOf(first, account)).toEqual([`-${won.amount}`]);
    }
  });
});

test('pays a proposal once when the last two of three signatures arrive at one instant', async () => {
  await withoutDeadlock(async (first, second) => {
    for (const round of roundsOf(20)) {
      const mandate = () => ({ rule: 'all' });
      const { account, holders, project } = await openScene(first, { holders: [{}, {}, {}], mandate });
      const proposal = await propose(first, project, { amount: '7.00' });
      expect((await accept(first, proposal, holders[0]!)).status).toBe(202);
      const answers = await startTogether(2, async (caller) =>
        accept([first, second][(caller + round) % 2]!, proposal, holders[caller + 1]!),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 202]);
      const paid = answers.find((answer) => answer.status === 200)!.body.transaction;
      expect(paid.signedBy).toEqual([...holders].sort());
      expect(await paymentsOf(second, account)).toEqual(['-7.00']);
    }
  });
});

test('refuses an acceptance that must not wait with account_locked, and pays nothing', async () => {
  const service = await startTestService();
  const { client, database } = service;
  try {
    const { account, holders, project } = await openScene(client);
    const bids = await bidsOf(client, project, holders);
    const held = await holdAccountLock(database, account);
    const waiting = startTogether(1, async () => accept(client, bids[0]!.proposal, bids[0]!.party));
    await untilLockWaiters(database, 1);
    const refused = await accept(client, bids[1]!.proposal, bids[1]!.party, { Prefer: 'wait=0' });
    expect(refused.body).toMatchObject({ status: 409, code: 'account_locked' });
    expect(refused.headers['retry-after']).toBe('1');
    await held.release();
    expect((await waiting).map((answer) => answer.status)).toEqual([200]);
    const late = await accept(client, bids[1]!.proposal, bids[1]!.party, { Prefer: 'wait=0' });
    expect(late.body.code).toBe('project_already_assigned');
    expect(await paymentsOf(client, account)).toEqual(['-1.00']);
  } finally {
    await service.stop();
  }
});

/** Sends two requests through two services, each of them first in half of the rounds. */
async function meet(
  [first, second]: [TestClient, TestClient],
  round: number,
  [one, other]: [(client: TestClient) => PromiseLike<Answer>, (client: TestClient) => PromiseLike<Answer>],
): Promise<[Answer, Answer]> {
  const calls = round % 2 === 0 ? [() => one(first), () => other(second)] : [() => other(first), () => one(second)];
  const answers = await startTogether(2, async (caller) => calls[caller]!());
  return (round % 2 === 0 ? answers : answers.toReversed()) as [Answer, Answer];
}

const rounds = 40;

test('lets either the acceptance or the withdrawal of a proposal through, never both', async () => {
  await withoutDeadlock(async (first, second) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { account, holders, project } = await openScene(first);
      const proposal = await propose(first, project);
      const [accepted, withdrawn] = await meet([first, second], round, [
        (client) => accept(client, proposal, holders[0]!),
        (client) => client.post(`/v1/proposals/${proposal}/withdraw`, { by: holders[1] }),
      ]);
      const { status } = (await first.get(`/v1/proposals/${proposal}`)).body;
      const assigned = (await first.get(`/v1/projects/${project}`)).body.status;
      seen.add(status);
      if (accepted.status === 200) {
        expect(withdrawn.body).toMatchObject({ status: 409, code: 'proposal_not_pending', state: 'accepted' });
        expect([status, assigned, await first.balance(account)]).toEqual(['accepted', 'assigned', '900.00']);
      } else {
        expect(accepted.body).toMatchObject({ status: 409, code: 'proposal_not_pending', state: 'withdrawn' });
        expect(withdrawn.status).toBe(200);
        expect([status, assigned, await first.balance(account)]).toEqual(['withdrawn', 'open', '1000.00']);
      }
    }
    expect(seen.size).toBe(2);
  });
});

test('lets either an acceptance or the closing of its project through, never both', async () => {
  await withoutDeadlock(async (first, second) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { account, holders, project } = await openScene(first);
      const proposal = await propose(first, project);
      const [accepted, closed] = await meet([first, second], round, [
        (client) => accept(client, proposal, holders[0]!),
        (client) => client.post(`/v1/projects/${project}/close`),
      ]);
      const { status } = (await first.get(`/v1/proposals/${proposal}`)).body;
      const finished = (await first.get(`/v1/projects/${project}`)).body.status;
      seen.add(finished);
      if (accepted.status === 200) {
        expect(closed.body).toMatchObject({ status: 409, code: 'project_already_assigned' });
        expect([status, finished, await first.balance(account)]).toEqual(['accepted', 'assigned', '900.00']);
      } else {
        expect(accepted.body).toMatchObject({ status: 409, code: 'project_not_open' });
        expect(closed.status).toBe(200);
        expect([status, finished, await first.balance(account)]).toEqual(['rejected', 'closed', '1000.00']);
      }
    }
    expect(seen.size).toBe(2);
  });
});

test('lets either an acceptance or a withdrawal of the money for it through, never both', async () => {
  await withoutDeadlock(async (first, second) => {
    const seen = new Set<number>();
    for (const round of roundsOf(rounds, seen)) {
      const { account, holders, project } = await openScene(first, { balance: '100.00' });
      const proposal = await propose(first, project, { amount: '80.00' });
      const [accepted, withdrawn] = await meet([first, second], round, [
        (client) => accept(client, proposal, holders[0]!),
        (client) => client.post(`/v1/accounts/${account}/withdrawals`, { amount: '60.00', currency: 'USD' }),
      ]);
      seen.add(accepted.status);
      if (accepted.status === 200) {
        expect(withdrawn.body).toMatchObject({ status: 422, code: 'insufficient_funds', available: '20.00' });
        expect(await first.balance(account)).toBe('20.00');
      } else {
        expect(accepted.body).toMatchObject({ status: 422, code: 'insufficient_funds', available: '40.00' });
        expect(withdrawn.status).toBe(201);
        expect(await first.balance(account)).toBe('40.00');
        // It was refused for the money only: the proposal can still be accepted.
        await first.post(`/v1/accounts/${account}/deposits`, { amount: '40.00', currency: 'USD' });
        expect((await accept(second, proposal, holders[0]!)).status).toBe(200);
      }
    }
    expect(seen.size).toBe(2);
  });
});

test.each<[string, (client: TestClient, scene: { holders: string[]; project: string; proposal: string }) => Test]>([
  ['the closing of its project', (client, { project }) => client.post(`/v1/projects/${project}/close`)],
  ['the withdrawal of its proposal', (client, { proposal }) => client.post(`/v1/proposals/${proposal}/withdraw`)],
  ['another acceptance', (client, { proposal, holders }) => accept(client, proposal, holders[1]!)],
])('keeps an acceptance apart from %s that waits for its turn beside it', async (_name, send) => {
  const service = await startTestService();
  const { client, database } = service;
  try {
    const { account, holders, project } = await openScene(client);
    const proposal = await propose(client, project);
    const held = await holdAccountLock(database, account);
    // An account is part of two transactions at most: with these at the lock, whatever follows waits together.
    const first: Array<Promise<unknown>> = [];
    for (let count = 1; count <= 2; count++) {
      const deposit = { amount: '1.00', currency: 'USD' };
      first.push(client.post(`/v1/accounts/${account}/deposits`, deposit).then((answer) => answer));
      await untilLockWaiters(database, count);
    }
    const accepting = accept(client, proposal, holders[0]!).then((answer) => answer);
    const other = send(client, { holders, project, proposal }).then((answer) => answer);
    await until(async () => (await client.get('/metrics')).text.includes('\njoint_ledger_queue_depth 2\n'));
    await held.release();
    const statuses = (await Promise.all([accepting, other])).map((answer) => answer.status);
    expect(statuses.sort()).toEqual([200, 409]);
    await Promise.all(first);
    const findings = await verifyBooks(database);
    expect(findings).toEqual([]);
  } finally {
    await service.stop();
  }
});

test('takes 200 pending proposals and not one more, however many are made at one instant', async () => {
  const service = await startTestService();
  const second = await startSecondApi(service);
  const clients = [service.client, second.client];
  try {
    for (const _round of roundsOf(10)) {
      const { project } = await openScene(service.client);
      await makePending(service, project, 198);
      const body = { title: 'x', amount: '1.00', currency: 'USD' };
      const answers = await startTogether(8, async (caller) =>
        clients[caller % 2]!.post(`/v1/projects/${project}/proposals`, body),
      );
      const codes = answers.map((answer) => answer.body.code ?? answer.status).sort();
      expect(codes).toEqual([201, 201, ...Array(6).fill('too_many_proposals')]);
      expect(await service.rows('proposals').where({ project_id: project })).toHaveLength(200);
    }
  } finally {
    await second.api.stop(5_000);
    await service.stop();
  }
});

/** Copies a proposal until there are so many. */
async function makePending({ client, database, rows }: TestService, project: string, count: number): Promise<void> {
  const [row] = await rows('proposals').where('id', await propose(client, project));
  await database('proposals').insert(Array.from({ length: count - 1 }, () => ({ ...row, id: uuidv7() })));
}

test('assigns a project once when its proposals are accepted through four processes at one instant', async () => {
  const testDatabase = await createTestDatabase();
  const { database, url } = testDatabase;
  const { apiKey } = await createTestLedger(database);
  const servers: ServerProcess[] = await Promise.all(
    Array.from({ length: 4 }, () => startServerProcess({ DATABASE_URL: url })),
  );
  try {
    const clients = servers.map((server) => createTestClient(server.url, apiKey));
    const deadlocksBefore = await countDeadlocks(database);
    for (const round of roundsOf(25)) {
      const { account, holders, project } = await openScene(clients[0]!, { holders: Array(4).fill({}) });
      const bids = await bidsOf(clients[0]!, project, holders);
      const answers = await startTogether(4, async (caller) =>
        accept(clients[(caller + round) % 4]!, bids[caller]!.proposal, bids[caller]!.party),
      );
      const { won, signedBy } = await expectOneWinner(clients[1]!, project, { bids, answers });
      expect(signedBy).toEqual([won.party]);
      expect(await paymentsOf(clients[2]!, account)).toEqual([`-${won.amount}`]);
    }
    expect(await verifyBooks(database)).toEqual([]);
    expect(await Promise.all(servers.map((server) => server.end('SIGTERM')))).toEqual(servers.map(() => 0));
    await untilSessionsEnded(database);
    expect(await countDeadlocks(database)).toBe(deadlocksBefore);
  } finally {
    for (const server of servers) server.child.kill('SIGKILL');
    await testDatabase.verifyAndDrop();
  }
});
