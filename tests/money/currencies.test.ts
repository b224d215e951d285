import { expect, test } from '@jest/globals';
import { currencyCodes, currencyExponent, isCurrencyCode, withdrawnCurrencies } from '../../src/money/currencies.ts';

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

test.each(['usd', 'US', 'USDX', ' USD', '', 'constructor', '__proto__', 'toString'])('does not know "%s"', (code) => {
  expect(isCurrencyCode(code)).toBe(false);
  expect(() => currencyExponent(code)).toThrow(new RangeError(`unknown currency ${code}`));
});

test.each(['XXX', 'XTS', 'XAU', 'XAG', 'XDR', 'QQQ'])('reads "%s" in the books with all decimals they have', (code) => {
  expect(isCurrencyCode(code)).toBe(false);
  expect(currencyExponent(code)).toBe(4);
});

test('keeps the decimals of withdrawn currencies, of which none is opened any more', () => {
  const codes = [...withdrawnCurrencies.keys()];
  expect([...new Set(codes)].sort()).toEqual(codes);
  expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code) || currencyCodes.includes(code))).toEqual([]);
  expect(codes.filter((code) => !isCurrencyCode(code))).toEqual([]);
  const withoutDecimals = codes.filter((code) => currencyExponent(code) === 0);
  expect(withoutDecimals.join(' ')).toBe('ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE TPE TRL');
  expect(codes.filter((code) => ![0, 2].includes(currencyExponent(code)))).toEqual([]);
});

test('says of each when it was withdrawn, and leads to a currency in use', () => {
  for (const [code, { since }] of withdrawnCurrencies) {
    expect([code, since]).toEqual([code, expect.stringMatching(/^(1999|20[0-2]\d)-(0[1-9]|1[0-2])$/)]);
    let current = code;
    for (let steps = 0; steps < 5 && withdrawnCurrencies.has(current); steps++) {
      current = withdrawnCurrencies.get(current)!.replacedBy;
    }
    expect([code, currencyCodes.includes(current)]).toEqual([code, true]);
  }
});

test('knows the predecessors of the euro', () => {
  const predecessors = 'ATS BEF BGN CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK'.split(' ');
  const replacedByEuro = predecessors.filter((code) => withdrawnCurrencies.get(code)?.replacedBy === 'EUR');
  expect(replacedByEuro).toEqual(predecessors);
});
