import { type Refusal, refusal } from '../errors/refusal.ts';
import type { LockedAccount } from './locked-account.ts';

export function refuseClearingAccount({ id, ownership }: LockedAccount): Refusal | undefined {
  if (ownership !== 'clearing') return undefined;
  const detail = `Account ${id} is the ledger's own clearing account; name a customer's account.`;
  return refusal('clearing_account', detail, { accountId: id });
}

export function refuseClosed({ id, status }: LockedAccount): Refusal | undefined {
  return status === 'closed' ? refusal('account_closed', `Account ${id} is closed.`, { accountId: id }) : undefined;
}
