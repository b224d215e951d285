import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { verifyBooks } from '../../src/verify-books.ts';
import { manyOrFew } from '../support/rounds.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

/** Set PROPERTY_SEED to the printed number to see a failing run again. */
const seed =
  process.env.PROPERTY_SEED === undefined ? Date.now() % 2 ** 31 : Number.parseInt(process.env.PROPERTY_SEED, 10);

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
  process.stdout.write(`Property tests run with PROPERTY_SEED=${seed}.\n`);
});

afterAll(() => service.stop());

/** Whole cents in the model, exact decimals in the service. Small numbers, so that refusals are frequent. */
const cents = fc.integer({ min: 1, max: 500 });
const accountNumber = fc.nat({ max: 3 });

type Command = { type: string; from?: number; to?: number; cents: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('deposit' as const), to: accountNumber, cents }),
  fc.record({ type: fc.constant('withdrawal' as const), from: accountNumber, cents }),
  fc
    .record({ type: fc.constant('transfer' as const), from: accountNumber, to: accountNumber, cents })
    .filter(({ from, to }) => from !== to),
);

const overdraftCents = [0, 0, 300, 1_000];

function openAccounts(): Promise<string[]> {
  return Promise.all(overdraftCents.map((limit) => service.client.openAccount({ overdraftLimit: decimal(limit) })));
}

function decimal(value: number): string {
  const digits = String(Math.abs(value)).padStart(3, '0');
  return `${value < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function send({ type, from, to, cents: amount }: Command, accounts: string[], key?: string) {
  const body = { amount: decimal(amount), currency: 'USD' };
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  if (type === 'deposit') return service.client.post(`/v1/accounts/${accounts[to!]}/deposits`, body, headers);
  if (type === 'withdrawal') return service.client.post(`/v1/accounts/${accounts[from!]}/withdrawals`, body, headers);
  const ends = { fromAccountId: accounts[from!], toAccountId: accounts[to!] };
  return service.client.post('/v1/transfers', { ...body, ...ends }, headers);
}

function apply({ from, to, cents: amount }: Command, model: number[]): void {
  if (from !== undefined) model[from]! -= amount;
  if (to !== undefined) model[to]! += amount;
}

async function expectBalances(accounts: string[], model: number[]): Promise<void> {
  const answer = await service.client.get(`/v1/balances?accountIds=${accounts.join(',')}`);
  expect(answer.body.data.map((balance: { booked: string }) => balance.booked)).toEqual(model.map(decimal));
}

test('one client after another: accepts and refuses exactly what the model does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 25 }), async (commands) => {
      const accounts = await openAccounts();
      const model = overdraftCents.map(() => 0);
      for (const next of commands) {
        const answer = await send(next, accounts);
        const enough = next.from === undefined || model[next.from]! + overdraftCents[next.from]! >= next.cents;
        expect([answer.status, answer.body.code]).toEqual(enough ? [201, undefined] : [422, 'insufficient_funds']);
        if (enough) apply(next, model);
      }
      await expectBalances(accounts, model);
    }),
    { seed, numRuns: manyOrFew(20, 6) },
  );
  expect(await verifyBooks(service.database)).toEqual([]);
});

test('several clients at once, some of them twice: the books are those of what was accepted', async () => {
  const clients = fc.array(fc.array(command, { maxLength: 12 }), { minLength: 2, maxLength: 6 });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(clients, fc.boolean(), async (commandsOfClients, twice) => {
      const run = runs++;
      const accounts = await openAccounts();
      const model = overdraftCents.map(() => 0);
      const runClient = async (commands: Command[], client: number) => {
        for (const [index, next] of commands.entries()) {
          const key = `${seed}-${run}-${client}-${index}`;
          // An impatient client sends the same request again before the first is answered.
          const answers = await Promise.all((twice ? [0, 1] : [0]).map(() => send(next, accounts, key)));
          expect(new Set(answers.map((answer) => answer.status)).size).toBe(1);
          expect([201, 422]).toContain(answers[0]!.status);
          if (answers[0]!.status === 201) apply(next, model);
          else expect(answers[0]!.body.code).toBe('insufficient_funds');
        }
      };
      await Promise.all(commandsOfClients.map(runClient));
      await expectBalances(accounts, model);
      const available = model.map((balance, account) => balance + overdraftCents[account]!);
      expect(Math.min(...available)).toBeGreaterThanOrEqual(0);
      expect(await verifyBooks(service.database)).toEqual([]);
    }),
    { seed, numRuns: manyOrFew(20, 6) },
  );
});
