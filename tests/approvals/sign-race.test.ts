import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { PaymentOrderDocument } from '../../src/payment-orders/payment-order.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { type JointAccount, openJointAccount } from '../support/joint-account.ts';
import { countDeadlocks, holdAccountLock, untilLockWaiters, untilSessionsEnded } from '../support/lock-witness.ts';
import { cancel, expectOrdersSettled, makeOrder, moneyOf, pay, sign } from '../support/payment-orders.ts';
import { roundsOf } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

// Within one process two acts on one account never share a transaction; the row lock keeps two processes apart.

type Answer = Awaited<ReturnType<typeof sign>>;

const rounds = 40;

/**
 * Runs `meet` with the clients of two services that share a database of their own, and expects that PostgreSQL had to
 * end no deadlock and that every order is what became of its money.
 */
async function withTwoServices(
  meet: (clients: readonly [TestClient, TestClient], service: TestService) => Promise<void>,
): Promise<void> {
  const service = await startTestService({});
  const second = await startSecondApi(service);
  try {
    await meet([service.client, second.client], service);
    await Promise.all([service.api.stop(5_000), second.api.stop(5_000)]);
    await untilSessionsEnded(service.database);
    expect(await countDeadlocks(service.database)).toBe(0);
    await expectOrdersSettled(service.database);
  } finally {
    await second.api.stop(5_000);
    await service.stop();
  }
}

/** How long the second of two waits: one whose way to the lock is longer would else never be first. */
const headStartsMs = [0, 5, 0, 12, 0, 2];

/** Sends two requests through two services, each of them first, and through each service, in half of the rounds. */
async function meetAtOnce(
  clients: readonly [TestClient, TestClient],
  round: number,
  calls: readonly [(client: TestClient) => PromiseLike<Answer>, (client: TestClient) => PromiseLike<Answer>],
): Promise<[Answer, Answer]> {
  const order = round % 2 === 0 ? [0, 1] : [1, 0];
  const answers = await startTogether(2, async (caller) => {
    const which = order[caller]!;
    if (caller === 1) await sleep(headStartsMs[(round >> 2) % headStartsMs.length]);
    return calls[which]!(clients[(which + (round >> 1)) % 2]!);
  });
  return [answers[order.indexOf(0)]!, answers[order.indexOf(1)]!];
}

const names = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9', 'p10'] as const;

/** An account with 100.00 of the first `count` of these, under a mandate of so many signatures. */
function openShared(client: TestClient, count: number, signatures: number, balance = '100.00') {
  const holders = Object.fromEntries(names.slice(0, count).map((name) => [name, {}]));
  const mandate = () => ({ rule: 'count', count: signatures });
  return openJointAccount(client, holders, { balance, mandate }) as Promise<JointAccount<(typeof names)[number]>>;
}

async function read(client: TestClient, { id }: { id: string }): Promise<PaymentOrderDocument> {
  return (await client.get(`/v1/payment-orders/${id}`)).body;
}

const approvers = ({ authorisations }: PaymentOrderDocument) =>
  authorisations.filter(({ decision }) => decision === 'approve').map(({ by }) => by);

/** What was paid out of an account. */
async function paymentsOf(client: TestClient, account: string): Promise<string[]> {
  const { data } = (await client.get(`/v1/accounts/${account}/entries?limit=200`)).body;
  return data.map(({ amount }: { amount: string }) => amount).filter((amount: string) => amount.startsWith('-'));
}

