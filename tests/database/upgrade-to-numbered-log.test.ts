import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { migrate } from '../../src/database/migrate.ts';
import { describeEvents } from '../../src/events/present-event.ts';
import { clearingAccountId } from '../../src/ledger/clearing-account.ts';
import { readLog } from '../../src/log/read-log.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { untilLogged } from '../support/event-log.ts';
import { createOlderLedger, createTestDatabase, type TestDatabase, type TestLedger } from '../support/test-database.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';
import { createWebhookWorker } from '../support/webhook-worker.ts';

// What versions before the numbered log wrote, word for word: events in the order of transaction ids, of two epochs.

const lastBefore = '20261121002500_clocks';
const bookedAt = '2026-11-20T10:00:00.000Z';
const [account, party, deposit] = [uuidv7(), uuidv7(), uuidv7()];
const endpoints = { behind: uuidv7(), middle: uuidv7(), ahead: uuidv7() };

let testDatabase: TestDatabase;
let ledger: TestLedger;
let other: TestLedger;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ empty: true });
  for (let name = ''; name !== lastBefore; ) {
    const [, ran] = await testDatabase.database.migrate.up();
    name = ran[0];
  }
  ledger = await createOlderLedger(testDatabase.database);
  other = await createOlderLedger(testDatabase.database);
});

afterAll(() => testDatabase.verifyAndDrop());

function write(table: string, row: object) {
  return testDatabase.database(table).insert({ ledger_id: ledger.ledgerId, ...row });
}

async function writeBooks(): Promise<void> {
  const clearing = clearingAccountId(ledger.ledgerId, 'USD');
  await write('parties', { id: party, name: 'Ann' });
  await write('accounts', { id: clearing, name: 'Clearing USD', currency: 'USD', ownership: 'clearing' });
  await write('accounts', {
    ...{ id: account, name: 'Old', currency: 'USD', ownership: 'sole', balance: 5, held: 0, overdraft_limit: 0 },
    ...{ version: 1, event_count: 3, last_event_xid: '7', last_booked_at: bookedAt },
  });
  await write('transactions', {
    ...{ id: deposit, type: 'deposit', amount: 5, currency: 'USD', booked_at: bookedAt, value_date: '2026-11-20' },
  });
  const entry = { transaction_id: deposit, booked_at: bookedAt };
  await write('entries', { ...entry, id: uuidv7(), account_id: account, amount: 5, balance_after: 5, version: 1 });
  await write('entries', { ...entry, id: uuidv7(), account_id: clearing, amount: -5 });
  const of = { occurred_at: bookedAt, account_id: account };
  // Not in their order.
  await write('events', {
    ...{ ...of, epoch: 1, xid: '7', position: 1, sequence: 3, type: 'account.updated' },
    ...{ subject_id: account, data: { name: 'Old' } },
  });
  await write('events', {
    ...{ ...of, epoch: 0, xid: '900', position: 8, sequence: 2, type: 'transaction.booked', subject_id: deposit },
  });
  await write('events', {
    ...{ ...of, epoch: 0, xid: '900', position: 7, sequence: 1, type: 'account.opened' },
    ...{ subject_id: account, data: { name: 'First' } },
  });
  await write('events', {
    ...{ epoch: 0, xid: '800', position: 9, type: 'party.created', subject_id: party, data: { id: party } },
    ...{ occurred_at: bookedAt },
  });
}

