import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { expiriesQueue } from '../../src/holds/expiries-queue.ts';
import { idempotencyKeysQueue } from '../../src/workers/idempotency-keys-queue.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
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
