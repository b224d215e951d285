import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  demoAccountIds,
  demoLedgerId,
  demoPartyIds,
  demoPaymentOrderIds,
  demoProjectId,
  demoProposalIds,
  seedDemo,
} from '../../seeds/demo.ts';
import type { Database } from '../../src/database/create-database.ts';
import { hashApiKey } from '../../src/ledger/api-key.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const apiKey = 'demo-key-of-this-test';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService({});
  await seedDemo(service.database, apiKey);
  client = createTestClient(service.url, apiKey);
});

afterAll(() => service.stop());

const tables = [
  ...['ledgers', 'api_keys', 'parties', 'accounts', 'holders', 'mandates', 'holds', 'payment_orders', 'authorisations'],
  ...['projects', 'proposals', 'transactions', 'entries', 'idempotency_keys'],
];

/** Every row of the demo ledger, in an order of its own. */
async function demoRows(database: Database): Promise<Record<string, unknown[]>> {
  const rows: Record<string, unknown[]> = {};
  for (const table of tables) {
    const { rows: found } = await database.raw(
      `select to_jsonb(t) as row from ?? t where ?? = ? order by to_jsonb(t)::text`,
      [table, table === 'ledgers' ? 'id' : 'ledger_id', demoLedgerId],
    );
    rows[table] = found.map(({ row }: { row: unknown }) => row);
  }
  return rows;
}

/** The same without ids, keys and times that are made up anew in each database. */
async function demoContents(database: Database): Promise<Record<string, string[]>> {
  const madeUp =
    /^(\w+_at|keys_kept_from|next_expiry|last_event_stamp|value_date|transaction_id|key|request_hash|outcome)$/;
  const generatedIds = new Set(['api_keys', 'transactions', 'entries']);
  const contents: Record<string, string[]> = {};
  for (const [table, rows] of Object.entries(await demoRows(database))) {
    const keeps = (name: string) => !madeUp.test(name) && !(name === 'id' && generatedIds.has(table));
    contents[table] = rows
      .map((row) => JSON.stringify(Object.entries(row as object).filter(([name]) => keeps(name))))
      .sort();
  }
  return contents;
}

test('writes the same rows when run again as when run once', async () => {
  const once = await demoRows(service.database);
  await seedDemo(service.database, apiKey);
  expect(await demoRows(service.database)).toEqual(once);
  for (const table of tables) expect(once[table]).not.toEqual([]);
});

test('writes the demo once when five processes start at once', async () => {
  const other = await createTestDatabase();
  await startTogether(5, () => seedDemo(other.database, apiKey));
  expect(await demoContents(other.database)).toEqual(await demoContents(service.database));
  await other.verifyAndDrop();
});

test('opens the accounts that the documentation talks about', async () => {
  const { earner, spender, directorA, directorB } = demoPartyIds;
  const { household, directors, savings, holiday, kyoto, gulf } = demoAccountIds;
  const { data } = (await client.get('/v1/accounts')).body;
  const described = data.map((account: { holders: Array<{ partyId: string }> } & Record<string, unknown>) => {
    const { id, name, balance, currency, ownership, holders } = account;
    return { id, name, balance: `${balance} ${currency}`, ownership, of: holders.map(({ partyId }) => partyId) };
  });
  const [couple, both] = [
    [earner, spender],
    [directorA, directorB],
  ];
  expect(described).toEqual([
    { id: household, name: 'Household', balance: '1000.00 USD', ownership: 'joint', of: couple },
    { id: directors, name: 'Directors', balance: '23800.00 USD', ownership: 'joint', of: both },
    { id: savings, name: 'Savings', balance: '250.00 USD', ownership: 'sole', of: [earner] },
    { id: holiday, name: 'Holiday', balance: '300.00 EUR', ownership: 'joint', of: couple },
    { id: kyoto, name: 'Kyoto trip', balance: '50000 JPY', ownership: 'joint', of: couple },
    { id: gulf, name: 'Gulf office', balance: '125.750 KWD', ownership: 'joint', of: both },
  ]);
  const parties = (await client.get('/v1/parties')).body.data;
  expect(parties.map(({ externalId }: { externalId: string }) => externalId)).toEqual([
    'earner',
    'spender',
    'director-a',
    'director-b',
  ]);
});

