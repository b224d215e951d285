import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import type { Session, Statement } from '../../src/database/session.ts';
import { openPipeline } from '../../src/database/statement-pipeline.ts';
import { UnawaitedBegin } from '../../src/database/unawaited-begin.ts';
import { claimIdempotencyKeys } from '../../src/ledger/idempotency-keys.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';

let db: TestDatabase;
let ledgerId: string;

beforeAll(async () => {
  db = await createTestDatabase();
  ({ ledgerId } = await createTestLedger(db.database));
});

afterAll(() => db.verifyAndDrop());

const limits = { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000, idleTimeoutMs: 1_000 };

/** Runs `work` in a transaction whose session gets to see what `change` makes of each statement. */
async function transact(work: (knex: Knex.Transaction) => Promise<unknown>, change = (text: string) => text) {
  const real = await db.database.client.acquireConnection();
  const session = {
    query: (statement: Statement, callback?: () => void) =>
      real.query({ ...statement, text: change(statement.text) }, callback),
  } as Session;
  try {
    await db.database.transaction(work, { connection: new UnawaitedBegin(session) });
  } finally {
    await db.database.client.releaseConnection(real);
  }
}

async function claimKey(knex: Knex.Transaction, idempotencyKey: string): Promise<void> {
  const pipeline = await openPipeline(knex);
  const claim = { idempotencyKey, requestHash: Buffer.alloc(32) };
  await claimIdempotencyKeys({ ledgerId, knex, pipeline, limits }, [claim]);
}

const keys = () => db.database('idempotency_keys').pluck('key');
const beginFails = (text: string) => (text.startsWith('BEGIN') ? 'select 1 / 0' : text);

test('sends statements behind a BEGIN that was not answered yet, inside its transaction', async () => {
  await expect(
    transact(async (knex) => {
      await claimKey(knex, 'rolled-back');
      throw new Error('changed our mind');
    }),
  ).rejects.toThrow('changed our mind');
  expect(await keys()).toEqual([]);

  await transact(async (knex) => {
    await claimKey(knex, 'kept');
    await knex('idempotency_keys').update({ outcome: { result: null } });
  });
  expect(await keys()).toEqual(['kept']);
});

test('does nothing when BEGIN fails, and says why', async () => {
  await expect(transact((knex) => claimKey(knex, 'no-transaction'), beginFails)).rejects.toThrow('division by zero');
  await expect(transact((knex) => knex('idempotency_keys').delete(), beginFails)).rejects.toThrow('division by zero');
  expect(await keys()).toEqual(['kept']);
});
