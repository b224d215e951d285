import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { item, sendBatch } from '../support/batches.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

function post(entries: readonly object[], more: object = {}, headers: Record<string, string> = {}) {
  return client.post('/v1/transactions', { entries, ...more }, headers);
}

function openMany(count: number, options: object = {}): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => client.openAccount(options)));
}

describe('what is no transaction', () => {
  const bad = (name: string, make: (a: string, b: string, c: string) => object, paths: string[], message: RegExp) =>
    [name, make, paths, message] as const;
  const sumOf = (currency: string, sum: string) => new RegExp(`must sum to zero.* in ${currency} they sum to ${sum}$`);
  const many = (count: number) =>
    Array.from({ length: count }, (_, number) => ({
      accountId: `01890a5d-ac96-774b-bcce-${String(number).padStart(12, '0')}`,
      amount: number % 2 === 0 ? '1.00' : '-1.00',
      currency: 'USD',
    }));
  const usd = (accountId: string, amount: unknown) => ({ accountId, amount, currency: 'USD' });
  const jpy = (accountId: string, amount: unknown) => ({ accountId, amount, currency: 'JPY' });

  test.each([
    bad('no entries', () => ({}), ['entries'], /./),
    bad('entries that are no list', (a) => ({ entries: usd(a, '1') }), ['entries'], /./),
    bad('an empty list', () => ({ entries: [] }), ['entries'], /at least 2 entries/),
    bad('one entry', (a) => ({ entries: [usd(a, '1.00')] }), ['entries'], /at least 2 entries/),
    bad('101 entries', () => ({ entries: many(101) }), ['entries'], /at most 100 entries/),
    bad('102 entries', () => ({ entries: many(102) }), ['entries'], /at most 100 entries/),
    bad('entries of other types', (a) => ({ entries: [a, null] }), ['entries.0', 'entries.1'], /./),
    bad(
      'an account twice',
      (a, b) => ({ entries: [usd(a, '1'), usd(b, '-3'), usd(a, '2')] }),
      ['entries.2.accountId'],
      /must not stand in two entries/,
    ),
    bad(
      'an account twice, once in capitals, once in another currency',
      (a) => ({ entries: [usd(a, '1'), usd(a.toUpperCase(), '-1'), jpy(a, '1'), jpy(nobody, '-1')] }),
      ['entries.1.accountId', 'entries.2.accountId'],
      /must not stand in two entries/,
    ),
    bad(
      'an account that is no id',
      (a) => ({ entries: [usd(a, '1'), usd('b', '-1')] }),
      ['entries.1.accountId'],
      /UUID/,
    ),
    bad(
      'zero',
      (a, b, c) => ({ entries: [usd(a, '1'), usd(b, '-1'), usd(c, '0')] }),
      ['entries.2.amount'],
      /not be zero/,
    ),
    bad(
      'zero below zero',
      (a, b) => ({ entries: [usd(a, '-0'), usd(b, '0.00')] }),
      ['entries.0.amount', 'entries.1.amount'],
      /not be zero/,
    ),
    bad(
      'a sum above zero',
      (a, b) => ({ entries: [usd(a, '1.00'), usd(b, '-0.99')] }),
      ['entries'],
      sumOf('USD', '0.01'),
    ),
    bad(
      'a sum below zero',
      (a, b) => ({ entries: [usd(a, '1.00'), usd(b, '-1.01')] }),
      ['entries'],
      sumOf('USD', '-0.01'),
    ),
    bad(
      'only money coming in',
      (a, b) => ({ entries: [usd(a, '1.00'), usd(b, '1.00')] }),
      ['entries'],
      sumOf('USD', '2.00'),
    ),
    bad(
      'a sum of zero across currencies',
      (a, b) => ({ entries: [usd(a, '1'), jpy(b, '-1')] }),
      ['entries', 'entries'],
      /sum to -?1(\.00)?$/,
    ),
    bad(
      'a sum above zero in one of two currencies',
      (a, b, c) => ({ entries: [usd(a, '1'), usd(b, '-1'), jpy(c, '-2'), jpy(nobody, '3')] }),
      ['entries'],
      sumOf('JPY', '1'),
    ),
    bad(
      'more decimals than the currency has',
      (a, b) => ({ entries: [usd(a, '1.001'), usd(b, '-1.001')] }),
      ['entries.0.amount', 'entries.1.amount'],
      /at most 2 decimals/,
    ),
    bad(
      'decimals of yen',
      (a, b) => ({ entries: [jpy(a, '-1.0'), jpy(b, '1')] }),
      ['entries.0.amount'],
      /at most 0 decimals/,
    ),
    bad(
      'an amount beyond the limit',
      (a, b) => ({ entries: [usd(a, '-1000000000000000000'), usd(b, '1')] }),
      ['entries.0.amount'],
      /must be below 1000000000000000000/,
    ),
    bad(
      'a sum of incoming amounts beyond the limit',
      (a, b, c) => ({
        entries: [
          usd(a, '500000000000000000'),
          usd(b, '500000000000000000'),
          usd(c, '-500000000000000000'),
          usd(nobody, '-500000000000000000'),
        ],
      }),
      ['entries'],
      /must move less than 1000000000000000000 USD/,
    ),
    bad(
      'no currency',
      (a, b) => ({ entries: [{ accountId: a, amount: '1' }, usd(b, '-1')] }),
      ['entries.0.currency'],
      /^is required$/,
    ),
    bad(
      'an unknown field of an entry',
      (a, b) => ({ entries: [{ ...usd(a, '1'), note: '' }, usd(b, '-1')] }),
      ['entries.0.note'],
      /not a known field/,
    ),
    bad(
      'an amount of its own',
      (a, b) => ({ entries: [usd(a, '1'), usd(b, '-1')], amount: '1', currency: 'USD' }),
      ['amount', 'currency'],
      /not a known field/,
    ),
    bad(
      'a long reference',
      (a, b) => ({ entries: [usd(a, '1'), usd(b, '-1')], reference: 'x'.repeat(141) }),
      ['reference'],
      /./,
    ),
  ])('refuses %s', async (_name, make, paths, message) => {
    const [a, b, c] = (await openMany(3, { balance: '10.00' })) as [string, string, string];
    await leavingTheBooksAlone(service, async () => {
      const answer = await client.post('/v1/transactions', make(a, b, c), { 'Idempotency-Key': 'never-used' });
      expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
      expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual(paths);
      for (const error of answer.body.errors) expect(error.message).toMatch(message);

      const inBatch = await client.post('/v1/batches', {
        atomic: false,
        items: [item.deposit(a, '1.00'), { type: 'multi_leg', ...make(a, b, c) }],
      });
      expect(inBatch.body).toMatchObject({ status: 400, code: 'validation_failed' });
      expect(inBatch.body.errors.map(({ path }: { path: string }) => path)).toEqual(
        paths.map((path) => `items.1.${path}`),
      );
    });
  });

  test.each(['+1', '--1', '-', '- 1', '−1', '1-', '(1)', '-01', '-1e2', '-1,0', ' -1', '-.5', -1, 1, null])(
    'refuses the amount %j',
    async (amount) => {
      const [a, b] = (await openMany(2, { balance: '10.00' })) as [string, string];
      await leavingTheBooksAlone(service, async () => {
        const answer = await post([usd(a, amount), usd(b, '1.00')]);
        expect(answer.body).toMatchObject({ status: 400, errors: [{ path: 'entries.0.amount' }] });
        expect(answer.body.errors).toHaveLength(1);
      });
    },
  );

  test('takes no minus sign where the address or the fields say which way money goes', async () => {
    const [a, b] = (await openMany(2, { balance: '10.00' })) as [string, string];
    await leavingTheBooksAlone(service, async () => {
      for (const [index, items] of [item.deposit(a, '-1.00'), item.transfer(a, b, '-1.00')].entries()) {
        const answer = await sendBatch(client, false, [item.deposit(a, '1.00'), items]);
        expect([index, answer.status, answer.body.errors[0].path]).toEqual([index, 400, 'items.1.amount']);
      }
    });
  });
});
