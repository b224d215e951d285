import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../src/database/create-database.ts';
import { migrate } from '../../src/database/migrate.ts';
import { clearingAccountId } from '../../src/ledger/clearing-account.ts';
import { noLimits } from '../../src/ownership/holder.ts';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { localWebhooks } from '../support/local-webhooks.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createOlderLedger, createTestDatabase, type TestDatabase, type TestLedger } from '../support/test-database.ts';

// What the first release wrote, word for word, under the schema it had. Nothing here is made by today's code, which
// would write it as it does today.

const lastOfFirstRelease = '20261121000800_validate_transaction_rules';
const bookedAt = '2026-11-20T10:00:00.000Z';
const [ann, bob] = [uuidv7(), uuidv7()];
const [account, closed, bare] = [uuidv7(), uuidv7(), uuidv7()];
const transactionIds = { deposit: uuidv7(), withdrawal: uuidv7(), multiLeg: uuidv7() };

let testDatabase: TestDatabase;
let database: Database;
let ledger: TestLedger;
let api: HttpListener;
let client: TestClient;

beforeAll(async () => {
  testDatabase = await createTestDatabase({ empty: true });
  database = testDatabase.database;
  for (let name = ''; name !== lastOfFirstRelease; ) {
    const [, ran] = await database.migrate.up();
    name = ran[0];
  }
  await writeFirstRelease();
  expect(await migrate(database)).not.toEqual([]);
  const logger = pino({ level: 'silent' });
  const options = {
    host: '127.0.0.1',
    port: 0,
    keepAliveTimeoutMs: 65_000,
    databasePoolSize: 5,
    lockTimeoutMs: 5_000,
    ...localWebhooks,
    logger,
  };
  api = await startApi({ ...options, databaseUrl: testDatabase.url });
  client = createTestClient(`http://127.0.0.1:${api.port}`, ledger.apiKey);
});

afterAll(async () => {
  await api?.stop(5_000);
  const findings = await verifyBooks(database);
  await testDatabase.verifyAndDrop();
  expect(findings).toEqual([]);
});

const withdrawalPath = `/v1/accounts/${account}/withdrawals`;
const withdrawalBody = { amount: '30.00', currency: 'USD', initiatedBy: ann };
const clearing = () => clearingAccountId(ledger.ledgerId, 'USD');

/** A transaction document as it was: without signatures, origin and reversal. */
const withdrawalDocument = () => ({
  id: transactionIds.withdrawal,
  type: 'withdrawal',
  status: 'booked',
  amount: '30.00',
  currency: 'USD',
  bookedAt,
  valueDate: '2026-11-20',
  initiatedBy: ann,
  description: null,
  reference: 'rent',
  metadata: { month: 11 },
  entries: [
    { accountId: account, amount: '-30.00', balanceAfter: '70.00', version: 3 },
    { accountId: clearing(), amount: '30.00' },
  ],
});

/** An account document as it was: without a revision, a mandate and what came with them. */
const accountDocument = (id: string, fields: object) => ({
  ...{ id, name: 'Old', externalId: null, currency: 'USD', ownership: 'joint', status: 'active', balance: '0.00' },
  ...{ held: '0.00', available: '0.00', overdraftLimit: '0.00', version: 0, holders: [] },
  ...{ createdAt: bookedAt, closedAt: null },
  ...fields,
});

const outcomes = () => ({
  withdrawal: { result: withdrawalDocument() },
  refused: {
    refusal: {
      code: 'insufficient_funds',
      detail: `Account ${account} has 70.00 USD available, 500.00 is asked for.`,
      facts: { accountId: account, available: '70.00' },
    },
  },
  closing: { result: accountDocument(closed, { status: 'closed', closedAt: bookedAt, version: 2 }) },
  opening: { result: { account: accountDocument(bare, {}), created: true } },
});

/** Requests were hashed as JSON with the fields of each object in alphabetical order. */
const requests = {
  withdrawal: `["POST","${withdrawalPath}",{"amount":"30.00","currency":"USD","initiatedBy":"${ann}"}]`,
  refused: `["POST","${withdrawalPath}",{"amount":"500.00","currency":"USD"}]`,
  closing: `["POST","/v1/accounts/${closed}/close",{}]`,
  opening: `["POST","/v1/accounts",{"currency":"USD","name":"Old","ownership":"joint"}]`,
};

