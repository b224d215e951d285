import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Decision, DecisionState, OperationKind } from '../ledger/operation.ts';
import { refuseClosed } from '../ledger/refuse-account.ts';
import { refuseNamed, refuseRight } from '../ownership/authorise.ts';
import { approvedNow, readSignatures } from '../ownership/read-signatures.ts';
import { approval } from '../signatures/authorisations.ts';
import {
  type AccountChange,
  type AccountChangeDocument,
  type ChangeTerms,
  changeHash,
  presentChange,
} from './account-change.ts';
import { applyChange, type ChangeScene, type ManagementDocument } from './apply-change.ts';
import { isFree } from './free-change.ts';
import { loadManagement, type ManagementCommand, type ManagementFacts, managedAccount } from './load-management.ts';
import { type ManagementEffect, writeManagement } from './write-management.ts';

export interface RequestChangeCommand extends ManagementCommand {
  /** The id that the change will have if it has to wait for signatures. */
  readonly id: string;
  readonly terms: ChangeTerms;
  /** Of a mandate, the version that it was made from: refused when another is in force. Null: whichever is. */
  readonly fromVersion?: number | null;
}

/** A change that was made, or one that waits for the owners' signatures. */
export type ManagementResult = { readonly applied: ManagementDocument } | { readonly waiting: AccountChangeDocument };

/** An account's owners must be able to look through what is pending on it. */
const maxWaitingChanges = 100;

/** How long a change waits for the owners' signatures. */
const waitMs = 14 * 86_400_000;

/**
 * A party asks for a change of the mandate, of a holder, of a restriction. The calling service's own change is made
 * at once, and so is what one managing holder may do alone; everything else waits until every owner has signed.
 */
export const requestChange: OperationKind<RequestChangeCommand, ManagementFacts, ManagementEffect, ManagementResult> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadManagement,
  decide: decideRequest,
  write: writeManagement,
};

function decideRequest(
  command: RequestChangeCommand,
  { accounts, loaded, now }: DecisionState<ManagementFacts>,
): Decision<ManagementEffect, ManagementResult> {
  const { id, accountId, by, authentication, terms } = command;
  const found = managedAccount(command, accounts, loaded);
  if ('refusal' in found) return found;
  const { account, ownership } = found;
  const refused = refuseRequest(command, found) ?? refuseClosed(account) ?? refuseOutdated(command, found);
  if (refused !== undefined) return { refusal: refused };
  const scene: ChangeScene = { account, ownership, facts: loaded, by, now };
  const applied = applyChange(terms, scene);
  if ('refusal' in applied) return applied;

  const reading = readSignatures({ rule: 'all' }, ownership.holders, approvedNow(by));
  if (by === null || isFree(terms, scene) || reading.isComplete) {
    const { document, effect, events } = applied;
    return { result: { applied: document }, changedAccounts: [applied.account], events, effect };
  }
  if (!reading.isReachable) {
    const detail = `Account ${accountId} has no owner who could sign the change.`;
    return { refusal: refusal('mandate_unreachable', detail, { accountId }) };
  }
  if ((loaded.waitingChanges.get(accountId) ?? 0) >= maxWaitingChanges) {
    const detail = `${maxWaitingChanges} changes of account ${accountId} wait for signatures; sign or cancel some.`;
    return { refusal: refusal('too_many_changes', detail, { accountId, limit: maxWaitingChanges }) };
  }
  const change: AccountChange = {
    ...{ id, accountId, terms, status: 'waiting', requestedBy: by, authentication, storedHash: null, createdAt: now },
    ...{ expiresAt: waitingEnds(terms, now), finishedAt: null },
  };
  const authorisation = approval({ subjectId: id, partyId: by, authentication, hash: changeHash(change), at: now });
  const signed = reading.signedBy.includes(by);
  const waiting = presentChange(change, reading, signed ? [authorisation] : []);
  return {
    result: { waiting },
    changedAccounts: [{ ...account, revision: account.revision + 1 }],
    events: [{ type: 'account_change.waiting', accountId, subjectId: id, data: waiting }],
    effect: { accountId, at: now, by, change, ...(signed ? { authorisation } : {}) },
  };
}

/** An invitation that lapses while it waits would come into being as one that nobody can accept. */
function waitingEnds(terms: ChangeTerms, now: Date): Date {
  const usual = new Date(now.getTime() + waitMs);
  if (terms.kind !== 'holder_invitation') return usual;
  const lapses = new Date(terms.invitationExpiresAt);
  return lapses < usual ? lapses : usual;
}

function refuseOutdated(
  { accountId, fromVersion }: RequestChangeCommand,
  { ownership: { mandate } }: Pick<ChangeScene, 'ownership'>,
): Refusal | undefined {
  if (fromVersion === undefined || fromVersion === null || fromVersion === mandate.version) return undefined;
  const detail = `Version ${mandate.version} of the mandate of account ${accountId} is in force, not ${fromVersion}.`;
  return refusal('version_mismatch', detail, { accountId, version: mandate.version });
}

/** Asking takes the right to manage; to have a restriction lifted, any holder may ask, as any may place one. */
function refuseRequest(
  { accountId, by, authentication, terms }: RequestChangeCommand,
  { ownership }: Pick<ChangeScene, 'ownership'>,
): Refusal | undefined {
  if (by === null) return refuseNamed(accountId, ownership, authentication);
  const isHolder = ownership.holders.some(({ partyId }) => partyId === by);
  if (terms.kind === 'restriction_lift' && isHolder) return undefined;
  return refuseRight(accountId, ownership, { partyId: by, authentication }, 'manage');
}
