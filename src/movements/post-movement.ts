import type { OperationKind } from '../ledger/operation.ts';
import type { NewPaymentOrder } from '../payment-orders/payment-order.ts';
import { writePaymentOrders } from '../payment-orders/write-payment-orders.ts';
import type { MovementResult } from './book-legs.ts';
import { bookedOutcomes } from './booked-outcomes.ts';
import { decideNewMovement } from './decide-movement.ts';
import { claimsOfExternalIds } from './external-ids.ts';
import { loadNewMovements } from './load-movement-facts.ts';
import type { Movement, NewMovementFacts } from './movement.ts';

/** How a movement takes part in a group; movements differ only in the legs they are made of. */
export const postMovement: OperationKind<Movement, NewMovementFacts, NewPaymentOrder, MovementResult> = {
  accountIds: accountIdsOf,
  itemKeys: (movement) => claimsOfExternalIds([movement]),
  transactionId: (movement) => movement.id,
  keptForm: bookedOutcomes,
  load: loadNewMovements,
  decide(movement, state) {
    const decided = decideNewMovement(movement, state);
    if ('refusal' in decided || decided.order === undefined) return decided;
    return { ...decided, effect: decided.order };
  },
  write: writePaymentOrders,
};

/** The accounts that a movement locks. */
export function accountIdsOf(movement: Movement): string[] {
  return movement.legs.map((leg) => leg.accountId);
}