async function writeFirstRelease(): Promise<void> {
  ledger = await createOlderLedger(database);
  const { ledgerId } = ledger;
  const own = { ledger_id: ledgerId };
  await database('parties').insert([ann, bob].map((id) => ({ ...own, id, name: 'Old' })));
  const row = { ...own, name: 'Old', currency: 'USD', ownership: 'joint', held: 0, overdraft_limit: 0 };
  const booked = { last_booked_at: bookedAt, created_at: bookedAt };
  await database('accounts').insert([
    { ...row, id: account, balance: 70, version: 3, ...booked },
    { ...row, id: closed, balance: 0, version: 2, status: 'closed', closed_at: bookedAt, ...booked },
    { ...row, id: bare, balance: 0, version: 0, created_at: bookedAt },
  ]);
  await database('accounts').insert({
    ...{ ...own, id: clearing(), name: 'Clearing USD', currency: 'USD', ownership: 'clearing' },
  });
  await database('holders').insert([
    { ...own, account_id: account, party_id: ann, rights: ['view', 'withdraw'], created_at: bookedAt },
    { ...own, account_id: account, party_id: bob, rights: ['view'], created_at: bookedAt },
  ]);
  const transaction = { ...own, currency: 'USD', booked_at: bookedAt, value_date: '2026-11-20' };
  await database('transactions').insert([
    { ...transaction, id: transactionIds.deposit, type: 'deposit', amount: 105 },
    {
      ...{ ...transaction, id: transactionIds.withdrawal, type: 'withdrawal', amount: 30, initiated_by: ann },
      ...{ reference: 'rent', metadata: JSON.stringify({ month: 11 }) },
    },
    { ...transaction, id: transactionIds.multiLeg, type: 'multi_leg', amount: null, currency: null },
  ]);
  const { deposit, withdrawal, multiLeg } = transactionIds;
  const entries: [string, string, number, number | null, number | null][] = [
    [deposit, account, 105, 105, 1],
    [deposit, clearing(), -105, null, null],
    [multiLeg, account, -5, 100, 2],
    [multiLeg, closed, 5, 5, 1],
    [withdrawal, account, -30, 70, 3],
    [withdrawal, clearing(), 30, null, null],
  ];
  await database('entries').insert(
    entries.map(([transaction_id, account_id, amount, balance_after, version]) => ({
      ...{ ...own, id: uuidv7(), transaction_id, account_id, amount, balance_after, version, booked_at: bookedAt },
    })),
  );
  // What came into the account that is closed went out of it.
  const out = uuidv7();
  await database('transactions').insert({ ...transaction, id: out, type: 'withdrawal', amount: 5 });
  await database('entries').insert([
    ...[
      { ...own, id: uuidv7(), transaction_id: out, account_id: closed, amount: -5, balance_after: 0, version: 2 },
      { ...own, id: uuidv7(), transaction_id: out, account_id: clearing(), amount: 5 },
    ].map((entry) => ({ ...entry, booked_at: bookedAt })),
  ]);
  await database('idempotency_keys').insert(
    Object.entries(outcomes()).map(([key, outcome]) => ({
      ...{ ...own, key, outcome: JSON.stringify(outcome) },
      request_hash: createHash('sha256')
        .update(requests[key as keyof typeof requests])
        .digest(),
    })),
  );
}

test('answers repeated requests as they were answered then', async () => {
  // What was stored then is not of today's form.
  const asOfThen = createTestClient(`http://127.0.0.1:${api.port}`, ledger.apiKey, () => {});
  const withdrawn = await asOfThen.post(withdrawalPath, withdrawalBody, { 'Idempotency-Key': 'withdrawal' });
  expect([withdrawn.status, withdrawn.headers['idempotent-replayed']]).toEqual([201, 'true']);
  expect(withdrawn.headers.location).toBe(`/v1/transactions/${transactionIds.withdrawal}`);
  expect(withdrawn.body).toEqual(withdrawalDocument());
  const refused = await client.post(
    withdrawalPath,
    { amount: '500.00', currency: 'USD' },
    { 'Idempotency-Key': 'refused' },
  );
  expect(refused.body).toMatchObject({ status: 422, code: 'insufficient_funds', available: '70.00' });
  const close = await asOfThen.post(`/v1/accounts/${closed}/close`, {}, { 'Idempotency-Key': 'closing' });
  expect([close.status, close.headers.etag, close.body]).toEqual([200, '"2"', outcomes().closing.result]);
  const body = { name: 'Old', currency: 'USD', ownership: 'joint' };
  const opened = await asOfThen.post('/v1/accounts', body, { 'Idempotency-Key': 'opening' });
  expect([opened.status, opened.headers.etag, opened.headers.location]).toEqual([201, '"0"', `/v1/accounts/${bare}`]);
  expect(opened.body).toEqual(outcomes().opening.result.account);
  const other = await client.post(
    withdrawalPath,
    { ...withdrawalBody, amount: '31.00' },
    { 'Idempotency-Key': 'withdrawal' },
  );
  expect(other.body.code).toBe('idempotency_key_reused');
  expect(await client.balance(account)).toBe('70.00');
});

