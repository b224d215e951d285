import { z } from 'zod';
import { amount } from '../ledger/document-fields.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';

/** How much a run of a standing order moves. */
export type AmountRule =
  | { readonly type: 'fixed'; readonly amount: Money }
  /** All that the paying account has beyond what it keeps. */
  | { readonly type: 'sweep'; readonly keep: Money; readonly most: Money | null }
  /** What the receiving account lacks. */
  | { readonly type: 'topUp'; readonly to: Money; readonly most: Money | null };

/** The rule as callers write and see it; what does not apply is null. */
export const amountRuleDocument = z.strictObject({
  amount: amount.nullable(),
  sweep: z.strictObject({ keep: amount }).nullable(),
  topUp: z.strictObject({ to: amount }).nullable(),
  most: amount.nullable(),
});

export type AmountRuleDocument = z.output<typeof amountRuleDocument>;

/** What a run moves between the two accounts as they are now; zero when there is nothing to do. Pure. */
export function amountOf(rule: AmountRule, paying: LockedAccount, receiving: LockedAccount): Money {
  switch (rule.type) {
    case 'fixed':
      return rule.amount;
    case 'sweep':
      return between(paying.balance.minus(paying.held).minus(rule.keep), rule.most);
    case 'topUp':
      return between(rule.to.minus(receiving.balance), rule.most);
  }
}

function between(wanted: Money, most: Money | null): Money {
  if (wanted.isNegative()) return Money.zero(wanted.currency);
  return most?.minus(wanted).isNegative() ? most : wanted;
}

/** The most that one run can move, which is what has to be signed for; null where there is no such limit. */
export function largestAmount(rule: AmountRule): Money | null {
  return rule.type === 'fixed' ? rule.amount : rule.most;
}

export function presentAmountRule(rule: AmountRule): AmountRuleDocument {
  return {
    amount: rule.type === 'fixed' ? rule.amount.toString() : null,
    sweep: rule.type === 'sweep' ? { keep: rule.keep.toString() } : null,
    topUp: rule.type === 'topUp' ? { to: rule.to.toString() } : null,
    most: rule.type === 'fixed' ? null : (rule.most?.toString() ?? null),
  };
}