test.each([
  ['', {}],
  [' and none of them waits', { Prefer: 'wait=0' }],
] as const)('books once when ten sign at one instant what takes three%s', async (_name, headers) => {
  await withTwoServices(async (clients) => {
    const [first, second] = clients;
    for (const round of roundsOf(12)) {
      const { id: account, party } = await openShared(first, 11, 3);
      const payee = await first.openAccount();
      const about = { amount: '60.00', initiatedBy: party.p0, ...(round % 2 === 0 ? {} : { toAccountId: payee }) };
      const order = await makeOrder(first, account, about);
      const answers = await startTogether(10, async (caller) =>
        sign(clients[(caller + round) % 2]!, order, party[names[caller + 1]!], { headers }),
      );
      const signed = names.slice(1).filter((_, index) => answers[index]!.status === 200);
      const codes = new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.code));
      const done = await read(second, order);
      if (!('Prefer' in headers)) {
        expect([signed.length, [...codes]]).toEqual([2, ['payment_order_not_pending']]);
      } else {
        for (const code of codes) expect(['payment_order_not_pending', 'account_locked']).toContain(code);
        expect(signed.length).toBeLessThanOrEqual(2);
      }
      // Whose signature was taken stands in the order, and nobody else.
      expect(new Set(approvers(done))).toEqual(new Set([party.p0, ...signed.map((name) => party[name])]));

      const bookers = answers.filter(({ body }) => body.transaction !== undefined);
      if (signed.length < 2) {
        expect([bookers.length, done.status]).toEqual([0, 'waiting']);
        expect(await moneyOf(first, account)).toEqual(['100.00', '60.00', '40.00']);
        continue;
      }
      expect(bookers).toHaveLength(1);
      const { transaction } = bookers[0]!.body;
      expect(transaction.signedBy).toEqual(approvers(done).sort());
      expect(transaction).toMatchObject({ initiatedBy: party.p0, origin: { type: 'payment_order', id: order.id } });
      expect([done.status, done.transactionId]).toEqual(['booked', transaction.id]);
      expect(await moneyOf(first, account)).toEqual(['40.00', '0.00', '40.00']);
      expect(await paymentsOf(first, account)).toEqual(['-60.00']);
      expect(await first.balance(payee)).toBe(round % 2 === 0 ? '0.00' : '60.00');
    }
  });
});

test.each([
  ['', {}],
  [' and neither waits', { Prefer: 'wait=0' }],
] as const)('books once when the last two signatures come at one instant%s', async (_name, headers) => {
  await withTwoServices(async (clients) => {
    const seen = new Set<string>();
    const { id: account, party } = await openShared(clients[0], 3, 2, '1000.00');
    let paid = 0;
    for (const round of roundsOf(rounds, seen)) {
      const order = await makeOrder(clients[0], account, { amount: '10.00', initiatedBy: party.p0 });
      const answers = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1, { headers }),
        (client) => sign(client, order, party.p2, { headers }),
      ]);
      const winner = answers.findIndex(({ status }) => status === 200);
      expect(winner).not.toBe(-1);
      const [won, lost] = [answers[winner]!, answers[1 - winner]!];
      const signedBy = [party.p0, winner === 0 ? party.p1 : party.p2].sort();
      expect([won.body.status, won.body.transaction.signedBy]).toEqual(['booked', signedBy]);
      const codes = ['payment_order_not_pending', ...('Prefer' in headers ? ['account_locked'] : [])];
      expect(codes).toContain(lost.body.code);
      expect(approvers(await read(clients[1], order)).sort()).toEqual(signedBy);
      seen.add(`${winner}`);
      paid += 1;
      expect(await moneyOf(clients[1], account)).toEqual([`${1000 - 10 * paid}.00`, '0.00', `${1000 - 10 * paid}.00`]);
    }
    expect(await paymentsOf(clients[0], account)).toEqual(Array(paid).fill('-10.00'));
    expect(seen).toEqual(new Set(['0', '1']));
  });
});

test('lets either the last signature or the cancellation through, never both', async () => {
  await withTwoServices(async (clients) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { id: account, party } = await openShared(clients[0], 2, 2);
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0 });
      const [signed, cancelled] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1),
        (client) => cancel(client, order, party.p0),
      ]);
      const done = await read(clients[0], order);
      seen.add(done.status);
      const refused = { status: 409, code: 'payment_order_not_pending', state: done.status };
      if (signed.status === 200) {
        expect([signed.body.status, done.status]).toEqual(['booked', 'booked']);
        expect(signed.body.transaction.signedBy).toEqual([party.p0, party.p1].sort());
        expect(cancelled.body).toMatchObject({ ...refused, transactionId: signed.body.transaction.id });
        expect(await moneyOf(clients[1], account)).toEqual(['40.00', '0.00', '40.00']);
      } else {
        expect([cancelled.status, done.status]).toEqual([200, 'cancelled']);
        expect(signed.body).toMatchObject({ ...refused, transactionId: null });
        expect(approvers(done)).toEqual([party.p0]);
        expect(await moneyOf(clients[1], account)).toEqual(['100.00', '0.00', '100.00']);
      }
    }
    expect(seen).toEqual(new Set(['booked', 'cancelled']));
  });
});

