import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { formatPlace } from '../../src/log/log-place.ts';
import { readLog } from '../../src/log/read-log.ts';
import { until } from '../support/lock-witness.ts';
import { startPoller, startStreamReader } from '../support/log-readers.ts';
import { manyOrFew } from '../support/rounds.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
const workers: ServerProcess[] = [];

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(async () => {
  for (const worker of workers) worker.child.kill('SIGKILL');
  await service.stop();
});

test('workers that are killed while they append leave a log without gaps, and readers miss nothing', async () => {
  const { client, database, ledgerId } = service;
  const startWorker = () => startServerProcess({ DATABASE_URL: service.databaseUrl }, ['--role', 'worker']);
  const account = await client.openAccount();
  const readers = [startPoller(service.url, service.apiKey), startStreamReader(service.url, service.apiKey)];
  let writing = true;
  let deposits = 0;
  const writers = Array.from({ length: 4 }, async () => {
    while (writing) {
      const { status } = await client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });
      expect(status).toBe(201);
      deposits++;
    }
  });
  for (let round = 0; round < manyOrFew(8, 3); round++) {
    const worker = await startWorker();
    workers.push(worker);
    const before = (await database('log_blocks').count())[0]!.count as number;
    await until(async () => ((await database('log_blocks').count())[0]!.count as number) > before + 2);
    // In the middle of a batch, or between two.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    worker.child.kill('SIGKILL');
  }
  writing = false;
  await Promise.all(writers);
  workers.push(await startWorker());
  await until(async () => (await database('log_inbox').select('stamp').limit(1)).length === 0);
  const ids: string[] = [];
  for (let after = -1; ; ) {
    const { events, lookedTo } = await readLog({ knex: database, ledgerId }, { after, limit: 500 });
    if (lookedTo === null) break;
    ids.push(...events.map(({ place }) => formatPlace(place)));
    after = lookedTo.position;
  }
  expect(ids).toHaveLength(1 + deposits);
  for (const reader of readers) expect(await reader.end(ids.at(-1)!)).toEqual(ids);
});
