import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDatabase } from '../../src/database/create-database.ts';
import { Money } from '../../src/money/money.ts';
import type { StandingOrder } from '../../src/standing-orders/standing-order.ts';
import { item, sendBatch } from '../support/batches.ts';
import { startCommitCutter } from '../support/commit-cutter.ts';
import { countDeadlocks, holdAccountLock, until, untilWorkersWait } from '../support/lock-witness.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  copyAccount,
  copyStandingOrder,
  expectNoFailures,
  makeStandingOrder,
  runOnce,
} from '../support/standing-orders.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let started: ServerProcess[];
let hot: string;
let spokes: string[];

beforeEach(async () => {
  service = await startTestService({});
  started = [];
  hot = await service.client.openAccount({ balance: '100000.00' });
  const model = await service.client.openAccount({ overdraftLimit: '1000.00' });
  spokes = await copyAccount(service, model, 400);
});

afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await service.stop();
});

async function startWorkerProcess(): Promise<ServerProcess> {
  const worker = await startServerProcess({ DATABASE_URL: service.databaseUrl }, ['--role', 'worker']);
  started.push(worker);
  return worker;
}

type Terms = Parameters<typeof copyStandingOrder>[2][number];

const usd = (amount: string) => Money.fromDatabase(amount, 'USD');
const once: StandingOrder['schedule'] = {
  ...{ startsAt: '2026-01-05T09:00', timeZone: 'UTC', recurrence: null, weekends: 'keep' },
};
/** Days that are all over, so that each of them is due. */
const daily = (days: number) => ({ ...once, recurrence: `FREQ=DAILY;COUNT=${days}` });

/** Active orders with these terms, all due. */
async function addOrders(terms: readonly Terms[]): Promise<string[]> {
  const model = await makeStandingOrder(service.client, { fromAccountId: hot, toAccountId: spokes[0]! });
  const ids = await copyStandingOrder(service, model.id, terms);
  expect((await service.client.post(`/v1/standing-orders/${model.id}/cancel`)).status).toBe(200);
  return ids;
}

async function count(table: string, where: object = {}): Promise<number> {
  const [row] = await service.database(table).where(where).count<{ count: number }[]>();
  return row!.count;
}

const untilAllDone = () => until(async () => (await count('standing_orders', { status: 'active' })) === 0);

/** Expects of each of these orders so many runs of these statuses, and no others. */
async function expectRuns(orderIds: readonly string[], expected: Record<string, number>): Promise<void> {
  const { rows } = await service.database.raw(
    `select standing_order_id, json_object_agg(status, count order by status) as runs
     from (select standing_order_id, status, count(*) from standing_order_runs group by 1, 2) r
     where standing_order_id = any(?::uuid[]) group by 1`,
    [[...orderIds]],
  );
  expect(rows).toHaveLength(orderIds.length);
  for (const { runs } of rows) expect(runs).toEqual(expected);
}

/**
 * Expects that the occurrences of each order were booked one after the other: the account's versions say which was
 * first.
 */
async function expectBookedInOrder(): Promise<void> {
  const { rows } = await service.database.raw(`
    select standing_order_id from (
      select r.standing_order_id, e.version,
             lag(e.version) over (partition by r.standing_order_id order by r.occurrence_at) as previous
      from standing_order_runs r
      join standing_orders o on o.id = r.standing_order_id
      join entries e on e.transaction_id = r.transaction_id and e.account_id = o.account_id) booked
    where version < previous`);
  expect(rows).toEqual([]);
}

async function balancesOf(accounts: readonly string[]): Promise<string[]> {
  const rows = await service
    .database('accounts')
    .whereIn('id', [...accounts])
    .select('id', 'balance');
  const balances = new Map<string, string>(rows.map(({ id, balance }) => [id, balance]));
  return accounts.map((id) => balances.get(id)!);
}

/** The sessions of workers that have claimed standing orders and not committed. */
async function claiming(): Promise<number[]> {
  const { rows } = await service.database.raw(`
    select distinct pid from pg_locks join pg_stat_activity using (pid)
    where application_name = 'joint-ledger worker' and relation = 'standing_orders'::regclass
      and mode = 'RowShareLock' and granted`);
  return rows.map(({ pid }: { pid: number }) => pid);
}

/** How many of these sessions are no more. */
async function countEnded(pids: readonly number[]): Promise<number> {
  const rows = await service
    .database('pg_stat_activity')
    .whereIn('pid', [...pids])
    .select('pid');
  return pids.length - rows.length;
}

const fixed = (amount: string) => ({ type: 'fixed' as const, amount: usd(amount) });