async function writeWebhooks(url: string): Promise<void> {
  const of = { is_ordered: false, status: 'active', secret: 'whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0', url };
  const cursors = {
    [endpoints.behind]: { cursor_epoch: 0, cursor_xid: '5', cursor_position: 0 },
    [endpoints.middle]: { cursor_epoch: 0, cursor_xid: '900', cursor_position: 7 },
    // As of an endpoint that was made when nothing had happened for a while.
    [endpoints.ahead]: { cursor_epoch: 1, cursor_xid: '99', cursor_position: 0 },
  };
  for (const [slot, [id, cursor]] of Object.entries(cursors).entries()) {
    await write('webhook_endpoints', { ...of, ...cursor, id, slot: slot + 1, created_at: bookedAt });
  }
  const pending = { status: 'pending', next_attempt_at: bookedAt, pending_since: bookedAt, created_at: bookedAt };
  await write('webhook_deliveries', {
    ...{ ...pending, id: uuidv7(), endpoint_id: endpoints.middle, account_id: account, type: 'account.opened' },
    ...{ event_epoch: 0, event_xid: '900', event_position: 7 },
  });
  await write('webhook_deliveries', {
    ...{ ...pending, id: uuidv7(), endpoint_id: endpoints.middle, type: 'webhook_endpoint.test' },
  });
}

test('the log has positions in the order in which readers saw it, and webhooks go on where they were', async () => {
  const receiver = await startWebhookReceiver();
  await writeBooks();
  await writeWebhooks(`${receiver.url}/hooks`);
  const { database } = testDatabase;
  await migrate(database);
  expect(await verifyBooks(database)).toEqual([]);

  const source = { knex: database, ledgerId: ledger.ledgerId };
  const { events } = await readLog(source, { after: -1, limit: 10 });
  const documents = await describeEvents(source, events);
  expect(documents.map(({ type, sequence, data }) => [type, sequence, data.id ?? data.name])).toEqual([
    ['party.created', undefined, party],
    ['account.opened', '1', 'First'],
    ['transaction.booked', '2', deposit],
    ['account.updated', '3', 'Old'],
  ]);
  expect(events.map(({ place }) => [place.number, place.position])).toEqual([
    ...[0, 1, 2, 3].map((position) => [0, position]),
  ]);
  expect((await readLog({ knex: database, ledgerId: other.ledgerId }, { after: -1, limit: 10 })).events).toEqual([]);

  const reached = await database('webhook_endpoints').select('id', 'log_position');
  expect(Object.fromEntries(reached.map(({ id, log_position }) => [id, log_position]))).toEqual({
    ...{ [endpoints.behind]: -1, [endpoints.middle]: 1, [endpoints.ahead]: 3 },
  });
  await createWebhookWorker({ database, ledgerId: ledger.ledgerId }).deliver();
  const arrived = receiver.received.map(({ body, headers }) => [headers['webhook-id'], JSON.parse(body)] as const);
  for (const [id, document] of arrived) expect(document.id).toBe(id);
  const told = arrived.map(([id, { type }]) => `${String(id).split('-').length === 3 ? id : ''} ${type}`);
  // The one endpoint of all, the other of the rest; what was pending keeps the id under which it was tried before.
  expect(told.sort()).toEqual([
    ...[' account.opened', ' account.updated', ' account.updated', ' party.created', ' transaction.booked'],
    ...[' transaction.booked', ' webhook_endpoint.test', '0-900-7 account.opened'],
  ]);
  await receiver.close();
});

test('what happens next stands behind it', async () => {
  const { database } = testDatabase;
  const { ledgerId } = ledger;
  const id = uuidv7();
  await database('events').insert({
    ...{ ledger_id: ledgerId, id, type: 'party.created', subject_id: party, occurred_at: bookedAt, data: '{}' },
  });
  await database.raw('insert into log_inbox values (?, 1, 1, ?, ?, null, ?)', [ledgerId, '{null}', '{null}', [id]]);
  await untilLogged({ database });
  const { events } = await readLog({ knex: database, ledgerId }, { after: 3, limit: 10 });
  expect(events.map(({ place, type }) => [place.position, type])).toEqual([[4, 'party.created']]);
  expect((await readLog({ knex: database, ledgerId }, { after: -1, limit: 1 })).events[0]!.place.lineage).toBe(
    events[0]!.place.lineage,
  );
});
