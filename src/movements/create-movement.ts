import { v7 as uuidv7 } from 'uuid';
import type { MovementNotes } from '../ledger/booked-transaction.ts';
import { clearingAccountId } from '../ledger/clearing-account.ts';
import type { Money } from '../money/money.ts';
import type { Movement } from './decide-movement.ts';

/** What every movement is told by its caller, whatever its kind. */
export interface MovementTerms extends MovementNotes {
  readonly amount: Money;
  readonly valueDate: string | null;
}

/** Money comes into an account from outside the ledger. */
export function createDeposit(ledgerId: string, accountId: string, terms: MovementTerms): Movement {
  const { amount } = terms;
  return {
    ...terms,
    id: uuidv7(),
    type: 'deposit',
    legs: [{ accountId, amount }],
    clearingLeg: { accountId: clearingAccountId(ledgerId, amount.currency), amount: amount.negated() },
  };
}

/** Money leaves an account, and the ledger with it. */
export function createWithdrawal(ledgerId: string, accountId: string, terms: MovementTerms): Movement {
  const { amount } = terms;
  return {
    ...terms,
    id: uuidv7(),
    type: 'withdrawal',
    legs: [{ accountId, amount: amount.negated() }],
    clearingLeg: { accountId: clearingAccountId(ledgerId, amount.currency), amount },
  };
}

/** Money moves between two different accounts of the ledger. */
export function createTransfer(fromAccountId: string, toAccountId: string, terms: MovementTerms): Movement {
  const { amount } = terms;
  return {
    ...terms,
    id: uuidv7(),
    type: 'transfer',
    legs: [
      { accountId: fromAccountId, amount: amount.negated() },
      { accountId: toAccountId, amount },
    ],
    clearingLeg: null,
  };
}
