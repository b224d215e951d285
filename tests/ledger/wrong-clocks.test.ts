import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { correctTimes } from '../../src/ledger/correct-times.ts';
import { KnownLedgers } from '../../src/ledger/known-ledgers.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { idempotencyKeysQueue } from '../../src/workers/idempotency-keys-queue.ts';
import { moveOn } from '../../src/workers/key-retention.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { runCommand } from '../support/command-line.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const day = 86_400_000;
let service: TestService;
let clock: DatabaseClock;
let account: string;
let other: string;

async function start({ alone }: { alone: boolean }): Promise<void> {
  service = await startTestService({});
  clock = await installDatabaseClock(service.database, { alone });
  account = await service.client.openAccount({ balance: '100.00' });
  other = await service.client.openAccount();
}

afterEach(async () => {
  await clock.reset();
  await service.stop();
});

function deposit(key?: string) {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  return service.client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }, headers);
}

function transfer() {
  const between = { fromAccountId: account, toAccountId: other };
  return service.client.post('/v1/transfers', { ...between, amount: '5.00', currency: 'USD' });
}

describe("a clock that only the database's machine has", () => {
  beforeEach(() => start({ alone: true }));

  test.each([
    ['400 days ahead', 400 * day],
    ['two minutes ahead', 120_000],
    ['two minutes behind', -120_000],
  ])('books nothing while it is %s, and goes on afterwards with the same key', async (_name, ms) => {
    await clock.advance(ms);
    expect((await deposit('wrong-clock')).body).toMatchObject({ status: 503, code: 'clock_unreliable' });
    const atomic = { atomic: true, items: [{ type: 'deposit', accountId: account, amount: '1.00', currency: 'USD' }] };
    expect((await service.client.post('/v1/batches', atomic)).body.code).toBe('clock_unreliable');
    const opened = await service.client.post('/v1/accounts', { name: 'x', currency: 'EUR', ownership: 'sole' });
    expect(opened.body.code).toBe('clock_unreliable');
    await clock.reset();
    expect((await deposit('wrong-clock')).status).toBe(201);
    expect(await service.client.balance(account)).toBe('101.00');
  });

  test('is believed within a minute', async () => {
    await clock.advance(30_000);
    expect((await deposit()).status).toBe(201);
    await clock.advance(-60_000);
    // Behind what was booked, but by more than a clock is corrected by: that comes next.
    expect((await deposit()).body.code).toBe('booked_in_the_future');
    await clock.advance(60_000);
    expect((await deposit()).status).toBe(201);
    await clock.reset();
    await correctTimes(service.database);
  });
});

describe('a clock that ran ahead for all', () => {
  beforeEach(() => start({ alone: false }));

  test('leaves accounts on which nothing more is booked until the times are corrected', async () => {
    const before = Date.now();
    await clock.advance(400 * day);
    const [first, second] = [await deposit(), await transfer()];
    expect([first.status, second.status]).toEqual([201, 201]);
    await clock.reset();

    const refused = await transfer();
    expect(refused.body).toMatchObject({ status: 503, code: 'booked_in_the_future' });
    expect(refused.headers['retry-after']).toBe('3600');
    const batch = { atomic: false, items: [{ type: 'deposit', accountId: other, amount: '1.00', currency: 'USD' }] };
    const { body } = await service.client.post('/v1/batches', batch);
    expect(body.results[0].problem.code).toBe('booked_in_the_future');
    const findings = await verifyBooks(service.database);
    expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(['nothing is booked ahead of the clock']));

    const correct = async () => {
      const { code, stdout } = await runCommand(['books', 'correct-times', '--json'], service.database);
      expect(code).toBe(0);
      return JSON.parse(stdout).corrected;
    };
    expect([await correct(), await correct()]).toEqual([{ [service.ledgerId]: 2 }, {}]);
    const audited = service.database('audit_entries').where({ action: 'books correct-times', channel: 'command' });
    expect(await audited.pluck('ledger_id')).toEqual([service.ledgerId]);
    expect(await verifyBooks(service.database)).toEqual([]);
    expect((await transfer()).status).toBe(201);
    const { data } = (await service.client.get(`/v1/accounts/${account}/entries?order=asc`)).body;
    const times = data.map(({ bookedAt }: { bookedAt: string }) => Date.parse(bookedAt));
    expect(times).toEqual([...times].sort());
    expect(times[1]).toBeGreaterThanOrEqual(before);
    expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
    expect(data[1].valueDate).toBe(new Date(times[1]!).toISOString().slice(0, 10));
    const noted = await service.database('booking_time_corrections').pluck('transaction_id');
    expect(noted.sort()).toEqual([first.body.id, second.body.id].sort());
  });

  test('takes the value date from the clock where the booking time is moved a little', async () => {
    await clock.setTo(new Date(Math.ceil(Date.now() / day) * day + 500));
    const next = (await deposit()).body;
    await clock.advance(-1_000);
    const moved = (await deposit()).body;
    expect(moved.bookedAt >= next.bookedAt).toBe(true);
    expect(moved.valueDate < next.valueDate).toBe(true);
    await clock.reset();
    await correctTimes(service.database);
  });
});

describe('idempotency keys', () => {
  beforeEach(() => start({ alone: false }));

  async function sweep(): Promise<void> {
    const queue = idempotencyKeysQueue(168);
    const context = { database: service.database, logger: pino({ level: 'silent' }) };
    while ((await runBatch(context, queue, service.ledgerId)) > 0);
  }

  const retention = () => {
    const { database } = service;
    return { database, retentionHours: 168, known: new KnownLedgers(database), logger: pino({ level: 'silent' }) };
  };

  test('outlive a clock that jumps eight days ahead', async () => {
    expect((await deposit('kept')).status).toBe(201);
    const seen = await moveOn(retention(), new Map(), 0);
    await clock.advance(8 * day);
    await sweep();
    await moveOn(retention(), await moveOn(retention(), seen, 600_000), 600_000);
    await sweep();
    expect((await deposit('kept')).headers['idempotent-replayed']).toBe('true');
    await clock.reset();
    expect((await deposit('kept')).headers['idempotent-replayed']).toBe('true');
    expect(await service.client.balance(account)).toBe('101.00');
  });

  test('go when so much time has passed for the workers, whichever of them saw it', async () => {
    await deposit('old');
    await clock.advance(8 * day);
    let [mine, others] = [await moveOn(retention(), new Map(), 0), await moveOn(retention(), new Map(), 0)];
    // Half a day at a time; only one of two that saw the same point moves it.
    for (let halfDays = 0; halfDays < 8; halfDays++) {
      mine = await moveOn(retention(), mine, day / 2);
      others = await moveOn(retention(), others, day / 2);
    }
    await sweep();
    const { database } = service;
    expect(await database('idempotency_keys').where({ key: 'old' })).toEqual([]);
  });
});