test('workers that are killed at any moment lose nothing, and do nothing twice', async () => {
  const { client, database } = service;
  const [paid, payers, swept, filled] = [0, 1, 2, 3].map((group) => spokes.slice(100 * group, 100 * (group + 1)));
  const funded = swept!.map((spoke) => item.transfer(hot, spoke, '100.00'));
  expect((await sendBatch(client, true, funded)).status).toBe(200);
  const often = { schedule: daily(8), catchUp: 'all' as const };
  // Most of them move the one hot account; the payers pay accounts that it pays as well.
  const recurring = await addOrders([
    ...paid!.map((spoke) => ({ accountId: hot, toAccountId: spoke, rule: fixed('2.00'), ...often })),
    ...payers!.map((spoke, index) => ({ accountId: spoke, toAccountId: paid![index]!, rule: fixed('3.00'), ...often })),
  ]);
  // The first time these have money to move, the second time nothing.
  const twice = { schedule: daily(2), catchUp: 'all' as const };
  const sweep = { type: 'sweep' as const, keep: usd('40.00'), most: null };
  const topUp = { type: 'topUp' as const, to: usd('25.00'), most: null };
  const levelling = await addOrders([
    ...swept!.map((spoke) => ({ accountId: spoke, toAccountId: hot, rule: sweep, ...twice })),
    ...filled!.map((spoke) => ({ accountId: hot, toAccountId: spoke, rule: topUp, ...twice })),
  ]);

  const alive = await startTogether(3, startWorkerProcess);
  const replacing: Promise<unknown>[] = [];
  const runs = 200 * 8 + 200 * 2;
  let claims: number[] = [];
  let lost = 0;
  const most = 8;
  const enough = manyOrFew(most, 3);
  for (let kill = 1; kill <= enough || (kill <= most && lost === 0); kill++) {
    await until(async () => alive.length > 0 && (await count('standing_order_runs')) >= (kill * runs) / 10);
    await sleep(Math.random() * 100);
    lost += await countEnded(claims);
    claims = await claiming();
    const [victim] = alive.splice(Math.floor(Math.random() * alive.length), 1);
    expect(await victim!.end('SIGKILL')).toBeNull();
    replacing.push(startWorkerProcess().then((worker) => alive.push(worker)));
  }
  await untilAllDone();
  lost += await countEnded(claims);
  // Else all were killed while they rested.
  expect(lost).toBeGreaterThan(0);
  await Promise.all(replacing);

  await expectRuns(recurring, { booked: 8 });
  await expectRuns(levelling, { booked: 1, nothing_to_do: 1 });
  await expectBookedInOrder();
  expect(await count('transactions', { origin: 'standing_order' })).toBe(200 * 8 + 200);
  expect(await balancesOf([hot])).toEqual(['91900.0000']);
  for (const [group, balance] of [
    [paid, '40.0000'],
    [payers, '-24.0000'],
    [swept, '40.0000'],
    [filled, '25.0000'],
  ] as const) {
    expect(new Set(await balancesOf(group!))).toEqual(new Set([balance]));
  }
  await expectNoFailures(service);
  expect(await countDeadlocks(database)).toBe(0);
});

const readOrders = () => service.database('standing_orders').orderBy('id');

/**
 * One worker that has claimed two hundred of three hundred orders and waits for the hot account with both its lanes.
 */
async function catchWorker() {
  const orders = await addOrders(
    spokes.slice(0, 300).map((spoke) => ({ accountId: spoke, toAccountId: hot, rule: fixed('5.00'), schedule: once })),
  );
  const before = await readOrders();
  const held = await holdAccountLock(service.database, hot);
  const worker = await startWorkerProcess();
  await untilWorkersWait(service.database, 2);
  return { orders, before, held, worker };
}

async function expectAllPaid(orders: readonly string[]): Promise<void> {
  await untilAllDone();
  await expectRuns(orders, { booked: 1 });
  expect(await count('transactions', { origin: 'standing_order' })).toBe(300);
  expect(await balancesOf([hot])).toEqual(['101500.0000']);
  expect(new Set(await balancesOf(spokes.slice(0, 300)))).toEqual(new Set(['-5.0000']));
  await expectNoFailures(service);
}

test('a worker that is killed with claims in its hands leaves them to the next as it found them', async () => {
  const { orders, before, held, worker } = await catchWorker();
  expect(await worker.end('SIGKILL')).toBeNull();
  await held.release();
  await until(async () => (await claiming()).length === 0);
  expect(await readOrders()).toEqual(before);
  expect(await count('standing_order_runs')).toBe(0);

  await startWorkerProcess();
  await expectAllPaid(orders);
});

test('a worker that is told to stop finishes what it has claimed, and claims nothing more', async () => {
  const { orders, held, worker } = await catchWorker();
  const ended = worker.end('SIGTERM');
  const isReady = async () => (await fetch(`${worker.url}/readyz`).catch(() => undefined))?.status === 200;
  await until(async () => !(await isReady()));
  await held.release();
  expect(await ended).toBe(0);
  expect(await count('standing_order_runs', { status: 'booked' })).toBe(200);
  expect(await count('standing_orders', { status: 'completed' })).toBe(200);
  expect(await count('standing_orders', { status: 'active' })).toBe(100);
  expect(await balancesOf([hot])).toEqual(['101000.0000']);

  await startWorkerProcess();
  await expectAllPaid(orders);
});

test.each(['beforeCommit', 'afterCommit', 'whileCommitting'] as const)(
  'a worker whose connection breaks %s does nothing twice',
  async (cut) => {
    const orders = await addOrders(
      spokes.slice(0, 50).map((spoke) => ({ accountId: spoke, toAccountId: hot, rule: fixed('5.00'), schedule: once })),
    );
    const cutter = await startCommitCutter(service.databaseUrl);
    const pool = { poolSize: 4, applicationName: 'joint-ledger worker', acquireTimeoutMs: 10_000 };
    const database = createDatabase({ url: cutter.url, ...pool });
    try {
      cutter.cutNext(cut);
      await startTogether(2, () => runOnce({ ...service, database }));
      expect(cutter.cuts()).toBe(1);
      await until(async () => {
        await runOnce({ ...service, database });
        return (await count('standing_orders', { status: 'active' })) === 0;
      });
    } finally {
      await database.destroy();
      await cutter.close();
    }
    await expectRuns(orders, { booked: 1 });
    expect(await balancesOf([hot])).toEqual(['100250.0000']);
    await expectNoFailures(service);
  },
);
