import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Money } from '../../src/money/money.ts';
import type { Holder, HolderRight } from '../../src/ownership/holder.ts';
import { bandFor, type MandateBand, type MandateTerms, mandatedKinds } from '../../src/ownership/mandate.ts';
import { readSignatures } from '../../src/ownership/read-signatures.ts';
import { isTighterOrSame } from '../../src/ownership/tighter-mandate.ts';
import { manyOrFew } from '../support/rounds.ts';

const limits = { perMovement: null, perDay: null, perMonth: null };

function holder(partyId: string, rights: readonly HolderRight[] = ['withdraw', 'transfer']): Holder {
  return { partyId, rights, limits, joinedAt: new Date(0) };
}

/** Owners a, b and c, and the delegate d. */
const account = {
  currency: 'USD',
  holders: [...['a', 'b', 'c'].map((id) => holder(id)), holder('d', ['withdraw', 'transfer', 'delegate'])],
};

const any: MandateBand = { rule: 'any' };
const all: MandateBand = { rule: 'all' };
const count = (needed: number, signatories?: string): MandateBand =>
  signatories === undefined
    ? { rule: 'count', count: needed }
    : { rule: 'count', count: needed, signatories: [...signatories] };
const named = (signatories: string): MandateBand => ({ rule: 'named', signatories: [...signatories] });
const weighted = (threshold: number, weights: Record<string, number>): MandateBand => {
  return { rule: 'weighted', weights, threshold };
};
const upTo = (limit: string, band: MandateBand): MandateBand => ({ ...band, upTo: limit });
const perDay = (band: MandateBand): MandateBand => ({ ...band, per: 'day' });
const perMonth = (band: MandateBand): MandateBand => ({ ...band, per: 'month' });
const only = (kind: (typeof mandatedKinds)[number], band: MandateBand): MandateBand => ({ ...band, kinds: [kind] });

test('a ceiling for both kinds is not the same as one for each', () => {
  const both: MandateTerms = { bands: [perDay(upTo('5', any)), all] };
  const apart: MandateTerms = {
    bands: [only('withdrawal', perDay(upTo('5', any))), only('transfer', perDay(upTo('5', any))), all],
  };
  expect([isTighterOrSame(apart, both, account), isTighterOrSame(both, apart, account)]).toEqual([false, true]);
});

/** Each is looser than the next, so that going on is tighter and going back is not. */
const ladders: [string, MandateBand[], MandateBand[]][] = [
  ['anyone, then two', [any], [count(2)]],
  ['two, then three', [count(2)], [count(3)]],
  ['anyone, then anyone up to a ceiling', [any], [perDay(upTo('5', any)), count(2)]],
  ['a limit, then a ceiling for the day', [upTo('5', any), count(2)], [perDay(upTo('5', any)), count(2)]],
  ['for the day, then for the month', [perDay(upTo('5', any)), all], [perMonth(upTo('5', any)), all]],
  ['a ceiling, then a lower one', [perDay(upTo('5', any)), all], [perDay(upTo('4', any)), all]],
  ['a ceiling, then none below it', [perDay(upTo('5', any)), count(2)], [perDay(upTo('5', count(2))), count(2)]],
  ['two, then two of three', [count(2)], [count(2, 'abc')]],
  ['two of three, then two of two', [count(2, 'abc')], [count(2, 'ab')]],
  ['two of three, then these two', [count(2, 'abc')], [named('ab')]],
  ['anyone, then all', [any], [all]],
  ['two, then all three', [count(2)], [all]],
  ['this one, then these two', [named('a')], [named('ab')]],
  ['this one, then all', [named('a')], [all]],
  ['one of two, then three of four', [count(1, 'ab')], [count(3, 'abcd')]],
  ['weights, then a higher threshold', [weighted(3, { a: 2, b: 2, c: 1 })], [weighted(4, { a: 2, b: 2, c: 1 })]],
  ['weights, then less weight', [weighted(3, { a: 3, b: 2, c: 1 })], [weighted(3, { a: 2, b: 2, c: 1 })]],
  ['weights, then those who weigh enough', [weighted(3, { a: 2, b: 2, c: 1 })], [named('ac')]],
  ['weights, then two who weigh enough', [weighted(3, { a: 3, b: 2, c: 1 })], [count(2, 'abc')]],
  ['two, then weights that take three', [count(2)], [weighted(3, { a: 1, b: 1, c: 1 })]],
  ['this one, then weights that cannot do without him', [named('a')], [weighted(4, { a: 3, b: 2, c: 1 })]],
  ['all above 200, then all above 100', [upTo('200.00', any), all], [upTo('100.00', any), all]],
  ['two above 200, then two always', [upTo('200.00', any), count(2)], [count(2)]],
  ['anyone, then two above 200', [any], [upTo('200.00', any), count(2)]],
  ['a limit that only withdrawals have', [any], [only('withdrawal', count(2)), any]],
  ['a band between two others', [upTo('100', any), all], [upTo('50', any), upTo('100', count(2)), all]],
];

/** Neither is tighter than the other: somebody could sign before who cannot afterwards, both ways round. */
const apart: [string, MandateBand[], MandateBand[]][] = [
  ['these two and those two', [named('ab')], [named('bc')]],
  ['this one and two others', [named('a')], [count(2, 'bcd')]],
  ['stricter for transfers, looser for withdrawals', [count(2)], [only('transfer', count(3)), any]],
  ['stricter above, looser below', [count(2)], [upTo('100.00', any), count(3)]],
  ['weights of other people', [weighted(2, { a: 1, b: 1 })], [weighted(2, { b: 1, c: 1 })]],
];

