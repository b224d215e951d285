import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { standingOrderSignaturesQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { countDeadlocks, untilSessionsEnded } from '../support/lock-witness.ts';
import { roundsOf } from '../support/rounds.ts';
import {
  expectNoFailures,
  makeStandingOrder,
  readStandingOrder,
  rewind,
  runOnce,
  runsOf,
  skipPause,
} from '../support/standing-orders.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

// What people do with an order and what workers do with it meet at the order's row, which both lock before the
// accounts. Two services and two workers share nothing but the database.

const rounds = 30;

interface Scene {
  readonly service: TestService;
  readonly clients: readonly [TestClient, TestClient];
  /** The sessions of each worker. */
  readonly workers: readonly [Database, Database];
  readonly from: string;
  readonly to: string;
  /** Has both workers work until they find nothing. */
  work(): Promise<void>;
}

/** Runs `meet`, and expects that PostgreSQL had to end no deadlock, and that nothing failed. */
async function withTwoServices(meet: (scene: Scene) => Promise<void>): Promise<void> {
  const service = await startTestService({});
  const second = await startSecondApi(service);
  const { ledgerId, databaseUrl: url } = service;
  const open = () =>
    createDatabase({ url, poolSize: 4, applicationName: 'joint-ledger worker', acquireTimeoutMs: 10_000 });
  const workers = [open(), open()] as const;
  const clients = [service.client, second.client] as const;
  const from = await service.client.openAccount({ balance: '10000.00' });
  const to = await service.client.openAccount({ balance: '10000.00' });
  const work = async () => {
    await startTogether(2, async (worker) => {
      while ((await runOnce({ database: workers[worker]!, ledgerId })) > 0);
    });
  };
  try {
    await meet({ service, clients, workers, from, to, work });
    await expectNoFailures(service);
    await Promise.all([service.api.stop(5_000), second.api.stop(5_000), ...workers.map((each) => each.destroy())]);
    await untilSessionsEnded(service.database);
    expect(await countDeadlocks(service.database)).toBe(0);
  } finally {
    await Promise.all([second.api.stop(5_000), ...workers.map((each) => each.destroy())]);
    await service.stop();
  }
}

/** How long whoever acts waits: one whose way to the lock is shorter would else always be first. */
const headStartsMs = [0, 2, 5, 12, 30, 100];

const schedule = { startsAt: '2020-01-05T09:00', recurrence: 'FREQ=YEARLY' };
const inYear = (year: number) => `${year}-01-05T09:00:00.000Z`;
/** Until when the order is dealt with once so many are executed: half a day behind the last of them. */
const handledAfter = (executed: number) => `${2020 + executed}-01-05T21:00:00.000Z`;
/** The occurrences that are due when a meeting begins: those of all years since the first. */
const due = Array.from({ length: 80 }, (_, index) => inYear(2021 + index)).filter((at) => new Date(at) < new Date());

/** An order of 1.00 of which all these are due. */
async function addDue({ service, clients }: Scene, fromAccountId: string, toAccountId: string): Promise<string> {
  const order = { fromAccountId, toAccountId, amount: '1.00', schedule };
  const { id } = await makeStandingOrder(clients[0], order);
  await rewind(service, id, new Date(handledAfter(0)));
  return id;
}

const act = (client: TestClient, orderId: string, what: 'pause' | 'resume' | 'cancel') =>
  client.post(`/v1/standing-orders/${orderId}/${what}`);

/** Transfers of one amount in both directions through both services. */
async function moveToAndFro({ clients, from, to }: Scene): Promise<void> {
  const statuses = await startTogether(8, async (caller) => {
    const [fromAccountId, toAccountId] = caller % 4 < 2 ? [from, to] : [to, from];
    const transfer = { fromAccountId, toAccountId, amount: '0.50', currency: 'USD' };
    return (await clients[caller % 2]!.post('/v1/transfers', transfer)).status;
  });
  expect(statuses).toEqual(Array(8).fill(201));
}

/** Expects that the first of those that were due were booked and no others. Answers how many. */
async function countBooked({ clients }: Scene, orderId: string): Promise<number> {
  const runs = await runsOf(clients[1], orderId);
  expect(runs.map(({ occurrenceAt, status }) => [occurrenceAt, status])).toEqual(
    due.slice(0, runs.length).map((occurrenceAt) => [occurrenceAt, 'booked']),
  );
  return runs.length;
}

test.each([
  ['pause', 'paused'],
  ['cancel', 'cancelled'],
] as const)('nothing is executed once it was answered that %s is done, and all before is', async (what, status) => {
  await withTwoServices(async (scene) => {
    const { clients, from, to, work } = scene;
    const seen = new Set<number>();
    let moved = 0;
    for (const round of roundsOf(rounds, seen)) {
      const order = await addDue(scene, from, to);
      const beside = await addDue(scene, to, from);
      const [answer] = await Promise.all([
        sleep(headStartsMs[round % headStartsMs.length]).then(() => act(clients[round % 2]!, order, what)),
        work(),
        moveToAndFro(scene),
      ]);
      expect([answer.status, answer.body.status, answer.body.nextRunAt]).toEqual([200, status, null]);
      const booked = await countBooked(scene, order);
      // Up to here it had come when that was answered, and no further since.
      expect(answer.body.handledUntil).toBe(handledAfter(booked));
      expect(await readStandingOrder(clients[1], order)).toMatchObject({
        status,
        handledUntil: handledAfter(booked),
      });
      expect(await countBooked(scene, beside)).toBe(due.length);
      expect((await act(clients[0], beside, 'cancel')).status).toBe(200);
      seen.add(booked);
      moved += booked - due.length;
    }
    expect(await clients[0].balance(from)).toBe(`${10_000 - moved}.00`);
    expect(await clients[0].balance(to)).toBe(`${10_000 + moved}.00`);
    expect(seen.size).toBeGreaterThan(1);
  });
});

test('an order that is paused and resumed while it is executed goes on from one of the two', async () => {
  await withTwoServices(async (scene) => {
    const { clients, from, to, work } = scene;
    const seen = new Set<string>();
    let moved = 0;
    for (const round of roundsOf(rounds, seen)) {
      const order = await addDue(scene, from, to);
      const calls = [
        async () => {
          await sleep(headStartsMs[round % headStartsMs.length]);
          return act(clients[0], order, 'pause');
        },
        async () => {
          await sleep(headStartsMs[(round >> 1) % headStartsMs.length]);
          return act(clients[1], order, 'resume');
        },
      ] as const;
      const [paused, resumed] = await Promise.all([calls[0](), calls[1](), work(), moveToAndFro(scene)]);
      expect([paused.status, paused.body.status]).toEqual([200, 'paused']);
      expect([resumed.status, resumed.body.status]).toEqual([200, 'active']);
      const booked = await countBooked(scene, order);
      expect(paused.body.handledUntil).toBe(handledAfter(booked));
      const { status, handledUntil, nextRunAt } = await readStandingOrder(clients[0], order);
      if (status === 'paused') expect([handledUntil, nextRunAt]).toEqual([handledAfter(booked), null]);
      // What was due in between is nobody's any more.
      else
        expect([status, handledUntil! > due.at(-1)!, nextRunAt]).toEqual(['active', true, inYear(2021 + due.length)]);
      expect((await act(clients[0], order, 'cancel')).status).toBe(200);
      seen.add(status);
      moved += booked;
    }
    expect(await clients[0].balance(to)).toBe(`${10_000 + moved}.00`);
    expect(seen).toEqual(new Set(['paused', 'active']));
  });
});

test('a run that is to be tried again is booked before the pause, or given up with it', async () => {
  await withTwoServices(async (scene) => {
    const { clients, service, to, work } = scene;
    const seen = new Set<string>();
    for (const round of roundsOf(rounds, seen)) {
      const empty = await clients[0].openAccount();
      const order = await addDue(scene, empty, to);
      // Back to the last of those that were due, so that it is tried again.
      await rewind(service, order, new Date(handledAfter(due.length - 1)));
      expect(await runOnce(service)).toBe(1);
      expect(await runsOf(clients[0], order)).toMatchObject([
        { status: 'retrying', attempts: 1, occurrenceAt: due.at(-1) },
      ]);
      await clients[0].post(`/v1/accounts/${empty}/deposits`, { amount: '1.00', currency: 'USD' });
      await skipPause(service, order);
      const [answer] = await Promise.all([
        sleep(headStartsMs[round % headStartsMs.length]).then(() => act(clients[round % 2]!, order, 'pause')),
        sleep(headStartsMs[(round >> 1) % headStartsMs.length]).then(work),
      ]);
      const [run, ...others] = await runsOf(clients[1], order);
      expect([answer.body.status, others]).toEqual(['paused', []]);
      expect(answer.body.handledUntil).toBe(handledAfter(due.length));
      expect([run!.status, run!.attempts, await clients[0].balance(empty)]).toEqual(
        run!.status === 'booked' ? ['booked', 2, '0.00'] : ['refused', 1, '1.00'],
      );
      seen.add(run!.status);
    }
    expect(seen).toEqual(new Set(['booked', 'refused']));
  });
});

test('an order whose time to be signed runs out is signed once or expires once', async () => {
  await withTwoServices(async (scene) => {
    const { clients, service, workers, to } = scene;
    const { database, ledgerId } = service;
    const mandate = () => ({ rule: 'count', count: 2 });
    const { id, party } = await openJointAccount(clients[0], { ann: {}, bob: {}, cay: {} }, { mandate });
    const seen = new Set<string>();
    const leftMs = [0, 5, 20, 60, 200, 2_000];
    for (const round of roundsOf(rounds, seen)) {
      const made = { fromAccountId: id, toAccountId: to, initiatedBy: party.ann };
      const { id: order, instructionHash, status: before } = await makeStandingOrder(clients[0], made);
      expect(before).toBe('waiting');
      const left = database.raw("clock_timestamp() + ? * interval '1 ms'", [leftMs[round % leftMs.length]!]);
      await database('standing_orders').where('id', order).update({ expires_at: left });
      const expire = async (worker: Database) => {
        const isWaiting = { ledger_id: ledgerId, id: order, status: 'waiting' };
        while ((await worker('standing_orders').where(isWaiting).select('id')).length > 0) {
          await runOnce({ database: worker, ledgerId }, standingOrderSignaturesQueue);
        }
      };
      const [answers] = await Promise.all([
        startTogether(2, async (caller) => {
          const signature = { by: [party.bob, party.cay][caller], decision: 'approve', instructionHash };
          return clients[(caller + round) % 2]!.post(`/v1/standing-orders/${order}/authorisations`, signature);
        }),
        ...workers.map(expire),
      ]);
      const { status, nextRunAt, multiAuthorisation, authorisations, expiresAt } = await readStandingOrder(
        clients[0],
        order,
      );
      const accepted = answers.filter((answer) => answer.status === 200);
      const refused = answers.filter((answer) => answer.status !== 200).map(({ body }) => [body.code, body.state]);
      if (status === 'active') {
        expect([accepted.length, refused]).toEqual([1, [['standing_order_not_open', 'active']]]);
        for (const { at } of authorisations) expect(Date.parse(at)).toBeLessThan(Date.parse(expiresAt!));
        expect(nextRunAt).toBe('2099-01-05T09:00:00.000Z');
        expect(multiAuthorisation).toEqual(accepted[0]!.body.multiAuthorisation);
      } else {
        expect([status, nextRunAt, multiAuthorisation.status]).toEqual(['expired', null, 'Rejected']);
        expect(refused).toEqual(Array(2).fill(['standing_order_not_open', 'expired']));
      }
      const told = await database('events').where('subject_id', order).orderBy('sequence').pluck('type');
      expect(told).toEqual(['standing_order.waiting', `standing_order.${status === 'active' ? 'activated' : status}`]);
      seen.add(status);
    }
    expect(seen).toEqual(new Set(['active', 'expired']));
  });
});
