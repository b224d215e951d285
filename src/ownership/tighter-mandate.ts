import { Money } from '../money/money.ts';
import { hasCeilings } from './ceilings.ts';
import { type Holder, hasRight, isOwner } from './holder.ts';
import {
  bandFor,
  bandsOf,
  ceilingPeriods,
  type MandateBand,
  type MandatedKind,
  type MandateTerms,
  mandatedKinds,
  rightFor,
  type SignatureRule,
} from './mandate.ts';
import { poolOf } from './read-signatures.ts';

/** What the two mandates are compared for. */
export interface MandatedAccount {
  readonly currency: string;
  /** The active ones. */
  readonly holders: readonly Holder[];
}

/**
 * Whether all who could sign for something under the new terms could have done so under the old ones: then the change
 * takes nothing from anybody, and one managing holder may make it alone. Compares each kind of movement at each amount
 * where one of the two changes its rule, and beyond. Where it can't tell, it answers false, which asks everybody.
 */
export function isTighterOrSame(next: MandateTerms, current: MandateTerms, account: MandatedAccount): boolean {
  if (current.signatures === 'own' && next.signatures !== 'own') return false;
  const ownersOf = (kind: MandatedKind) => idsOf(ownersWho(kind, account));
  if (hasCeilings(current)) {
    return mandatedKinds.every((kind) =>
      isTighterPlaceByPlace(bandsOf(next, kind), bandsOf(current, kind), account.currency, ownersOf(kind)),
    );
  }
  return bandsToCompare(next, current, account.currency).every(({ kind, after, before: [before] }) =>
    after.every((band) => implies(band, before!, ownersOf(kind))),
  );
}

/**
 * Under ceilings for a day or a month, what left before has a say in which band decides. So each band must come at the
 * amount of the one in its place or sooner, count for as long or longer and for the same kinds together, and ask for
 * whom that and all before it asked.
 */
function isTighterPlaceByPlace(
  next: readonly MandateBand[],
  current: readonly MandateBand[],
  currency: string,
  ownerIds: readonly string[],
): boolean {
  if (next.length !== current.length) return false;
  const length = ({ per = 'movement' }: MandateBand) => ceilingPeriods.indexOf(per);
  const comesAsSoon = ({ upTo }: MandateBand, other: MandateBand) =>
    other.upTo === undefined ||
    (upTo !== undefined &&
      !Money.fromDatabase(other.upTo, currency).minus(Money.fromDatabase(upTo, currency)).isNegative());
  // A ceiling for withdrawals, and another for transfers, are more than one for both.
  const countsAsMuch = ({ kinds = mandatedKinds }: MandateBand, other: MandateBand) =>
    (other.kinds ?? mandatedKinds).every((kind) => kinds.includes(kind));
  return next.every(
    (band, place) =>
      comesAsSoon(band, current[place]!) &&
      countsAsMuch(band, current[place]!) &&
      (band.upTo === undefined || length(band) >= length(current[place]!)) &&
      current.slice(0, place + 1).every((before) => implies(band, before, ownerIds)),
  );
}

/**
 * Whether everybody whose signature counted still has a signature that counts, those aside whom `by` leaves out for
 * itself. To name signatories is stricter, and yet shuts the other owners out, so they have a say in it.
 */
export function shutsNobodyOut(
  next: MandateTerms,
  current: MandateTerms,
  account: MandatedAccount,
  by: string | null,
): boolean {
  // Those without a key of their own could not sign any more.
  if (next.signatures === 'own' && current.signatures !== 'own') return false;
  return bandsToCompare(next, current, account.currency).every(({ kind, after, before }) => {
    const owners = ownersWho(kind, account);
    return after.every((band) => {
      const counted = poolOf(band, owners);
      return before
        .flatMap((earlier) => poolOf(earlier, owners))
        .every((partyId) => partyId === by || counted.includes(partyId));
    });
  });
}

/**
 * The bands of both for each kind of movement at each amount where one of the two changes its rule, and beyond: the one
 * that its amount leads to, and where there are ceilings for a day or a month, those behind it as well.
 */
