import type { Expiry } from '../ledger/tidy-accounts.ts';
import { describeChanges } from './describe-changes.ts';
import { findLapsedChanges } from './management-queries.ts';

/** The others stay due. */
const maxAtOnce = 200;

/** Notes of changes of these locked accounts that were not signed in time that they have expired. */
export const expireChanges: Expiry = async (transaction, accounts, now) => {
  const { knex, ledgerId } = transaction;
  const lapsed = await findLapsedChanges(transaction, { accountIds: [...accounts.keys()], now, limit: maxAtOnce });
  const documents = await describeChanges(transaction, lapsed, now);
  await knex('account_changes')
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [lapsed.map(({ id }) => id)])
    .update({ status: 'expired', finished_at: knex.ref('expires_at') });
  return documents.map((data) => {
    return { type: 'account_change.expired', accountId: data.accountId, subjectId: data.id, data };
  });
};
