import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { findLedgersWithWork, readQueueState } from '../../src/workers/claim-work.ts';
import { maxAttempts } from '../../src/workers/failed-work.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { startWorkers } from '../../src/workers/start-workers.ts';
import { startWakeUp } from '../../src/workers/wake-up.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const logger = pino({ level: 'silent' });
let service: TestService;
let ledgerId: string;

beforeAll(async () => {
  service = await startTestService({});
  ({ ledgerId } = service);
  await service.database.raw(
    'create table errands (ledger_id uuid, id uuid, due_at timestamptz default now(), done int)',
  );
});

afterAll(() => service.stop());

beforeEach(async () => {
  await service.database('errands').delete();
  await service.database('failed_work').delete();
});

/** Errands are done by counting: what is done twice shows. `before` may hold a worker up, or fail it. */
function errands(
  options: { batchSize?: number; before?: (ids: readonly string[], knex: Knex) => Promise<void> } = {},
): WorkQueue {
  return {
    ...{ name: 'errands', table: 'errands', idColumn: 'id', batchSize: options.batchSize ?? 10, lanes: 2 },
    isDue: 'item.done is null and item.due_at <= now()',
    dueSince: 'item.due_at',
    isUrgent: true,
    async work({ knex }, ids) {
      await options.before?.(ids, knex);
      await knex('errands')
        .where('ledger_id', ledgerId)
        .whereIn('id', [...ids])
        .update({ done: knex.raw('coalesce(done, 0) + 1') });
      return undefined;
    },
  };
}

async function addErrands(count: number, of = ledgerId): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7());
  await service.database('errands').insert(ids.map((id) => ({ ledger_id: of, id })));
  return ids;
}

const run = (queue: WorkQueue) => runBatch({ database: service.database, logger }, queue, ledgerId);
const doneOnce = () => service.database('errands').where('done', 1).pluck('id');
const failures = () => service.client.get('/v1/failed-work').then(({ body }) => body.data);

describe('claims', () => {
  test('give five workers five different batches, while none waits for another', async () => {
    const ids = await addErrands(50);
    const claimed: string[][] = [];
    let allAreThere = () => {};
    const together = new Promise<void>((resolve) => (allAreThere = resolve));
    // Nobody lets go before all five have claimed: whoever waited for a lock would keep this from ever ending.
    const queue = errands({
      before: async (batch) => {
        if (claimed.push([...batch]) === 5) allAreThere();
        await together;
      },
    });
    expect(await Promise.all([1, 2, 3, 4, 5].map(() => run(queue)))).toEqual([10, 10, 10, 10, 10]);
    expect(claimed.flat().sort()).toEqual([...ids].sort());
    expect((await doneOnce()).sort()).toEqual([...ids].sort());
  });

  test('take what has been due for longest first, and nothing that is not due', async () => {
    const [first, second, third] = await addErrands(3);
    const due = (id: string, at: string) => service.database('errands').where({ id }).update({ due_at: at });
    await due(first!, '2026-01-02');
    await due(second!, '2026-01-01');
    await due(third!, '2999-01-01');
    expect(await run(errands({ batchSize: 1 }))).toBe(1);
    expect(await doneOnce()).toEqual([second]);
    expect(await run(errands())).toBe(1);
    expect(await run(errands())).toBe(0);
    expect((await doneOnce()).sort()).toEqual([first, second].sort());
  });

  test('end with the session of a worker that dies, and are taken again', async () => {
    await addErrands(3);
    let deaths = 0;
    const dying = errands({
      before: async (_, knex) => {
        if (deaths++ > 0) return;
        const { rows } = await knex.raw('select pg_backend_pid() as pid');
        await service.database.raw('select pg_terminate_backend(?)', [rows[0].pid]);
      },
    });
    // Taken again all together, or one by one: that depends on how the worker comes to know of the end of its session.
    expect(await run(dying)).toBe(3);
    expect(deaths).toBeGreaterThan(1);
    expect(await doneOnce()).toHaveLength(3);
    expect(await failures()).toEqual([]);
  });

  test('stay within one ledger, and say which ledgers have work', async () => {
    const other = await createTestLedger(service.database);
    await addErrands(1, other.ledgerId);
    expect(await findLedgersWithWork(service.database, errands())).toEqual([other.ledgerId]);
    expect(await run(errands())).toBe(0);
    await addErrands(2);
    expect((await findLedgersWithWork(service.database, errands())).sort()).toEqual([ledgerId, other.ledgerId].sort());
    const { due, oldestSeconds } = await readQueueState(service.database, errands());
    expect(due).toBe(3);
    expect(oldestSeconds).toBeGreaterThan(0);
  });
});

