import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { demoAccountIds, demoLedgerId, demoPartyIds, demoPaymentOrderIds, demoProposalIds } from '../../seeds/demo.ts';
import { type Client, createClient, LedgerError } from '../../src/client/client.ts';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// What the README does by curl, by the client.

const { household, savings } = demoAccountIds;
const toSavings = { fromAccountId: household, toAccountId: savings, currency: 'USD' } as const;
let testDatabase: TestDatabase;
let server: ServerProcess;
let ledger: Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const apiKey = createApiKey(demoLedgerId);
  server = await startServerProcess({ DATABASE_URL: testDatabase.url, DEMO_API_KEY: apiKey });
  ledger = createClient({ baseUrl: server.url, apiKey });
});

afterAll(async () => {
  await server?.end('SIGTERM');
  await testDatabase.verifyAndDrop();
});

test('a transfer that is sent twice with one key happens once', async () => {
  const move = () => ledger.createTransfer({ ...toSavings, amount: '40.00' }, { idempotencyKey: 'to-savings-1' });
  expect((await move()).id).toBe((await move()).id);
  expect((await ledger.getAccount({ accountId: savings })).balance).toBe(
    (await ledger.listEntries({ accountId: savings, limit: 1 })).data[0]!.balanceAfter,
  );
});

test('a dry run says what would happen', async () => {
  const dry = ledger.createWithdrawal({ accountId: household, amount: '5000.00', currency: 'USD', dryRun: true });
  await expect(dry).rejects.toMatchObject({ code: 'insufficient_funds' });
});

test('the account, its history, its balance yesterday', async () => {
  const { balance } = await ledger.getAccount({ accountId: household });
  const { data } = await ledger.listEntries({ accountId: household, limit: 5 });
  expect(data[0]!.balanceAfter).toBe(balance);
  const at = new Date(Date.now() - 86_400_000).toISOString();
  expect((await ledger.getBalance({ accountId: household, at })).booked).toMatch(/^\d+\.\d\d$/);
});

test('the second director signs the order that waits', async () => {
  const orderId = demoPaymentOrderIds.laptops;
  const { instructionHash, status } = await ledger.getPaymentOrder({ orderId });
  const signature = { by: demoPartyIds.directorB, decision: 'approve', instructionHash } as const;
  const signed = await ledger.signPaymentOrder({ orderId, ...signature });
  expect([status, signed.status, signed.transaction?.type]).toEqual(['waiting', 'booked', 'withdrawal']);
});

test('of two proposals that are accepted at the same instant one is paid', async () => {
  const offers = await Promise.all(
    [demoProposalIds.lacquer, demoProposalIds.secondHand].map((proposalId) => ledger.getProposal({ proposalId })),
  );
  const parties = [demoPartyIds.earner, demoPartyIds.spender];
  const accepts = await Promise.allSettled(
    offers.map(({ id, instructionHash }, index) =>
      ledger.acceptProposal({ proposalId: id, by: parties[index]!, instructionHash }),
    ),
  );
  const paid = accepts.flatMap((accept) => (accept.status === 'fulfilled' ? [accept.value] : []));
  const refused = accepts.flatMap((accept) => (accept.status === 'rejected' ? [accept.reason] : []));
  expect(paid.map(({ status }) => status)).toEqual(['accepted']);
  expect(refused.map((error) => LedgerError.is(error, 'project_already_assigned'))).toEqual([true]);
});

test('a standing order is paid by a worker, which its payer is notified of', async () => {
  const startsAt = new Date(Date.now() + 3_000).toISOString().slice(0, 19);
  const schedule = { startsAt, timeZone: 'UTC', recurrence: 'FREQ=DAILY' };
  const events = ledger.events({ cursor: 'begin', types: ['standing_order.run_booked'], accountId: household });
  const { id } = await ledger.createStandingOrder({ ...toSavings, amount: '5.00', schedule });
  for await (const { subject } of events) if (subject === id) break;
  const { data } = await ledger.listEntries({ accountId: savings, limit: 1 });
  expect([data[0]!.amount, data[0]!.origin?.type]).toEqual(['5.00', 'standing_order']);
  await ledger.cancelStandingOrder({ orderId: id });
});
