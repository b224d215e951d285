import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyBooks } from '../../src/verify-books.ts';
import { untilLogged } from '../support/event-log.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What a verification of the books finds when the log was tampered with. Each change is taken back.

let service: TestService;

beforeAll(async () => {
  service = await startTestService({});
  const { client } = service;
  const account = await client.openAccount({ balance: '5.00' });
  await untilLogged(service);
  for (const amount of ['1.00', '2.00', '3.00']) {
    await client.post(`/v1/accounts/${account}/deposits`, { amount, currency: 'USD' });
    await untilLogged(service);
  }
  // Not in the log yet.
  await client.post(`/v1/accounts/${account}/deposits`, { amount: '4.00', currency: 'USD' });
});

afterAll(() => service.stop());

test.each([
  ['update log_blocks set appended_at = appended_at + interval $$1 ms$$ where first_position = 0', 'chained'],
  ['update log_blocks set hash = sha256(hash) where first_position = 2', 'chained'],
  ['update log_blocks set versions = array[9] where first_position = 3', 'every booking is an event'],
  ['update log_blocks set sequences = array[9] where first_position = 3', 'in their sequence'],
  ['update log_blocks set first_position = 7, last_position = 7 where first_position = 4', 'have no gaps'],
  ['delete from log_blocks where first_position = 4', 'end at its count'],
  ['delete from log_inbox', 'end at its count'],
  ['delete from logs', 'every ledger has a log'],
  ["update log_numbers set lineage = '0.00000000'", 'begins with a block of its own'],
  ['delete from events', 'every event has its place'],
  ['update events set sequence = 8', 'every event has its place'],
])('%s', async (statement, rule) => {
  const change = await service.database.transaction();
  await change.raw("set local session_replication_role = 'replica'");
  await change.raw(statement);
  // In the same transaction, so that nothing has to be put back.
  const findings = await verifyBooks(change);
  await change.rollback();
  expect(findings.map((finding) => finding.rule)).toContainEqual(expect.stringContaining(rule));
  expect(await verifyBooks(service.database)).toEqual([]);
});
