import { tidyAccounts } from '../ledger/tidy-accounts.ts';
import type { WorkQueue } from '../workers/work-queue.ts';

/**
 * Accounts on which a hold or a payment order expires. An operation that locks an account tidies it up anyway; this is
 * for those that nobody touches. The rows claimed are the accounts themselves, few at a time, because callers wait for
 * them.
 */
export const expiriesQueue: WorkQueue = {
  name: 'expiries',
  table: 'accounts',
  idColumn: 'id',
  isDue: 'item.next_expiry <= now()',
  dueSince: 'item.next_expiry',
  batchSize: 20,
  lanes: 1,
  isUrgent: false,
  async work(transaction, accountIds) {
    await tidyAccounts(transaction, accountIds);
    return undefined;
  },
};
