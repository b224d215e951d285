import { Money } from '../money/money.ts';
import type { HolderRight } from './holder.ts';

/** The movements by which money leaves an account on a party's order. */
export const mandatedKinds = ['withdrawal', 'transfer'] as const;

export type MandatedKind = (typeof mandatedKinds)[number];

/** Whose signatures are enough. A signer is an active holder who has the right to the movement. */
export type SignatureRule =
  | { readonly rule: 'any' }
  /** Every owner who may sign; delegates don't count. */
  | { readonly rule: 'all' }
  /** So many of the signatories; of all who may sign when none are named. */
  | { readonly rule: 'count'; readonly count: number; readonly signatories?: readonly string[] | undefined }
  /** Each of these. */
  | { readonly rule: 'named'; readonly signatories: readonly string[] }
  /** Any whose weights sum up to the threshold. */
  | {
      readonly rule: 'weighted';
      readonly weights: Readonly<Record<string, number>>;
      readonly threshold: number;
    };

/** Which movements a rule is for: of these kinds (all when left out), up to and including this amount. */
export type MandateBand = SignatureRule & {
  readonly kinds?: readonly MandatedKind[] | undefined;
  /** In the account's currency; no limit when left out. */
  readonly upTo?: string | undefined;
  /**
   * What `upTo` is for: a single movement, when left out, or all that leaves in a day or a month of the account's time
   * zone on signatures that no stronger band takes.
   */
  readonly per?: CeilingPeriod | undefined;
};

export const ceilingPeriods = ['movement', 'day', 'month'] as const;

export type CeilingPeriod = (typeof ceilingPeriods)[number];

/** Who must sign for money to leave. The first band that fits a movement decides it; the last of each kind fits all. */
export interface MandateTerms {
  /**
   * `own`: parties initiate and sign with a key or a token of their own only, never named by a key of the service;
   * `any` when left out.
   */
  readonly signatures?: 'any' | 'own';
  readonly bands: readonly MandateBand[];
}

/** Terms never change once in force; changing a mandate makes the next version. */
export interface Mandate extends MandateTerms {
  /** 0: nothing was agreed, so that any one holder signs. */
  readonly version: number;
}

/** A mandate without its version. */
export function termsOf({ version: _version, ...terms }: MandateTerms & { version?: unknown }): MandateTerms {
  return terms;
}

export const anyOneSigns: Mandate = { version: 0, bands: [{ rule: 'any' }] };

/** The right that a signer of such a movement must have. */
export function rightFor(kind: MandatedKind): HolderRight {
  return kind === 'withdrawal' ? 'withdraw' : 'transfer';
}

export function bandsOf(terms: MandateTerms, kind: MandatedKind): MandateBand[] {
  return terms.bands.filter((band) => band.kinds === undefined || band.kinds.includes(kind));
}

/** The parties that a mandate names as signers. */
export function namedIn({ bands }: MandateTerms): string[] {
  return bands.flatMap((band) => {
    if (band.rule === 'weighted') return Object.keys(band.weights);
    return 'signatories' in band ? (band.signatories ?? []) : [];
  });
}

/**
 * The band that decides about this much; null for more than any band's limit.
 *
 * @param besides What else counts under a band, where its limit is not for a single movement.
 */
export function bandFor(
  terms: MandateTerms,
  kind: MandatedKind,
  amount: Money | null,
  besides: (band: MandateBand) => Money | null = () => null,
): MandateBand {
  const fits = (band: MandateBand) => {
    if (band.upTo === undefined) return true;
    if (amount === null) return false;
    const left = Money.fromDatabase(band.upTo, amount.currency).minus(amount);
    const counted = besides(band);
    return !(counted === null ? left : left.minus(counted)).isNegative();
  };
  const band = bandsOf(terms, kind).find(fits);
  if (band === undefined) throw new Error(`a mandate has no band for a ${kind} of ${amount}`);
  return band;
}
