import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { describeEvents } from '../../src/events/present-event.ts';
import { type EventPlace, readEvents, type StoredEvent } from '../../src/events/read-events.ts';
import { beginEventEpochs } from '../../src/ledger/event-epochs.ts';
import { manyOrFew, roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

const idOf = ({ epoch, xid, position }: EventPlace) => `${epoch}-${xid}-${position}`;

/** Whether nothing can come before any event that a ledger has: no transaction is running that began before it. */
async function isAllTold(ledgerId: string): Promise<boolean> {
  const { rows } = await service.database.raw(
    `select from events e join ledgers l on l.id = e.ledger_id and l.event_epoch = e.epoch
     where e.ledger_id = ? and e.xid >= pg_snapshot_xmin(pg_current_snapshot()) limit 1`,
    [ledgerId],
  );
  return rows.length === 0;
}

/**
 * Pages through a ledger while others write and on to the end, which transactions of other tests may hold back for a
 * while. It ends where nothing more comes, whether it has seen all or not.
 */
async function readWhile(ledgerId: string, limit: number, isWriting: () => boolean): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = [];
  const source = { knex: service.database, ledgerId };
  for (;;) {
    const isLast = !isWriting() && (await isAllTold(ledgerId));
    const page = await readEvents(source, { after: seen.at(-1) ?? null, limit });
    seen.push(...page);
    if (isLast && page.length === 0) return seen;
  }
}

describe('a reader that pages while others write', () => {
  test('misses none that commits late, and sees none twice', async () => {
    const { ledgerId } = await createTestLedger(service.database);
    const { database } = service;
    const writesEach = manyOrFew(40, 10);
    let writing = true;
    const readers = [1, 3, 50].map((limit) => readWhile(ledgerId, limit, () => writing));
    // Each takes its transaction id first, writes when it likes, and commits when it likes: in any order.
    await startTogether(16, async () => {
      for (let round = 0; round < writesEach; round++) {
        await database.transaction(async (writer) => {
          await writer.raw('select pg_current_xact_id()');
          const pause = () => writer.raw('select pg_sleep(random() * 0.012)');
          await pause();
          for (let event = 0; event < 2; event++) {
            await writer.raw(
              `insert into events (ledger_id, epoch, xid, type, subject_id, occurred_at, data)
               values (?, 0, pg_current_xact_id(), 'party.created', ?, now(), '{}')`,
              [ledgerId, uuidv7()],
            );
            await pause();
          }
        });
      }
    });
    writing = false;
    const written = (await database('events').where('ledger_id', ledgerId).orderBy(['epoch', 'xid', 'position'])).map(
      idOf,
    );
    expect(written).toHaveLength(16 * writesEach * 2);
    for (const seen of await Promise.all(readers)) expect(seen.map(idOf)).toEqual(written);
  });

  test('sees each account in its sequence, whoever got the lock first', async () => {
    const second = await startSecondApi(service);
    const accounts = [
      await client.openAccount({ balance: '1000.00' }),
      await client.openAccount({ balance: '1000.00' }),
    ];
    let writing = true;
    const reading = readWhile(service.ledgerId, 7, () => writing);
    const clients = [client, second.client];
    let booked = 0;
    for (const _round of roundsOf(15)) {
      booked += 30;
      await startTogether(30, (caller) => {
        const [from, to] = caller % 3 === 0 ? accounts : [...accounts].reverse();
        const transfer = { fromAccountId: from, toAccountId: to, amount: '1.00', currency: 'USD' };
        return clients[caller % 2]!.post('/v1/transfers', transfer);
      });
    }
    writing = false;
    const seen = await reading;
    for (const account of accounts) {
      const sequence = seen.filter(({ accountId }) => accountId === account).map((event) => event.sequence);
      const [{ event_count }] = await service.database('accounts').where('id', account).select('event_count');
      expect(sequence).toEqual(Array.from({ length: event_count }, (_, index) => index + 1));
      expect(event_count).toBeGreaterThan(booked);
    }
    await second.api.stop(5_000);
  });
});

test('a log that goes further than this cluster begins a new epoch, behind which events go on', async () => {
  const { ledgerId, apiKey } = await createTestLedger(service.database);
  const other = await createTestLedger(service.database);
  await createTestClient(service.url, other.apiKey).openAccount({ balance: '1.00' });
  const own = createTestClient(service.url, apiKey);
  const account = await own.openAccount({ balance: '1.00' });
  const { database } = service;
  expect(await beginEventEpochs(database)).toEqual([]);
  // As a dump of a cluster that had booked much more would have left them.
  await database.raw('alter table events disable trigger events_only_ever_inserted');
  await database('events').whereIn('ledger_id', [ledgerId, other.ledgerId]).update({ xid: '8000000000' });
  await database.raw('alter table events enable trigger events_only_ever_inserted');
  await database('accounts').where('id', account).update({ last_event_xid: '8000000000' });
  // Several processes may start at once.
  const begun = await startTogether(4, () => beginEventEpochs(database));
  expect(begun.flat().sort()).toEqual([ledgerId, other.ledgerId].sort());
  expect(await beginEventEpochs(database)).toEqual([]);
  await own.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });
  const events = await describeEvents({ knex: database, ledgerId }, await readWhile(ledgerId, 100, () => false));
  const of = events.filter(({ accountid }) => accountid === account);
  expect(of.at(-1)!.id).toMatch(/^1-/);
  expect(of.map(({ sequence }) => sequence)).toEqual(of.map((_, index) => `${index + 1}`));
});
