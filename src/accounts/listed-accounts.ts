import type { Database } from '../database/create-database.ts';
import type { AccountsPage } from '../database/scan-accounts.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { pageQuery } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { findJoined, hideFromStrangers } from '../ownership/visible-accounts.ts';
import { getAccount } from './account-queries.ts';

/** What lists of all that belongs to accounts are narrowed by, besides its status. */
export const ofAccountsQuery = {
  ...pageQuery('desc'),
  accountId: id.optional(),
};

/** The same of what takes signatures. */
export const ofSignersQuery = {
  ...ofAccountsQuery,
  missingFrom: id.optional().meta({ description: 'What waits for the signature of this party.' }),
};

/** More accounts of a party are not gone through at once. */
const maxAccounts = 1_000;

/** What such a list goes through, and since when of each account. Throws what `findAccounts` does. */
export async function findListedAccounts(
  database: Database,
  caller: Caller,
  query: AskedAccounts,
): Promise<Pick<AccountsPage, 'accountIds' | 'joined'>> {
  const accountIds = await findAccounts(database, caller, query);
  return { accountIds, joined: await findJoined(database, caller, accountIds ?? []) };
}

interface AskedAccounts {
  readonly accountId?: string | undefined;
  readonly missingFrom?: string | undefined;
}

/**
 * The accounts that such a list goes through; null for all. A key of a party reads of the accounts that the party may
 * look at, and what waits for its own signature of all that it holds. Where something is to be missing from a party,
 * only what that holds is gone through.
 *
 * Throws RefusalError: `account_not_found`, and `validation_failed` where there are too many and none is named.
 */
async function findAccounts(
  database: Database,
  caller: Caller,
  { accountId, missingFrom }: AskedAccounts,
): Promise<readonly string[] | null> {
  const { ledgerId, boundParty } = caller;
  const isOwn = boundParty !== null && missingFrom === boundParty;
  if (accountId !== undefined) {
    await hideFromStrangers(database, caller, accountId, isOwn ? {} : { may: ['view'] });
    await getAccount(sourceOf(caller, database), accountId);
  }
  const parties = [
    ...(missingFrom === undefined ? [] : [{ party: missingFrom, mustView: false }]),
    ...(boundParty === null || isOwn ? [] : [{ party: boundParty, mustView: true }]),
  ];
  const [first, ...others] = parties;
  if (first === undefined) return accountId === undefined ? null : [accountId];
  const query = database('holders as h')
    .where({ 'h.ledger_id': ledgerId })
    .limit(maxAccounts + 1);
  for (const [index, { party, mustView }] of [first, ...others].entries()) {
    const held = `party_id = ? and status = 'active'${mustView ? " and 'view' = any(rights)" : ''}`;
    if (index === 0) query.whereRaw(held, [party]);
    else {
      query.whereRaw(
        `(select true from holders where ledger_id = ? and account_id = h.account_id and ${held} limit 1)`,
        [ledgerId, party],
      );
    }
  }
  if (accountId !== undefined) query.where('h.account_id', accountId);
  const found: string[] = await query.pluck('h.account_id');
  if (found.length <= maxAccounts) return found;
  throw invalidInput(
    [{ path: 'accountId', message: `is required: there are more than ${maxAccounts} accounts` }],
    'query',
  );
}
