import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { projectsQueue } from '../../src/approvals/projects-queue.ts';
import { migrate } from '../../src/database/migrate.ts';
import { accountChangesQueue, invitationsQueue } from '../../src/holders/holders-queues.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { createOlderLedger, createTestDatabase, type TestDatabase, type TestLedger } from '../support/test-database.ts';

// What the version before wrote, word for word, before and after the schema has slots for webhook endpoints and knows
// what expires.

const lastBefore = '20261121001900_validate_standing_order_origin';
/** Up to here both versions could run on the schema. */
const lastOfBoth = '20261121002500_clocks';
const past = '2026-11-01T00:00:00.000Z';
const [account, ann, eve] = [uuidv7(), uuidv7(), uuidv7()];

let testDatabase: TestDatabase;
let ledger: TestLedger;

async function migrateTo(last: string): Promise<void> {
  for (let name = ''; name !== last; ) {
    const [, ran] = await testDatabase.database.migrate.up();
    name = ran[0];
  }
}

beforeAll(async () => {
  testDatabase = await createTestDatabase({ empty: true });
  await migrateTo(lastBefore);
  ledger = await createOlderLedger(testDatabase.database);
});

afterAll(() => testDatabase.verifyAndDrop());

function write(table: string, row: object) {
  return testDatabase.database(table).insert({ ledger_id: ledger.ledgerId, ...row });
}

const endpoint = (status = 'active') =>
  write('webhook_endpoints', {
    ...{ id: uuidv7(), url: 'https://receiver.example', is_ordered: false, status, secret: 'whsec_x' },
    ...{ cursor_epoch: 0, cursor_xid: '1', cursor_position: 0, created_at: past },
  });

const project = (fields: object = {}) =>
  write('projects', { id: uuidv7(), account_id: account, name: 'Roof', created_at: past, ...fields });

const change = () =>
  write('account_changes', {
    ...{ id: uuidv7(), account_id: account, kind: 'mandate', requested_by: ann, created_at: past, expires_at: past },
    ...{ terms: { kind: 'mandate', mandate: { bands: [{ rule: 'any' }] } }, instruction_hash: randomBytes(32) },
  });

/** One after another: all of this is on one account. */
async function sweep(): Promise<number[]> {
  const context = { database: testDatabase.database, logger: pino({ level: 'silent' }) };
  const swept: number[] = [];
  for (const queue of [invitationsQueue, accountChangesQueue, projectsQueue]) {
    swept.push(await runBatch(context, queue, ledger.ledgerId));
  }
  return swept;
}

test('what was there goes on, and what the version before still writes fits', async () => {
  const { database } = testDatabase;
  for (const [id, name] of [
    [ann, 'Ann'],
    [eve, 'Eve'],
  ] as const) {
    await write('parties', { id, name });
  }
  const nothing = { balance: 0, held: 0, overdraft_limit: 0, version: 0 };
  await write('accounts', { id: account, name: 'Old', currency: 'USD', ownership: 'joint', ...nothing });
  await write('holders', { account_id: account, party_id: ann, rights: ['view', 'manage'], joined_at: past });
  await write('holders', {
    ...{ account_id: account, party_id: eve, rights: ['view'], status: 'invited', invitation_expires_at: past },
  });
  await change();
  await project();
  await project({ status: 'closed', finished_at: past });
  for (const status of ['deleted', 'active', 'active']) await endpoint(status);

  await migrateTo(lastOfBoth);
  const slots = () => database('webhook_endpoints').orderBy('id').pluck('slot');
  expect(await slots()).toEqual([null, 1, 2]);
  expect(await database('projects').orderBy('id').select('status', 'expires_at')).toEqual([
    { status: 'open', expires_at: null },
    { status: 'closed', expires_at: null },
  ]);
  await endpoint();
  expect(await slots()).toEqual([null, 1, 2, null]);
  await change();
  await project();
  await migrate(database);
  expect(await sweep()).toEqual([1, 1, 0]);
  const told = await database('events').orderBy('sequence').pluck('type');
  expect(told.sort()).toEqual(['account_change.expired', 'account_change.expired', 'holder.invitation_expired']);
});
