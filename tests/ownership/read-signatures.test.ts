import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Holder } from '../../src/ownership/holder.ts';
import type { SignatureRule } from '../../src/ownership/mandate.ts';
import { readSignatures } from '../../src/ownership/read-signatures.ts';
import { manyOrFew } from '../support/rounds.ts';

const noLimits = { perMovement: null, perDay: null, perMonth: null };

const joinedAt = new Date();

/** Voices of this moment. */
const now = (parties: readonly string[]) => new Map(parties.map((partyId) => [partyId, joinedAt]));

function owner(partyId: string): Holder {
  return { partyId, rights: ['view', 'withdraw'], limits: noLimits, joinedAt };
}

function delegate(partyId: string): Holder {
  return { partyId, rights: ['view', 'withdraw', 'delegate'], limits: noLimits, joinedAt };
}

/** Reads voices such as "a b -c": a and b approve, c rejects. The owners are a to d, e is a delegate. */
function read(rule: SignatureRule, voices: string, signers: readonly Holder[] = five) {
  const said = voices.split(' ').filter((voice) => voice !== '');
  const rejected = said.filter((voice) => voice.startsWith('-')).map((voice) => voice.slice(1));
  const approved = said.filter((voice) => !voice.startsWith('-'));
  return readSignatures(rule, signers, { approved: now(approved), rejected: now(rejected) });
}

const five = [...['a', 'b', 'c', 'd'].map(owner), delegate('e')];

const any: SignatureRule = { rule: 'any' };
const all: SignatureRule = { rule: 'all' };
const two: SignatureRule = { rule: 'count', count: 2 };
const twoOfAbc: SignatureRule = { rule: 'count', count: 2, signatories: ['a', 'b', 'c'] };
const named: SignatureRule = { rule: 'named', signatories: ['a', 'e'] };
const weighted: SignatureRule = { rule: 'weighted', weights: { a: 5, b: 3, c: 2, e: 1 }, threshold: 6 };

interface Reading {
  rule: SignatureRule;
  voices: string;
  /** `complete`, `open` (reachable), or `lost`. */
  is: 'complete' | 'open' | 'lost';
  counts: [required: number, received: number];
  missing: string;
  signed: string;
}

const readings: Reading[] = [
  { rule: any, voices: '', is: 'open', counts: [1, 0], missing: 'abcde', signed: '' },
  { rule: any, voices: 'a', is: 'complete', counts: [1, 1], missing: '', signed: 'a' },
  { rule: any, voices: 'e', is: 'complete', counts: [1, 1], missing: '', signed: 'e' },
  { rule: any, voices: '-a', is: 'open', counts: [1, 0], missing: 'bcde', signed: '' },
  { rule: any, voices: '-a -b -c -d -e', is: 'lost', counts: [1, 0], missing: '', signed: '' },
  { rule: any, voices: '-a b', is: 'complete', counts: [1, 1], missing: '', signed: 'b' },

  { rule: all, voices: 'a', is: 'open', counts: [4, 1], missing: 'bcd', signed: 'a' },
  { rule: all, voices: 'a b c e', is: 'open', counts: [4, 3], missing: 'd', signed: 'abc' },
  { rule: all, voices: 'a b c d', is: 'complete', counts: [4, 4], missing: '', signed: 'abcd' },
  { rule: all, voices: 'a b c d -e', is: 'complete', counts: [4, 4], missing: '', signed: 'abcd' },
  { rule: all, voices: 'a b -c', is: 'lost', counts: [4, 2], missing: 'd', signed: 'ab' },

  { rule: two, voices: 'a', is: 'open', counts: [2, 1], missing: 'bcde', signed: 'a' },
  { rule: two, voices: 'a e', is: 'complete', counts: [2, 2], missing: '', signed: 'ae' },
  { rule: two, voices: 'a b c', is: 'complete', counts: [3, 3], missing: '', signed: 'abc' },
  { rule: two, voices: '-a -b -c -d e', is: 'lost', counts: [2, 1], missing: '', signed: 'e' },

  { rule: twoOfAbc, voices: 'd', is: 'open', counts: [2, 0], missing: 'abc', signed: '' },
  { rule: twoOfAbc, voices: 'a d e', is: 'open', counts: [2, 1], missing: 'bc', signed: 'a' },
  { rule: twoOfAbc, voices: 'c a', is: 'complete', counts: [2, 2], missing: '', signed: 'ac' },
  { rule: twoOfAbc, voices: 'a -b', is: 'open', counts: [2, 1], missing: 'c', signed: 'a' },
  { rule: twoOfAbc, voices: 'a -b -c', is: 'lost', counts: [2, 1], missing: '', signed: 'a' },

  { rule: named, voices: 'b', is: 'open', counts: [2, 0], missing: 'ae', signed: '' },
  { rule: named, voices: 'e b', is: 'open', counts: [2, 1], missing: 'a', signed: 'e' },
  { rule: named, voices: 'e a', is: 'complete', counts: [2, 2], missing: '', signed: 'ae' },
  { rule: named, voices: 'a -e', is: 'lost', counts: [2, 1], missing: '', signed: 'a' },

  { rule: weighted, voices: 'd', is: 'open', counts: [2, 0], missing: 'abce', signed: '' },
  { rule: weighted, voices: 'a', is: 'open', counts: [2, 1], missing: 'bce', signed: 'a' },
  { rule: weighted, voices: 'a e', is: 'complete', counts: [2, 2], missing: '', signed: 'ae' },
  { rule: weighted, voices: 'b c e', is: 'complete', counts: [3, 3], missing: '', signed: 'bce' },
  { rule: weighted, voices: 'b c', is: 'open', counts: [3, 2], missing: 'ae', signed: 'bc' },
  { rule: weighted, voices: '-a', is: 'open', counts: [3, 0], missing: 'bce', signed: '' },
  { rule: weighted, voices: '-a b', is: 'open', counts: [3, 1], missing: 'ce', signed: 'b' },
  { rule: weighted, voices: '-a -e', is: 'lost', counts: [3, 0], missing: 'bc', signed: '' },
];

