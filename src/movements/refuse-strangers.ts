import type { Database } from '../database/create-database.ts';
import type { Caller } from '../http/caller.ts';
import { findReadable, hideFromStrangers, type ReadableAccounts } from '../ownership/visible-accounts.ts';
import { type Movement, rightToMove } from './movement.ts';

/**
 * To a key that is bound to a party, accounts that the party does not hold are not there, unless it only pays into
 * them. Answers which accounts it may read the balances of; null for a key of the service, which costs no query.
 * Throws RefusalError `account_not_found`.
 */
export async function refuseStrangers(
  database: Database,
  caller: Caller,
  movements: readonly Movement[],
): Promise<ReadableAccounts | null> {
  if (caller.boundParty === null) return null;
  const legs = movements.flatMap((movement) => movement.legs.map((leg) => ({ ...leg, type: movement.type })));
  const asked = legs.filter(({ type, amount }) => rightToMove(type, amount) !== undefined);
  for (const accountId of new Set(asked.map((leg) => leg.accountId))) {
    await hideFromStrangers(database, caller, accountId);
  }
  const accountIds = [...new Set(legs.map((leg) => leg.accountId))];
  return findReadable(database, caller, accountIds);
}
