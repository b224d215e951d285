import { createId } from '../ledger/create-id.ts';
import { createOperation, type Operation, type OperationOptions } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import { createDeposit, createTransfer, createWithdrawal } from '../movements/create-movement.ts';
import { postMovement } from '../movements/post-movement.ts';
import { type AmountChange, currency } from './amount-changes.ts';
import type { EngineAccounts } from './scenario.ts';

const unsaid = {
  initiatedBy: null,
  authentication: null,
  description: null,
  reference: null,
  metadata: null,
  valueDate: null,
};

/** A caller's changes as an operation of joint-ledger: a deposit, a withdrawal, or a transfer. */
export function engineMovement(
  { ledgerId, accountIds }: EngineAccounts,
  changes: readonly AmountChange[],
): () => Operation<unknown> {
  return () => createOperation(postMovement, movementOf(ledgerId, accountIds, changes), termsOf(ledgerId));
}

function movementOf(ledgerId: string, accountIds: EngineAccounts['accountIds'], changes: readonly AmountChange[]) {
  const [first, second] = changes as [AmountChange, AmountChange?];
  const terms = { ...unsaid, amount: Money.parse(first.by.replace('-', ''), currency) };
  const account = accountIds[first.id]!;
  if (second !== undefined) return createTransfer(account, accountIds[second.id]!, terms);
  return first.by.startsWith('-')
    ? createWithdrawal(ledgerId, account, terms)
    : createDeposit(ledgerId, account, terms);
}

/** As a request without an idempotency key has them. */
export function termsOf(ledgerId: string): OperationOptions {
  return { ledgerId, idempotencyKey: createId(), requestHash: Buffer.alloc(32), dryRun: false };
}
