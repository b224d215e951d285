import type { LockedAccount, Taken } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import { hasRight } from './holder.ts';
import type { Ownership } from './load-ownership.ts';
import { bandFor, bandsOf, type Mandate, type MandateBand, type MandatedKind, rightFor } from './mandate.ts';
import { isEnough } from './read-signatures.ts';

/** What a movement is, for the mandate. */
export interface AskedMovement {
  readonly kind: MandatedKind;
  readonly amount: Money;
}

export function hasCeilings({ bands }: Pick<Mandate, 'bands'>): boolean {
  return bands.some(isCeiling);
}

const isCeiling = ({ per }: MandateBand) => per === 'day' || per === 'month';

/**
 * The band that decides about a movement now. Under one with a ceiling for a day or a month, what left on signatures
 * that no stronger band would have taken counts as well; so do movements that were decided since the account was locked
 * (`takenOut`), so that the items of a batch count together. Pure.
 */
export function bandNow(
  ownership: Ownership,
  mandate: Mandate,
  { kind, amount }: AskedMovement,
  takenOut: LockedAccount['takenOut'] = new Map(),
): MandateBand {
  return bandFor(mandate, kind, amount, (band) => countUnder(band, ownership, mandate, [...takenOut.values()]));
}

/** How much of a band's ceiling is used; zero for one of single movements. */
function countUnder(
  band: MandateBand,
  ownership: Ownership,
  mandate: Mandate,
  takenOut: readonly Taken[],
): Money | null {
  if (!isCeiling(band)) return null;
  const ofKind = ({ kind }: Pick<Taken, 'kind'>) => band.kinds?.includes(kind) ?? true;
  const counts = (out: Pick<Taken, 'kind' | 'signedBy' | 'underBand'>) =>
    ofKind(out) && !isStronger(out, band, ownership, mandate);
  const before = ownership.outflows
    .filter(counts)
    .map(({ today, thisMonth }) => (band.per === 'day' ? today : thisMonth));
  return sumOf([...before, ...takenOut.filter(counts).map(({ amount }) => amount)]);
}

/** Whether it left, or waits to leave, on signatures that a band behind this one takes. */
function isStronger(
  { kind, signedBy, underBand }: Pick<Taken, 'kind' | 'signedBy' | 'underBand'>,
  band: MandateBand,
  ownership: Ownership,
  mandate: Mandate,
): boolean {
  if (underBand !== null) return underBand > mandate.bands.indexOf(band);
  const bands = bandsOf(mandate, kind);
  const signers = ownership.holders.filter((holder) => hasRight(holder, rightFor(kind)));
  return bands.slice(bands.indexOf(band) + 1).some((stronger) => isEnough(stronger, signers, signedBy));
}

function sumOf([first, ...others]: readonly Money[]): Money | null {
  return first === undefined ? null : others.reduce((sum, amount) => sum.plus(amount), first);
}

/**
 * Whether signatures that were given once, for what is repeated, take a movement beyond the ceilings of all the bands
 * that they are enough for. Where they are enough for none, the mandate has changed since, and they hold. Pure.
 */
export function exceedsCeilings(
  ownership: Ownership,
  { kind, amount }: AskedMovement,
  signedBy: readonly string[],
  takenOut: LockedAccount['takenOut'],
): boolean {
  const { mandate } = ownership;
  if (!hasCeilings(mandate)) return false;
  const signers = ownership.holders.filter((holder) => hasRight(holder, rightFor(kind)));
  const enough = bandsOf(mandate, kind).filter((band) => isEnough(band, signers, signedBy));
  const fits = (band: MandateBand) => {
    if (band.upTo === undefined) return true;
    const used = countUnder(band, ownership, mandate, [...takenOut.values()]) ?? Money.zero(amount.currency);
    return !Money.fromDatabase(band.upTo, amount.currency).minus(used).minus(amount).isNegative();
  };
  return enough.length > 0 && !enough.some(fits);
}
