import { expect } from '@jest/globals';
import type { Knex } from 'knex';
import { pino } from 'pino';
import type { Database } from '../../src/database/create-database.ts';
import { runLedgerTransaction } from '../../src/database/ledger-transaction.ts';
import { createId } from '../../src/ledger/create-id.ts';
import {
  moveOn,
  type SignedStandingOrderDocument,
  type StandingOrder,
  standingOrderHash,
} from '../../src/standing-orders/standing-order.ts';
import { asStandingOrder, getStandingOrder } from '../../src/standing-orders/standing-order-queries.ts';
import type { StandingOrderRunDocument } from '../../src/standing-orders/standing-order-run.ts';
import { standingOrdersQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import { insertStandingOrders } from '../../src/standing-orders/write-standing-orders.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import type { TestClient } from './test-client.ts';

/** The books of a test, and the sessions it looks at them with. */
interface Books {
  readonly database: Database;
  readonly ledgerId: string;
}

/** Makes a standing order: 10.00 USD, once in 2099, unless it says otherwise. Answers it. */
export async function makeStandingOrder(
  client: TestClient,
  fields: { fromAccountId: string; toAccountId: string; [field: string]: unknown },
): Promise<SignedStandingOrderDocument> {
  const amount = 'sweep' in fields || 'topUp' in fields ? {} : { amount: '10.00' };
  const once = { currency: 'USD', ...amount, schedule: { startsAt: '2099-01-05T09:00' } };
  const { status, body } = await client.post('/v1/standing-orders', { ...once, ...fields });
  expect([status, body.errors ?? body.detail]).toEqual([body.status === 'waiting' ? 202 : 201, undefined]);
  return body;
}

export async function readStandingOrder(client: TestClient, orderId: string): Promise<SignedStandingOrderDocument> {
  return (await client.get(`/v1/standing-orders/${orderId}`)).body;
}

/** What became of the occurrences of an order, the first one first. */
export async function runsOf(client: TestClient, orderId: string): Promise<StandingOrderRunDocument[]> {
  const { status, body } = await client.get(`/v1/standing-orders/${orderId}/runs?limit=200`);
  expect(status).toBe(200);
  return body.data.reverse();
}

/** Writes accounts like this one, on which nothing was booked yet; answers their ids. */
export async function copyAccount({ database, ledgerId }: Books, id: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, createId);
  await database.raw(
    `insert into accounts
     select c.* from accounts a, unnest(?::uuid[]) as new (id),
       jsonb_populate_record(a, jsonb_build_object('id', new.id, 'event_count', 0, 'last_event_stamp', 0)) as c
     where a.ledger_id = ? and a.id = ? and a.version = 0`,
    [ids, ledgerId, id],
  );
  return ids;
}

/**
 * Writes active orders like this one, with these differences, as though each was made before its first occurrence.
 * Answers their ids.
 */
export async function copyStandingOrder(
  books: Books,
  id: string,
  copies: readonly Partial<Pick<StandingOrder, 'accountId' | 'toAccountId' | 'rule' | 'schedule' | 'catchUp'>>[],
): Promise<string[]> {
  const { database, ledgerId } = books;
  const model = await getStandingOrder({ knex: database, ledgerId }, id);
  const orders = copies.map((copy) =>
    moveOn({ ...model, ...copy, id: createId(), createdAt: longAgo }, longAgo, longAgo),
  );
  const limits = { lockTimeoutMs: 5_000, statementTimeoutMs: 15_000, idleTimeoutMs: 15_000 };
  // One statement takes no more than 65,535 values.
  for (let first = 0; first < orders.length; first += 1_000) {
    const effects = orders.slice(first, first + 1_000).map((order) => ({ order, authorisation: null, runs: [] }));
    await runLedgerTransaction(database, ledgerId, limits, (transaction) => insertStandingOrders(transaction, effects));
  }
  return orders.map((order) => order.id);
}

