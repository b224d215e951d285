import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { auditEntriesQueue } from '../../src/audit/audit-entries-queue.ts';
import { listAuditEntries } from '../../src/audit/list-audit-entries.ts';
import { maxScanned } from '../../src/database/bounded-scan.ts';
import { createId, firstIdAt, timeOfId } from '../../src/ledger/create-id.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { runCommand } from '../support/command-line.ts';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { countRowsRead } from '../support/rows-read.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
const [keyId, partyId] = [createId(), createId()];
const dayMs = 86_400_000;

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(() => service.stop());

/** Writes so many entries, one a second from `startsAt` on. Answers their ids, oldest first. */
async function writeEntries(startsAt: number, many: number, ledgerId = service.ledgerId): Promise<string[]> {
  const entries = Array.from({ length: many }, (_, index) => {
    const at = new Date(startsAt + index * 1_000);
    const id = firstIdAt(at).replace('000000000000', createId().slice(-12));
    const [ofParty, isRefused] = [index % 3 === 0, index % 2 === 0];
    return {
      ...{ ledger_id: ledgerId, id, at, key_id: ofParty ? keyId : null, party_id: ofParty ? partyId : null },
      ...{ channel: 'service', action: index % 4 === 0 ? 'setMandate' : 'createApiKey', count: 1 },
      code: isRefused ? 'scope_missing' : null,
    };
  });
  await service.database.batchInsert('audit_entries', entries, 2_000);
  return entries.map(({ id }) => id);
}

test('an id begins with its time', () => {
  const id = createId();
  const at = timeOfId(id);
  expect(Math.abs(Date.now() - at.getTime())).toBeLessThan(60_000);
  expect([firstIdAt(at) <= id, firstIdAt(new Date(at.getTime() + 1)) > id]).toEqual([true, true]);
  expect(timeOfId(firstIdAt(new Date('1969-01-01T00:00:00Z')))).toEqual(new Date(0));
});

test('the list is newest first, by pages, and of what is asked for alone', async () => {
  const startsAt = Date.parse('2026-02-03T04:05:06.000Z');
  const ids = await writeEntries(startsAt, 24);
  const listed = async (query: string) =>
    (await walkPages(service.client, `/v1/audit?${query}`)).map(({ id }) => ids.indexOf(id as string));
  const all = ids.map((_, index) => index).toReversed();
  expect(await listed('to=2026-03-01T00:00:00Z')).toEqual(all);
  expect(await listed(`keyId=${keyId}`)).toEqual(all.filter((index) => index % 3 === 0));
  expect(await listed(`partyId=${partyId}&outcome=refused`)).toEqual(all.filter((index) => index % 6 === 0));
  expect(await listed('action=setMandate')).toEqual(all.filter((index) => index % 4 === 0));
  expect(await listed('outcome=succeeded&order=asc')).toEqual(ids.map((_, index) => index).filter((i) => i % 2 === 1));
  expect(await listed('from=2026-02-03T04:05:08Z&to=2026-02-03T04:05:11Z')).toEqual([4, 3, 2]);
  expect(await listed(`keyId=${createId()}`)).toEqual([]);
  for (const query of ['outcome=lost', 'keyId=7', 'from=yesterday', 'action=', 'cursor=x', 'limit=0', 'nothing=1'])
    expect((await service.client.get(`/v1/audit?${query}`)).status).toBe(400);
});

test('a ledger sees its own entries only', async () => {
  const other = await createTestLedger(service.database);
  const [id] = await writeEntries(Date.parse('2026-05-01T00:00:00Z'), 1, other.ledgerId);
  expect((await walkPages(service.client, '/v1/audit')).map((entry) => entry.id)).not.toContain(id);
});

test('a page reads a bounded number of entries, and goes on behind them', async () => {
  const { ledgerId } = await createTestLedger(service.database);
  const ids = await writeEntries(Date.parse('2026-06-01T00:00:00Z'), 25_000, ledgerId);
  await service.database.raw('analyze audit_entries');
  const source = { knex: service.database, ledgerId };
  const page = { order: 'desc', limit: 51, after: null } as const;
  const nowhere = { action: 'nothing' };
  const first = await listAuditEntries(source, page, nowhere);
  expect(first).toEqual({ items: [], stoppedAt: ids.at(-maxScanned) });
  const second = await listAuditEntries(source, { ...page, after: first.stoppedAt }, nowhere);
  expect(second).toEqual({ items: [], stoppedAt: ids.at(-2 * maxScanned) });
  const read = async (filters: object) =>
    (await countRowsRead(service.database, () => listAuditEntries(source, page, filters))).rows;
  expect(await read(nowhere)).toBeLessThanOrEqual(maxScanned);
  expect(await read({})).toBeLessThanOrEqual(100);
  expect(await read({ to: new Date('2026-06-01T01:00:00Z') })).toBeLessThanOrEqual(100);
});