const tighter = (next: MandateBand[], current: MandateBand[]) =>
  isTighterOrSame({ bands: next }, { bands: current }, account);

describe('whether a change takes nothing from anybody', () => {
  test.each(ladders)('%s: yes, and not the way back', (_name, looser, stricter) => {
    expect([tighter(stricter, looser), tighter(looser, stricter)]).toEqual([true, false]);
  });

  test.each(apart)('%s: no, either way', (_name, one, other) => {
    expect([tighter(one, other), tighter(other, one)]).toEqual([false, false]);
  });

  test.each([
    ['any', [any]],
    ['all', [all]],
    ['a count', [count(2)]],
    ['a count of some', [count(2, 'abc')]],
    ['names', [named('ab')]],
    ['weights', [weighted(3, { a: 2, b: 2, c: 1 })]],
    ['bands', [upTo('10', any), only('transfer', all), upTo('100.00', count(2)), named('abc')]],
  ])('%s: the same is no looser', (_name, bands) => {
    expect(tighter(bands, bands)).toBe(true);
  });

  test('from all to these, who are all: no, because whoever becomes an owner later would not be asked', () => {
    expect(tighter([named('abc')], [all])).toBe(false);
    expect(tighter([count(4)], [all])).toBe(false);
  });

  test('from two to all: depends on how many owners may sign', () => {
    const lone = {
      currency: 'USD',
      holders: [holder('a'), holder('b', ['view']), holder('d', ['transfer', 'delegate'])],
    };
    expect(isTighterOrSame({ bands: [all] }, { bands: [count(2)] }, lone)).toBe(false);
    expect(isTighterOrSame({ bands: [all] }, { bands: [any] }, lone)).toBe(true);
  });
});

const parties = ['a', 'b', 'c', 'd', 'e'];

const rule: fc.Arbitrary<MandateBand> = fc.oneof(
  fc.constantFrom(any, all),
  fc.integer({ min: 1, max: 5 }).map((needed) => count(needed)),
  fc
    .subarray(parties, { minLength: 1 })
    .chain((some) => fc.integer({ min: 1, max: some.length }).map((needed) => count(needed, some.join('')))),
  fc.subarray(parties, { minLength: 1 }).map((some) => named(some.join(''))),
  fc
    .dictionary(fc.constantFrom(...parties), fc.integer({ min: 1, max: 4 }), { minKeys: 1, noNullPrototype: true })
    .chain((weights) => {
      const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
      return fc.integer({ min: 1, max: total }).map((threshold) => weighted(threshold, weights));
    }),
);

const kinds = fc.constantFrom<MandateBand['kinds']>(
  undefined,
  ['withdrawal'],
  ['transfer'],
  ['transfer', 'withdrawal'],
);

/** At most three bands with growing limits, and one without a limit for all that is left. */
const mandates: fc.Arbitrary<MandateTerms> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }),
    fc.array(fc.tuple(rule, kinds), { minLength: 3, maxLength: 3 }),
    rule,
  )
  .map(([limitsOfBands, bands, last]) => ({
    bands: [
      ...limitsOfBands
        .sort((a, b) => a - b)
        .map((limit, index) => {
          const [band, of] = bands[index]!;
          return { ...band, ...(of === undefined ? {} : { kinds: of }), upTo: `${limit}.00` };
        }),
      last,
    ],
  }));

/** Up to five holders, some delegates and some without the right to sign for everything. */
const holders: fc.Arbitrary<Holder[]> = fc
  .array(fc.subarray<HolderRight>(['view', 'withdraw', 'transfer', 'delegate']), { minLength: 1, maxLength: 5 })
  .map((rights) => rights.map((some, index) => holder(parties[index]!, some)));

const amounts = ['0.50', '1.00', '1.01', '2.00', '3.50', '5.00', '6.00', '6.01', '9.00'];

test('whoever can sign under terms that are called tighter could have signed under those before', () => {
  let found = 0;
  fc.assert(
    fc.property(mandates, mandates, holders, (next, current, held) => {
      if (!isTighterOrSame(next, current, { currency: 'USD', holders: held })) return;
      found++;
      for (const kind of mandatedKinds) {
        const signers = held.filter(({ rights }) => rights.includes(kind === 'withdrawal' ? 'withdraw' : 'transfer'));
        for (const text of amounts) {
          const [now, before] = [next, current].map((terms) => bandFor(terms, kind, Money.parse(text, 'USD')));
          for (let subset = 0; subset < 2 ** held.length; subset++) {
            const at = new Date();
            const among = held.filter((_, index) => subset & (1 << index));
            const approved = new Map(among.map(({ partyId }) => [partyId, at]));
            const voices = { approved, rejected: new Map<string, Date>() };
            if (!readSignatures(now!, signers, voices).isComplete) continue;
            expect([kind, text, [...approved.keys()], readSignatures(before!, signers, voices).isComplete]).toEqual([
              kind,
              text,
              [...approved.keys()],
              true,
            ]);
          }
        }
      }
    }),
    { numRuns: manyOrFew(5_000, 1_250) },
  );
  // The property would also hold of a function that always says no.
  expect(found).toBeGreaterThan(manyOrFew(200, 30));
});
