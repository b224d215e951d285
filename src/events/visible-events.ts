import { getAccount } from '../accounts/account-queries.ts';
import type { Database } from '../database/create-database.ts';
import { notFound } from '../errors/no-such.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import type { LoggedEvent } from '../log/read-log.ts';
import { findAllReadable, type ReadableAccounts } from '../ownership/visible-accounts.ts';

/** What of the log the key of a request may see. */
export interface VisibleEvents {
  /** The accounts whose events are shown; null for all events, also those of no account. */
  readonly accountIds: readonly string[] | null;
  /** The accounts whose balances are shown; null for all. */
  readonly readable: ReadableAccounts | null;
}

/**
 * The service sees everything. A party sees the events of the accounts that it holds with `view` at this moment, and of
 * others no balance. `accountId` narrows it to one account; throws RefusalError `account_not_found` where that one is
 * not to be seen.
 */
export async function findVisible(
  database: Database,
  caller: Caller,
  accountId: string | undefined,
): Promise<VisibleEvents> {
  const { ledgerId, boundParty: bound } = caller;
  if (bound === null) {
    if (accountId !== undefined) await getAccount(sourceOf(caller, database), accountId);
    return { accountIds: accountId === undefined ? null : [accountId], readable: null };
  }
  const readable = await findAllReadable(database, ledgerId, bound);
  const held = [...readable];
  if (accountId !== undefined && !readable.has(accountId)) throw notFound('account', accountId);
  return { accountIds: accountId === undefined ? held : [accountId], readable };
}

/** Of these events those that are shown: none of an account from before the reader joined it. */
export function withoutEarlier(events: readonly LoggedEvent[], readable: ReadableAccounts | null): LoggedEvent[] {
  const isSeen = ({ accountId, occurredAt }: LoggedEvent) =>
    accountId === null || (readable?.since(accountId) ?? occurredAt) <= occurredAt;
  return events.filter(isSeen);
}
