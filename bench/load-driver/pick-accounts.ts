import type { LoadName } from './load-order.ts';

/** Two different accounts, by number. */
export interface AccountPair {
  readonly from: number;
  readonly to: number;
}

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** Picks the two sides of a transfer in the way of the load, among accounts 1 to `accounts`. */
export function pickAccounts(load: LoadName, accounts: number, random: Random): AccountPair {
  if (load === 'hot') {
    const other = 2 + Math.floor(random() * (accounts - 1));
    return random() < 0.5 ? { from: 1, to: other } : { from: other, to: 1 };
  }
  if (load === 'zipf') {
    const from = pickByRank(accounts, random);
    let to = from;
    while (to === from) to = pickByRank(accounts, random);
    return { from, to };
  }
  const from = 1 + Math.floor(random() * accounts);
  const step = 1 + Math.floor(random() * (accounts - 1));
  return { from, to: 1 + ((from - 1 + step) % accounts) };
}

/** A random sequence that depends on nothing but its seed ("mulberry32", a public domain generator of 32 bits). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sums of 1/1 + 1/2 + ... + 1/n, by the number of accounts. */
const harmonicSums = new Map<number, Float64Array>();

/** Zipf's law with exponent 1: account n is picked with a probability in proportion to 1/n. */
function pickByRank(accounts: number, random: Random): number {
  let sums = harmonicSums.get(accounts);
  if (sums === undefined) {
    sums = new Float64Array(accounts);
    for (let n = 1, sum = 0; n <= accounts; n++) {
      sum += 1 / n;
      sums[n - 1] = sum;
    }
    harmonicSums.set(accounts, sums);
  }
  const target = random() * sums[accounts - 1]!;
  let low = 0;
  let high = accounts - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}
