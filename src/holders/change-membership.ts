import { refusal } from '../errors/refusal.ts';
import type { Decision, DecisionState, OperationKind } from '../ledger/operation.ts';
import { refuseClosed } from '../ledger/refuse-account.ts';
import { isOwner } from '../ownership/holder.ts';
import { type ChangeScene, endMembership, noHolder } from './apply-change.ts';
import {
  holderOf,
  loadManagement,
  type ManagementCommand,
  type ManagementFacts,
  managedAccount,
} from './load-management.ts';
import type { HolderRecord, Restriction } from './management-queries.ts';
import {
  type HolderRecordDocument,
  isOpenInvitation,
  presentHolder,
  presentRestriction,
} from './present-management.ts';
import { type ManagementEffect, writeManagement } from './write-management.ts';

export interface MembershipCommand extends ManagementCommand {
  readonly partyId: string;
  /** What a party does about its own membership of an account; or what befell it. */
  readonly act: 'accept' | 'decline' | 'leave' | 'death';
  /** The id of the restriction that a death may put on the account. */
  readonly restrictionId: string;
}

/** A party accepts the membership it was invited to, declines it, or leaves; or it has died. */
export const changeMembership: OperationKind<
  MembershipCommand,
  ManagementFacts,
  ManagementEffect,
  HolderRecordDocument
> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadManagement,
  decide: decideMembership,
  write: writeManagement,
};

function decideMembership(
  command: MembershipCommand,
  { accounts, loaded, now }: DecisionState<ManagementFacts>,
): Decision<ManagementEffect, HolderRecordDocument> {
  const { accountId, partyId, act, by } = command;
  const found = managedAccount(command, accounts, loaded);
  if ('refusal' in found) return found;
  const { account, ownership } = found;
  const holder = holderOf(loaded, accountId, partyId);
  if (holder === undefined) return noHolder(accountId, partyId);
  const closed = refuseClosed(account);
  if (closed !== undefined) return { refusal: closed };
  const scene: ChangeScene = { account, ownership, facts: loaded, by, now };
  if (act === 'accept' || act === 'decline') return answerInvitation(holder, act, scene);

  if (holder.status !== 'active') return noHolder(accountId, partyId);
  const ended = endMembership(holder, act === 'leave' ? 'left' : 'deceased', scene);
  if ('refusal' in ended) return ended;
  const placed = act === 'death' ? stopForEstate(holder, command.restrictionId, scene) : undefined;
  const result = ended.document as HolderRecordDocument;
  if (placed === undefined) {
    return { result, changedAccounts: [ended.account], events: ended.events, effect: ended.effect };
  }
  const data = presentRestriction(placed);
  return {
    ...{ result, changedAccounts: [ended.account], effect: { ...ended.effect, placed } },
    events: [...ended.events, { type: 'restriction.placed', accountId, subjectId: placed.id, data }],
  };
}

function answerInvitation(
  holder: HolderRecord,
  act: 'accept' | 'decline',
  { account, by, now }: ChangeScene,
): Decision<ManagementEffect, HolderRecordDocument> {
  if (!isOpenInvitation(holder, now)) {
    const { status } = presentHolder(holder, now);
    const detail = `The invitation of party ${holder.partyId} to account ${account.id} is not open: ${status}.`;
    return { refusal: refusal('invitation_not_open', detail, { state: status }) };
  }
  const answered: HolderRecord =
    act === 'accept' ? { ...holder, status: 'active', joinedAt: now } : { ...holder, status: 'declined', endedAt: now };
  const result = presentHolder(answered, now);
  const type = act === 'accept' ? 'holder.joined' : 'holder.declined';
  return {
    result,
    changedAccounts: [{ ...account, revision: account.revision + 1 }],
    events: [{ type, accountId: account.id, subjectId: holder.partyId, data: result }],
    effect: { accountId: account.id, at: now, by, holder: answered },
  };
}

/**
 * With survivorship the account is the other owners'. Without it, or when none of them is left, the share of the dead
 * is the estate's: debits stop until the calling service, who settles that, lifts the restriction. A delegate has no
 * share, and nothing passes to one.
 */
function stopForEstate(dead: HolderRecord, restrictionId: string, scene: ChangeScene): Restriction | undefined {
  const { account, ownership, now } = scene;
  const { partyId } = dead;
  const survivors = ownership.holders.filter((holder) => isOwner(holder) && holder.partyId !== partyId);
  const passesOn = ownership.survivorship === 'survivors' && survivors.length > 0;
  if (!isOwner(dead) || passesOn) return undefined;
  return {
    ...{ id: restrictionId, accountId: account.id, scope: 'debits', reason: `Holder ${partyId} has died` },
    ...{ placedBy: null, placedAt: now, liftedBy: null, liftedAt: null, liftReason: null },
  };
}