test('entries are deleted when they are older than they are to be kept, in bounded batches', async () => {
  const { ledgerId } = await createTestLedger(service.database);
  const old = await writeEntries(Date.now() - 31 * dayMs, 1_100, ledgerId);
  const kept = await writeEntries(Date.now() - 29 * dayMs, 3, ledgerId);
  const queue = auditEntriesQueue(30);
  const sweep = () => runBatch({ database: service.database, logger: pino({ level: 'silent' }) }, queue, ledgerId);
  expect([await sweep(), await sweep(), await sweep(), await sweep()]).toEqual([500, 500, 100, 0]);
  expect(old).toHaveLength(1_100);
  expect(await service.database('audit_entries').where('ledger_id', ledgerId).orderBy('id').pluck('id')).toEqual(kept);
});

test('what operators change on the command line is there too', async () => {
  const { ledgerId } = await createTestLedger(service.database);
  const { database } = service;
  const run = async (...words: string[]) => {
    const { code, stdout } = await runCommand([...words, '--json'], database, settings);
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };
  const settings = { ...localWebhookSettings };
  const opened = await run('ledger', 'create', 'Flat 7');
  await run('ledger', 'rename', opened.id, 'Flat 8');
  expect((await runCommand(['ledger', 'rename', createId(), 'Flat 9'], database)).code).toBe(1);
  const { id } = await run('key', 'create', ledgerId, 'Payroll');
  await run('key', 'revoke', ledgerId, id);
  await run('ledger', 'signatures', ledgerId, 'own');
  await run('ledger', 'list');
  expect((await runCommand(['key', 'revoke', ledgerId, createId()], database)).code).toBe(1);
  await service.client.post('/v1/webhook-endpoints', { url: 'https://example.com/' });
  const noted = (ledger: string) =>
    database('audit_entries')
      .where({ ledger_id: ledger, channel: 'command' })
      .orderBy('id')
      .select('action', 'subject_id');
  const secretKey = `other:${Buffer.alloc(32, 7).toString('base64')}`;
  const before = localWebhookSettings.SECRETS_KEY;
  const keys = { SECRETS_KEY: secretKey, SECRETS_KEYS_BEFORE: before };
  for (let times = 0; times < 2; times++)
    expect((await runCommand(['secrets', 'encrypt', '--json'], database, keys)).code).toBe(0);
  const [firstKey] = await database('api_keys').where({ ledger_id: opened.id }).pluck('id');
  expect(await noted(opened.id)).toEqual([
    { action: 'ledger create', subject_id: firstKey },
    { action: 'ledger rename', subject_id: null },
  ]);
  expect(await noted(ledgerId)).toEqual([
    { action: 'key create', subject_id: id },
    { action: 'key revoke', subject_id: id },
    { action: 'ledger signatures own', subject_id: null },
  ]);
  expect(await noted(service.ledgerId)).toEqual([{ action: 'secrets encrypt', subject_id: null }]);
});

test('joint-ledger audit list has what the API lists, by what is asked for, and says who', async () => {
  const { ledgerId } = await createTestLedger(service.database);
  const startsAt = Date.parse('2026-02-03T04:05:06.000Z');
  const ids = await writeEntries(startsAt, 450, ledgerId);
  const list = async (...options: string[]) => {
    const { code, stdout, stderr } = await runCommand(['audit', 'list', ledgerId, ...options], service.database);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };
  const indexes = async (...options: string[]) =>
    JSON.parse(await list('--json', '--limit', '10000', ...options)).map(({ id }: { id: string }) => ids.indexOf(id));
  const latest = ids.map((_, index) => index).toReversed();
  expect(await indexes()).toEqual(latest);
  expect(await indexes('--key', keyId)).toEqual(latest.filter((index) => index % 3 === 0));
  expect(await indexes('--party', partyId, '--outcome', 'refused')).toEqual(latest.filter((i) => i % 6 === 0));
  expect(await indexes('--action', 'setMandate')).toEqual(latest.filter((index) => index % 4 === 0));
  expect(await indexes('--from', '2026-02-03T04:05:08Z', '--to', '2026-02-03T04:05:11Z')).toEqual([4, 3, 2]);
  expect(await list('--limit', '2')).toMatch(/^2026-.*\n2026-.*\nThere are more than 2: see --limit\.\n$/);

  await runCommand(['ledger', 'rename', ledgerId, 'Other'], service.database);
  expect(await list('--limit', '1')).toMatch(/^\S+Z ledger rename, by the command line\n/);
  const [first] = (await list('--to', '2026-02-03T04:05:07Z')).split('\n');
  expect(first).toBe(`2026-02-03T04:05:06.000Z setMandate refused, scope_missing, by key ${keyId} of party ${partyId}`);
  for (const [wrong, sentence] of [
    [[createId()], 'There is no ledger'],
    [[ledgerId, '--outcome', 'lost'], 'must be succeeded or refused'],
    [[ledgerId, '--from', 'yesterday'], 'must be an instant'],
    [[ledgerId, '--key', 'x'], 'must be a UUID'],
  ] as const) {
    const { code, stderr } = await runCommand(['audit', 'list', ...wrong], service.database);
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  }
});
