import type { Expiry } from '../ledger/tidy-accounts.ts';
import { findHolderRecords } from './management-queries.ts';
import { invitationExpiredEvent, isLapsedInvitation } from './present-management.ts';

/** Notes of invitations to these locked accounts that nobody has answered in time that they have expired. */
export const expireInvitations: Expiry = async (transaction, accounts, now) => {
  const { knex, ledgerId } = transaction;
  const holders = await findHolderRecords(transaction, [...accounts.keys()]);
  const lapsed = holders
    .filter((holder) => isLapsedInvitation(holder, now))
    .sort((a, b) => a.invitationExpiresAt!.getTime() - b.invitationExpiresAt!.getTime());
  await knex.raw(
    `update holders h set status = 'expired'
     from unnest(:accountIds::uuid[], :partyIds::uuid[]) as l (account_id, party_id)
     where h.ledger_id = :ledgerId and h.account_id = l.account_id and h.party_id = l.party_id`,
    {
      ledgerId,
      accountIds: lapsed.map(({ accountId }) => accountId),
      partyIds: lapsed.map(({ partyId }) => partyId),
    },
  );
  return lapsed.map((holder) => invitationExpiredEvent(holder, now));
};