const longAgo = new Date('2020-01-01T00:00:00Z');

/** Takes a recurring order that is active back to where all up to this instant is dealt with, and nothing after. */
export async function rewind({ database, ledgerId }: Books, orderId: string, handledUntil: Date): Promise<void> {
  const order = await getStandingOrder({ knex: database, ledgerId }, orderId);
  const { next, nextAttemptAt } = moveOn(order, handledUntil, handledUntil);
  const rewound = {
    ...{ handled_until: handledUntil, attempts: 0 },
    ...{ next_occurrence_at: next!.at, next_due_at: next!.dueAt, next_attempt_at: nextAttemptAt },
  };
  expect(
    await database('standing_orders').where({ ledger_id: ledgerId, id: orderId, status: 'active' }).update(rewound),
  ).toBe(1);
}

/** Makes active orders due that are executed once, by UTC, in one statement: these, or all. Answers how many. */
export async function makeDue(knex: Knex, ledgerId: string, orderIds?: readonly string[]): Promise<number> {
  const at = '2026-01-05T09:00:00Z';
  const once = knex('standing_orders').where({ ledger_id: ledgerId, status: 'active', recurrence: null });
  if (orderIds !== undefined) once.whereIn('id', [...orderIds]);
  const due = once.where('time_zone', 'UTC').update({
    ...{ starts_at: '2026-01-05T09:00', handled_until: '2026-01-01T00:00:00Z' },
    ...{ next_occurrence_at: at, next_due_at: at, next_attempt_at: at },
  });
  return knex.transaction(async (transaction) => {
    const made = await due.transacting(transaction);
    await signAsTheyAre(transaction, ledgerId);
    return made;
  });
}

/** After a change of orders in their rows: as though they had been made and signed so. */
export async function signAsTheyAre(knex: Knex, ledgerId: string): Promise<void> {
  const rows = await knex('standing_orders').where('ledger_id', ledgerId);
  const changed = rows
    .map((row) => ({ id: row.id, stored: row.instruction_hash, hash: standingOrderHash(asStandingOrder(row)) }))
    .filter(({ stored, hash }) => !hash.equals(stored));
  const bindings = [changed.map(({ id }) => id), changed.map(({ hash }) => hash), ledgerId];
  const signed = 'from unnest(?::uuid[], ?::bytea[]) as c (id, hash) where s.ledger_id = ? and';
  await knex.transaction(async (transaction) => {
    await transaction.raw("set local session_replication_role = 'replica'");
    await transaction.raw(`update standing_orders s set instruction_hash = c.hash ${signed} s.id = c.id`, bindings);
    await transaction.raw(
      `update authorisations s set instruction_hash = c.hash ${signed} s.subject_id = c.id`,
      bindings,
    );
  });
}

/** As though it was time to try again what was refused. */
export async function skipPause({ database, ledgerId }: Books, orderId: string): Promise<void> {
  const retrying = database('standing_orders').where({ ledger_id: ledgerId, id: orderId, status: 'active' });
  expect(await retrying.where('attempts', '>', 0).update({ next_attempt_at: database.raw('next_due_at') })).toBe(1);
}

/** Works on one batch of standing orders; answers how many it was. */
export function runOnce({ database, ledgerId }: Books, queue = standingOrdersQueue): Promise<number> {
  return runBatch({ database, logger: pino({ level: 'silent' }) }, queue, ledgerId);
}

/** Works until nothing is due; answers how many attempts that took. */
export async function runDue(books: Books): Promise<number> {
  let attempts = 0;
  for (;;) {
    const worked = await runOnce(books);
    if (worked === 0) break;
    attempts += worked;
  }
  await expectNoFailures(books);
  return attempts;
}

export async function expectNoFailures({ database, ledgerId }: Books): Promise<void> {
  expect(await database('failed_work').where('ledger_id', ledgerId)).toEqual([]);
}
