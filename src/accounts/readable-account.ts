import type { Database } from '../database/create-database.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { hideFromStrangers } from '../ownership/visible-accounts.ts';
import { type AccountDocument, getAccount } from './account-queries.ts';

/** The account, if the caller may look at it. Throws RefusalError `account_not_found`. */
export async function getReadableAccount(
  database: Database,
  caller: Caller,
  accountId: string,
): Promise<AccountDocument> {
  await hideFromStrangers(database, caller, accountId, { may: ['view'] });
  return getAccount(sourceOf(caller, database), accountId);
}
