import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { manyOrFew } from '../support/rounds.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  clock = await installDatabaseClock(service.database);
});

afterAll(async () => {
  await clock.reset();
  await service.stop();
});

const decimals = { JPY: 0, USD: 2, KWD: 3, CLF: 4 };
type Currency = keyof typeof decimals;

/** Before the clocks go forward or back in these zones, and before a day that only leap years have. */
const beginnings = ['2025-03-28', '2025-10-24', '2025-09-05', '2025-04-04', '2024-02-27', '2025-12-30'];
const zones = ['UTC', 'Europe/Madrid', 'America/Santiago', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Havana'];

type Step =
  | { readonly type: 'wait'; readonly minutes: number }
  | { readonly type: 'deposits' | 'withdrawals'; readonly units: number }
  /** Up to so many days before today. */
  | { readonly type: 'issue'; readonly daysBack: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 4_320 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('deposits' as const, 'withdrawals' as const),
      units: fc.integer({ min: 1, max: 9_999_999 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('issue' as const), daysBack: fc.integer({ min: 0, max: 2 }) }),
  },
);

interface Life {
  readonly currency: Currency;
  readonly timeZone: string;
  readonly beginning: string;
  readonly steps: readonly Step[];
}

const life: fc.Arbitrary<Life> = fc.record({
  currency: fc.constantFrom(...(Object.keys(decimals) as Currency[])),
  timeZone: fc.constantFrom(...zones),
  beginning: fc.constantFrom(...beginnings),
  steps: fc.array(step, { minLength: 10, maxLength: 40 }),
});

function amountOf(units: number, currency: Currency): string {
  const digits = String(units).padStart(decimals[currency] + 1, '0');
  const point = digits.length - decimals[currency];
  return decimals[currency] === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

const unitsOf = (amount: string) => BigInt(amount.replace('.', ''));

/** The day of an instant in a time zone, as the platform says it. */
const dayOf = (instant: number, timeZone: string) =>
  new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(instant);

interface Entry {
  readonly version: number;
  readonly amount: string;
  readonly balanceAfter: string;
  readonly bookedAt: string;
}

/** Lives the life of an account; answers it, and through which day each of its statements went. */
async function live({ currency, timeZone, beginning, steps }: Life) {
  let now = Date.parse(`${beginning}T09:30:00Z`);
  await clock.setTo(new Date(now));
  const opened = await client.post('/v1/accounts', {
    ...{ name: 'Life', currency, timeZone, ownership: 'sole', overdraftLimit: amountOf(999_999_999_999, currency) },
  });
  const accountId: string = opened.body.id;
  const through: string[] = [];
  for (const step of steps) {
    if (step.type === 'wait') {
      now += step.minutes * 60_000;
      await clock.setTo(new Date(now));
    } else if (step.type === 'issue') {
      const day = dayOf(now - step.daysBack * 86_400_000, timeZone);
      const { status, body } = await client.post(`/v1/accounts/${accountId}/statements`, { through: day });
      if (status === 201) through.push(day);
      else expect(['period_not_over', 'statement_covered', 'validation_failed']).toContain(body.code);
    } else {
      const body = { amount: amountOf(step.units, currency), currency };
      expect((await client.post(`/v1/accounts/${accountId}/${step.type}`, body)).status).toBe(201);
    }
  }
  return { accountId, through };
}

async function all<Item>(path: string): Promise<Item[]> {
  const { data, nextCursor } = (await client.get(`${path}?order=asc&limit=200`)).body;
  expect(nextCursor).toBe(null);
  return data;
}

test('ties statements of any life together: each entry in one of them, nothing left out, all sums right', async () => {
  let issued = 0;
  await fc.assert(
    fc.asyncProperty(life, async (lived) => {
      const { accountId, through } = await live(lived);
      const entries = await all<Entry>(`/v1/accounts/${accountId}/entries`);
      const statements = await all<{ number: number }>(`/v1/accounts/${accountId}/statements`);
      expect(statements).toHaveLength(through.length);
      let [opening, covered, periodFrom] = [0n, 0, ''];
      for (const [place, { number }] of statements.entries()) {
        const { statement, lines } = (await client.get(`/v1/accounts/${accountId}/statements/${number}`)).body;
        const end = Date.parse(statement.periodTo);
        // The day that was asked for is over there, and not one moment more.
        const { timeZone } = lived;
        expect([dayOf(end - 1, timeZone), dayOf(end, timeZone) > through[place]!]).toEqual([through[place], true]);
        const own = entries.filter(({ bookedAt }) => bookedAt < statement.periodTo).slice(covered);
        const amounts = own.map(({ amount }) => unitsOf(amount));
        const sumOf = (some: bigint[]) => some.reduce((sum, units) => sum + units, 0n);
        const [credits, debits] = [amounts.filter((units) => units > 0n), amounts.filter((units) => units < 0n)];
        expect(lines.map(({ version }: Entry) => version)).toEqual(own.map(({ version }) => version));
        expect(lines.map(({ balanceAfter }: Entry) => balanceAfter)).toEqual(own.map((entry) => entry.balanceAfter));
        expect({
          ...{ number: statement.number, from: statement.fromVersion, to: statement.toVersion },
          ...{ opening: unitsOf(statement.opening), closing: unitsOf(statement.closing) },
          credits: [statement.credits.count, unitsOf(statement.credits.sum)],
          debits: [statement.debits.count, unitsOf(statement.debits.sum)],
        }).toEqual({
          ...{ number: place + 1, from: covered + 1, to: covered + own.length },
          ...{ opening, closing: opening + sumOf(amounts) },
          credits: [credits.length, sumOf(credits)],
          debits: [debits.length, -sumOf(debits)],
        });
        if (place > 0) expect(statement.periodFrom).toBe(periodFrom);
        [opening, covered, periodFrom] = [unitsOf(statement.closing), covered + own.length, statement.periodTo];
      }
      issued += statements.length;
    }),
    { numRuns: manyOrFew(200, 40) },
  );
  expect(issued).toBeGreaterThan(20);
});