test('takes one word of a signer who says yes and no at one instant', async () => {
  await withTwoServices(async (clients) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { id: account, party } = await openShared(clients[0], 3, 2);
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0 });
      const reject = { decision: 'reject' } as const;
      // p1 rejects and approves at once, from two places: only one of them is taken.
      const [yes, no] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1),
        (client) => sign(client, order, party.p1, reject),
      ]);
      const done = await read(clients[1], order);
      seen.add(done.status);
      if (yes.status === 200) {
        expect([yes.body.status, no.body.code]).toEqual(['booked', 'payment_order_not_pending']);
        expect(await moneyOf(clients[1], account)).toEqual(['40.00', '0.00', '40.00']);
      } else {
        expect([no.body.status, yes.body.code]).toEqual(['waiting', 'already_decided']);
        expect((await sign(clients[0], order, party.p2, reject)).body.status).toBe('rejected');
        expect(await moneyOf(clients[1], account)).toEqual(['100.00', '0.00', '100.00']);
      }
    }
    expect(seen).toEqual(new Set(['booked', 'waiting']));
  });
});

test('books nothing whose time was over when the account was had, and frees its money once', async () => {
  await withTwoServices(async (clients, { database }) => {
    const seen = new Set<string>();
    for (const round of roundsOf(32, seen)) {
      const { id: account, party } = await openShared(clients[0], 2, 2);
      const expiresAt = new Date(Date.now() + 400).toISOString();
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0, expiresAt });
      // Both start around the end of its time, so that it ends before, between or after them.
      await sleep(Date.parse(expiresAt) - Date.now() - 56 + 4 * ((5 * round) % 16));
      const [signed, taken] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1),
        (client) => pay(client, account, { amount: '100.00' }),
      ]);
      if (signed.status === 200) {
        const { transaction } = signed.body;
        expect(Date.parse(transaction.bookedAt)).toBeLessThan(Date.parse(expiresAt));
        expect(transaction.signedBy).toEqual([party.p0, party.p1].sort());
        expect(taken.body.code).toBe('insufficient_funds');
        expect(await moneyOf(clients[1], account)).toEqual(['40.00', '0.00', '40.00']);
        seen.add('booked');
      } else {
        expect(signed.body).toMatchObject({ code: 'payment_order_not_pending', state: 'expired' });
        const isTaken = taken.status === 201;
        if (!isTaken) expect(taken.body).toMatchObject({ code: 'insufficient_funds', available: '40.00' });
        const left = isTaken ? '0.00' : '100.00';
        expect(await moneyOf(clients[1], account)).toEqual([left, '0.00', left]);
        expect((await read(clients[1], order)).status).toBe('expired');
        // A signature that was refused notes nothing, so that somebody has to come by after it.
        await pay(clients[0], account, { amount: '1000.00' });
        seen.add('expired');
      }
      expect(await database('transactions').where({ origin: 'payment_order', origin_id: order.id })).toHaveLength(
        signed.status === 200 ? 1 : 0,
      );
    }
    expect(seen).toEqual(new Set(['booked', 'expired']));
  });
});

test('a signature counts when it came before the removal of its signer, and not after', async () => {
  await withTwoServices(async (clients) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { id: account, party } = await openShared(clients[0], 3, 2);
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0 });
      const [signed, removed] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1),
        (client) => client.post(`/v1/accounts/${account}/holders/${party.p1}/remove`),
      ]);
      expect(removed.status).toBe(200);
      const done = await read(clients[1], order);
      seen.add(done.status);
      if (signed.status === 200) {
        expect([signed.body.status, done.status]).toEqual(['booked', 'booked']);
        expect(signed.body.transaction.signedBy).toEqual([party.p0, party.p1].sort());
        expect(Date.parse(signed.body.transaction.bookedAt)).toBeLessThanOrEqual(Date.parse(removed.body.endedAt));
        expect(await moneyOf(clients[1], account)).toEqual(['40.00', '0.00', '40.00']);
      } else {
        expect([signed.body.code, done.status]).toEqual(['not_a_holder', 'waiting']);
        expect(approvers(done)).toEqual([party.p0]);
        expect(await moneyOf(clients[1], account)).toEqual(['100.00', '60.00', '40.00']);
        const { transaction } = (await sign(clients[0], order, party.p2)).body;
        expect(transaction.signedBy).toEqual([party.p0, party.p2].sort());
      }
    }
    expect(seen).toEqual(new Set(['booked', 'waiting']));
  });
});

