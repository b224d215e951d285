import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { statementsQueue } from '../../src/statements/statements-queue.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { untilLogged } from '../support/event-log.ts';
import { countDeadlocks } from '../support/lock-witness.ts';
import { openTestPool } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let clock: DatabaseClock;

beforeEach(async () => {
  service = await startTestService({});
  clock = await installDatabaseClock(service.database);
});

afterEach(async () => {
  await clock.reset();
  await service.stop();
});

const logger = pino({ level: 'silent' });
const work = (database = service.database) => runBatch({ database, logger }, statementsQueue, service.ledgerId);

/** Works until nothing is due. */
async function workAll(): Promise<void> {
  while ((await work()) > 0);
}

async function open(fields: object): Promise<string> {
  const answer = await service.client.post('/v1/accounts', {
    ...{ name: 'Test', currency: 'USD', ownership: 'sole', timeZone: 'Europe/Madrid', ...fields },
  });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

const deposit = (id: string, amount: string) =>
  service.client.post(`/v1/accounts/${id}/deposits`, { amount, currency: 'USD' });

const change = (id: string, fields: object) => service.client.patch(`/v1/accounts/${id}`, fields);

/** The ends of an account's statements, in their order. */
async function endsOf(id: string): Promise<string[]> {
  const { data } = (await service.client.get(`/v1/accounts/${id}/statements?order=asc&limit=200`)).body;
  return data.map(({ periodTo }: { periodTo: string }) => periodTo.replace(':00.000Z', 'Z'));
}

const nextOf = async (id: string) =>
  (await service.rows('statement_schedules').where('account_id', id).pluck('next_at')).map((at) => at.toISOString());

test('issues what is due after the end of a period, and one statement for each that was missed', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const [monthly, none] = [await open({ statements: 'monthly' }), await open({})];
  await deposit(monthly, '10.00');
  await clock.setTo('2025-10-31T22:59:50Z');
  expect(await work()).toBe(0);
  await clock.setTo('2025-10-31T23:00:00Z');
  expect(await work()).toBe(1);
  expect(await work()).toBe(0);
  expect(await endsOf(monthly)).toEqual(['2025-10-31T23:00Z']);
  await clock.setTo('2026-04-01T10:00:00Z');
  await deposit(monthly, '1.00');
  await workAll();
  expect(await endsOf(monthly)).toEqual([
    ...['2025-10-31T23:00Z', '2025-11-30T23:00Z', '2025-12-31T23:00Z', '2026-01-31T23:00Z', '2026-02-28T23:00Z'],
    '2026-03-31T22:00Z',
  ]);
  expect(await endsOf(none)).toEqual([]);
  const { data } = (await service.client.get(`/v1/accounts/${monthly}/statements`)).body;
  expect(data.map(({ closing }: { closing: string }) => closing)).toEqual(Array(6).fill('10.00'));
});

test('tells of each statement, without amounts', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const id = await open({ statements: 'daily' });
  await deposit(id, '98765.43');
  await clock.setTo('2025-10-11T10:00:00Z');
  await workAll();
  await untilLogged(service);
  const [issued] = (await service.client.get(`/v1/accounts/${id}/statements`)).body.data;
  const { data } = (await service.client.get('/v1/events?types=statement.issued')).body;
  expect(data).toHaveLength(1);
  const { number, periodFrom, periodTo, fromVersion, toVersion, hash } = issued;
  expect(data[0]).toMatchObject({
    ...{ subject: issued.id, accountid: id },
    data: { id: issued.id, accountId: id, number, periodFrom, periodTo, fromVersion, toVersion, hash },
  });
  expect(JSON.stringify(data)).not.toContain('98765');
});

test('follows the setting of the account, and its time zone', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const id = await open({});
  expect(await nextOf(id)).toEqual([]);
  const changed = await change(id, { statements: 'weekly' });
  expect([changed.status, changed.body.statements, changed.body.revision]).toEqual([200, 'weekly', 1]);
  expect(await nextOf(id)).toEqual(['2025-10-12T22:00:00.000Z']);
  await change(id, { timeZone: 'America/Bogota' });
  expect(await nextOf(id)).toEqual(['2025-10-13T05:00:00.000Z']);
  await change(id, { name: 'Another' });
  await change(id, { statements: 'quarterly' });
  expect(await nextOf(id)).toEqual(['2026-01-01T05:00:00.000Z']);
  await change(id, { statements: 'none' });
  expect(await nextOf(id)).toEqual([]);
  expect((await change(id, { statements: 'hourly' })).body.code).toBe('validation_failed');
  await clock.setTo('2026-02-01T10:00:00Z');
  await workAll();
  expect(await endsOf(id)).toEqual([]);
});

