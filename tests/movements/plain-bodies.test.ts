import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { z } from 'zod';
import { batchBody, depositBody, transferBody, withdrawalBody } from '../../src/movements/movement-schemas.ts';
import { plainBatch, plainMovement, plainTransfer } from '../../src/movements/plain-bodies.ts';

type Fields = Record<string, unknown>;

const uuid = '01936f00-0000-7000-8000-000000000101';
const other = '01936f00-0000-7000-8000-000000000102';

/** Right, nearly right, and wrong, for every field that there is. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    0,
    1.5,
    '',
    ' ',
    [],
    {},
    'null',
    '\0',
    '\ud800',
    '\u202e',
    'ä',
    'a\u0308',
  ),
  fc.string({ maxLength: 150 }),
  fc.anything({ maxDepth: 1 }),
);
const ids = fc.oneof(
  fc.constantFrom<unknown>(uuid, other, uuid.toUpperCase(), uuid.slice(1), `${uuid} `, `{${uuid}}`),
  fc.uuid(),
  odd,
);
const amounts = fc.oneof(
  fc.constantFrom<unknown>(
    '1',
    '1.00',
    '0.10',
    '0',
    '0.00',
    '00.1',
    '1.',
    '.5',
    '-1',
    '+1',
    '1e3',
    '1,0',
    ' 1',
    '1.001',
    5,
  ),
  fc.constantFrom<unknown>('999999999999999999', '999999999999999999.99', '1000000000000000000', '1.0000', '1.00000'),
  fc.tuple(fc.nat(), fc.nat(99)).map(([whole, part]) => `${whole}.${part}`),
  odd,
);
const currencies = fc.oneof(
  fc.constantFrom<unknown>('USD', 'EUR', 'JPY', 'KWD', 'CLF', 'DEM', 'usd', 'XAU', 'XXX', 'US', 'toString', 'USD '),
  odd,
);
const texts = fc.oneof(
  fc.constantFrom<unknown>(
    'Rent',
    'x'.repeat(140),
    'x'.repeat(141),
    'x'.repeat(500),
    'x'.repeat(501),
    'a"b\\c',
    '~ ',
    '\x7f',
  ),
  odd,
);
const keys = fc.oneof(fc.constantFrom<unknown>('k-1', 'x'.repeat(255), 'x'.repeat(256), 'a b', ''), odd);

/** Of a field: what is usual most of the time, so that whole bodies are right often enough. */
const mostly = (usual: unknown, others: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: others });
const sometimes = (others: fc.Arbitrary<unknown>) => fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, others);

const details = {
  amount: mostly('12.34', amounts),
  currency: mostly('USD', currencies),
  initiatedBy: sometimes(ids),
  description: sometimes(texts),
  reference: sometimes(texts),
  metadata: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, odd),
  valueDate: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.constant('2026-02-30'), odd),
  externalId: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, texts),
  expiresAt: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, odd),
  more: fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, odd),
};
const accounts = { fromAccountId: mostly(uuid, ids), toAccountId: mostly(other, ids) };

/** As JSON has them: without what is undefined. */
function bodies(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Fields> {
  return fc.record(fields).map((values) => {
    const present = Object.entries(values).filter(([, value]) => value !== undefined);
    try {
      return JSON.parse(JSON.stringify(Object.fromEntries(present)));
    } catch {
      return {};
    }
  });
}

const items = fc.oneof(
  bodies({ type: mostly('transfer', odd), idempotencyKey: sometimes(keys), ...accounts, ...details }),
  bodies({ type: mostly('deposit', odd), idempotencyKey: sometimes(keys), accountId: mostly(uuid, ids), ...details }),
  bodies({
    type: mostly('withdrawal', odd),
    idempotencyKey: sometimes(keys),
    accountId: mostly(uuid, ids),
    ...details,
  }),
);
const batches = fc
  .record({ atomic: mostly(true, odd), items: fc.array(items, { maxLength: 3 }), more: sometimes(odd) })
  .map((batch) => JSON.parse(JSON.stringify(batch)));

/** Amounts as their text: two that are equal have it alike. */
const plainly = (value: unknown) => JSON.parse(JSON.stringify(value));

interface Counts {
  plain: number;
  right: number;
}

/** `TEST_RUNS=1000000` looks at a million of each. */
const numRuns = Number(process.env.TEST_RUNS ?? 20_000);

function compare(schema: z.ZodType, plain: (fields: Fields) => unknown, all: fc.Arbitrary<Fields>): Counts {
  const counts = { plain: 0, right: 0 };
  fc.assert(
    fc.property(all, (body) => {
      const exact = schema.safeParse(body);
      const read = plain(body);
      if (exact.success) counts.right++;
      if (read === undefined) return;
      counts.plain++;
      expect(exact.success).toBe(true);
      expect(plainly(read)).toEqual(plainly(exact.data));
      expect(Object.keys(read as object).sort()).toEqual(Object.keys(exact.data as object).sort());
    }),
    { numRuns },
  );
  return counts;
}

describe('what is read without a schema is what the schema reads', () => {
  test.each([
    ['deposits', depositBody, plainMovement, bodies(details)],
    ['withdrawals', withdrawalBody, plainMovement, bodies(details)],
    ['transfers', transferBody, plainTransfer, bodies({ ...accounts, ...details })],
    ['batches', batchBody, plainBatch, batches],
  ] as const)('%s', (_name, schema, plain, all) => {
    const { plain: read, right } = compare(schema, plain as (fields: Fields) => unknown, all as fc.Arbitrary<Fields>);
    // Of what is right, enough is plain for the comparison to say something.
    expect(read).toBeGreaterThan(numRuns / 50);
    expect(right).toBeGreaterThan(read);
  });
});

test('reads the ordinary body', () => {
  const body = { fromAccountId: uuid, toAccountId: other, amount: '40.00', currency: 'USD', reference: 'Rent 2026-11' };
  expect(plainTransfer(body)).toBeDefined();
  expect(plainMovement({ amount: '1.5', currency: 'KWD', initiatedBy: null })).toBeDefined();
});
