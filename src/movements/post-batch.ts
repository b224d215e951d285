import { refusal } from '../errors/refusal.ts';
import type { BookedTransaction } from '../ledger/booked-transaction.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import {
  type Decision,
  type DecisionState,
  type KeyClaim,
  type OperationKind,
  type Outcome,
  usesKeyUp,
} from '../ledger/operation.ts';
import type { NewPaymentOrder } from '../payment-orders/payment-order.ts';
import { writePaymentOrders } from '../payment-orders/write-payment-orders.ts';
import type { MovementResult } from './book-legs.ts';
import { bookedOutcomes, type ItemAnswer } from './booked-outcomes.ts';
import { decideNewMovement } from './decide-movement.ts';
import { claimsOfExternalIds } from './external-ids.ts';
import { loadNewMovements } from './load-movement-facts.ts';
import type { Movement, NewMovementFacts } from './movement.ts';
import { accountIdsOf } from './post-movement.ts';

export interface BatchItem {
  readonly movement: Movement;
  /** The item's own idempotency key, null when only the batch has one. */
  readonly key: KeyClaim | null;
}

export interface Batch {
  /** All items are booked or none. Otherwise each is booked or refused on its own. */
  readonly atomic: boolean;
  readonly items: readonly BatchItem[];
}

/**
 * Many movements as one operation: they are decided in their order, each on what those before it left, and committed
 * together. An item whose own key was used before answers as it did then and moves nothing.
 */
export const postBatch: OperationKind<Batch, NewMovementFacts, readonly NewPaymentOrder[], readonly ItemAnswer[]> = {
  accountIds: ({ items }) => [...new Set(items.flatMap((item) => accountIdsOf(item.movement)))],
  itemKeys: ({ items }) => [
    ...items.flatMap(({ key, movement }) => (key === null ? [] : { ...key, transactionId: movement.id })),
    ...claimsOfExternalIds(items.map((item) => item.movement)),
  ],
  size: ({ items }) => items.length,
  keptForm: bookedOutcomes,
  load: (transaction, batches, accounts) =>
    loadNewMovements(
      transaction,
      batches.flatMap((batch) => batch.items.map((item) => item.movement)),
      accounts,
    ),
  decide: decideBatch,
  write: (transaction, orders) => writePaymentOrders(transaction, orders.flat()),
};

function decideBatch(
  batch: Batch,
  state: DecisionState<NewMovementFacts>,
): Decision<readonly NewPaymentOrder[], readonly ItemAnswer[]> {
  // Other operations of the group must not see what a batch did that is refused in the end.
  const accounts = new Map(state.accounts);
  const takenExternalIds = new Map(state.loaded.takenExternalIds);
  const loaded = { ...state.loaded, takenExternalIds };
  const changed = new Map<string, LockedAccount>();
  const transactions: BookedTransaction[] = [];
  const orders: NewPaymentOrder[] = [];
  const events: LedgerEvent[] = [];
  const itemOutcomes = new Map<string, Outcome<MovementResult>>();
  const answers: ItemAnswer[] = [];
  for (const [index, { movement, key }] of batch.items.entries()) {
    const answer = earlierAnswer(key, state) ?? decideItem(movement);
    const { outcome, replayed } = answer;
    if (batch.atomic && 'refusal' in outcome) {
      if (!usesKeyUp(outcome)) return outcome;
      const { code, detail, facts } = outcome.refusal;
      const sentence = `Item ${index} was refused, so nothing of the batch was booked: ${detail}`;
      return { refusal: refusal('batch_item_refused', sentence, { item: index, refusal: { code, detail, ...facts } }) };
    }
    answers.push(answer);
    if (key !== null && !replayed && !state.earlierItems.has(key.idempotencyKey)) {
      itemOutcomes.set(key.idempotencyKey, outcome);
    }
  }
  const decided = { result: answers, changedAccounts: [...changed.values()], transactions, events, itemOutcomes };
  return orders.length === 0 ? decided : { ...decided, effect: orders };

  function decideItem(movement: Movement): ItemAnswer {
    const decided = decideNewMovement(movement, { ...state, accounts, loaded });
    if ('refusal' in decided) return { outcome: decided, replayed: false };
    if (movement.externalId != null) {
      const { id } = movement;
      takenExternalIds.set(
        movement.externalId,
        decided.order === undefined ? { transactionId: id } : { paymentOrderId: id },
      );
    }
    for (const account of decided.changedAccounts) {
      accounts.set(account.id, account);
      changed.set(account.id, account);
    }
    transactions.push(...decided.transactions);
    if (decided.order !== undefined) orders.push(decided.order);
    events.push(...(decided.events ?? []));
    return { outcome: { result: decided.result }, replayed: false };
  }
}

function earlierAnswer(key: KeyClaim | null, state: DecisionState<NewMovementFacts>): ItemAnswer | undefined {
  if (key === null) return undefined;
  // What is stored with the key of such a request is what such a request answers.
  return state.earlierItems.get(key.idempotencyKey) as ItemAnswer | undefined;
}
