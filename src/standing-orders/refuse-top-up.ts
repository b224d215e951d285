import type { Refusal } from '../errors/refusal.ts';
import { refuseActor } from '../ownership/authorise.ts';
import type { OwnershipByAccount } from '../ownership/load-ownership.ts';
import type { StandingOrder } from './standing-order.ts';

/**
 * How much tops an account up says how much is on it. So a party may have one topped up that it may look at, when it
 * makes the order and at each run. `ownership` must have the account that is paid.
 */
export function refuseTopUp(
  { rule, toAccountId, initiatedBy }: Pick<StandingOrder, 'rule' | 'toAccountId' | 'initiatedBy'>,
  ownership: OwnershipByAccount,
): Refusal | undefined {
  return rule.type === 'topUp' && initiatedBy !== null
    ? refuseActor(toAccountId, ownership.get(toAccountId)!, { by: initiatedBy, authentication: null }, 'view')
    : undefined;
}