test('gives the household a history of several days before today, under the names of its holders', async () => {
  const { data } = (await client.get(`/v1/accounts/${demoAccountIds.household}/entries?order=asc`)).body;
  const times: string[] = data.map((entry: { bookedAt: string }) => entry.bookedAt);
  expect(times).toEqual(times.toSorted());
  expect(new Set(times.map((time) => time.slice(0, 10))).size).toBeGreaterThanOrEqual(5);
  const { created_at: seededAt } = await service.database('ledgers').where({ id: demoLedgerId }).first();
  expect(times.at(-1)! < seededAt.toISOString()).toBe(true);
  const account = (await client.get(`/v1/accounts/${demoAccountIds.household}`)).body;
  expect(account.createdAt < times[0]!).toBe(true);
  expect(data.at(-1).balanceAfter).toBe('1000.00');
  const initiators = new Set(data.map((entry: { initiatedBy: string }) => entry.initiatedBy));
  expect([...initiators].sort()).toEqual([demoPartyIds.earner, demoPartyIds.spender]);
});

test('leaves books that verify and go on from there', async () => {
  expect(await verifyBooks(service.database)).toEqual([]);
  const moves = { amount: '100.00', currency: 'USD', initiatedBy: demoPartyIds.spender };
  const withdrawn = await client.post(`/v1/accounts/${demoAccountIds.household}/withdrawals`, moves);
  expect(withdrawn.body.entries[0].balanceAfter).toBe('900.00');
  await client.post(`/v1/accounts/${demoAccountIds.household}/deposits`, moves);
  expect(await client.balance(demoAccountIds.household)).toBe('1000.00');
});

test('lets the directors wait for a second signature, which pays', async () => {
  const { directorA, directorB } = demoPartyIds;
  const { directors } = demoAccountIds;
  const before = (await client.get(`/v1/accounts/${directors}`)).body;
  expect(before).toMatchObject({ balance: '23800.00', held: '750.00', available: '23050.00' });
  const { data } = (await client.get(`/v1/payment-orders?accountId=${directors}&order=asc`)).body;
  expect(data).toMatchObject([
    { id: demoPaymentOrderIds.rent, status: 'booked', initiatedBy: directorB },
    {
      id: demoPaymentOrderIds.laptops,
      status: 'waiting',
      initiatedBy: directorA,
      multiAuthorisation: { missingFrom: [directorB] },
    },
  ]);
  const signature = { by: directorB, decision: 'approve', instructionHash: data[1].instructionHash };
  const signed = await client.post(`/v1/payment-orders/${demoPaymentOrderIds.laptops}/authorisations`, signature);
  expect(signed.body).toMatchObject({ status: 'booked', transaction: { signedBy: [directorA, directorB] } });
  expect(await client.balance(directors)).toBe('23050.00');
});

test('gives the household a kitchen project with three proposals, of which accepting one rejects the others', async () => {
  const { data } = (await client.get(`/v1/projects/${demoProjectId}/proposals`)).body;
  expect(data.map((proposal: { status: string }) => proposal.status)).toEqual(['pending', 'pending', 'pending']);
  const accepted = await client.post(`/v1/proposals/${demoProposalIds.secondHand}/accept`, {
    by: demoPartyIds.earner,
    instructionHash: data.find(({ id }: { id: string }) => id === demoProposalIds.secondHand).instructionHash,
  });
  expect(accepted.body).toMatchObject({ status: 'accepted', transaction: { amount: '400.00' } });
  const project = (await client.get(`/v1/projects/${demoProjectId}`)).body;
  expect(project).toMatchObject({ status: 'assigned', acceptedProposalId: demoProposalIds.secondHand });
  expect(await client.balance(demoAccountIds.household)).toBe('600.00');
});

test('lets a second key in when it is seeded again, and keeps the first', async () => {
  const secondKey = 'another-demo-key';
  const secondClient = createTestClient(service.url, secondKey);
  expect((await secondClient.get('/v1/accounts')).status).toBe(401);
  await seedDemo(service.database, secondKey);
  // That a key is unknown is remembered for a second.
  while ((await secondClient.get('/v1/accounts')).status !== 200);
  const lists = [await client.get('/v1/accounts'), await secondClient.get('/v1/accounts')];
  expect(lists.map((list) => list.status)).toEqual([200, 200]);
  expect(lists[1]!.body).toEqual(lists[0]!.body);
  const hashes = await service.database('api_keys').where({ ledger_id: demoLedgerId }).pluck('key_hash');
  const inHex = (list: Buffer[]) => list.map((hash) => hash.toString('hex')).sort();
  expect(inHex(hashes)).toEqual(inHex([apiKey, secondKey].map(hashApiKey)));
});
