import { type Refusal, refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import type { Money } from '../money/money.ts';
import type { MovementResult } from './book-legs.ts';
import { decideMovement } from './decide-movement.ts';
import { loadMovementFacts } from './load-movement-facts.ts';
import type { Leg, Movement, MovementFacts } from './movement.ts';
import { accountIdsOf } from './post-movement.ts';
import { findReversedParts, type ReversedPart } from './transaction-queries.ts';

export interface Reversal {
  /** The transaction that is taken back. */
  readonly originalId: string;
  /** How much of it is asked for; null for all that is left. Less than the whole only where it has two entries. */
  readonly part: Money | null;
  /** Why there can be no such reversal, whatever was taken back before; null when there can. */
  readonly impossible: Refusal | null;
  /** The reversal of all of it. */
  readonly whole: Movement;
}

interface ReversalFacts extends MovementFacts {
  /** What was taken back already, by the transactions. */
  readonly reversed: ReadonlyMap<string, ReversedPart>;
}

/**
 * Takes a transaction back, in several parts until nothing is left. Its accounts are those of the transaction, and
 * owned: whatever else reverses it locks the same rows and is in another group, so that what `load` found is still so
 * when it is decided.
 */
export const postReversal: OperationKind<Reversal, ReversalFacts, never, MovementResult> = {
  accountIds: ({ whole }) => accountIdsOf(whole),
  ownedAccountIds: ({ whole }) => accountIdsOf(whole),

  async load(transaction, reversals, accounts) {
    const movements = reversals.map(({ whole }) => whole);
    const originalIds = reversals.map(({ originalId }) => originalId);
    const [facts, reversed] = await Promise.all([
      loadMovementFacts(transaction, movements, accounts),
      findReversedParts(transaction, originalIds),
    ]);
    return { ...facts, reversed };
  },

  decide(reversal, state) {
    const taken = takePart(reversal, state.loaded.reversed.get(reversal.originalId));
    return 'refusal' in taken ? taken : decideMovement(taken, state);
  },
};

/** The reversal of what is asked for, if so much is left. Pure. */
function takePart(reversal: Reversal, earlier: ReversedPart | undefined): Movement | { refusal: Refusal } {
  const { originalId, part, impossible, whole } = reversal;
  if (impossible !== null) return { refusal: impossible };
  const left = earlier === undefined ? whole.amount : leftOf(whole.amount, earlier.amount);
  if (earlier !== undefined && (left === null || left.isZero())) {
    const detail = `Transaction ${originalId} was taken back by ${earlier.reversalId}.`;
    return { refusal: refusal('already_reversed', detail, { reversalId: earlier.reversalId }) };
  }
  if (whole.amount === null || left === null) return whole;
  const asked = part ?? left;
  if (left.minus(asked).isNegative()) {
    const reversed = whole.amount.minus(left);
    const more = `${left} ${left.currency} can still be taken back, ${asked} is asked for`;
    const detail = `Of transaction ${originalId} ${more}.`;
    const facts = { amount: whole.amount.toString(), reversed: reversed.toString(), left: left.toString() };
    return { refusal: refusal('reversal_not_possible', detail, facts) };
  }
  return { ...whole, ...partOf(whole, asked) };
}

/** Null for what has no amount: that is only taken back as a whole. */
function leftOf(whole: Money | null, taken: Money | null): Money | null {
  return whole === null || taken === null ? null : whole.minus(taken);
}

/** What is different where only a part is taken back; what has more than two entries is only taken back as a whole. */
function partOf({ amount, legs, clearingLeg }: Movement, part: Money): Partial<Movement> {
  if (amount?.minus(part).isZero()) return {};
  const asPart = (leg: Leg): Leg => ({ ...leg, amount: leg.amount.isNegative() ? part.negated() : part });
  return { amount: part, legs: legs.map(asPart), clearingLeg: clearingLeg === null ? null : asPart(clearingLeg) };
}
