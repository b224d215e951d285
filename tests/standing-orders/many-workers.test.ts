import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Money } from '../../src/money/money.ts';
import { standingOrdersQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { countDeadlocks, until } from '../support/lock-witness.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  copyAccount,
  copyStandingOrder,
  expectNoFailures,
  makeDue,
  makeStandingOrder,
  runOnce,
} from '../support/standing-orders.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let workers: ServerProcess[];

beforeEach(async () => {
  service = await startTestService({});
  workers = [];
});

afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await service.stop();
});

/** Orders of different amounts, each between two accounts of its own that are allowed to owe. None is due yet. */
async function addOrders(count: number): Promise<string[]> {
  const { client, database } = service;
  const model = await client.openAccount({ overdraftLimit: '100.00' });
  const accounts = await copyAccount(service, model, 2 * count);
  const [fromAccountId, toAccountId] = [accounts[0]!, accounts[1]!];
  const { id } = await makeStandingOrder(client, { fromAccountId, toAccountId });
  const copies = Array.from({ length: count }, (_, index) => ({
    ...{ accountId: accounts[2 * index]!, toAccountId: accounts[2 * index + 1]! },
    rule: { type: 'fixed' as const, amount: Money.fromDatabase(`${1 + (index % 90)}.25`, 'USD') },
  }));
  const ids = await copyStandingOrder(service, id, copies);
  await client.post(`/v1/standing-orders/${id}/cancel`);
  expect(await database('standing_orders').where('status', 'active').count()).toEqual([{ count }]);
  return ids;
}

const countBooked = async () => {
  const [row] = await service.database('standing_order_runs').where('status', 'booked').count();
  return Number(row!.count);
};

/**
 * Expects that each of the orders was executed exactly once, whoever did it, and that all money is where it belongs.
 */
async function expectEachBookedOnce(count: number): Promise<void> {
  const { database } = service;
  const { rows: otherwise } = await database.raw(`
    select o.id, o.status, o.amount, paying.balance as paying, receiving.balance as receiving, runs, transactions
    from standing_orders o
    join accounts paying on paying.id = o.account_id
    join accounts receiving on receiving.id = o.to_account_id,
    lateral (select count(*) as runs, count(t.id) as transactions, count(distinct r.transaction_id) as ids
             from standing_order_runs r left join transactions t on t.origin_id = r.id
             where r.standing_order_id = o.id and r.status = 'booked' and r.attempts = 1) as done
    where o.status <> 'cancelled'
      and (o.status, -paying.balance, receiving.balance, runs, transactions, ids)
          <> ('completed', o.amount, o.amount, 1, 1, 1)`);
  expect(otherwise).toEqual([]);
  const totals = await Promise.all(
    ['standing_order_runs', 'transactions'].map((table) => database(table).count<{ count: number }[]>('id')),
  );
  expect(totals).toEqual([[{ count }], [{ count }]]);
  await expectNoFailures(service);
}

/** How many standing orders a worker process says that it worked on. */
async function countItems({ url }: ServerProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/joint_ledger_work_items_total\{queue="standing-orders"\} (\d+)/.exec(text)?.[1] ?? 0);
}

/**
 * Looks again and again, as long as this goes on, whether a worker waits for another; answers how often it looked and
 * what waited. That a table's file is being made longer is no lock that anybody could have avoided.
 */
async function watchWaits(during: () => Promise<void>) {
  const waits = new Set<string>();
  let looks = 0;
  let goesOn = true;
  const done = during().finally(() => (goesOn = false));
  for (; goesOn; looks++) {
    const { rows } = await service.database.raw(`
      select wait_event, query from pg_stat_activity
      where datname = current_database() and application_name = 'joint-ledger worker'
        and wait_event_type = 'Lock' and wait_event <> 'extend' and cardinality(pg_blocking_pids(pid)) > 0`);
    for (const { wait_event, query } of rows) waits.add(`${wait_event}: ${query}`);
    await sleep(2);
  }
  await done;
  return { looks, waits: [...waits] };
}

/** How many workers wait to be let at the table of standing orders. */
async function countAtTable(): Promise<number> {
  const { rows } = await service.database.raw(`
    select count(*) as waiting from pg_locks join pg_stat_activity using (pid)
    where application_name = 'joint-ledger worker' and relation = 'standing_orders'::regclass and not granted`);
  return rows[0].waiting;
}

test('ten workers in five processes execute all orders, each once, while none waits for another', async () => {
  const { database, databaseUrl, ledgerId } = service;
  const count = manyOrFew(2_000, 1_000);
  const [lure] = await addOrders(count);
  // One order is due, and set aside as though it had failed.
  await makeDue(database, ledgerId, [lure!]);
  const failure = { queue: 'standing-orders', item_id: lure, attempts: 1, error: 'set aside' };
  const at = database.raw('now()');
  await database('failed_work').insert({ ledger_id: ledgerId, ...failure, first_failed_at: at, last_failed_at: at });
  workers = await startTogether(5, () => startServerProcess({ DATABASE_URL: databaseUrl }, ['--role', 'worker']));

  // Once it is not any more, it brings one worker of each process to where they claim; the others come when these have
  // claimed something. There they are kept until all orders are due.
  const gate = await database.transaction();
  try {
    await gate.raw('lock table standing_orders in exclusive mode');
    await database('failed_work').delete();
    await until(async () => (await countAtTable()) === 5);
    expect(await makeDue(gate, ledgerId)).toBe(count);
  } finally {
    await gate.commit();
  }
  const { looks, waits } = await watchWaits(async () => {
    for (const share of [0.25, 0.5, 0.75, 1]) await until(async () => (await countBooked()) >= share * count);
  });
  expect(looks).toBeGreaterThan(10);
  expect(waits).toEqual([]);

  await expectEachBookedOnce(count);
  const sharesOf = () => Promise.all(workers.map(countItems));
  const sum = (shares: number[]) => shares.reduce((one, other) => one + other, 0);
  await until(async () => sum(await sharesOf()) >= count);
  const shares = await sharesOf();
  expect(sum(shares)).toBe(count);
  for (const share of shares) expect(share).toBeGreaterThan(0);

  expect(await Promise.all(workers.map((worker) => worker.end('SIGTERM')))).toEqual([0, 0, 0, 0, 0]);
  expect(await countDeadlocks(database)).toBe(0);
});

test('five claims are held at once, with all that was booked in them, and none waits for another', async () => {
  await addOrders(50);
  await makeDue(service.database, service.ledgerId);
  const claimed: string[][] = [];
  let letGo = () => {};
  const together = new Promise<void>((resolve) => (letGo = resolve));
  // Nobody commits before all five have done their work. Whoever has to wait for a lock gives up, and lets all go.
  const queue: WorkQueue = {
    ...standingOrdersQueue,
    batchSize: 10,
    async work(transaction, ids) {
      await standingOrdersQueue.work(transaction, ids);
      await transaction.pipeline.answered();
      if (claimed.push([...ids]) === 5) letGo();
      await together;
      return undefined;
    },
  };
  const worked = await startTogether(5, () =>
    runOnce(service, queue)
      .catch((error) => error.message)
      .finally(letGo),
  );
  expect(worked).toEqual([10, 10, 10, 10, 10]);
  expect(new Set(claimed.flat()).size).toBe(50);
  await expectEachBookedOnce(50);
});
