import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import type { MovementResult } from './book-legs.ts';
import { decideMovement } from './decide-movement.ts';
import { loadMovementFacts, type MovementFacts } from './load-movement-facts.ts';
import type { Movement } from './movement.ts';
import { accountIdsOf } from './post-movement.ts';
import { findReversals } from './transaction-queries.ts';

export interface Reversal {
  /** The transaction that is taken back. */
  readonly originalId: string;
  readonly movement: Movement;
}

interface ReversalFacts extends MovementFacts {
  /** The reversals that there are already, by the transactions that they take back. */
  readonly reversals: ReadonlyMap<string, string>;
}

/**
 * Takes a transaction back, once. Its accounts are those of the transaction, and owned: whoever else reverses it locks
 * the same rows and is in another group, so that what `load` found is still so when it is decided.
 */
export const postReversal: OperationKind<Reversal, ReversalFacts, never, MovementResult> = {
  accountIds: ({ movement }) => accountIdsOf(movement),
  ownedAccountIds: ({ movement }) => accountIdsOf(movement),

  async load(transaction, reversals, accounts) {
    const movements = reversals.map(({ movement }) => movement);
    const originalIds = reversals.map(({ originalId }) => originalId);
    const [facts, found] = await Promise.all([
      loadMovementFacts(transaction, movements, accounts),
      findReversals(transaction, originalIds),
    ]);
    return { ...facts, reversals: found };
  },

  decide({ originalId, movement }, state) {
    const reversalId = state.loaded.reversals.get(originalId);
    if (reversalId === undefined) return decideMovement(movement, state);
    const detail = `Transaction ${originalId} was taken back by ${reversalId}.`;
    return { refusal: refusal('already_reversed', detail, { reversalId }) };
  },
};
