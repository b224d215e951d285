import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { invitationsQueue } from '../../src/holders/holders-queues.ts';
import { expiriesQueue } from '../../src/holds/expiries-queue.ts';
import { findLedgersWithWork, lookForWork, readQueueState, readQueueStateOf } from '../../src/workers/claim-work.ts';
import { eventTracesQueue } from '../../src/workers/event-traces-queue.ts';
import { noteFailure } from '../../src/workers/failed-work.ts';
import { idempotencyKeysQueue } from '../../src/workers/idempotency-keys-queue.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(() => service.stop());

const sweep = (queue: WorkQueue) =>
  runBatch({ database: service.database, logger: pino({ level: 'silent' }) }, queue, service.ledgerId);

const keys = idempotencyKeysQueue(168);

async function hold(accountId: string, amount: string): Promise<string> {
  const answer = await service.client.post('/v1/holds', { accountId, amount, currency: 'USD' });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

/** Time goes by for these holds: they were made, and run out, an hour earlier than they did. */
async function age(accountId: string, holdIds: readonly string[]): Promise<void> {
  const { database } = service;
  await database('holds')
    .whereIn('id', [...holdIds])
    .update({ expires_at: database.raw("now() - interval '1 minute'") });
  await database('accounts')
    .where('id', accountId)
    .update({ next_expiry: database.raw("now() - interval '1 minute'") });
}

describe('holds that run out', () => {
  test('are let go of on accounts that nobody touches, and told of', async () => {
    const account = await service.client.openAccount({ balance: '100.00' });
    const [first, second, third] = [
      await hold(account, '10.00'),
      await hold(account, '20.00'),
      await hold(account, '5.00'),
    ];
    await age(account, [first, second]);
    expect(await sweep(expiriesQueue)).toBe(1);
    const [row] = await service.database('accounts').where('id', account).select('held', 'revision', 'event_count');
    expect([Math.trunc(Number(row.held)), row.revision]).toEqual([5, 5]);
    const told = await service
      .database('events')
      .where({ account_id: account, type: 'hold.expired' })
      .orderBy('sequence');
    expect(told.map(({ subject_id, data }) => [subject_id, data.released])).toEqual([
      [first, '10.00'],
      [second, '20.00'],
    ]);
    expect(told.map(({ sequence }) => sequence)).toEqual([row.event_count - 1, row.event_count]);
    expect((await service.client.get(`/v1/holds/${third}`)).body.status).toBe('active');
    expect(await sweep(expiriesQueue)).toBe(0);
  });

  test('never hold up a caller: an account that is locked is passed over', async () => {
    const account = await service.client.openAccount({ balance: '100.00' });
    await age(account, [await hold(account, '10.00')]);
    await service.database.transaction(async (caller) => {
      await caller('accounts').where('id', account).forUpdate();
      expect(await sweep(expiriesQueue)).toBe(0);
    });
    expect(await sweep(expiriesQueue)).toBe(1);
  });
});

describe('idempotency keys', () => {
  test('are kept for their time, and not longer', async () => {
    const account = await service.client.openAccount();
    const deposit = (key: string) =>
      service.client
        .post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' })
        .set('Idempotency-Key', key);
    await deposit('old');
    await deposit('young');
    const { database } = service;
    const age = (key: string, hours: number) =>
      database('idempotency_keys')
        .where({ key })
        .update({ created_at: database.raw(`now() - interval '${hours} hours'`) });
    await age('old', 169);
    await age('young', 167);
    expect(await sweep(keys)).toBe(1);
    expect((await deposit('young')).headers['idempotent-replayed']).toBe('true');
    expect(await service.client.balance(account)).toBe('2.00');
    expect((await deposit('old')).headers['idempotent-replayed']).toBeUndefined();
    expect(await service.client.balance(account)).toBe('3.00');
    expect(await sweep(keys)).toBe(0);
  });

  test('go in bounded batches', async () => {
    const { database, ledgerId } = service;
    await database.raw(
      `insert into idempotency_keys (ledger_id, key, request_hash, outcome, created_at)
       select ?, 'many ' || n, sha256('x'), '{}', now() - interval '30 days' from generate_series(1, 1200) n`,
      [ledgerId],
    );
    expect([await sweep(keys), await sweep(keys), await sweep(keys), await sweep(keys)]).toEqual([500, 500, 200, 0]);
  });
});

describe('traces of events', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const keep = (account: string, sequences: [number, number], age: string) =>
    service.database.raw(
      `insert into event_traces (ledger_id, account_id, sequence, traceparent, created_at)
       select ?, ?, n, ?, now() - ?::interval from generate_series(?::int, ?::int) n`,
      [service.ledgerId, account, traceparent, age, ...sequences],
    );
  const kept = (account: string) =>
    service.database('event_traces').where({ account_id: account }).orderBy('sequence').pluck('sequence');

  test('are kept for a month, and not longer', async () => {
    const [one, other] = [await service.client.openAccount(), await service.client.openAccount()];
    await keep(one, [1, 2], '31 days');
    await keep(one, [3, 3], '29 days');
    await keep(other, [1, 1], '31 days');
    await keep(other, [2, 2], '0 days');
    expect(await sweep(eventTracesQueue)).toBe(2);
    expect([await kept(one), await kept(other)]).toEqual([[3], [2]]);
    expect(await sweep(eventTracesQueue)).toBe(0);
  });

  test('go in bounded batches, and those of an account that another worker has claimed are passed over', async () => {
    const [account, claimed] = [await service.client.openAccount(), await service.client.openAccount()];
    await keep(account, [1, 2_400], '32 days');
    await keep(claimed, [1, 2], '31 days');
    await service.database.transaction(async (worker) => {
      await worker('event_traces').where({ account_id: claimed, sequence: 1 }).forUpdate();
      expect([await sweep(eventTracesQueue), (await kept(account)).length]).toEqual([1, 400]);
      expect([await sweep(eventTracesQueue), await kept(account)]).toEqual([1, []]);
      expect([await sweep(eventTracesQueue), await kept(claimed)]).toEqual([0, [1, 2]]);
    });
    expect([await sweep(eventTracesQueue), await kept(claimed)]).toEqual([1, []]);
  });

  test('are found in all ledgers at once and in one', async () => {
    const { database, ledgerId } = service;
    const seen = async () => [
      await findLedgersWithWork(database, eventTracesQueue),
      (await readQueueState(database, eventTracesQueue)).due,
      (await readQueueStateOf(database, eventTracesQueue, ledgerId)).due,
    ];
    expect(await seen()).toEqual([[], 0, 0]);
    await keep(await service.client.openAccount(), [1, 2], '31 days');
    expect(await seen()).toEqual([[ledgerId], 1, 1]);
    expect([await sweep(eventTracesQueue), await seen()]).toEqual([1, [[], 0, 0]]);
  });
});

