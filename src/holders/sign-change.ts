import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Decision, DecisionState, OperationKind } from '../ledger/operation.ts';
import { refuseClosed } from '../ledger/refuse-account.ts';
import { isOwner } from '../ownership/holder.ts';
import type { Ownership } from '../ownership/load-ownership.ts';
import { readSignatures } from '../ownership/read-signatures.ts';
import { type Authorisation, addSignature, type Signature, voicesOf } from '../signatures/authorisations.ts';
import {
  type AccountChange,
  type AccountChangeDocument,
  changeAsOf,
  instructionOf,
  presentChange,
} from './account-change.ts';
import { applyChange, type ManagementDocument } from './apply-change.ts';
import { loadManagement, type ManagementCommand, type ManagementFacts, managedAccount } from './load-management.ts';
import { type ManagementEffect, writeManagement } from './write-management.ts';

export interface SignChangeCommand extends ManagementCommand {
  readonly changeId: string;
  readonly act:
    | Signature
    /** Its initiator takes it back, or the calling service does. */
    | 'cancel';
}

export type SignedChange = AccountChangeDocument & { applied?: ManagementDocument };

/**
 * An owner approves or rejects a change, or it is taken back. The last owner's signature makes the change in the same
 * transaction; one rejection ends it.
 */
export const signChange: OperationKind<SignChangeCommand, ManagementFacts, ManagementEffect, SignedChange> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadManagement,
  decide: decideSignature,
  write: writeManagement,
};

function decideSignature(
  command: SignChangeCommand,
  { accounts, loaded, now }: DecisionState<ManagementFacts>,
): Decision<ManagementEffect, SignedChange> {
  const { accountId, changeId, by, act } = command;
  const found = managedAccount(command, accounts, loaded);
  if ('refusal' in found) return found;
  const { account, ownership } = found;
  const asked = loaded.changes.get(changeId);
  if (asked === undefined) {
    return { refusal: noSuch('account_change', changeId) };
  }
  const change = changeAsOf(asked, now);
  const refusedActor = refuseActing(command, change, ownership);
  if (refusedActor !== undefined) return { refusal: refusedActor };
  if (change.status !== 'waiting') {
    const detail = `Change ${changeId} is ${change.status} already.`;
    return { refusal: refusal('account_change_not_pending', detail, { state: change.status }) };
  }
  const before = loaded.authorisations.get(changeId) ?? [];
  const settle = (
    ended: AccountChange,
    given: readonly Authorisation[],
    authorisation: Authorisation | null,
  ): Decision<ManagementEffect, SignedChange> => {
    const result = presentChange(ended, read(given), given);
    const type = ended.status === 'cancelled' || ended.status === 'rejected' ? ended.status : 'signed';
    // The same decision by the same party once more changes nothing.
    const isNews = ended.status !== 'waiting' || given.length > before.length;
    return {
      result,
      changedAccounts: [{ ...account, revision: account.revision + 1 }],
      events: isNews ? [{ type: `account_change.${type}`, accountId, subjectId: changeId, data: result }] : [],
      effect: { accountId, at: now, by, change: ended, ...(authorisation === null ? {} : { authorisation }) },
    };
  };
  const read = (given: readonly Authorisation[]) => readSignatures({ rule: 'all' }, ownership.holders, voicesOf(given));
  if (act === 'cancel') return settle({ ...change, status: 'cancelled', finishedAt: now }, before, null);

  const refused = refuseClosed(account);
  if (refused !== undefined) return { refusal: refused };
  const signed = addSignature(instructionOf(change), act, { before, holders: ownership.holders, now });
  if ('refusal' in signed) return signed;
  const { authorisation, all: given } = signed;
  const reading = read(given);
  if (act.decision === 'reject')
    return settle({ ...change, status: 'rejected', finishedAt: now }, given, authorisation);
  if (!reading.isComplete) return settle(change, given, authorisation);

  const applied = applyChange(change.terms, { account, ownership, facts: loaded, by: change.requestedBy, now });
  if ('refusal' in applied) return applied;
  const ended: AccountChange = { ...change, status: 'applied', finishedAt: now };
  const document = presentChange(ended, reading, given);
  return {
    result: { ...document, applied: applied.document },
    changedAccounts: [applied.account],
    events: [{ type: 'account_change.applied', accountId, subjectId: changeId, data: document }, ...applied.events],
    effect: { ...applied.effect, change: ended, ...(authorisation === null ? {} : { authorisation }) },
  };
}

/** Owners sign; who asked for a change takes it back, or the calling service does. */
function refuseActing(
  { accountId, by, act }: SignChangeCommand,
  { requestedBy }: AccountChange,
  { holders }: Ownership,
): Refusal | undefined {
  if (act === 'cancel' && (by === null || by === requestedBy)) return undefined;
  const holder = holders.find(({ partyId }) => partyId === by);
  if (holder === undefined) {
    const detail = `Party ${by} is no active holder of account ${accountId}.`;
    return refusal('not_a_holder', detail, { accountId, partyId: by });
  }
  if (act !== 'cancel' && isOwner(holder)) return undefined;
  const who = act === 'cancel' ? 'who asked for it takes a change back' : 'owners sign a change';
  return refusal('right_missing', `Only ${who} of account ${accountId}.`, { accountId, partyId: by });
}
