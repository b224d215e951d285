import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createDatabase } from '../../src/database/create-database.ts';
import { createWebhookQueues } from '../../src/webhooks/webhook-queues.ts';
import { startWorkers } from '../../src/workers/start-workers.ts';
import { startWakeUp } from '../../src/workers/wake-up.ts';
import { localWebhookSettings, localWebhooks } from '../support/local-webhooks.ts';
import { countDeadlocks, until } from '../support/lock-witness.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { behaviour } from '../support/webhook-receiver.ts';
import { openWebhookScene, type WebhookScene } from '../support/webhook-scene.ts';

let service: TestService;
let scene: WebhookScene;
let processes: ServerProcess[];

beforeEach(async () => {
  service = await startTestService({});
  scene = await openWebhookScene(service);
  processes = [];
});

afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await scene.close();
  await service.stop();
});

/** The whole service in a process of its own, workers included. */
async function startProcess(): Promise<ServerProcess> {
  const settings = { DATABASE_URL: service.databaseUrl, ...localWebhookSettings };
  const started = await startServerProcess(settings);
  processes.push(started);
  return started;
}

/** Workers of all webhook queues in this process, with sessions of their own. */
function startTestWorkers() {
  const logger = pino({ level: 'silent' });
  const { databaseUrl: url } = service;
  const pool = { url, poolSize: 10, applicationName: 'joint-ledger worker', acquireTimeoutMs: 10_000 };
  const database = createDatabase(pool);
  const stopping = new AbortController();
  const queues = createWebhookQueues({ ...localWebhooks, logger, stopping: stopping.signal });
  const wakeUp = startWakeUp({ url, database, logger });
  const workers = startWorkers({ database, logger, queues, wakeUp });
  return {
    async stop() {
      stopping.abort();
      expect(await workers.stop(10_000)).toBe(true);
      await wakeUp.stop();
      await database.destroy();
    },
  };
}

const countPending = async () => {
  const [row] = await service.database('webhook_deliveries').where('status', 'pending').count();
  return Number(row!.count);
};

/** How often the receiver got each event of an address, by the events' ids. */
function countsAt(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { headers, path: at } of scene.receiver.received) {
    const id = headers['webhook-id'] as string;
    if (at === path) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

test('many workers in several processes deliver each event once, and where asked for in order', async () => {
  const each = manyOrFew(40, 15);
  const accounts = await startTogether(5, () => scene.client.openAccount());
  const paths = ['/any', '/ordered', '/some'];
  const eventTypes = ['transaction.booked'];
  for (const [index, path] of paths.entries()) {
    const fields = { eventTypes, ordered: path === '/ordered', ...(index === 2 ? { accountIds: [accounts[0]] } : {}) };
    await scene.register({ url: `${scene.receiver.url}${path}`, ...fields });
  }
  const local = Array.from({ length: 4 }, startTestWorkers);
  await Promise.all([startProcess(), startProcess()]);

  await startTogether(5, async (caller) => {
    for (let round = 0; round < each; round++) await scene.deposit(accounts[caller]!, '1.00');
  });
  await until(async () => scene.receiver.received.length >= 11 * each && (await countPending()) === 0);

  expect(paths.map((path) => [countsAt(path).size, Math.max(...countsAt(path).values())])).toEqual([
    [5 * each, 1],
    [5 * each, 1],
    [each, 1],
  ]);
  for (const account of accounts) {
    const sequences = scene.receiver.received
      .filter(({ path }) => path === '/ordered')
      .map(({ body }) => JSON.parse(body))
      .filter(({ accountid }) => accountid === account)
      .map(({ sequence }) => sequence);
    expect(sequences).toEqual(Array.from({ length: each }, (_, index) => `${index + 2}`));
  }
  await Promise.all(local.map((workers) => workers.stop()));
  await Promise.all(processes.map((started) => started.end('SIGTERM')));
  expect(await countDeadlocks(service.database)).toBe(0);
});

test('a worker that is killed before it noted the answer leaves the delivery to the next, under the same id', async () => {
  const { id } = await scene.register({ eventTypes: ['party.created'] });
  const killed = await startProcess();
  scene.receiver.behave((request, response) => {
    killed.child.kill('SIGKILL');
    killed.child.once('exit', () => behaviour.answer(204)(request, response));
  });
  await scene.client.createParty('Ann');
  await scene.receiver.untilReceived(1);
  await until(async () => killed.child.signalCode === 'SIGKILL');

  expect(await scene.deliveries(id)).toMatchObject([{ status: 'pending', attempts: 1, answers: [] }]);
  // Nobody else touches it as long as the lease holds.
  expect(await scene.worker.send()).toBe(0);
  scene.receiver.behave(behaviour.answer(204));
  await scene.worker.skipPauses();
  await scene.worker.deliver();
  expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 2, answers: [{ status: 204 }] }]);
  const [first, second] = scene.receiver.received;
  expect([second!.headers['webhook-id'], second!.body]).toEqual([first!.headers['webhook-id'], first!.body]);
});

test('workers that are killed again and again lose nothing, and repeat nothing but what they had not noted', async () => {
  const account = await scene.client.openAccount();
  const { id } = await scene.register({ eventTypes: ['transaction.booked'], ordered: true });
  const events = manyOrFew(60, 35);
  for (let round = 0; round < events; round++) await scene.deposit(account, '1.00');
  const kills = manyOrFew(4, 2);
  for (let kill = 0; kill < kills; kill++) {
    const worker = await startProcess();
    const before = scene.receiver.received.length;
    await scene.receiver.untilReceived(before + 10);
    await worker.end('SIGKILL');
    await scene.worker.skipPauses();
  }
  await startProcess();
  await until(async () => (await scene.deliveries(id, '&status=delivered')).length === events);

  const sequences = scene.receiver.received.map(({ body }) => Number(JSON.parse(body).sequence));
  expect(new Set(sequences).size).toBe(events);
  // An order that only ever repeats the one that was on its way.
  expect(sequences).toEqual([...sequences].sort((one, other) => one - other));
  expect(sequences.length).toBeLessThanOrEqual(events + kills);
});
