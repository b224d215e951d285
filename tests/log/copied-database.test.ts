import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../src/database/create-database.ts';
import { RefusalError } from '../../src/errors/refusal.ts';
import { checkPlace } from '../../src/log/check-place.ts';
import { type LogPlace, parsePlace } from '../../src/log/log-place.ts';
import { latestPlace, readLog } from '../../src/log/read-log.ts';
import { runOn } from '../support/database-servers.ts';
import { untilLogged } from '../support/event-log.ts';
import {
  createTestDatabase,
  createTestLedger,
  dropDatabase,
  openTestPool,
  type TestDatabase,
} from '../support/test-database.ts';

// The database is taken back while its server goes on running.

let testDatabase: TestDatabase;
let ledgerId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ({ ledgerId } = await createTestLedger(testDatabase.database));
});

afterAll(() => testDatabase.verifyAndDrop());

/** Something that happens, and its place in the log. */
async function happen(database: Database): Promise<LogPlace> {
  const id = uuidv7();
  const row = { ledger_id: ledgerId, id, type: 'party.created', subject_id: id, occurred_at: new Date(), data: '{}' };
  await database('events').insert(row);
  const stamp = Date.now() * 1000;
  await database.raw('insert into log_inbox values (?, ?, 1, ?, ?, null, ?)', [
    ...[ledgerId, stamp, '{null}', '{null}', [id]],
  ]);
  await untilLogged({ database });
  return latestPlace({ knex: database, ledgerId });
}

async function lastCommon(database: Database, place: LogPlace): Promise<LogPlace | null> {
  const checked = await checkPlace({ knex: database, ledgerId }, place).catch((error: unknown) => error);
  if (!(checked instanceof RefusalError)) throw new Error('the place was not refused');
  const { lastCommonPosition, lastCommonCursor } = checked.refusal.facts as {
    lastCommonPosition: number | null;
    lastCommonCursor: string | null;
  };
  const cursor = lastCommonCursor === null ? null : parsePlace(lastCommonCursor)!;
  expect(cursor?.position ?? null).toBe(lastCommonPosition);
  return cursor;
}

test('a copy within the server is another life, and begins another number', async () => {
  const { database, url } = testDatabase;
  await happen(database);
  const common = await happen(database);
  const name = `copy_${uuidv7().replaceAll('-', '')}`;
  const server = new URL(url);
  const original = server.pathname.slice(1);
  server.pathname = '/postgres';
  await runOn(
    server.href,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${original}' and pid <> pg_backend_pid()`,
  );
  await runOn(server.href, `create database ${name} template ${original}`);
  const copyUrl = new URL(url);
  copyUrl.pathname = `/${name}`;
  const copy = openTestPool(copyUrl.href);

  const lost = [await happen(database), await happen(database), await happen(database)];
  // Before anything has happened in the copy, and while it is shorter than what was seen, and when it is longer.
  for (let round = 0; round < 6; round++) {
    for (const place of lost) expect(await lastCommon(copy, place)).toEqual(common);
    await happen(copy);
  }
  await checkPlace({ knex: copy, ledgerId }, common);
  const { events } = await readLog(
    { knex: copy, ledgerId },
    { after: common.position, limit: 2, accountIds: [uuidv7()] },
  );
  // Whoever reads of one account only is told, too.
  expect(events.map(({ type, place }) => [type, place.position, place.number])).toEqual([
    ['log.continued', common.position + 1, common.number + 1],
  ]);
  await copy.destroy();
  await dropDatabase(copyUrl.href);
});

test('rows that were put back in place name a place that is surely common, though an early one', async () => {
  const { database } = testDatabase;
  const first = await happen(database);
  const seen = await happen(database);
  // Nothing of the server tells of this.
  await database.raw(
    `set session_replication_role = replica;
     delete from log_blocks where last_position > ${first.position};
     delete from events where id in (select id from events order by id desc limit 1);
     set session_replication_role = default`,
  );
  const { position: beginning } = { position: Number.parseInt(seen.lineage, 10) };
  expect((await lastCommon(database, seen))?.position).toBe(beginning);
  await happen(database);
  expect((await lastCommon(database, seen))?.position).toBe(beginning);
  await happen(database);
  expect((await lastCommon(database, seen))?.position).toBe(beginning);
});
