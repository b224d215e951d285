import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyBooks } from '../../src/verify-books.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What a verification of the books finds when the journal was tampered with. Each change is taken back.

let service: TestService;

beforeAll(async () => {
  service = await startTestService({});
  const { client } = service;
  const account = await client.openAccount({ balance: '5.00' });
  const other = await client.openAccount();
  for (const amount of ['1.00', '2.00', '1.50']) {
    await client.post('/v1/transfers', { fromAccountId: account, toAccountId: other, amount, currency: 'USD' });
  }
});

afterAll(() => service.stop());

test.each([
  ['update entries set amount = amount + 1 where version = 2 and amount > 0', ['sum to zero', 'carries the balance']],
  ['delete from entries where version = 2 and amount > 0', ['at least two entries', 'have no gaps']],
  ['delete from entries where version = 3 and amount > 0', ['at least two entries', 'end at its own']],
  ["delete from transactions where type = 'deposit'", ['an entry belongs to a transaction']],
  ["update transactions set booked_at = booked_at - interval '1 day'", ['and is booked with it']],
  ["delete from accounts where ownership = 'clearing'", ['an entry belongs to an account']],
  ["update transactions set currency = 'EUR' where type = 'deposit'", ['in the currency of its accounts']],
  ["update accounts set balance = balance + 1 where ownership <> 'clearing'", ['is the sum of its entries']],
  ["update accounts set version = version + 1 where ownership <> 'clearing'", ['end at its own']],
  ['update entries set version = null, balance_after = null where version = 1', ['carry no version', 'have no gaps']],
  ['update entries set balance_after = balance_after + 1 where version = 2', ['carries the balance']],
  [`update entries set booked_at = booked_at - interval '1 day' where version = 3`, ['never go back']],
  [`update transactions set booked_at = now() + interval '1 day'`, ['ahead of the clock']],
])('%s', async (statement, rules) => {
  const change = await service.database.transaction();
  await change.raw("set local session_replication_role = 'replica'");
  const { rowCount } = await change.raw(statement);
  // In the same transaction, so that nothing has to be put back.
  const findings = await verifyBooks(change);
  await change.rollback();
  expect(rowCount).toBeGreaterThan(0);
  const found = findings.map((finding) => finding.rule);
  for (const rule of rules) expect(found).toContainEqual(expect.stringContaining(rule));
});
