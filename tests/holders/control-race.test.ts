import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { controlOf, lift, outcomeOf, readTag } from '../support/account-control.ts';
import { item, sendBatch } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { sendRaw } from '../support/raw-request.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

// Two services share nothing but the database, so that only the row of the account keeps their callers apart. Callers
// of one service may meet in one group, which reads what it decides on once, so that there an account that somebody
// changes is nobody else's. Each pair meets both ways, each of the two first in half of the rounds.

const owner = {};
const delegate: { rights: HolderRight[] } = { rights: ['view', 'withdraw', 'delegate'] };
let service: TestService;
let second: Awaited<ReturnType<typeof startSecondApi>>;
let clients: [TestClient, TestClient];
let client: TestClient;
let elsewhere = '';
/** In how many ways the meetings of a test ended. */
let seen = new Set<string>();

beforeAll(async () => {
  service = await startTestService();
  second = await startSecondApi(service);
  client = service.client;
  clients = [client, second.client];
  elsewhere = await client.openAccount();
});

afterAll(async () => {
  await second.api.stop(5_000);
  await service.stop();
});

beforeEach(() => {
  seen = new Set();
});

afterEach(() => {
  // Who is first is up to chance; had one of them always been, nothing would have been shown.
  expect(seen.size).toBeGreaterThan(1);
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back.
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

type Call = (client: TestClient) => PromiseLike<Answer>;

/** Signs what was read before, so that the signature itself is what is sent at that instant. */
const signing =
  (
    kind: 'account-changes' | 'payment-orders',
    { id, instructionHash }: { id: string; instructionHash: string },
    party: string,
    decision = 'approve',
  ): Call =>
  (client) =>
    client.post(`/v1/${kind}/${id}/authorisations`, { by: party, decision, instructionHash });

/** Sends these at one instant, through two services or through one that is busy, and answers in their order. */
async function meet(round: number, calls: readonly Call[]): Promise<Answer[]> {
  const order = [...calls.keys()];
  if (round % 2 === 1) order.reverse();
  const apart = round % 4 < 2;
  const at = (caller: number) => clients[(apart ? caller + round : round) % 2]!;
  const deposit = { amount: '1.00', currency: 'USD' };
  // Sent first, so that the others wait for their end and go on together.
  const busy = startTogether(apart ? 0 : 3, async () => at(0).post(`/v1/accounts/${elsewhere}/deposits`, deposit));
  const answers = await startTogether(order.length, async (caller) => {
    const call = order[caller]!;
    return { call, answer: await calls[call]!(at(caller)) };
  });
  await busy;
  return answers.sort((a, b) => a.call - b.call).map(({ answer }) => answer);
}

/** Version and revision in an answer's entity tag. */
function tagOf(answer: Answer): { version: number; revision: number } {
  const [version, revision = '0'] = `${answer.headers.etag}`.replaceAll('"', '').split('-');
  return { version: Number.parseInt(version!, 10), revision: Number.parseInt(revision, 10) };
}

async function openWith<Name extends string>(
  holders: Readonly<Record<Name, { rights?: HolderRight[] }>>,
  mandate?: (party: Readonly<Record<Name, string>>) => object,
) {
  const options = { balance: '100.00', ...(mandate === undefined ? {} : { mandate }) };
  const { id, party } = await openJointAccount(client, holders, options);
  return { id, party, control: controlOf(client, id) };
}

async function statusOf(account: string, partyId: string): Promise<string> {
  const { data } = (await client.get(`/v1/accounts/${account}/holders`)).body;
  return data.find((holder: { partyId: string }) => holder.partyId === partyId).status;
}

async function eachRound(play: (round: number) => Promise<void>): Promise<void> {
  for (const round of roundsOf(30, seen)) await play(round);
}

describe('an invitation', () => {
  async function inviteEve() {
    const scene = await openWith({ ann: owner });
    const eve = await client.createParty('Eve');
    expect((await scene.control.invite(eve)).status).toBe(201);
    return { ...scene, eve };
  }

  test('that is accepted twice at once is accepted once', async () => {
    await eachRound(async (round) => {
      const { id, eve } = await inviteEve();
      const accept: Call = (client) => controlOf(client, id).accept(eve);
      const answers = await meet(round, [accept, accept]);
      seen.add(`${answers.map(({ status }) => status)}`);
      expect(answers.map(outcomeOf).sort()).toEqual(['200', '409 invitation_not_open']);
      expect(answers.find(({ status }) => status === 409)!.body.state).toBe('active');
      expect((await readTag(client, id)).etag).toBe('"1-2"');
    });
  });

  test('that is accepted and declined at once is one of the two', async () => {
    await eachRound(async (round) => {
      const { id, eve } = await inviteEve();
      const [accepted, declined] = await meet(round, [
        (client) => controlOf(client, id).accept(eve),
        (client) => controlOf(client, id).decline(eve),
      ]);
      const status = await statusOf(id, eve);
      seen.add(status);
      expect([outcomeOf(accepted!), outcomeOf(declined!)]).toEqual(
        status === 'active' ? ['200', '409 invitation_not_open'] : ['409 invitation_not_open', '200'],
      );
      expect(['active', 'declined']).toContain(status);
      expect((await readTag(client, id)).etag).toBe('"1-2"');
    });
  });
});

test('a withdrawal is booked before its mandate is tightened, or waits under the new version', async () => {
  await eachRound(async (round) => {
    const { id, party } = await openWith({ ann: owner, bob: owner }, () => ({ rule: 'any' }));
    const withdraw: Call = (client) => controlOf(client, id).withdraw('10.00', party.bob);
    const tighten: Call = (client) => controlOf(client, id).setMandate({ rule: 'all' }, party.ann);
    const [first, tightened, ...others] = await meet(round, [withdraw, tighten, withdraw, withdraw]);
    expect(tightened!.status).toBe(200);
    const mark = tagOf(tightened!);
    for (const withdrawn of [first!, ...others]) {
      const tag = tagOf(withdrawn);
      seen.add(`${withdrawn.status}`);
      if (withdrawn.status === 201) {
        expect(tag.revision).toBe(0);
        expect(tag.version).toBeLessThanOrEqual(mark.version);
        expect(withdrawn.body.signedBy).toEqual([party.bob]);
      } else {
        expect([
          withdrawn.status,
          withdrawn.body.mandateVersion,
          withdrawn.body.multiAuthorisation.missingFrom,
        ]).toEqual([202, 2, [party.ann]]);
        expect(tag.revision).toBeGreaterThan(mark.revision);
      }
    }
    expect((await readTag(client, id)).version).toBe(mark.version);
  });
});

test.each([true, false])('nothing of a batch (atomic: %j) leaves after debits were stopped', async (atomic) => {
  await eachRound(async (round) => {
    const { id, party } = await openWith({ ann: owner });
    const items = Array.from({ length: 12 }, (_, number) =>
      number % 2 === 0 ? item.withdrawal(id, '1.00') : item.transfer(id, elsewhere, '1.00', { initiatedBy: party.ann }),
    );
    const [batch, placed] = await meet(round, [
      (client) => sendBatch(client, atomic, items),
      (client) => controlOf(client, id).restrict({ by: party.ann }),
    ]);
    expect(placed!.status).toBe(201);
    const { version } = tagOf(placed!);
    expect([1, 13]).toContain(version);
    expect(await readTag(client, id)).toEqual({ etag: `"${version}-1"`, version, revision: 1 });
    expect(await client.balance(id)).toBe(version === 13 ? '88.00' : '100.00');
    const codes = (batch!.body.results ?? [batch!.body]).map(
      (result: { status: number; problem?: { code: string } }) =>
        result.problem === undefined ? result.status : result.problem.code,
    );
    seen.add(`${codes[0]}`);
    const refused = atomic ? [422] : items.map(() => 'account_restricted');
    expect(codes).toEqual(version === 13 ? items.map(() => 201) : refused);
    if (version === 1 && atomic) expect(batch!.body.code).toBe('batch_item_refused');
  });
});

describe('a change', () => {
  test('is made once when the last two owners sign at once', async () => {
    await eachRound(async (round) => {
      const { id, party, control } = await openWith({ ann: owner, bob: owner, cay: owner }, () => ({ rule: 'all' }));
      const { body } = await control.setMandate({ rule: 'any' }, party.ann);
      const answers = await meet(round, [
        signing('account-changes', body, party.bob),
        signing('account-changes', body, party.cay),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const statuses = answers.map((answer) => answer.body.status);
      seen.add(`${statuses}`);
      expect([...statuses].sort()).toEqual(['applied', 'waiting']);
      expect((await client.get(`/v1/account-changes/${body.id}`)).body).toMatchObject({
        ...{ status: 'applied', multiAuthorisation: { numberReceived: 3 } },
      });
      expect((await client.get(`/v1/accounts/${id}/mandate/versions`)).body.data).toHaveLength(2);
    });
  });

  test('is made or rejected when one owner approves and another rejects at once', async () => {
    await eachRound(async (round) => {
      const { id, party, control } = await openWith({ ann: owner, bob: owner, cay: owner }, () => ({ rule: 'all' }));
      const { body } = await control.setMandate({ rule: 'any' }, party.ann);
      const answers = await meet(round, [
        signing('account-changes', body, party.bob),
        signing('account-changes', body, party.cay, 'reject'),
        (client) => client.post(`/v1/account-changes/${body.id}/cancel`, { by: party.ann }),
      ]);
      const { status } = (await client.get(`/v1/account-changes/${body.id}`)).body;
      const outcomes = answers.map(outcomeOf);
      seen.add(`${outcomes}`);
      const late = '409 account_change_not_pending';
      expect(outcomes.slice(1)).toEqual(status === 'rejected' ? ['200', late] : [late, '200']);
      expect(['rejected', 'cancelled']).toContain(status);
      expect((await client.get(`/v1/accounts/${id}/mandate`)).body.version).toBe(1);
    });
  });

  test('is made once when its last signature comes twice at once', async () => {
    await eachRound(async (round) => {
      const { id, party, control } = await openWith({ ann: owner, bob: owner }, () => ({ rule: 'all' }));
      const { body } = await control.setMandate({ rule: 'any' }, party.ann);
      const signed = signing('account-changes', body, party.bob);
      const answers = await meet(round, [signed, signed]);
      seen.add(`${answers.map(({ status }) => status)}`);
      expect(answers.map(outcomeOf).sort()).toEqual(['200', '409 account_change_not_pending']);
      expect((await client.get(`/v1/accounts/${id}/mandate/versions`)).body.data).toHaveLength(2);
    });
  });
});

test('debits stay stopped when one restriction is lifted and another is placed at once', async () => {
  await eachRound(async (round) => {
    const { id, party, control } = await openWith({ ann: owner, dan: delegate });
    const { body: old } = await control.restrict({ by: party.ann });
    const [lifted, placed] = await meet(round, [
      (client) => lift(client, old.id, party.ann),
      (client) => controlOf(client, id).restrict({ by: party.dan }),
    ]);
    expect([lifted!.status, placed!.status]).toEqual([200, 201]);
    seen.add(tagOf(lifted!).revision < tagOf(placed!).revision ? 'lifted first' : 'placed first');
    const { body } = await client.get(`/v1/accounts/${id}`);
    expect([body.debitsStopped, body.revision]).toEqual([true, 3]);
    expect(outcomeOf(await control.withdraw('1.00'))).toBe('422 account_restricted');
  });
});

test('a holder withdraws before it is removed, or not at all', async () => {
  await eachRound(async (round) => {
    const { id, party } = await openWith({ ann: owner, dan: delegate });
    const withdraw: Call = (client) => controlOf(client, id).withdraw('10.00', party.dan);
    const remove: Call = (client) => controlOf(client, id).remove(party.dan, party.ann);
    const [first, removed, other] = await meet(round, [withdraw, remove, withdraw]);
    expect(removed!.status).toBe(200);
    const booked = [first!, other!].filter(({ status }) => status === 201);
    for (const answer of [first!, other!]) {
      seen.add(outcomeOf(answer));
      expect(['201', '403 not_a_holder']).toContain(outcomeOf(answer));
    }
    for (const answer of booked) expect(tagOf(answer).revision).toBe(0);
    expect(tagOf(removed!)).toEqual({ version: 1 + booked.length, revision: 1 });
    expect((await readTag(client, id)).version).toBe(1 + booked.length);
  });
});

test('an order is booked with the last signature, or ends with the signer’s leaving', async () => {
  await eachRound(async (round) => {
    const { id, party, control } = await openWith({ ann: owner, bob: owner }, ({ ann, bob }) => ({
      ...{ rule: 'named', signatories: [ann, bob] },
    }));
    const order = (await control.withdraw('30.00', party.ann)).body;
    const [signed, left] = await meet(round, [
      signing('payment-orders', order, party.bob),
      (client) => controlOf(client, id).leave(party.bob),
    ]);
    expect(left!.status).toBe(200);
    const { status } = (await client.get(`/v1/payment-orders/${order.id}`)).body;
    seen.add(status);
    const { balance, held } = (await client.get(`/v1/accounts/${id}`)).body;
    expect([outcomeOf(signed!), status, balance, held]).toEqual(
      status === 'booked' ? ['200', 'booked', '70.00', '0.00'] : ['403 not_a_holder', 'rejected', '100.00', '0.00'],
    );
  });
});

test('of two owners who leave at once one stays', async () => {
  await eachRound(async (round) => {
    const { id, party } = await openWith({ ann: owner, bob: owner, dan: delegate });
    const answers = await meet(round, [
      (client) => controlOf(client, id).leave(party.ann),
      (client) => controlOf(client, id).leave(party.bob),
    ]);
    seen.add(`${answers.map(({ status }) => status)}`);
    expect(answers.map(outcomeOf).sort()).toEqual(['200', '409 last_owner']);
    expect((await client.get(`/v1/accounts/${id}`)).body.holders).toHaveLength(2);
  });
});

test('an overdraft is taken away or used, never both', async () => {
  const lower = (at: TestClient, id: string) => {
    const api = at === client ? service.api : second.api;
    const body = JSON.stringify({ overdraftLimit: '0' });
    return sendRaw({ ...service, api }, { method: 'PATCH', path: `/v1/accounts/${id}`, body });
  };
  await eachRound(async (round) => {
    const id = await client.openAccount({ balance: '100.00', overdraftLimit: '50.00' });
    const [withdrawn, lowered] = await meet(round, [
      (client) => controlOf(client, id).withdraw('120.00'),
      (client) => lower(client, id),
    ]);
    seen.add(`${withdrawn!.status}`);
    const { balance, overdraftLimit } = (await client.get(`/v1/accounts/${id}`)).body;
    expect([outcomeOf(withdrawn!), outcomeOf(lowered!), balance, overdraftLimit]).toEqual(
      withdrawn!.status === 201
        ? ['201', '409 overdraft_in_use', '-20.00', '50.00']
        : ['422 insufficient_funds', '200', '100.00', '0.00'],
    );
  });
});

test('limits that are lowered hold for whatever comes after', async () => {
  await eachRound(async (round) => {
    const { id, party } = await openWith({ ann: owner, bob: owner });
    const withdraw: Call = (client) => controlOf(client, id).withdraw('10.00', party.bob);
    const limit: Call = (client) =>
      client.put(`/v1/accounts/${id}/holders/${party.bob}`, {
        ...{
          rights: ['view', 'deposit', 'withdraw', 'transfer', 'manage'],
          limits: { perDay: '10.00' },
          by: party.bob,
        },
      });
    const [first, limited, ...others] = await meet(round, [withdraw, limit, withdraw, withdraw]);
    expect(limited!.status).toBe(200);
    const booked = [first!, ...others].filter(({ status }) => status === 201);
    seen.add(`${booked.length}`);
    const [before, after] = [0, 1].map(
      (revision) => booked.filter((answer) => tagOf(answer).revision === revision).length,
    );
    expect(before! + after!).toBe(booked.length);
    expect(after).toBe(before === 0 ? 1 : 0);
    expect(tagOf(limited!)).toEqual({ version: 1 + before!, revision: 1 });
  });
});
