import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AccountFilters, listAccounts } from '../../src/accounts/list-accounts.ts';
import { maxScanned } from '../../src/database/bounded-scan.ts';
import type { Database } from '../../src/database/create-database.ts';
import { listHolds } from '../../src/holds/hold-queries.ts';
import { listParties } from '../../src/parties/list-parties.ts';
import { listPaymentOrders } from '../../src/payment-orders/payment-order-queries.ts';
import { countRowsRead } from '../support/rows-read.ts';
import { copyDatabase, createTestLedger, dropDatabase, openTestPool } from '../support/test-database.ts';

/** Written by SQL, without a log; so no books are proved. */
let url: string;
let database: Database;
let source: { knex: Database; ledgerId: string };
const [holder, fewer] = [uuidv7(), uuidv7()];
/** Two accounts with some 20,000 holds each, and nearly as many payment orders, of which a few are active. */
let busy: [string, string];

beforeAll(async () => {
  url = await copyDatabase();
  database = openTestPool(url);
  const { ledgerId } = await createTestLedger(database);
  source = { knex: database, ledgerId };
  const names = { ledgerId, holder, fewer };
  await database('parties').insert([holder, fewer].map((id) => ({ ledger_id: ledgerId, id, name: 'Holder' })));
  await database.raw(
    `insert into parties (ledger_id, id, name) select :ledgerId::uuid, ${idOf('1')}, 'Person ' || i
     from generate_series(1, 100000) i`,
    names,
  );
  await database.raw(
    `insert into accounts (ledger_id, id, name, currency, ownership, balance, held, overdraft_limit, version)
     select :ledgerId::uuid, ${idOf('2')}, 'Account ' || i, case when i = 77777 then 'EUR' else 'USD' end, 'sole', 0, 0, 0, 0
     from generate_series(1, 100000) i`,
    names,
  );
  await database.raw(
    `insert into holders (ledger_id, account_id, party_id, rights, status)
     select :ledgerId::uuid, ${idOf('2')}, case when i % 10000 = 0 then :fewer else :holder end::uuid, array['view'], 'active'
     from generate_series(1, 100000) i`,
    names,
  );
  const { rows } = await database.raw(`select ${idOf('2')}::text as id from generate_series(1, 2) i`);
  busy = rows.map(({ id }: { id: string }) => id);
  await database.raw(
    `insert into holds (ledger_id, id, account_id, kind, status, amount, remaining, created_at, expires_at, finished_at)
     select :ledgerId::uuid, ${idOf('3')}, (:busy::uuid[])[i % 2 + 1], 'payment_order', case when ${isActive} then 'active' else 'voided' end,
            1, case when ${isActive} then 1 else 0 end, now(), now() + interval '1 day', case when not ${isActive} then now() end
     from generate_series(1, 40000) i`,
    { ...names, busy },
  );
  await database.raw(
    `insert into payment_orders (ledger_id, id, account_id, status, amount, currency, initiated_by, mandate_version,
                                 instruction_hash, created_at, expires_at, finished_at)
     select :ledgerId::uuid, h.id, h.account_id, case when h.status = 'active' then 'waiting' else 'rejected' end, 1, 'USD', :holder::uuid,
            0, sha256('x'), h.created_at, h.expires_at, h.finished_at
     from holds h where h.ledger_id = :ledgerId`,
    names,
  );
  await database.raw('analyze');
});

afterAll(async () => {
  await database.destroy();
  await dropDatabase(url);
});

const idOf = (kind: string) => `('01900000-0000-7000-8000-0' || '${kind}' || lpad(to_hex(i), 10, '0'))::uuid`;
/** Of each account the first and the last few. */
const isActive = '(i <= 4 or i > 39996)';
const page = { limit: 51, after: null, joined: new Map<string, Date>() };
const ofPage = 1_500;