test('goes on behind what was issued by hand', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const id = await open({ statements: 'monthly' });
  await clock.setTo('2025-12-10T10:00:00Z');
  expect((await service.client.post(`/v1/accounts/${id}/statements`, { through: '2025-12-05' })).status).toBe(201);
  await workAll();
  expect(await endsOf(id)).toEqual(['2025-12-05T23:00Z']);
  await clock.setTo('2026-01-10T10:00:00Z');
  await workAll();
  expect(await endsOf(id)).toEqual(['2025-12-05T23:00Z', '2025-12-31T23:00Z']);
});

test('gives a closed account its last statement for the period in which it was closed', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const id = await open({ statements: 'monthly' });
  await clock.setTo('2025-11-10T10:00:00Z');
  expect((await service.client.post(`/v1/accounts/${id}/close`)).status).toBe(200);
  await clock.setTo('2026-03-10T10:00:00Z');
  await workAll();
  expect(await endsOf(id)).toEqual(['2025-10-31T23:00Z', '2025-11-30T23:00Z']);
  expect(await nextOf(id)).toEqual([]);
});

test('waits while the books of an account are ahead of the clock', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const id = await open({ statements: 'daily' });
  await clock.setTo('2025-10-12T10:00:00Z');
  await deposit(id, '1.00');
  await clock.setTo('2025-10-11T10:00:00Z');
  await work();
  expect(await endsOf(id)).toEqual([]);
  expect(await service.rows('failed_work').pluck('queue')).toEqual(['statements']);
  await clock.setTo('2025-10-12T10:00:01Z');
  await service.rows('failed_work').delete();
  await workAll();
  expect(await endsOf(id)).toEqual(['2025-10-10T22:00Z', '2025-10-11T22:00Z']);
});

/** Works in two sessions at once until no period that ends before this day is due. */
async function workTogether(day: string): Promise<void> {
  const other = openTestPool(service.databaseUrl);
  const untilDone = async (database: typeof other) => {
    while ((await service.rows('statement_schedules').where('next_at', '<', day).limit(1)).length > 0)
      await work(database);
  };
  await Promise.all([untilDone(service.database), untilDone(other), untilDone(other)]).finally(() => other.destroy());
}

test('issues one statement where workers and callers in several processes meet', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const ids: string[] = [];
  for (let count = 0; count < 40; count++) ids.push(await open({ statements: 'monthly' }));
  for (const id of ids) await deposit(id, '5.00');
  await clock.setTo('2025-11-01T10:00:00Z');
  const second = await startSecondApi(service);
  try {
    const calls = ids.slice(20).flatMap((id) =>
      [service.client, second.client].map(async (client) => {
        const { status, body } = await client.post(`/v1/accounts/${id}/statements`, { through: '2025-10-31' });
        expect([201, 'statement_covered']).toContain(status === 201 ? status : body.code);
      }),
    );
    await Promise.all([...calls, workTogether('2025-11-02')]);
    for (const id of ids) expect(await endsOf(id)).toEqual(['2025-10-31T23:00Z']);
    expect(await service.rows('failed_work').pluck('error')).toEqual([]);
  } finally {
    await second.api.stop(5_000);
  }
});

test('meets changes of the setting and movements without a deadlock', async () => {
  await clock.setTo('2025-10-10T10:00:00Z');
  const ids = await Promise.all(Array.from({ length: 8 }, () => open({ statements: 'daily' })));
  await clock.setTo('2025-10-20T10:00:00Z');
  const life = async (id: string, place: number) => {
    for (const statements of ['weekly', 'daily', 'monthly', 'daily']) {
      expect((await change(id, { statements })).status).toBe(200);
      const move = { fromAccountId: id, toAccountId: ids[(place + 1) % ids.length], amount: '1.00', currency: 'USD' };
      expect((await deposit(id, '5.00')).status).toBe(201);
      expect((await service.client.post('/v1/transfers', move)).status).toBe(201);
    }
  };
  await Promise.all([...ids.map(life), workTogether('2025-10-20')]);
  expect(await countDeadlocks(service.database)).toBe(0);
  expect(await service.rows('failed_work').pluck('error')).toEqual([]);
});
