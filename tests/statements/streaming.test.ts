import { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AccountDocument } from '../../src/accounts/account-queries.ts';
import { writeAndWait } from '../../src/http/write-and-wait.ts';
import { sendStatement } from '../../src/statements/send-statement.ts';
import type { Statement, StatementFormat } from '../../src/statements/statement.ts';
import { until } from '../support/lock-witness.ts';
import { writeLongHistory } from '../support/long-history.ts';
import { createBoundKey } from '../support/shared-scene.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let account: string;
let holder: string;

/** Of the days that are asked for: a hundred thousand. */
let entries: number;

beforeAll(async () => {
  service = await startTestService({});
  const { database, ledgerId } = service;
  const history = await writeLongHistory(database, ledgerId, { transactions: 200_100, secondsApart: 126 });
  [account, holder] = [history.busy, history.common];
  const own = service.rows('entries').where('account_id', account);
  const [counted] = await own.where('booked_at', '<', '2025-05-27').count({ count: '*' });
  entries = counted!.count;
  expect(entries).toBeGreaterThan(100_000);
  await database('holders').insert({
    ...{ ledger_id: ledgerId, account_id: account, party_id: holder, rights: ['view'], status: 'active' },
    ...{ created_at: new Date(), joined_at: new Date() },
  });
});

afterAll(() => service.stop());

function ask(format: string, apiKey = service.apiKey) {
  const path = `/v1/accounts/${account}/interim-statement?from=2025-01-01&to=2025-05-26&format=${format}`;
  return fetch(`${service.url}${path}`, { headers: { Authorization: `Bearer ${apiKey}` } });
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test.each(['json', 'csv'])('streams %s of a hundred thousand entries in memory that does not grow', async (format) => {
  const { body } = await ask(format);
  const decoder = new TextDecoder();
  let [lines, bytes, end] = [0, 0, ''];
  const heap: number[] = [];
  for await (const chunk of body!) {
    const text = decoder.decode(chunk as Uint8Array, { stream: true });
    lines += text.split('\n').length - 1;
    bytes += text.length;
    end = (end + text).slice(-100);
    if (lines > heap.length * 10_000) heap.push(heapBytes());
  }
  // Of JSON, what stands before and behind the lines is on a line too; of CSV the names.
  expect(lines).toBe(entries + (format === 'json' ? 2 : 1));
  if (format === 'json') expect(end).toMatch(/\}\n\]\}\n$/);
  // It would be ten times as much to keep it all.
  const [first, ...later] = heap as [number, ...number[]];
  expect(later.length).toBeGreaterThan(5);
  expect(Math.max(...later) - first).toBeLessThan(bytes / 4);
});

test('counts all of them', async () => {
  const { body } = await ask('json');
  const reader = body!.getReader();
  let text = '';
  while (!text.includes('"lines"')) text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  const { statement } = JSON.parse(`${text.slice(0, text.indexOf('"lines"') - 1)}}`);
  expect([statement.fromVersion, statement.toVersion]).toEqual([1, entries]);
  expect(statement.credits.count + statement.debits.count).toBe(entries);
  expect(statement.debits).toEqual({ count: Math.floor(entries / 10), sum: expect.stringMatching(/^\d+\.\d\d$/) });
});

test('refuses an interim statement of more entries than are counted while a caller waits', async () => {
  const days = 'from=2025-01-01&to=2025-12-31';
  const { status, body } = await service.client.get(`/v1/accounts/${account}/interim-statement?${days}`);
  expect([status, body.code, body.entries, body.limit]).toEqual([422, 'too_many_entries', 200_100, 200_000]);
});

/** Sessions in which something is done, or a transaction is open. */
async function busySessions(): Promise<number> {
  const { rows } = await service.database.raw(`
    select count(*) as count from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
      and state <> 'idle'`);
  return rows[0].count;
}

test('keeps no session of the database while its reader takes in nothing', async () => {
  const { body } = await ask('json');
  const reader = body!.getReader();
  await reader.read();
  await until(async () => (await busySessions()) === 0);
  await reader.cancel();
});

test('ends when its reader may not look any more, in a way that is not taken for its end', async () => {
  const { body } = await ask('json', await createBoundKey(service, holder));
  const reader = body!.getReader();
  await reader.read();
  await service.rows('holders').where('party_id', holder).update({ status: 'left', ended_at: new Date() });
  const readAll = async () => {
    while (!(await reader.read()).done);
  };
  await expect(readAll()).rejects.toThrow('terminated');
});

test('ends when the key of its reader has ended', async () => {
  const made = await service.client.post('/v1/api-keys', { name: 'Reads', scopes: ['accounts:read'] });
  const { body } = await ask('json', made.body.apiKey);
  const reader = body!.getReader();
  await reader.read();
  expect((await service.client.post(`/v1/api-keys/${made.body.id}/revoke`, {})).status).toBe(200);
  const readAll = async () => {
    while (!(await reader.read()).done);
  };
  await expect(readAll()).rejects.toThrow('terminated');
});

test('waits no longer than it says for a reader who takes in nothing, though memory is tidied up meanwhile', async () => {
  const takesNothing = new Writable({ highWaterMark: 1, write: () => {} });
  const tidying = setInterval(() => void Array.from({ length: 200_000 }, () => ({})), 20);
  const { signal } = new AbortController();
  await expect(writeAndWait(takesNothing, 'x', { signal, stalledMs: 1_000 })).rejects.toThrow('aborted');
  clearInterval(tidying);
  expect(takesNothing.listenerCount('drain')).toBe(0);
});

/** A format of ten megabytes that notes what is made of it. */
function longFormat() {
  const made = { parts: 0, isOver: false };
  const format: StatementFormat = {
    ...{ mediaType: 'text/plain', fileExtension: 'txt' },
    async *write() {
      try {
        while (made.parts++ < 10_000) {
          yield 'x'.repeat(1_000);
        }
      } finally {
        made.isOver = true;
      }
    },
  };
  return { format, made };
}

test('makes nothing more while nothing is taken in, and ends when the reader has gone', async () => {
  const { format, made } = longFormat();
  const parts = { database: service.database, caller: { boundParty: null, ledgerId: service.ledgerId } };
  const sent = await sendStatement(
    { ...parts, account: { holders: [] } as unknown as AccountDocument } as Parameters<typeof sendStatement>[0],
    {} as Statement,
    { format, fileName: 'x', options: {} },
  );
  const takesOne = new Writable({ highWaterMark: 1, write: () => {} });
  const gone = new AbortController();
  const writing = sent.write(takesOne, gone.signal);
  await until(async () => takesOne.writableNeedDrain || made.isOver);
  expect([made.parts < 100, made.isOver]).toEqual([true, false]);
  gone.abort();
  await writing;
  expect([made.parts < 100, made.isOver]).toEqual([true, true]);
});
