import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { expireHolds } from './expire-holds.ts';
import type { LedgerEvent } from './ledger-event.ts';
import { lockAccounts } from './lock-accounts.ts';
import type { LockedAccounts } from './operation.ts';
import { JournalWriter } from './write-journal.ts';

/** Records what else has expired on these locked accounts, and answers its events. */
export type Expiry = (
  transaction: LedgerTransaction,
  accounts: LockedAccounts,
  now: Date,
) => Promise<readonly LedgerEvent[]>;

/**
 * Releases what holds and payment orders reserve on these accounts and that has expired, and what `expireMore`
 * finds, and writes the events. The entity tags change with the holds only: everything else reads as expired from its
 * time on, so that nothing changes for callers when it is noted.
 */
export async function tidyAccounts(
  transaction: LedgerTransaction,
  accountIds: readonly string[],
  expireMore: Expiry = async () => [],
): Promise<void> {
  const locked = await lockAccounts(transaction, [...accountIds].sort(), 'lock');
  if (locked.now === undefined) return;
  const { now } = locked;
  const { accounts, changes } = await expireHolds(transaction, locked.accounts, now, 'lock');
  const journal = new JournalWriter(transaction, accounts, now);
  journal.add(changes);
  journal.add({ events: await expireMore(transaction, accounts, now) });
  journal.finish();
}
