import { describe, expect, test } from '@jest/globals';
import { Money } from '../../src/money/money.ts';
import { anyOneSigns, bandFor, type MandatedKind, type MandateTerms, rightFor } from '../../src/ownership/mandate.ts';
import { isTighterOrSame } from '../../src/ownership/tighter-mandate.ts';

const terms: MandateTerms = {
  bands: [
    { rule: 'any', kinds: ['withdrawal'], upTo: '20.00' },
    { rule: 'any', upTo: '200.00' },
    { rule: 'count', count: 2, kinds: ['transfer'] },
    { rule: 'count', count: 3, upTo: '5000' },
    { rule: 'all' },
  ],
};

describe('the band that decides', () => {
  test.each<[MandatedKind, string | null, number]>([
    ['withdrawal', '0.01', 0],
    ['withdrawal', '20.00', 0],
    ['withdrawal', '20.01', 1],
    ['withdrawal', '200.00', 1],
    ['withdrawal', '200.01', 3],
    ['withdrawal', '5000.00', 3],
    ['withdrawal', '5000.01', 4],
    ['withdrawal', '999999999999999999.99', 4],
    ['withdrawal', null, 4],
    ['transfer', '0.01', 1],
    ['transfer', '200.00', 1],
    ['transfer', '200.01', 2],
    ['transfer', '999999999999999999.99', 2],
    ['transfer', null, 2],
  ])('about a %s of %s is the first of its kind whose limit is not below it', (kind, amount, index) => {
    const money = amount === null ? null : Money.parse(amount, 'USD');
    expect(bandFor(terms, kind, money)).toBe(terms.bands[index]);
  });

  test.each([
    ['JPY', '7', 0],
    ['JPY', '8', 1],
    ['KWD', '7.000', 0],
    ['KWD', '7.001', 1],
  ])('is compared to the last decimal of %s: %s', (currency, amount, index) => {
    const bands: MandateTerms['bands'] = [{ rule: 'any', upTo: '7' }, { rule: 'all' }];
    expect(bandFor({ bands }, 'withdrawal', Money.parse(amount, currency))).toBe(bands[index]);
  });

  test.each([
    ['ITL', '7', 0],
    ['ITL', '8', 1],
    ['QQQ', '7.0000', 0],
    ['QQQ', '7.0001', 1],
  ])('is found in %s, in which no account is opened any more or yet: %s', (currency, amount, index) => {
    const bands: MandateTerms['bands'] = [{ rule: 'any', upTo: '7' }, { rule: 'all' }];
    const stored = Money.fromDatabase(amount, currency);
    expect(bandFor({ bands }, 'withdrawal', stored)).toBe(bands[index]);
    const of = { currency, holders: [] };
    expect(isTighterOrSame({ bands }, { bands }, of)).toBe(true);
  });

  test('is missing only under terms that no schema lets through', () => {
    const onlyWithdrawals: MandateTerms = { bands: [{ rule: 'any', kinds: ['withdrawal'] }] };
    expect(() => bandFor(onlyWithdrawals, 'transfer', Money.parse('1.00', 'USD'))).toThrow(/no band/);
  });
});

test('asks for the right to what is signed', () => {
  expect([rightFor('withdrawal'), rightFor('transfer')]).toEqual(['withdraw', 'transfer']);
});

test('lets any one holder sign for anything where nothing was agreed', () => {
  for (const kind of ['withdrawal', 'transfer'] as const) {
    expect(bandFor(anyOneSigns, kind, null)).toEqual({ rule: 'any' });
  }
  expect(anyOneSigns.version).toBe(0);
});
