import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyBooks } from '../../src/verify-books.ts';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What the database refuses of statements, and what a verification of the books finds of what it can't refuse.

let service: TestService;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService({});
  clock = await installDatabaseClock(service.database);
  await clock.setTo('2025-10-10T10:00:00Z');
  const { client } = service;
  const id = await client.openAccount({ balance: '5.00' });
  for (const at of ['2025-10-11', '2025-10-12', '2025-10-13']) {
    await clock.setTo(`${at}T10:00:00Z`);
    for (const type of ['deposits', 'withdrawals']) {
      const body = { amount: type === 'deposits' ? '3.00' : '1.00', currency: 'USD' };
      expect((await client.post(`/v1/accounts/${id}/${type}`, body)).status).toBe(201);
    }
    if (at === '2025-10-13') break;
    await clock.setTo(`${at}T23:59:59Z`);
    await clock.advance(2_000);
    expect((await client.post(`/v1/accounts/${id}/statements`, { through: at })).status).toBe(201);
  }
});

afterAll(async () => {
  await clock.reset();
  await service.stop();
});

test.each([
  ['update statements set closing = closing', 'what was recorded stays as it is'],
  ['delete from statements', 'what was recorded stays as it is'],
  ['truncate statements', 'what was recorded stays as it is'],
])('the database refuses to %s', async (statement, message) => {
  await expect(service.database.raw(statement)).rejects.toThrow(message);
});

/** The next statement as it would have to be, but for these columns. */
const next = (columns: Record<string, string>) => {
  const made: Record<string, string> = {
    ...{ ledger_id: 's.ledger_id', account_id: 's.account_id', number: 's.number + 1', id: 'gen_random_uuid()' },
    ...{ previous_number: 's.number', previous_version: 's.to_version', from_version: 's.to_version + 1' },
    ...{ to_version: 's.to_version', opening: 's.closing', closing: 's.closing', period_from: 's.period_to' },
    ...{ period_to: "s.period_to + interval '1 day'", time_zone: "'UTC'", currency: 's.currency', credit_count: '0' },
    ...{ credit_sum: '0', debit_count: '0', debit_sum: '0', initiators: 's.initiators', hash: 's.hash' },
    ...{ issued_at: "s.period_to + interval '1 day'", ...columns },
  };
  return `insert into statements (${Object.keys(made)}) select ${Object.values(made)} from statements s where number = 2`;
};

test.each([
  [{}, undefined],
  [{ from_version: 's.to_version + 2', previous_version: 's.to_version + 1' }, 'statements_'],
  [{ from_version: 's.to_version + 2' }, 'statements_versions_follow'],
  [
    { from_version: 's.to_version', previous_version: 's.to_version - 1', credit_count: '1' },
    'statements_previous_fkey',
  ],
  [{ opening: 's.closing + 1', closing: 's.closing + 1' }, 'statements_previous_fkey'],
  [{ period_from: "s.period_to + interval '1 hour'" }, 'statements_previous_fkey'],
  [{ number: 's.number + 2', previous_number: 's.number + 1' }, 'statements_previous_fkey'],
  [{ number: 's.number + 2' }, 'statements_numbered'],
  [{ number: 's.number' }, 'statements_numbered'],
  [{ previous_number: 'null' }, 'statements_numbered'],
  [{ closing: 's.closing + 1' }, 'statements_sum_up'],
  [{ credit_sum: '1', closing: 's.closing + 1', credit_count: '1' }, 'statements_count_all'],
  [{ issued_at: 's.period_to' }, 'statements_period_in_order'],
])('the database refuses a next statement with %j', async (columns, constraint) => {
  const change = await service.database.transaction();
  const outcome = await change.raw(next(columns)).then(
    () => undefined,
    (error: { constraint: string }) => error.constraint,
  );
  await change.rollback();
  if (constraint === undefined) expect(outcome).toBe(undefined);
  else expect(outcome).toContain(constraint);
});

test.each([
  ['update statements set number = 4, previous_number = 3 where number = 2', 'begins where the one before it ends'],
  [
    'update statements set opening = opening + 1, closing = closing + 1 where number = 2',
    'begins where the one before',
  ],
  [
    "update statements set period_from = period_from - interval '1 hour' where number = 2",
    'begins where the one before',
  ],
  ['update statements set credit_sum = credit_sum + 1, closing = closing + 1', 'sums the entries'],
  ['update statements set credit_count = credit_count + 1, debit_count = debit_count - 1', 'sums the entries'],
  ['update statements set closing = closing + 1, debit_sum = debit_sum - 1', 'closes with the balance'],
  ["update statements set period_to = period_to - interval '20 hours' where number = 2", 'was booked before its end'],
  ["update statements set period_to = period_to + interval '1 day' where number = 2", 'was booked after its end'],
  ["update statements set time_zone = 'Europe/Madrid'", 'says what was issued'],
  ["update statements set hash = sha256('x') where number = 1", 'says what was issued'],
  [
    `update statements set initiators = jsonb_set(initiators::jsonb, '{by,0,debits,sum}', '"2.00"')::json`,
    'says what was issued',
  ],
])('a verification finds %s', async (statement, rule) => {
  const change = await service.database.transaction();
  await change.raw("set local session_replication_role = 'replica'");
  await change.raw('alter table statements drop constraint statements_sum_up, drop constraint statements_count_all');
  await change.raw('alter table statements drop constraint statements_period_in_order');
  const { rowCount } = await change.raw(statement);
  const findings = await verifyBooks(change);
  await change.rollback();
  expect(rowCount).toBeGreaterThan(0);
  expect(findings.map((finding) => finding.rule)).toContainEqual(expect.stringContaining(rule));
});