test('an earlier signature counts only when the last one came before the removal of its signer', async () => {
  await withTwoServices(async (clients) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { id: account, party } = await openShared(clients[0], 4, 3);
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0 });
      expect((await sign(clients[1], order, party.p1)).body.status).toBe('waiting');
      const [signed, removed] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p2),
        (client) => client.post(`/v1/accounts/${account}/holders/${party.p1}/remove`),
      ]);
      expect([signed.status, removed.status]).toEqual([200, 200]);
      const { status, transaction } = signed.body;
      seen.add(status);
      if (status === 'booked') {
        expect(transaction.signedBy).toEqual([party.p0, party.p1, party.p2].sort());
        expect(await moneyOf(clients[1], account)).toEqual(['40.00', '0.00', '40.00']);
      } else {
        expect([status, transaction]).toEqual(['waiting', undefined]);
        expect(signed.body.multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 2 });
        expect(await moneyOf(clients[1], account)).toEqual(['100.00', '60.00', '40.00']);
        const last = await sign(clients[0], order, party.p3);
        expect(last.body.transaction.signedBy).toEqual([party.p0, party.p2, party.p3].sort());
      }
    }
    expect(seen).toEqual(new Set(['booked', 'waiting']));
  });
});

test('a removal that ends the order and the signature before it never both take the money', async () => {
  await withTwoServices(async (clients) => {
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const { id: account, party } = await openShared(clients[0], 2, 2);
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0 });
      const [signed, removed] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1),
        (client) => client.post(`/v1/accounts/${account}/holders/${party.p0}/remove`),
      ]);
      expect(removed.status).toBe(200);
      const done = await read(clients[1], order);
      seen.add(done.status);
      const isPaid = signed.status === 200;
      expect([done.status, signed.body.state]).toEqual(isPaid ? ['booked', undefined] : ['rejected', 'rejected']);
      const left = isPaid ? '40.00' : '100.00';
      expect(await moneyOf(clients[1], account)).toEqual([left, '0.00', left]);
    }
    expect(seen).toEqual(new Set(['booked', 'rejected']));
  });
});

test.each([
  ['', {}],
  [' and neither waits', { Prefer: 'wait=0' }],
] as const)('the service never gets the reserved money, whoever is first%s', async (_name, headers) => {
  await withTwoServices(async (clients) => {
    for (const round of roundsOf(rounds)) {
      const { id: account, party } = await openShared(clients[0], 2, 2);
      const order = await makeOrder(clients[0], account, { amount: '60.00', initiatedBy: party.p0 });
      const [signed, taken] = await meetAtOnce(clients, round, [
        (client) => sign(client, order, party.p1, { headers }),
        (client) => pay(client, account, { amount: '60.00' }, headers),
      ]);
      if ('Prefer' in headers && taken.body.code === 'account_locked') expect(taken.status).toBe(409);
      else expect(taken.body).toMatchObject({ status: 422, code: 'insufficient_funds', available: '40.00' });
      if ('Prefer' in headers && signed.status !== 200) {
        expect(signed.body.code).toBe('account_locked');
        expect(await moneyOf(clients[1], account)).toEqual(['100.00', '60.00', '40.00']);
        expect((await sign(clients[1], order, party.p1, { headers })).body.status).toBe('booked');
      } else {
        expect(signed.body.status).toBe('booked');
      }
      expect(await moneyOf(clients[1], account)).toEqual(['40.00', '0.00', '40.00']);
      expect(await paymentsOf(clients[1], account)).toEqual(['-60.00']);
    }
  });
});

test('reserves no more than there is when many ask for signatures at one instant', async () => {
  await withTwoServices(async (clients) => {
    for (const round of roundsOf(10)) {
      const { id: account, party } = await openShared(clients[0], 4, 2);
      const answers = await startTogether(12, async (caller) =>
        pay(clients[caller % 2]!, account, { amount: '30.00', initiatedBy: party[names[caller % 4]!] }),
      );
      const made = answers.filter(({ status }) => status === 202).map(({ body }) => body as PaymentOrderDocument);
      expect(made).toHaveLength(3);
      expect(await moneyOf(clients[1], account)).toEqual(['100.00', '90.00', '10.00']);
      const signed = await startTogether(12, async (caller) =>
        sign(clients[(caller + round) % 2]!, made[caller % 3]!, party[names[caller >> 2]!]),
      );
      expect(signed.filter(({ body }) => body.transaction !== undefined)).toHaveLength(3);
      expect(await moneyOf(clients[1], account)).toEqual(['10.00', '0.00', '10.00']);
    }
  });
});