describe('queues whose items others find', () => {
  /** What is asked of all ledgers at once, and of one by itself. */
  async function seenOf(queue: WorkQueue) {
    const { database, ledgerId } = service;
    return {
      ledgers: await findLedgersWithWork(database, queue),
      queues: await lookForWork(database, `look-for-${queue.name}`, [queue])(ledgerId),
      due: [(await readQueueState(database, queue)).due, (await readQueueStateOf(database, queue, ledgerId)).due],
    };
  }

  test('are found while something is due, and not once it is done or set aside', async () => {
    const { client, database, ledgerId } = service;
    const account = await client.openAccount();
    const holders = [await client.createParty('Ann'), await client.createParty('Bob')];
    const later = { status: 'invited', rights: ['view'], created_at: new Date(), invited_by: holders[0] };
    const rows = holders.map((party_id) => ({ ...later, ledger_id: ledgerId, account_id: account, party_id }));
    await database('holders').insert(rows);
    const expireAt = (offset: string) =>
      database('holders').update({ invitation_expires_at: database.raw(`now() + interval '${offset}'`) });
    const nothing = { ledgers: [], queues: [], due: [0, 0] };
    await expireAt('1 hour');
    expect(await seenOf(invitationsQueue)).toEqual(nothing);
    await expireAt('-1 minute');
    const found = { ledgers: [ledgerId], queues: ['invitations'], due: [1, 1] };
    expect(await seenOf(invitationsQueue)).toEqual(found);
    await noteFailure(database, { ledgerId, queue: 'invitations', itemId: account }, new Error('not now'));
    expect(await seenOf(invitationsQueue)).toEqual(nothing);
    await database('failed_work').delete();
    expect(await sweep(invitationsQueue)).toBe(1);
    expect(await seenOf(invitationsQueue)).toEqual(nothing);

    expect(await seenOf(keys)).toEqual(nothing);
    await database('idempotency_keys').update({ created_at: database.raw("now() - interval '30 days'") });
    const { due, ...where } = await seenOf(keys);
    expect(where).toEqual({ ledgers: [ledgerId], queues: ['idempotency-keys'] });
    expect(due[0]).toBeGreaterThan(0);
    expect(due[1]).toBe(due[0]);
    await sweep(keys);
    expect(await seenOf(keys)).toEqual(nothing);
  });
});
