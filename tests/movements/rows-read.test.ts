import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getBalanceSeries } from '../../src/accounts/balance-series.ts';
import { maxScanned } from '../../src/database/bounded-scan.ts';
import type { Database } from '../../src/database/create-database.ts';
import { listEntries } from '../../src/movements/entry-queries.ts';
import { listTransactions, listTransactionsOf } from '../../src/movements/list-transactions.ts';
import type { MovementFilters } from '../../src/movements/movement-filters.ts';
import { writeLongHistory } from '../support/long-history.ts';
import { countRowsRead } from '../support/rows-read.ts';
import { copyDatabase, createTestLedger, dropDatabase, openTestPool } from '../support/test-database.ts';

/** A million entries. No books are proved: these were not written by the service, and there is no log of them. */
let url: string;
let database: Database;
let source: { knex: Database; ledgerId: string };
let scene: Awaited<ReturnType<typeof writeLongHistory>>;

beforeAll(async () => {
  url = await copyDatabase();
  database = openTestPool(url);
  const { ledgerId } = await createTestLedger(database);
  source = { knex: database, ledgerId };
  scene = await writeLongHistory(database, ledgerId);
});

afterAll(async () => {
  await database.destroy();
  await dropDatabase(url);
});

const page = { limit: 51, after: null } as const;
const march = { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-04-01T00:00:00Z') };
/** Each row of a page is looked up in a few tables, and a time is found by halving. */
const ofPage = 1_000;
/** A row that is looked at is one of the index, and its transaction or its other entries. */
const ofScan = 3 * maxScanned + ofPage;

interface Case {
  readonly what: string;
  readonly filters: (ids: typeof scene) => MovementFilters;
  readonly most: number;
  /** How many of a page that takes 50 there are at least, and at most. */
  readonly found?: number;
}

const ofAccount: Case[] = [
  { what: 'everything', filters: () => ({}), most: ofPage },
  { what: 'a month', filters: () => march, most: ofPage },
  {
    what: 'the day before there was anything',
    filters: () => ({ to: new Date('2025-01-01') }),
    most: ofPage,
    found: 0,
  },
  { what: 'a month of one type', filters: () => ({ ...march, type: 'transfer' }), most: ofScan },
  { what: 'what is common', filters: () => ({ reference: 'common' }), most: ofPage * 2 },
  { what: 'what is rare', filters: () => ({ reference: 'rare' }), most: ofScan, found: 0 },
  { what: 'what is rare in metadata', filters: () => ({ metadata: { kind: 'rare' } }), most: ofScan, found: 0 },
  { what: 'who is rare', filters: ({ rare }) => ({ initiatedBy: rare }), most: ofScan, found: 0 },
  { what: 'another account', filters: ({ quiet }) => ({ counterpartyAccountId: quiet }), most: ofPage * 3 },
  {
    what: 'what is common in metadata, to a party',
    filters: ({ rare: viewer }) => ({ metadata: { kind: 'common' }, viewer }),
    most: ofScan,
    found: 51,
  },
  {
    what: 'what a party did that is rare, to another',
    filters: ({ rare, common: viewer }) => ({ initiatedBy: rare, viewer }),
    most: ofScan,
    found: 0,
  },
  { what: 'an amount that nothing has', filters: () => ({ amountFrom: '101' }), most: ofScan, found: 0 },
  { what: 'a value date', filters: () => ({ valueFrom: '2025-02-01', valueTo: '2025-02-01' }), most: ofScan },
];

const orders = ['asc', 'desc'] as const;

describe.each(orders)('of a million entries, %s, a page reads a bounded number', (order) => {
  test.each(ofAccount)('of the entries of an account: $what', async ({ filters, most, found }) => {
    const account = { id: scene.busy, currency: 'USD', isClearing: false };
    const list = () => listEntries(source, account, { ...page, order }, filters(scene));
    const { rows, ways } = await countRowsRead(database, list);
    expect(rows).toBeLessThanOrEqual(most);
    expect([...ways].filter((way) => /^Seq Scan (entries|transactions)/.test(way))).toEqual([]);
    const { items, stoppedAt } = await list();
    if (found === undefined) expect(items.length + (stoppedAt === null ? 0 : 51)).toBeGreaterThanOrEqual(51);
    else expect(items).toHaveLength(found);
  });

  test.each(ofAccount)('of the transactions of an account: $what', async ({ filters, most }) => {
    const account = { id: scene.busy, isClearing: false };
    const list = () => listTransactionsOf(source, account, { ...page, order }, filters(scene));
    const { rows, ways } = await countRowsRead(database, list);
    expect(rows).toBeLessThanOrEqual(most);
    expect([...ways].filter((way) => /^Seq Scan (entries|transactions)/.test(way))).toEqual([]);
  });

  const ofLedger: Case[] = [
    { what: 'everything', filters: () => ({}), most: ofPage },
    { what: 'a month', filters: () => march, most: ofPage, found: 51 },
    { what: 'a month of one type', filters: () => ({ ...march, type: 'transfer' }), most: ofPage * 2, found: 51 },
    { what: 'a common reference', filters: () => ({ reference: 'common' }), most: ofPage, found: 51 },
    { what: 'a rare reference', filters: () => ({ reference: 'rare' }), most: ofPage, found: 5 },
    { what: 'a common one in a month', filters: () => ({ ...march, reference: 'common' }), most: ofPage, found: 51 },
    { what: 'what is common in metadata', filters: () => ({ metadata: { kind: 'common' } }), most: ofPage, found: 51 },
    { what: 'what is rare in metadata', filters: () => ({ metadata: { kind: 'rare' } }), most: ofPage, found: 5 },
    { what: 'who is common', filters: ({ common }) => ({ initiatedBy: common }), most: ofPage, found: 51 },
    { what: 'who is rare', filters: ({ rare }) => ({ initiatedBy: rare }), most: ofPage, found: 5 },
    {
      what: 'what is common and nothing has',
      filters: ({ common }) => ({ initiatedBy: common, reference: 'common', amountFrom: '101' }),
      most: ofScan,
      found: 0,
    },
    {
      what: 'what is common in metadata and nothing has',
      filters: () => ({ metadata: { kind: 'common' }, amountFrom: '101' }),
      most: ofScan,
      found: 0,
    },
    {
      what: 'who is common and nothing has',
      filters: ({ common }) => ({ initiatedBy: common, amountFrom: '101' }),
      most: ofScan,
      found: 0,
    },
    { what: 'an amount that nothing has', filters: () => ({ amountFrom: '101' }), most: ofScan, found: 0 },
  ];

  test.each(ofLedger)('of the transactions of the ledger: $what', async ({ filters, most, found }) => {
    const list = () => listTransactions(source, { ...page, order }, filters(scene));
    const { rows, ways } = await countRowsRead(database, list);
    expect(rows).toBeLessThanOrEqual(most);
    expect([...ways].filter((way) => /^Seq Scan (entries|transactions)/.test(way))).toEqual([]);
    if (found !== undefined) expect((await list()).items).toHaveLength(found);
  });

  test('of the entries of the clearing account', async () => {
    const account = { id: scene.clearing, currency: 'USD', isClearing: true };
    const list = () => listEntries(source, account, { ...page, order }, { ...march, amountFrom: '101' });
    expect((await countRowsRead(database, list)).rows).toBeLessThanOrEqual(ofScan);
  });
});

describe('a balance series of a million entries', () => {
  const series = (from: string, to: string, interval: 'day' | 'month') =>
    getBalanceSeries(
      database,
      source.ledgerId,
      { id: scene.busy, currency: 'USD', timeZone: 'UTC' },
      { from, to, interval },
    );

  test('reads the entries of its days, and finds where each begins by halving', async () => {
    const { rows } = await countRowsRead(database, () => series('2026-03-01', '2026-03-31', 'day'));
    const ofMonth = (31 * 86_400) / 126;
    const probes = 2 * 31 * 25;
    expect(rows).toBeGreaterThan(ofMonth - 1);
    expect(rows).toBeLessThan(ofMonth + probes + ofPage);
  });

  test('of more than it sums reads none', async () => {
    const refused = expect.objectContaining({ refusal: expect.objectContaining({ code: 'too_many_entries' }) });
    await expect(series('2025-01-01', '2026-12-31', 'month')).rejects.toEqual(refused);
    const { rows } = await countRowsRead(database, () => series('2025-01-01', '2026-12-31', 'month').catch(() => {}));
    expect(rows).toBeLessThan(2 * 24 * 25 + ofPage);
  });
});