test('refuses a signature that must not wait with account_locked, and records nothing of it', async () => {
  await withTwoServices(async ([first, second], { database }) => {
    const { id: account, party } = await openShared(first, 3, 2);
    const payee = await first.openAccount();
    const order = await makeOrder(first, account, { amount: '60.00', toAccountId: payee, initiatedBy: party.p0 });
    for (const locked of [account, payee]) {
      const lock = await holdAccountLock(database, locked);
      const waiting = startTogether(1, async () => sign(first, order, party.p1, { decision: 'reject' }));
      await untilLockWaiters(database, 1);
      const refused = await sign(second, order, party.p2, { headers: { Prefer: 'wait=0' } });
      expect(refused.body).toMatchObject({ status: 409, code: 'account_locked' });
      await lock.release();
      expect((await waiting)[0]!.body.status).toBe('waiting');
      expect(await read(second, order)).toMatchObject({
        status: 'waiting',
        authorisations: [{ by: party.p0 }, { by: party.p1 }],
      });
      expect(await moneyOf(second, account)).toEqual(['100.00', '60.00', '40.00']);
    }
    expect((await sign(second, order, party.p2, { headers: { Prefer: 'wait=0' } })).body.status).toBe('booked');
  });
});

test('books each order once through four processes, whatever happens to it at one instant', async () => {
  const testDatabase = await createTestDatabase();
  const { database, url } = testDatabase;
  const { apiKey } = await createTestLedger(database);
  const servers: ServerProcess[] = await Promise.all(
    Array.from({ length: 4 }, () => startServerProcess({ DATABASE_URL: url })),
  );
  try {
    const clients = servers.map((server) => createTestClient(server.url, apiKey));
    const [first, other] = [clients[0]!, clients[1]!];
    const deadlocksBefore = await countDeadlocks(database);
    for (const round of roundsOf(20)) {
      const { id: account, party } = await openShared(first, 6, 3);
      const payee = await openShared(first, 2, 2);
      const about = { amount: '60.00', initiatedBy: party.p0, toAccountId: payee.id };
      const order = await makeOrder(first, account, about);
      // The way back, so that the locks of the two accounts are wanted from both sides.
      const back = await makeOrder(first, payee.id, {
        amount: '50.00',
        initiatedBy: payee.party.p0,
        toAccountId: account,
      });
      const answers = await startTogether(8, async (caller) => {
        const client = clients[(caller + round) % 4]!;
        if (caller < 5) return sign(client, order, party[names[caller + 1]!]);
        if (caller === 5) return sign(client, back, payee.party.p1);
        if (caller === 6) return cancel(client, order, round % 2 === 0 ? party.p0 : undefined);
        return pay(client, account, { amount: '100.00' });
      });
      const [done, returned] = [await read(other, order), await read(other, back)];
      expect([returned.status, answers[5]!.body.transaction.signedBy]).toEqual([
        'booked',
        [payee.party.p0, payee.party.p1].sort(),
      ]);
      const bookers = answers.slice(0, 5).filter(({ body }) => body.transaction !== undefined);
      const isTaken = answers[7]!.status === 201;
      expect([done.status, bookers.length]).toEqual(answers[6]!.status === 200 ? ['cancelled', 0] : ['booked', 1]);
      if (bookers.length > 0) expect(bookers[0]!.body.transaction.signedBy).toEqual(approvers(done).sort());
      const paid = bookers.length * 60;
      expect(await moneyOf(other, account)).toEqual(
        Array.from({ length: 3 }, (_, place) => (place === 1 ? '0.00' : `${150 - paid - (isTaken ? 100 : 0)}.00`)),
      );
      expect(await moneyOf(other, payee.id)).toEqual([`${50 + paid}.00`, '0.00', `${50 + paid}.00`]);
    }
    expect(await verifyBooks(database)).toEqual([]);
    await expectOrdersSettled(database);
    expect(await Promise.all(servers.map((server) => server.end('SIGTERM')))).toEqual(servers.map(() => 0));
    await untilSessionsEnded(database);
    expect(await countDeadlocks(database)).toBe(deadlocksBefore);
  } finally {
    for (const server of servers) server.child.kill('SIGKILL');
    await testDatabase.verifyAndDrop();
  }
});
