import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { expireHolds } from './expire-holds.ts';
import { numberEvents } from './ledger-event.ts';
import { lockAccounts } from './lock-accounts.ts';
import { writeJournal } from './write-journal.ts';

/** Lets go of what holds and payment orders reserve on these accounts whose time is over, and tells of it. */
export async function tidyAccounts(transaction: LedgerTransaction, accountIds: readonly string[]): Promise<void> {
  const locked = await lockAccounts(transaction, [...accountIds].sort(), 'lock');
  if (locked.now === undefined) return;
  const { now } = locked;
  const { accounts, changed, events: expired } = await expireHolds(transaction, locked.accounts, now, 'lock');
  const events = numberEvents(expired, accounts, changed);
  writeJournal(transaction, { transactions: [], accounts: [...changed.values()], outcomes: new Map(), events, now });
}
