import type { Refusal } from '../errors/refusal.ts';
import { refuseActor } from '../ownership/authorise.ts';
import type { OwnershipByAccount } from '../ownership/load-ownership.ts';
import type { StandingOrder } from './standing-order.ts';

/**
 * How much tops an account up says how much is on it, and so does how much is swept off one. So a party may have done
 * that with an account that it may look at, when it makes the order and at each run. `ownership` must have both
 * accounts.
 */
export function refuseBlindAmount(
  {
    rule,
    accountId,
    toAccountId,
    initiatedBy,
  }: Pick<StandingOrder, 'rule' | 'accountId' | 'toAccountId' | 'initiatedBy'>,
  ownership: OwnershipByAccount,
): Refusal | undefined {
  if (rule.type === 'fixed' || initiatedBy === null) return undefined;
  const told = rule.type === 'topUp' ? toAccountId : accountId;
  return refuseActor(told, ownership.get(told)!, { by: initiatedBy, authentication: null }, 'view');
}
