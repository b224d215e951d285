import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RawAnswer, sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
/** Two accounts of each currency with money on them. */
const accounts: Record<string, [string, string]> = {};

beforeAll(async () => {
  service = await startTestService();
  for (const currency of ['JPY', 'USD', 'KWD', 'UYW']) {
    const balance = '5000';
    const { client } = service;
    accounts[currency] = [
      await client.openAccount({ currency, balance }),
      await client.openAccount({ currency, balance }),
    ];
  }
});

afterAll(() => service.stop());

/**
 * Sends the same fields, written as JSON text, as a deposit, a withdrawal and a transfer between accounts of `kept`.
 */
async function moveEachWay(kept: string, fields: string): Promise<RawAnswer[]> {
  const [from, to] = accounts[kept]!;
  return Promise.all([
    sendRaw(service, { path: `/v1/accounts/${from}/deposits`, body: `{${fields}}` }),
    sendRaw(service, { path: `/v1/accounts/${from}/withdrawals`, body: `{${fields}}` }),
    sendRaw(service, { path: '/v1/transfers', body: `{"fromAccountId":"${from}","toAccountId":"${to}",${fields}}` }),
  ]);
}

async function expectRefused(currency: string, json: string, message: RegExp): Promise<void> {
  await leavingTheBooksAlone(service, async () => {
    for (const answer of await moveEachWay(currency, `"amount":${json},"currency":"${currency}"`)) {
      expectProblem(answer, 'validation_failed', ['amount']);
      expect(answer.body.errors[0].message).toMatch(message);
    }
  });
}

describe('more decimals than the currency has', () => {
  test.each([
    ['JPY', '1.0', 0],
    ['JPY', '1.5', 0],
    ['USD', '1.000', 2],
    ['USD', '0.001', 2],
    ['KWD', '1.0000', 3],
    ['UYW', '1.00000', 4],
  ])('refuses %s %s, because the currency has %i', async (currency, amount, exponent) => {
    await expectRefused(currency, `"${amount}"`, new RegExp(`at most ${exponent} decimals`));
  });
});

describe('text that is not a plain decimal', () => {
  const notation = [
    ...['1e3', '1E3', '1e-2', '1.0e1', '+1', '-1', '-0', '-0.00', '--1', '1-'],
    ...['NaN', 'Infinity', '-Infinity', 'null', 'undefined', 'abc', '$1', '1 USD'],
    ...['0x10', '0b1', '0o7', '1n', '1,000.00', '1,00', '1_000', "1'000", '1 000', '1\u00a0000'],
    ...[' 1', '1 ', '1\\n', '\\n1', '1\\t', '1\\r\\n', '', ' ', '.', '.5', '5.', '1..0', '1.0.0', '00.10', '01', '00'],
    ...['١٢٣', '１２', '१', '1２', '1\u200b', '1\ufeff', '−1', '½', '一'],
  ];
  test.each(notation)('refuses "%s"', async (amount) => {
    await expectRefused('USD', `"${amount}"`, /^must be a plain decimal such as "12\.34"/);
  });

  test.each([
    ['1,000 digits', '9'.repeat(1_000)],
    ['1,000 decimals', `0.${'0'.repeat(999)}1`],
    ['24 zeros', '0'.repeat(24)],
  ])('refuses %s', async (_name, amount) => {
    await expectRefused('USD', `"${amount}"`, /^must be below 1000000000000000000/);
  });
});

test.each(['0', '0.0', '0.00'])('refuses to move %s', async (amount) => {
  await expectRefused('USD', `"${amount}"`, /^must be above zero$/);
});

test.each(['1000000000000000000', '1000000000000000000.00', '9999999999999999999'])(
  'refuses %s as too large',
  async (amount) => {
    await expectRefused('USD', `"${amount}"`, /^must be below 1000000000000000000/);
  },
);

test.each(['1', '1.00', '0', '1e400', 'null', '["1.00"]', '{"value":"1.00"}', 'true', 'false'])(
  'refuses the JSON value %s in place of text',
  async (json) => {
    await expectRefused(
      'USD',
      json,
      json === '1e400' ? /send larger ones as text/ : /^must be a string such as "12\.34"/,
    );
  },
);

test('refuses a movement without an amount', async () => {
  await leavingTheBooksAlone(service, async () => {
    for (const answer of await moveEachWay('USD', '"currency":"USD"')) {
      expectProblem(answer, 'validation_failed', ['amount']);
    }
  });
});

