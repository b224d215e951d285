import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Money } from '../../src/money/money.ts';
import { Tally } from '../../src/statements/tally.ts';

type Item = readonly [party: number | null | undefined, credits: number, debits: number];

const partyOf = (number: number) => `01936f00-0000-7000-8000-${String(number).padStart(12, '0')}`;

function tallyOf(items: readonly Item[]): Tally {
  const sum = (cents: number) => ({ count: cents === 0 ? 0 : 1, sum: Money.fromDatabase(`${cents / 100}`, 'USD') });
  return items.reduce(
    (tally, [party, credits, debits]) =>
      tally.plus(typeof party === 'number' ? partyOf(party) : party, { credits: sum(credits), debits: sum(debits) }),
    Tally.empty('USD'),
  );
}

test('names a hundred parties at most and sums the rest, in whatever order the entries come', () => {
  const cents = fc.nat(10_000);
  const party = fc.oneof({ weight: 20, arbitrary: fc.nat(200) }, fc.constantFrom(null, undefined));
  const items = fc.array(fc.tuple(party, cents, cents), { minLength: 100, maxLength: 600 });
  fc.assert(
    fc.property(items, fc.infiniteStream(fc.nat()), (list, chance) => {
      const shown = tallyOf(list).present();
      const order = new Map(list.map((item) => [item, chance.next().value]));
      const shuffled = [...list].sort((a, b) => order.get(a)! - order.get(b)!);
      expect(tallyOf(shuffled).present()).toEqual(shown);
      const parties = shown.by.flatMap(({ partyId }) => partyId ?? []);
      const all = new Set(list.flatMap(([number]) => (typeof number === 'number' ? partyOf(number) : [])));
      expect(parties).toEqual([...all].sort().slice(0, 100));
      for (const side of ['credits', 'debits'] as const) {
        const total = list.reduce((sum, item) => sum + item[side === 'credits' ? 1 : 2], 0);
        expect(shown[side].sum).toBe((total / 100).toFixed(2));
        const parts = [...shown.by, shown.others].map((share) => Math.round(Number.parseFloat(share[side].sum) * 100));
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total);
      }
    }),
    { numRuns: 30 },
  );
});