test('reads what was written then, with what is known now', async () => {
  const read = await client.get(`/v1/accounts/${account}`);
  expect(read.headers.etag).toBe('"3"');
  expect(read.body).toEqual({
    ...accountDocument(account, { balance: '70.00', available: '70.00', version: 3 }),
    ...{ revision: 0, mandate: { version: 0, bands: [{ rule: 'any' }] }, timeZone: 'UTC' },
    ...{ survivorship: 'survivors', statements: 'none', debitsStopped: false, creditsStopped: false, metadata: null },
    holders: [
      { partyId: ann, rights: ['view', 'withdraw'], limits: noLimits },
      { partyId: bob, rights: ['view'], limits: noLimits },
    ].sort((a, b) => (a.partyId < b.partyId ? -1 : 1)),
  });
  // An account that was closed then has another tag than right before; a stored answer keeps the one it had.
  const gone = await client.get(`/v1/accounts/${closed}`);
  expect([gone.headers.etag, gone.body.status, gone.body.closedAt]).toEqual(['"2-1"', 'closed', bookedAt]);
  const { data } = (await client.get(`/v1/accounts/${account}/holders`)).body;
  expect(data.find((holder: { partyId: string }) => holder.partyId === ann)).toEqual({
    ...{
      accountId: account,
      partyId: ann,
      name: expect.any(String),
      rights: ['view', 'withdraw'],
      status: 'active',
      by: null,
    },
    limits: noLimits,
    ...{ expiresAt: null, joinedAt: bookedAt, endedAt: null, history: 'all' },
  });
  const transaction = (await client.get(`/v1/transactions/${transactionIds.withdrawal}`)).body;
  const notKnownThen = {
    authentication: null,
    signedBy: [],
    origin: null,
    reversedBy: null,
    reversedAmount: '0.00',
    externalId: null,
  };
  expect(transaction).toEqual({ ...withdrawalDocument(), kind: 'transaction', ...notKnownThen });
  const multiLeg = (await client.get(`/v1/transactions/${transactionIds.multiLeg}`)).body;
  expect(multiLeg).toMatchObject({ type: 'multi_leg', amount: null, currency: null, signedBy: [], origin: null });
  const entries = (await client.get(`/v1/accounts/${account}/entries`)).body.data;
  expect(entries.map(({ amount }: { amount: string }) => amount)).toEqual(['-30.00', '-5.00', '105.00']);
  for (const list of ['changes', 'restrictions', 'holds', 'mandate/versions']) {
    expect((await client.get(`/v1/accounts/${account}/${list}`)).body).toEqual({ data: [], nextCursor: null });
  }
});

test('moves money of accounts from then, for those who may', async () => {
  const withdraw = (initiatedBy: string | null, amount = '10.00') =>
    client.post(withdrawalPath, { amount, currency: 'USD', initiatedBy });
  expect((await withdraw(bob)).body).toMatchObject({ code: 'right_missing', right: 'withdraw' });
  const stranger = await client.createParty('Eve');
  expect((await withdraw(stranger)).body.code).toBe('not_a_holder');
  const withdrawn = await withdraw(ann);
  expect([withdrawn.status, withdrawn.headers.etag, withdrawn.body.signedBy]).toEqual([201, '"4"', [ann]]);
  expect((await withdraw(null)).status).toBe(201);
  expect(await client.balance(account)).toBe('50.00');
  const reversed = await client.post(`/v1/transactions/${transactionIds.withdrawal}/reversals`, { reason: 'mistake' });
  expect([reversed.status, await client.balance(account)]).toEqual([201, '80.00']);
  const ifMatch = { 'If-Match': '"6"' };
  const hold = await client.post('/v1/holds', { accountId: account, amount: '5.00', currency: 'USD' }, ifMatch);
  expect([hold.status, hold.headers.etag]).toEqual([201, '"6-1"']);
  const set = await client.put(`/v1/accounts/${account}/mandate`, { mandate: { rule: 'any' } });
  expect([set.status, set.body.version]).toEqual([200, 1]);
  expect((await client.post(`/v1/accounts/${closed}/deposits`, { amount: '1.00', currency: 'USD' })).body.code).toBe(
    'account_closed',
  );
});