describe('what fails', () => {
  test('harms nothing that was claimed with it, waits, and is tried again', async () => {
    const [bad, ...good] = await addErrands(5);
    const queue = (fails: boolean) =>
      errands({
        before: async (ids) => {
          if (fails && ids.includes(bad!)) throw new Error('the errand is poisoned');
        },
      });
    expect(await run(queue(true))).toBe(5);
    expect((await doneOnce()).sort()).toEqual(good.sort());
    const [failure, ...others] = await failures();
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ queue: 'errands', itemId: bad, attempts: 1, error: 'the errand is poisoned' });
    expect(Date.parse(failure.retryAt)).toBeGreaterThan(Date.parse(failure.lastFailedAt));
    // It waits, whoever comes by.
    expect(await run(queue(true))).toBe(0);
    expect(await findLedgersWithWork(service.database, errands())).toEqual([]);
    await service.database('failed_work').update({ retry_at: service.database.raw("now() - interval '1 s'") });
    expect(await run(queue(false))).toBe(1);
    expect(await failures()).toEqual([]);
    expect(await doneOnce()).toHaveLength(5);
  });

  test('is given up after the last try, until somebody requeues it', async () => {
    const [bad] = await addErrands(1);
    const failing = errands({ before: () => Promise.reject(new Error(`broken\0 ${'x'.repeat(1000)}`)) });
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      expect(await run(failing)).toBe(1);
      await service
        .database('failed_work')
        .whereNotNull('retry_at')
        .update({ retry_at: service.database.raw("now() - interval '1 s'") });
    }
    expect(await run(failing)).toBe(0);
    const [failure] = await failures();
    expect(failure).toMatchObject({ itemId: bad, attempts: maxAttempts, retryAt: null });
    expect(failure.error).toHaveLength(500);

    const requeue = () => service.client.post(`/v1/failed-work/errands/${bad}/requeue`);
    const answer = await requeue();
    expect([answer.status, answer.body]).toEqual([202, { queue: 'errands', itemId: bad }]);
    expect(await run(errands())).toBe(1);
    expect((await requeue()).body.code).toBe('failed_work_not_found');
  });

  test('for somebody else having locked what it needs is tried for as long as that takes', async () => {
    const [item] = await addErrands(1);
    const account = await service.client.openAccount();
    const { database } = service;
    const at = database.raw("now() - interval '1 s'");
    const before = { attempts: maxAttempts - 1, retry_at: at, first_failed_at: at, last_failed_at: at, error: 'x' };
    await database('failed_work').insert({ ledger_id: ledgerId, queue: 'errands', item_id: item, ...before });
    const locking = errands({
      before: async (_, knex) => void (await knex('accounts').where('id', account).forUpdate()),
    });
    await database.transaction(async (other) => {
      await other('accounts').where('id', account).forUpdate();
      expect(await run(locking)).toBe(1);
    });
    const [failure] = await failures();
    expect(failure).toMatchObject({ itemId: item, attempts: maxAttempts - 1, retryAt: expect.any(String) });
    await database('failed_work').update({ retry_at: at });
    expect(await run(locking)).toBe(1);
    expect([await doneOnce(), await failures()]).toEqual([[item], []]);
  });

  test('is listed by pages', async () => {
    for (const itemId of await addErrands(3)) {
      const failure = { ledger_id: ledgerId, queue: 'errands', item_id: itemId, attempts: 1, error: 'x' };
      const at = service.database.raw('now()');
      await service.database('failed_work').insert({ ...failure, first_failed_at: at, last_failed_at: at });
    }
    const all = await failures();
    expect(all).toHaveLength(3);
    const first = (await service.client.get('/v1/failed-work?limit=2')).body;
    const second = (await service.client.get(`/v1/failed-work?limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.data, ...second.data]).toEqual(all);
    expect(second.nextCursor).toBeNull();
    expect((await service.client.get('/v1/failed-work?cursor=WyJ4IiwieCJd')).body.code).toBe('invalid_cursor');
  });
});

describe('workers', () => {
  let stopAll: Array<() => Promise<unknown>> = [];

  afterEach(async () => {
    for (const stop of stopAll.splice(0)) await stop();
    stopAll = [];
  });

  function start(queue: WorkQueue) {
    const { database, databaseUrl } = service;
    const wakeUp = startWakeUp({ url: databaseUrl, database, logger });
    const workers = startWorkers({ database, logger, queues: [queue], wakeUp });
    stopAll.push(() => workers.stop(10_000), wakeUp.stop);
    return workers;
  }

  test('do all there is, each item once, and come back for what is new', async () => {
    const queue = errands({ batchSize: 7 });
    await addErrands(300);
    for (let worker = 0; worker < 5; worker++) start(queue);
    await until(async () => (await doneOnce()).length === 300);
    await addErrands(20);
    await until(async () => (await doneOnce()).length === 320);
    expect(await service.database('errands').where('done', '>', 1)).toEqual([]);
  });

  test('finish what they have claimed when they are stopped, and claim nothing more', async () => {
    await addErrands(100);
    let claimed = () => {};
    const first = new Promise<void>((resolve) => (claimed = resolve));
    let goOn = () => {};
    const told = new Promise<void>((resolve) => (goOn = resolve));
    const workers = start(
      errands({
        before: async () => {
          claimed();
          await told;
        },
      }),
    );
    await first;
    const stopped = workers.stop(10_000);
    goOn();
    expect(await stopped).toBe(true);
    const done = (await doneOnce()).length;
    expect([10, 20]).toContain(done);
    await addErrands(1);
    expect(await doneOnce()).toHaveLength(done);
  });

  test('say so when they cannot get what they are doing done in time', async () => {
    await addErrands(1);
    let goOn = () => {};
    const told = new Promise<void>((resolve) => (goOn = resolve));
    let claimed = () => {};
    const first = new Promise<void>((resolve) => (claimed = resolve));
    const workers = start(
      errands({
        before: () => {
          claimed();
          return told;
        },
      }),
    );
    await first;
    expect(await workers.stop(50)).toBe(false);
    goOn();
  });

  test('are woken by a hint from another process', async () => {
    const { database, databaseUrl } = service;
    const [teller, listener] = [0, 1].map(() => startWakeUp({ url: databaseUrl, database, logger }));
    stopAll.push(teller!.stop, listener!.stop);
    let isWoken = false;
    const woken = listener!.rest(600_000, new AbortController().signal).then(() => (isWoken = true));
    // What is told before the other listens is lost.
    await until(async () => {
      teller!.hint(ledgerId);
      return isWoken;
    });
    await woken;
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