describe('what is signed and what is missing', () => {
  test.each(readings)('$rule with "$voices" is $is', ({ rule, voices, is, counts, missing, signed }) => {
    expect(read(rule, voices)).toEqual({
      isComplete: is === 'complete',
      isReachable: is !== 'lost',
      required: counts[0],
      received: counts[1],
      missingFrom: [...missing],
      signedBy: [...signed],
    });
  });
});

describe('who may not sign any more', () => {
  const withoutB = five.filter(({ partyId }) => partyId !== 'b');

  test.each([
    ['any', any, 'b', { isComplete: false, isReachable: true, received: 0 }],
    ['count', two, 'a b', { isComplete: false, isReachable: true, received: 1, missingFrom: ['c', 'd', 'e'] }],
    ['count of some', twoOfAbc, 'a b', { isComplete: false, isReachable: true, received: 1, missingFrom: ['c'] }],
    ['weighted', weighted, 'b c e', { isComplete: false, isReachable: true, received: 2, missingFrom: ['a'] }],
  ])('has not signed: %s', (_name, rule, voices, reading) => {
    expect(read(rule, voices, withoutB)).toMatchObject(reading);
  });

  test('is not one of all', () => {
    expect(read(all, 'a b c', withoutB)).toMatchObject({ isComplete: false, required: 3, missingFrom: ['d'] });
    expect(read(all, 'a c d', withoutB)).toMatchObject({ isComplete: true, signedBy: ['a', 'c', 'd'] });
  });

  test('takes with him what nobody but him could sign', () => {
    const signers = five.filter(({ partyId }) => partyId !== 'a');
    expect(read(named, 'a e', signers)).toMatchObject({
      isComplete: false,
      isReachable: false,
      required: 2,
      received: 1,
    });
    expect(read({ ...twoOfAbc, count: 3 }, 'b c', signers)).toMatchObject({ isReachable: false, required: 3 });
    expect(read({ ...weighted, threshold: 7 }, '', signers)).toMatchObject({
      isReachable: false,
      missingFrom: ['b', 'c', 'e'],
    });
  });
});

test.each([any, all, two, named, weighted])('nobody can sign for an account that nobody holds: %j', (rule) => {
  expect(read(rule, 'a b e', [])).toMatchObject({
    isComplete: false,
    isReachable: false,
    received: 0,
    missingFrom: [],
    signedBy: [],
  });
});

test('delegates alone are not all', () => {
  expect(read(all, 'e', [delegate('e')])).toMatchObject({ isComplete: false, isReachable: false, missingFrom: [] });
});

test('is complete after as few further signatures as it says, and never before', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const some = fc.subarray(ids, { minLength: 1 });
  const rule: fc.Arbitrary<SignatureRule> = fc.oneof(
    fc.constantFrom<SignatureRule>(any, all),
    fc.record({ rule: fc.constant('count' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ rule: fc.constant('count' as const), count: fc.integer({ min: 1, max: 3 }), signatories: some }),
    fc.record({ rule: fc.constant('named' as const), signatories: some }),
    fc.record({
      rule: fc.constant('weighted' as const),
      weights: fc.dictionary(fc.constantFrom(...ids), fc.integer({ min: 1, max: 9 }), { noNullPrototype: true }),
      threshold: fc.integer({ min: 1, max: 20 }),
    }),
  );
  const voice = fc.constantFrom('approve', 'reject', 'silent');
  fc.assert(
    fc.property(rule, fc.array(voice, { minLength: 5, maxLength: 5 }), fc.subarray(five), (given, said, signers) => {
      const saying = (what: string) => ids.filter((_, index) => said[index] === what);
      const voices = { approved: now(saying('approve')), rejected: now(saying('reject')) };
      const reading = readSignatures(given, signers, voices);
      const missing = reading.required - reading.received;
      const ways = subsetsOf(reading.missingFrom).filter(
        (more) =>
          readSignatures(given, signers, { ...voices, approved: now([...voices.approved.keys(), ...more]) }).isComplete,
      );
      expect(reading.isReachable).toBe(ways.length > 0);
      if (reading.isReachable) expect(missing).toBe(Math.min(...ways.map((more) => more.length)));
      else expect(missing).toBeGreaterThan(0);
      expect(reading.isComplete).toBe(missing === 0);
    }),
    { numRuns: manyOrFew(1_000, 250) },
  );
});

function subsetsOf(ids: readonly string[]): string[][] {
  const subsets = Array.from({ length: 2 ** ids.length }, (_, bits) => bits);
  return subsets.map((bits) => ids.filter((_id, index) => bits & (1 << index)));
}
