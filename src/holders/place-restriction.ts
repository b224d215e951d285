import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseClosed } from '../ledger/refuse-account.ts';
import { loadManagement, type ManagementCommand, type ManagementFacts, managedAccount } from './load-management.ts';
import type { Restriction } from './management-queries.ts';
import { presentRestriction, type RestrictionDocument } from './present-management.ts';
import { type ManagementEffect, writeManagement } from './write-management.ts';

export interface PlaceRestrictionCommand extends ManagementCommand {
  readonly id: string;
  readonly scope: Restriction['scope'];
  readonly reason: string;
}

/**
 * Stops debits, credits or both. Any holder may stop debits at once, whatever its rights: a dispute or a lost phone
 * can't wait for signatures. The calling service may stop either.
 */
export const placeRestriction: OperationKind<
  PlaceRestrictionCommand,
  ManagementFacts,
  ManagementEffect,
  RestrictionDocument
> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadManagement,

  decide(command, { accounts, loaded, now }) {
    const { id, accountId, by, scope, reason } = command;
    const found = managedAccount(command, accounts, loaded);
    if ('refusal' in found) return found;
    const { account, ownership } = found;
    if (by !== null && !ownership.holders.some(({ partyId }) => partyId === by)) {
      const detail = `Party ${by} is no active holder of account ${accountId}.`;
      return { refusal: refusal('not_a_holder', detail, { accountId, partyId: by }) };
    }
    if (by !== null && scope !== 'debits') {
      const detail = 'A holder may stop debits; only the service itself stops credits.';
      return { refusal: refusal('right_missing', detail, { accountId, partyId: by }) };
    }
    const closed = refuseClosed(account);
    if (closed !== undefined) return { refusal: closed };
    const earlier = [...loaded.restrictions.values()].find(
      (one) => one.accountId === accountId && one.placedBy === by && one.liftedAt === null,
    );
    if (by !== null && earlier !== undefined) {
      const detail = `Party ${by} stops account ${accountId} already, by restriction ${earlier.id}.`;
      return { refusal: refusal('restriction_in_place', detail, { restrictionId: earlier.id }) };
    }
    const placed: Restriction = {
      ...{ id, accountId, scope, reason, placedBy: by, placedAt: now },
      ...{ liftedBy: null, liftedAt: null, liftReason: null },
    };
    const result = presentRestriction(placed);
    return {
      result,
      changedAccounts: [{ ...account, revision: account.revision + 1 }],
      events: [{ type: 'restriction.placed', accountId, subjectId: id, data: result }],
      effect: { accountId, at: now, by, placed },
    };
  },

  write: writeManagement,
};
