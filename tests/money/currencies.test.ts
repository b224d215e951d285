import { expect, test } from '@jest/globals';
import { currencyCodes, currencyExponent, isCurrencyCode } from '../../src/money/currencies.ts';

/** Two decimals in ISO 4217. CLDR, which `Intl` follows, says how many are used in daily life: none. */
const noDecimalsInDailyLife = 'AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK PKR RSD SOS SYP TZS YER'.split(' ');
/** Three decimals in ISO 4217, none in CLDR. */
const noFilsInDailyLife = ['IQD'];

function decimalsOfIntl(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits!;
}

test('gives each currency the decimals that Intl gives it, but for those where CLDR follows daily life', () => {
  const different = currencyCodes.filter((code) => decimalsOfIntl(code) !== currencyExponent(code));
  const known = [...noDecimalsInDailyLife, ...noFilsInDailyLife];
  expect(different.filter((code) => !known.includes(code))).toEqual([]);
  for (const code of different) expect([code, decimalsOfIntl(code)]).toEqual([code, 0]);
});

test('gives the currencies that CLDR is no witness for the decimals of ISO 4217', () => {
  expect(noDecimalsInDailyLife.filter((code) => currencyExponent(code) !== 2)).toEqual([]);
  expect(noFilsInDailyLife.map(currencyExponent)).toEqual([3]);
});

test.each([
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
])('has %i decimals for exactly the currencies that ISO 4217 lists with as many', (exponent, codes) => {
  expect(currencyCodes.filter((code) => currencyExponent(code) === exponent).join(' ')).toBe(codes);
});

test('lists three capital letters each, sorted, none twice', () => {
  expect(currencyCodes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
  expect([...new Set(currencyCodes)].sort()).toEqual(currencyCodes);
  expect(currencyCodes.length).toBeGreaterThan(160);
});

test('knows the currencies that most money is kept in', () => {
  const traded =
    'USD EUR JPY GBP CNY AUD CAD CHF HKD SGD SEK KRW NOK NZD INR MXN TWD ZAR BRL DKK PLN THB ILS IDR CZK AED TRY HUF CLP SAR PHP MYR';
  expect(traded.split(' ').filter((code) => !isCurrencyCode(code))).toEqual([]);
});

test.each([
  'XXX',
  'XTS',
  'XAU',
  'XAG',
  'XDR',
  'HRK',
  'DEM',
  'usd',
  'US',
  'USDX',
  ' USD',
  '',
  'constructor',
  '__proto__',
  'toString',
])('does not know "%s"', (code) => {
  expect(isCurrencyCode(code)).toBe(false);
  expect(() => currencyExponent(code)).toThrow(new RangeError(`unknown currency ${code}`));
});
