import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { currencyCodes, currencyExponent } from '../../src/money/currencies.ts';
import { AmountError, Money } from '../../src/money/money.ts';

const usd = (text: string) => Money.fromDatabase(text, 'USD');

/** An amount as a count of its smallest units, which BigInt adds exactly and without decimal.js. */
function asText(units: bigint, exponent: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const sign = units < 0n ? '-' : '';
  return exponent === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-exponent)}`;
}

describe('reading', () => {
  test.each([
    ['0', 'USD', '0.00'],
    ['0.1', 'USD', '0.10'],
    ['1', 'USD', '1.00'],
    ['12.34', 'USD', '12.34'],
    ['1000', 'JPY', '1000'],
    ['0.001', 'KWD', '0.001'],
    ['7.5', 'UYW', '7.5000'],
    ['999999999999999999.9999', 'UYW', '999999999999999999.9999'],
    ['999999999999999999', 'JPY', '999999999999999999'],
  ])('takes %s %s as %s', (text, currency, expected) => {
    expect(Money.parse(text, currency).toString()).toBe(expected);
  });

  test.each([
    ...[
      '',
      ' ',
      '.',
      '.5',
      '5.',
      '+1',
      '-1',
      '-0',
      '1e3',
      '1E3',
      '0x10',
      'NaN',
      'Infinity',
      '1,000',
      '1_000',
      ' 1',
      '1 ',
      '1\n',
    ],
    ...['00', '01', '00.10', '١', '１', '1.٥', '1.1.1', '\0', '1\0'],
  ])('refuses %j', (text) => {
    expect(() => Money.parse(text, 'USD')).toThrow(AmountError);
    expect(() => Money.parse(text, 'USD')).toThrow(/plain decimal/);
  });

  test('refuses more decimals than the currency has, even zeros, instead of rounding', () => {
    for (const currency of currencyCodes) {
      const exponent = currencyExponent(currency);
      expect(() => Money.parse(`1.${'0'.repeat(exponent + 1)}`, currency)).toThrow(`at most ${exponent} decimals`);
      const most = exponent === 0 ? '1' : `1.${'9'.repeat(exponent)}`;
      expect(Money.parse(most, currency).toString()).toBe(most);
    }
  });

  test.each(['1000000000000000000', '1000000000000000000.00', '9'.repeat(19), '9'.repeat(1_000_000)])(
    'refuses an amount of 10^18 and more',
    (text) => {
      expect(() => Money.parse(text, 'USD')).toThrow(/^must be below 1000000000000000000/);
    },
  );

  test.each(['usd', 'USDX', '', '__proto__', 'constructor'])(
    'takes an unknown currency, "%s", for a mistake in the program',
    (currency) => {
      expect(() => Money.parse('1', currency)).toThrow(RangeError);
      expect(() => Money.zero(currency).toString()).toThrow(RangeError);
    },
  );

  test('reads no amount in a code without known decimals, but what the books hold in it', () => {
    expect(() => Money.parse('1', 'XXX')).toThrow(AmountError);
    expect(Money.fromDatabase('-12.5000', 'XXX').toString()).toBe('-12.5000');
    expect(Money.zero('XXX').toString()).toBe('0.0000');
  });

  test('writes what it reads back to the same text, for any amount in any currency', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...currencyCodes),
        fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }),
        fc.nat(9_999),
        (currency, whole, part) => {
          const exponent = currencyExponent(currency);
          const text = asText(whole * 10n ** BigInt(exponent) + (BigInt(part) % 10n ** BigInt(exponent)), exponent);
          expect(Money.parse(text, currency).toString()).toBe(text);
          expect(Money.fromDatabase(text, currency).toString()).toBe(text);
        },
      ),
    );
  });
});

describe('arithmetic', () => {
  test('is exact where binary fractions are not', () => {
    expect(usd('0.10').plus(usd('0.20')).toString()).toBe('0.30');
    expect(usd('1.00').minus(usd('0.90')).toString()).toBe('0.10');
    const largest = usd('999999999999999999.99');
    expect(largest.minus(usd('0.01')).toString()).toBe('999999999999999999.98');
    expect(largest.plus(largest).toString()).toBe('1999999999999999999.98');
  });

  test('gives what counting the smallest units gives, for any chain of amounts', () => {
    const units = fc.bigInt({ min: -(10n ** 22n) + 1n, max: 10n ** 22n - 1n });
    fc.assert(
      fc.property(fc.array(fc.tuple(units, fc.boolean()), { maxLength: 50 }), (steps) => {
        let counted = 0n;
        let money = Money.zero('UYW');
        for (const [step, adds] of steps) {
          const amount = Money.fromDatabase(asText(step, 4), 'UYW');
          money = adds ? money.plus(amount) : money.minus(amount);
          counted = adds ? counted + step : counted - step;
        }
        expect(money.toString()).toBe(asText(counted, 4));
        expect([money.isZero(), money.isNegative()]).toEqual([counted === 0n, counted < 0n]);
      }),
    );
  });

  test('stays exact over sums a million times larger than any balance', () => {
    const largest = Money.parse('999999999999999999.9999', 'UYW');
    let sum = largest;
    for (let doubling = 0; doubling < 20; doubling++) sum = sum.plus(sum);
    expect(sum.toString()).toBe(asText((10n ** 22n - 1n) * 2n ** 20n, 4));
  });

  test('changes none of its operands', () => {
    const [one, two] = [usd('1.00'), usd('2.00')];
    one.plus(two);
    one.minus(two);
    one.negated();
    expect([one.toString(), two.toString()]).toEqual(['1.00', '2.00']);
  });

  test('refuses to mix currencies, even for zero and for currencies of as many decimals', () => {
    for (const [left, right] of [
      ['USD', 'EUR'],
      ['USD', 'JPY'],
      ['USN', 'USD'],
    ] as const) {
      expect(() => Money.zero(left).plus(Money.zero(right))).toThrow(
        new TypeError(`${right} does not mix with ${left}`),
      );
      expect(() => Money.zero(left).minus(Money.zero(right))).toThrow(TypeError);
    }
  });
});

describe('signs and limits', () => {
  test('has one zero', () => {
    for (const zero of [
      Money.zero('USD').negated(),
      usd('-0.00'),
      usd('-0'),
      usd('1.00').minus(usd('1.00')).negated(),
      usd('-1').plus(usd('1')),
    ]) {
      expect([zero.toString(), zero.isZero(), zero.isNegative()]).toEqual(['0.00', true, false]);
    }
    expect(Money.zero('JPY').negated().toString()).toBe('0');
  });

  test('tells negative from positive', () => {
    expect([usd('-0.01'), usd('0.01')].map((money) => [money.isNegative(), money.isZero()])).toEqual([
      [true, false],
      [false, false],
    ]);
    expect(usd('5.25').negated().toString()).toBe('-5.25');
    expect(usd('-5.25').negated().toString()).toBe('5.25');
  });

  test('is out of range from 10^18 on, on either side', () => {
    const limit = '1000000000000000000.00';
    const inside = '999999999999999999.99';
    expect([limit, `-${limit}`, inside, `-${inside}`].map((text) => usd(text).isOutOfRange())).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(usd(inside).plus(usd('0.01')).isOutOfRange()).toBe(true);
  });
});

describe('writing', () => {
  test('always carries the decimals of its currency and never an exponent', () => {
    expect(Money.fromDatabase('1000.0000', 'USD').toString()).toBe('1000.00');
    expect(Money.fromDatabase('1000.0000', 'JPY').toString()).toBe('1000');
    expect(Money.fromDatabase('-5.2500', 'KWD').toString()).toBe('-5.250');
    expect(Money.fromDatabase('0.0001', 'UYW').toString()).toBe('0.0001');
    expect(Money.fromDatabase('100000000000000000.0000', 'CLF').toString()).toBe('100000000000000000.0000');
  });

  test('is text in JSON', () => {
    expect(JSON.stringify({ amount: usd('12.3') })).toBe('{"amount":"12.30"}');
    expect(`${usd('12.3')}`).toBe('12.30');
  });
});
