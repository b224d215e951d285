import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type LoggedEvent, readLog } from '../../src/log/read-log.ts';
import { untilLogged } from '../support/event-log.ts';
import { manyOrFew, roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
});

afterAll(() => service.stop());

/** Pages through a ledger while others write and on to the end. */
async function readWhile(ledgerId: string, limit: number, isWriting: () => boolean): Promise<LoggedEvent[]> {
  const seen: LoggedEvent[] = [];
  const source = { knex: service.database, ledgerId };
  for (let after = -1; ; ) {
    const isLast = !isWriting();
    const { events, lookedTo } = await readLog(source, { after, limit });
    seen.push(...events);
    after = lookedTo?.position ?? after;
    if (isLast && lookedTo === null) return seen;
  }
}

/** Appends to the logs with several workers at once, until there is nothing more and nobody writes. */
function appendWhile(isWriting: () => boolean): Promise<unknown> {
  return startTogether(3, async () => {
    while (isWriting()) await untilLogged({ database: service.database });
    await untilLogged({ database: service.database });
  });
}

describe('a reader that pages while others write', () => {
  test('misses none that commits late, sees none twice, and finds the positions without gaps', async () => {
    const { ledgerId } = await createTestLedger(service.database);
    const { database } = service;
    const writesEach = manyOrFew(40, 10);
    let [writing, appending] = [true, true];
    const appended = appendWhile(() => writing).then(() => (appending = false));
    const readers = [1, 3, 50].map((limit) => readWhile(ledgerId, limit, () => appending));
    const written: string[] = [];
    // Each takes its stamp first, writes when it likes, and commits when it likes: in any order.
    await startTogether(16, async (writerNumber) => {
      for (let round = 0; round < writesEach; round++) {
        await database.transaction(async (writer) => {
          const pause = () => writer.raw('select pg_sleep(random() * 0.012)');
          for (let event = 0; event < 2; event++) {
            const row = { ledger_id: ledgerId, id: uuidv7(), type: 'party.created', subject_id: uuidv7() };
            const stamp = Date.now() * 1000;
            await pause();
            await writer('events').insert({ ...row, occurred_at: new Date(), data: '{}' });
            await writer.raw(
              `insert into log_inbox values (?, ?, ?, array[null::uuid], array[null::bigint], null, array[?::uuid])`,
              [ledgerId, stamp, writerNumber * 1000 + round * 2 + event, row.id],
            );
            written.push(row.subject_id);
            await pause();
          }
        });
      }
    });
    writing = false;
    await appended;
    expect(written).toHaveLength(16 * writesEach * 2);
    for (const seen of await Promise.all(readers)) {
      expect(seen.map(({ subjectId }) => subjectId).sort()).toEqual([...written].sort());
      expect(seen.map(({ place }) => place.position)).toEqual(seen.map((_, index) => index));
    }
  });

  test('sees each account in its sequence, whoever got the lock first', async () => {
    const second = await startSecondApi(service);
    const accounts = [
      await client.openAccount({ balance: '1000.00' }),
      await client.openAccount({ balance: '1000.00' }),
    ];
    let [writing, appending] = [true, true];
    const appended = appendWhile(() => writing).then(() => (appending = false));
    const reading = readWhile(service.ledgerId, 7, () => appending);
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
    await appended;
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

test('a clock that goes back changes no order', async () => {
  const { database } = service;
  const account = await client.openAccount();
  await untilLogged({ database: service.database });
  const deposit = () => client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });
  await deposit();
  // As though the clock had been an hour ahead, and was set right.
  const hour = 3_600_000_000;
  expect(await database('log_inbox').where('ledger_id', service.ledgerId).increment('stamp', hour)).toBe(1);
  await database('accounts').where('id', account).increment('last_event_stamp', hour);
  await deposit();
  await deposit();
  await untilLogged({ database: service.database });
  const source = { knex: database, ledgerId: service.ledgerId };
  const { events } = await readLog(source, { after: -1, limit: 10, accountIds: [account] });
  expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
});

test('nobody waits for a transaction of others that stays open', async () => {
  const { ledgerId, apiKey } = await createTestLedger(service.database);
  const stranger = await service.database.transaction();
  await stranger.raw('create table strangers (id integer)');
  await createTestClient(service.url, apiKey).openAccount({ balance: '1.00' });
  await untilLogged({ database: service.database });
  const { events } = await readLog({ knex: service.database, ledgerId }, { after: -1, limit: 10 });
  expect(events.map(({ type }) => type)).toEqual(['account.opened', 'transaction.booked']);
  await stranger.rollback();
});

test('a reader of few among many gets short pages, whose cursor leads on', async () => {
  const { ledgerId } = await createTestLedger(service.database);
  const { database } = service;
  const [first, last] = [uuidv7(), uuidv7()];
  const sizes = [1_000, 59_000, 1];
  for (const [stamp, size] of sizes.entries()) {
    const ids = Array.from({ length: size }, (_, index) => {
      if (stamp === 0 && index === 0) return first;
      return stamp === 2 ? last : uuidv7();
    });
    await database.raw(
      `insert into events (ledger_id, id, type, subject_id, occurred_at, data)
       select ?, id, case when id in (?, ?) then 'party.created' else 'webhook_endpoint.disabled' end, id, now(), '{}'
       from unnest(?::uuid[]) as id`,
      [ledgerId, first, last, ids],
    );
    const none = `{${ids.map(() => 'null').join()}}`;
    await database.raw('insert into log_inbox values (?, ?, 0, ?, ?, null, ?)', [ledgerId, stamp, none, none, ids]);
  }
  await untilLogged({ database: service.database });
  const pages = [];
  for (let after = -1; ; ) {
    const { events, lookedTo } = await readLog(
      { knex: database, ledgerId },
      { after, limit: 2, types: ['party.created'] },
    );
    if (lookedTo === null) break;
    after = lookedTo.position;
    pages.push([events.map(({ subjectId }) => subjectId), after]);
  }
  expect(pages).toEqual([
    [[first], 49_999],
    [[last], 60_000],
  ]);
});