describe('the limit of a balance', () => {
  test.each([
    ['JPY', '999999999999999999', '1'],
    ['USD', '999999999999999999.99', '0.01'],
    ['KWD', '999999999999999999.999', '0.001'],
    ['UYW', '999999999999999999.9999', '0.0001'],
  ])('keeps %s %s exactly and refuses %s more', async (currency, largest, smallest) => {
    const { client } = service;
    const full = await client.openAccount({ currency, balance: largest });
    expect(await client.balance(full)).toBe(largest);

    const deposit = await sendRaw(service, {
      path: `/v1/accounts/${full}/deposits`,
      body: JSON.stringify({ amount: smallest, currency }),
    });
    expectProblem(deposit, 'balance_limit_exceeded');
    expect(deposit.body.accountId).toBe(full);

    const other = await client.openAccount({ currency, balance: smallest });
    const transfer = await sendRaw(service, {
      path: '/v1/transfers',
      body: JSON.stringify({ fromAccountId: other, toAccountId: full, amount: smallest, currency }),
    });
    expectProblem(transfer, 'balance_limit_exceeded');
    expect(transfer.body.accountId).toBe(full);
    expect([await client.balance(full), await client.balance(other)]).toEqual([largest, smallest]);

    const out = await client.post(`/v1/accounts/${full}/withdrawals`, { amount: largest, currency });
    expect([out.status, await client.balance(full)]).toEqual([
      201,
      Number(0).toFixed(smallest.split('.')[1]?.length ?? 0),
    ]);
  });

  test('lets an overdraft use the whole range below zero too', async () => {
    const { client } = service;
    const limit = '999999999999999999.99';
    const account = await client.openAccount({ overdraftLimit: limit });
    const first = await client.post(`/v1/accounts/${account}/withdrawals`, { amount: limit, currency: 'USD' });
    expect([first.status, await client.balance(account)]).toEqual([201, `-${limit}`]);
    const body = JSON.stringify({ amount: '0.01', currency: 'USD' });
    const more = await sendRaw(service, { path: `/v1/accounts/${account}/withdrawals`, body });
    expectProblem(more, 'insufficient_funds');
    expect(more.body).toMatchObject({ accountId: account, available: '0.00' });
  });
});

describe('currencies', () => {
  test.each([
    '"XXX"',
    '"XAU"',
    '"BTC"',
    '"usd"',
    '"Usd"',
    '"US"',
    '"USD "',
    '""',
    '"constructor"',
    '"__proto__"',
    '840',
    'null',
    '["USD"]',
  ])('refuses %s as a currency', async (json) => {
    await leavingTheBooksAlone(service, async () => {
      for (const answer of await moveEachWay('USD', `"amount":"1.00","currency":${json}`)) {
        expectProblem(answer, 'validation_failed', ['currency']);
        expect(answer.body.errors[0].message).toBe('must be an ISO 4217 currency code such as "USD"');
      }
      const body = `{"name":"Bad","ownership":"sole","currency":${json}}`;
      expectProblem(await sendRaw(service, { path: '/v1/accounts', body }), 'validation_failed', ['currency']);
    });
  });

  test('refuses a movement without a currency', async () => {
    await leavingTheBooksAlone(service, async () => {
      for (const answer of await moveEachWay('USD', '"amount":"1.00"')) {
        expectProblem(answer, 'validation_failed', ['currency']);
      }
    });
  });

  test('refuses a movement in another currency than the accounts keep', async () => {
    const balances = () => Promise.all([...accounts.USD!, ...accounts.JPY!].map((id) => service.client.balance(id)));
    const before = await balances();
    for (const answer of await moveEachWay('USD', '"amount":"1","currency":"JPY"')) {
      expectProblem(answer, 'currency_mismatch');
    }
    for (const currency of ['USD', 'JPY']) {
      const body = JSON.stringify({
        fromAccountId: accounts.USD![0],
        toAccountId: accounts.JPY![0],
        amount: '1',
        currency,
      });
      expectProblem(await sendRaw(service, { path: '/v1/transfers', body }), 'currency_mismatch');
    }
    expect(await balances()).toEqual(before);
  });
});

test.each([
  ['"-1"', 'USD'],
  ['"1.001"', 'USD'],
  ['"0.0"', 'JPY'],
  ['"1e2"', 'USD'],
  ['"1000000000000000000"', 'USD'],
  ['0', 'USD'],
  ['null', 'USD'],
])('opens no account with an overdraft limit of %s %s', async (json, currency) => {
  await leavingTheBooksAlone(service, async () => {
    const body = `{"name":"Bad","ownership":"sole","currency":"${currency}","overdraftLimit":${json}}`;
    expectProblem(await sendRaw(service, { path: '/v1/accounts', body }), 'validation_failed', ['overdraftLimit']);
  });
});