function bandsToCompare(next: MandateTerms, current: MandateTerms, currency: string) {
  return mandatedKinds.flatMap((kind) => {
    const limits = [...bandsOf(next, kind), ...bandsOf(current, kind)].flatMap(({ upTo }) => upTo ?? []);
    const amounts = [...limits.map((upTo) => Money.fromDatabase(upTo, currency)), null];
    const reached = (terms: MandateTerms, amount: Money | null) => {
      const band = bandFor(terms, kind, amount);
      const bands = bandsOf(terms, kind);
      return hasCeilings(terms) ? bands.slice(bands.indexOf(band)) : [band];
    };
    return amounts.map((amount) => ({ kind, after: reached(next, amount), before: reached(current, amount) }));
  });
}

function ownersWho(kind: MandatedKind, { holders }: MandatedAccount): Holder[] {
  return holders.filter((holder) => isOwner(holder) && hasRight(holder, rightFor(kind)));
}

function idsOf(holders: readonly Holder[]): string[] {
  return holders.map(({ partyId }) => partyId);
}

/** Whether every set of signatures that satisfies `next` satisfies `loose` too. */
function implies(next: SignatureRule, loose: SignatureRule, ownerIds: readonly string[]): boolean {
  if (next.rule === loose.rule && next.rule === 'all') return true;
  const strict: SignatureRule = next.rule === 'all' ? { rule: 'named', signatories: ownerIds } : next;
  switch (loose.rule) {
    case 'any':
      return true;
    case 'all':
      // A later owner is one of "all", and would not be asked under any other rule.
      return false;
    case 'count':
      return fewestOf(strict, loose.signatories) >= loose.count;
    case 'named':
      return loose.signatories.every((partyId) => cannotDoWithout(strict, partyId));
    case 'weighted':
      return leastWeight(strict, loose.weights) >= loose.threshold;
  }
}

/** The fewest of these people (of anybody when undefined) that are among any signatures that `rule` takes. */
function fewestOf(rule: SignatureRule, people: readonly string[] | undefined): number {
  const outside = (pool: readonly string[]) =>
    people === undefined ? 0 : pool.filter((partyId) => !people.includes(partyId)).length;
  switch (rule.rule) {
    case 'any':
      return people === undefined ? 1 : 0;
    case 'all':
      return 0;
    case 'count':
      if (rule.signatories === undefined) return people === undefined ? rule.count : 0;
      return Math.max(0, rule.count - outside(rule.signatories));
    case 'named':
      return rule.signatories.length - outside(rule.signatories);
    case 'weighted': {
      const helpers = Object.entries(rule.weights).filter(([id]) => people !== undefined && !people.includes(id));
      const ours = Object.entries(rule.weights).filter(([id]) => people === undefined || people.includes(id));
      let missing = rule.threshold - sum(helpers.map(([, weight]) => weight));
      const heaviestFirst = ours.map(([, weight]) => weight).sort((a, b) => b - a);
      let count = 0;
      while (missing > 0 && count < heaviestFirst.length) missing -= heaviestFirst[count++]!;
      return count;
    }
  }
}

function cannotDoWithout(rule: SignatureRule, partyId: string): boolean {
  switch (rule.rule) {
    case 'named':
      return rule.signatories.includes(partyId);
    case 'count':
      return (
        rule.signatories !== undefined && rule.count === rule.signatories.length && fewestOf(rule, [partyId]) === 1
      );
    case 'weighted':
      return fewestOf(rule, [partyId]) === 1;
    default:
      return false;
  }
}

/** The least that any signatures which `rule` takes weigh. */
function leastWeight(rule: SignatureRule, weights: Readonly<Record<string, number>>): number {
  const weigh = (pool: readonly string[]) => pool.map((partyId) => weights[partyId] ?? 0);
  switch (rule.rule) {
    case 'named':
      return sum(weigh(rule.signatories));
    case 'count':
      if (rule.signatories === undefined) return 0;
      return sum(
        weigh(rule.signatories)
          .sort((a, b) => a - b)
          .slice(0, rule.count),
      );
    case 'weighted': {
      const same = Object.entries(rule.weights).every(([partyId, weight]) => (weights[partyId] ?? 0) >= weight);
      return same ? rule.threshold : 0;
    }
    default:
      return 0;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