interface Case {
  readonly what: string;
  readonly filters: AccountFilters;
  readonly most: number;
  readonly found: number;
}

const ofAccounts: Case[] = [
  { what: 'all', filters: {}, most: ofPage, found: 51 },
  { what: 'a prefix', filters: { namePrefix: 'ACCOUNT 7777' }, most: ofPage, found: 11 },
  { what: 'what most are called', filters: { namePrefix: 'account' }, most: ofPage, found: 51 },
  { what: 'a currency that few have', filters: { currency: 'EUR' }, most: 2 * maxScanned + ofPage, found: 0 },
  { what: 'a holder of many', filters: { holder }, most: ofPage, found: 51 },
  { what: 'a holder of few', filters: { holder: fewer }, most: ofPage, found: 10 },
  { what: 'a viewer of few', filters: { viewer: fewer }, most: ofPage, found: 10 },
  {
    what: 'a viewer of many and a holder of few',
    filters: { viewer: holder, holder: fewer },
    most: 3 * maxScanned + ofPage,
    found: 0,
  },
  { what: 'clearing accounts', filters: { ownership: 'clearing' }, most: ofPage, found: 0 },
  { what: 'an external id', filters: { externalId: 'x' }, most: ofPage, found: 0 },
];

describe.each(['asc', 'desc'] as const)('of 100,000, %s, a page reads a bounded number', (order) => {
  test.each(ofAccounts)('of accounts: $what', async ({ filters, most, found }) => {
    const list = () => listAccounts(source, { ...page, order }, filters);
    const { rows } = await countRowsRead(database, list);
    expect(rows).toBeLessThanOrEqual(most);
    expect((await list()).items).toHaveLength(found);
  });

  test.each([1, 2])('of what had not ended when the reader joined one of %d accounts', async (count) => {
    const accountIds = busy.slice(0, count);
    // Nothing there ended since the reader joined.
    const joined = new Map([[busy[0]!, new Date('2999-01-01')]]);
    const asked = { ...page, order, accountIds, joined };
    const list = () => listHolds(source, asked, undefined);
    expect((await countRowsRead(database, list)).rows).toBeLessThanOrEqual(maxScanned + ofPage);
    const { items } = await list();
    const ended = items.filter((hold) => hold.accountId === busy[0] && hold.finishedAt !== null);
    expect([items.length > 0, ended]).toEqual([true, []]);
  });

  test('of parties that begin so', async () => {
    const list = () => listParties(source, { ...page, order }, { namePrefix: 'person 123' });
    expect((await countRowsRead(database, list)).rows).toBeLessThanOrEqual(ofPage);
    expect((await list()).items).toHaveLength(51);
  });

  test('of what waits on several accounts', async () => {
    const list = () => listPaymentOrders(source, { ...page, order, accountIds: busy }, 'waiting');
    expect((await countRowsRead(database, list)).rows).toBeLessThanOrEqual(ofPage);
    expect((await list()).items).toHaveLength(8);
  });

  test.each([1, 2])('of what is active on %d of the accounts, in several pages that miss nothing', async (count) => {
    const accountIds = busy.slice(0, count);
    const found: string[] = [];
    let after: string | null = null;
    let pages = 0;
    do {
      const asked = { ...page, after, order, accountIds };
      const { rows } = await countRowsRead(database, () => listHolds(source, asked, 'active'));
      expect(rows).toBeLessThanOrEqual(maxScanned + ofPage);
      const { items, stoppedAt } = await listHolds(source, asked, 'active');
      found.push(...items.map(({ id }) => id));
      after = stoppedAt;
      pages++;
    } while (after !== null);
    const active: string[] = await database('holds')
      .whereIn('account_id', accountIds)
      .where('status', 'active')
      .pluck('id');
    const inOrder = active.sort();
    expect(found).toEqual(order === 'asc' ? inOrder : inOrder.toReversed());
    expect(pages).toBeGreaterThan(2);
  });
});
