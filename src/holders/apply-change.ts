import { refusePassed } from '../errors/invalid-input.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import { type Holder, type HolderDocument, isOwner } from '../ownership/holder.ts';
import type { Ownership } from '../ownership/load-ownership.ts';
import { type Mandate, type MandateTerms, namedIn } from '../ownership/mandate.ts';
import { maxHolders } from '../ownership/ownership-schemas.ts';
import type { ChangeTerms } from './account-change.ts';
import { endUnreachableOrders, rejectedOrderEvents } from './end-unreachable-orders.ts';
import { holderOf, type ManagementFacts } from './load-management.ts';
import type { HolderRecord } from './management-queries.ts';
import {
  type AccountMandateDocument,
  type HolderRecordDocument,
  invitationExpiredEvent,
  isLapsedInvitation,
  isOpenInvitation,
  presentHolder,
  presentMandate,
  presentRestriction,
  type RestrictionDocument,
} from './present-management.ts';
import type { ManagementEffect } from './write-management.ts';

export type ManagementDocument = HolderRecordDocument | AccountMandateDocument | RestrictionDocument;

/** What is looked at when a change is carried out. */
export interface ChangeScene {
  readonly account: LockedAccount;
  readonly ownership: Ownership;
  readonly facts: ManagementFacts;
  /** Whose act it is in the end: of several, who asked for it; null for the calling service. */
  readonly by: string | null;
  readonly now: Date;
}

export interface AppliedChange {
  readonly document: ManagementDocument;
  readonly account: LockedAccount;
  readonly effect: ManagementEffect;
  readonly events: readonly LedgerEvent[];
}

type Outcome = AppliedChange | { refusal: Refusal };

/** Carries a change out, once all who had to agree have done so; or says why it is impossible. Pure. */
export function applyChange(terms: ChangeTerms, scene: ChangeScene): Outcome {
  switch (terms.kind) {
    case 'mandate':
      return setMandate(terms.mandate, scene);
    case 'holder_invitation':
      return invite(terms, scene);
    case 'holder_terms':
      return setTerms(terms.holder, scene);
    case 'holder_removal':
      return remove(terms.partyId, scene);
    case 'restriction_lift':
      return lift(terms, scene);
  }
}

function setMandate(terms: MandateTerms, scene: ChangeScene): Outcome {
  const { account, ownership } = scene;
  const present = new Set(presentHolders(scene).map(({ partyId }) => partyId));
  const stranger = namedIn(terms).find((partyId) => !present.has(partyId));
  if (stranger !== undefined) return noHolder(account.id, stranger);
  const mandate: Mandate = { version: ownership.mandate.version + 1, ...terms };
  const told = { type: 'mandate.changed', subjectId: account.id } as const;
  return applied(scene, told, presentMandate(account.id, mandate), { mandate });
}

function invite(
  { holder: terms, ...asked }: Extract<ChangeTerms, { kind: 'holder_invitation' }>,
  scene: ChangeScene,
): Outcome {
  const { account, facts, by, now } = scene;
  const invitationExpiresAt = new Date(asked.invitationExpiresAt);
  const passed = refusePassed('expiresAt', invitationExpiresAt, now);
  if (passed !== undefined) return { refusal: passed };
  // One that was erased while the owners signed.
  if (!facts.partyIds.has(terms.partyId)) return { refusal: noSuch('party', terms.partyId) };
  const present = presentHolders(scene);
  const already = present.find((holder) => holder.partyId === terms.partyId);
  if (already !== undefined) {
    const detail = `Party ${terms.partyId} is ${already.status} on account ${account.id} already.`;
    return { refusal: refusal('already_a_holder', detail, { state: already.status }) };
  }
  if (present.length >= maxHolders) {
    const detail = `Account ${account.id} has ${maxHolders} holders, invitations included, and can have no more.`;
    return { refusal: refusal('too_many_holders', detail) };
  }
  const second = refuseSecondOwner(terms, scene);
  if (second !== undefined) return second;
  const { partyId, rights, limits } = terms;
  const holder: HolderRecord = {
    ...{ accountId: account.id, partyId, rights, limits, status: 'invited', invitedBy: by, invitationExpiresAt },
    ...{ joinedAt: null, endedAt: null, history: asked.history ?? 'joining' },
  };
  const told = { type: 'holder.invited', subjectId: partyId } as const;
  const invited = applied(scene, told, presentHolder(holder, now), { holder });
  const before = holderOf(scene.facts, account.id, partyId);
  if (before === undefined || !isLapsedInvitation(before, now)) return invited;
  // The new invitation replaces one whose expiry has no event yet.
  return { ...invited, events: [invitationExpiredEvent(before, now), ...invited.events] };
}

function setTerms(terms: HolderDocument, scene: ChangeScene): Outcome {
  const { account, ownership, facts, now } = scene;
  const holder = holderOf(facts, account.id, terms.partyId);
  if (holder === undefined || holder.status !== 'active') return noHolder(account.id, terms.partyId);
  if (isOwner(holder) && !isOwner(terms) && ownersWithout(ownership, terms.partyId) === 0) return lastOwner(account.id);
  const second = refuseSecondOwner(terms, scene);
  if (second !== undefined) return second;
  const changed: HolderRecord = { ...holder, rights: terms.rights, limits: terms.limits };
  // Limits say what a holder may ask for; whose signatures count depends on rights alone.
  const after = ownership.holders.map((other) =>
    other.partyId === terms.partyId ? { ...other, rights: terms.rights } : other,
  );
  const told = { type: 'holder.changed', subjectId: terms.partyId } as const;
  return applied(scene, told, presentHolder(changed, now), { holder: changed }, after);
}

function remove(partyId: string, scene: ChangeScene): Outcome {
  const holder = presentHolders(scene).find((present) => present.partyId === partyId);
  return holder === undefined ? noHolder(scene.account.id, partyId) : endMembership(holder, 'removed', scene);
}

/** Ends a holder's membership. Its signatures no longer count, and what can't be signed any more ends too. */
export function endMembership(
  holder: HolderRecord,
  status: 'left' | 'removed' | 'deceased',
  scene: ChangeScene,
): Outcome {
  const { account, ownership, now } = scene;
  const { partyId } = holder;
  const isLast = holder.status === 'active' && isOwner(holder) && ownersWithout(ownership, partyId) === 0;
  if (isLast && status !== 'deceased') return lastOwner(account.id);
  const ended: HolderRecord = { ...holder, status, endedAt: now };
  const after = ownership.holders.filter((other) => other.partyId !== partyId);
  const told = { type: `holder.${status}`, subjectId: partyId } as const;
  // What it had stopped goes on; what the dead had stopped stays, for the owners to settle.
  const own = [...scene.facts.restrictions.values()].filter(
    (one) => one.accountId === account.id && one.placedBy === partyId && one.liftedAt === null,
  );
  const lifted = status === 'deceased' ? [] : own.map((one) => ({ ...one, liftedAt: now }));
  const gone = applied(scene, told, presentHolder(ended, now), { holder: ended, lifted }, after);
  const events = lifted.map((one) => ({
    ...{ type: 'restriction.lifted' as const, accountId: account.id, subjectId: one.id },
    data: presentRestriction(one),
  }));
  return { ...gone, events: [...gone.events, ...events] };
}

function lift(
  { restrictionId, reason }: Extract<ChangeTerms, { kind: 'restriction_lift' }>,
  scene: ChangeScene,
): Outcome {
  const { account, facts, by, now } = scene;
  const restriction = facts.restrictions.get(restrictionId);
  if (restriction === undefined || restriction.accountId !== account.id) {
    const detail = `There is no restriction ${restrictionId} on account ${account.id}.`;
    return { refusal: refusal('restriction_not_found', detail) };
  }
  if (restriction.placedBy === null && by !== null) {
    const detail = `Restriction ${restrictionId} is for the service to lift, which placed it.`;
    return {
      refusal: refusal('right_missing', detail, { accountId: account.id, partyId: by, placedBy: restriction.placedBy }),
    };
  }
  if (restriction.liftedAt !== null) {
    return { refusal: refusal('restriction_not_active', `Restriction ${restrictionId} was lifted before.`) };
  }
  const lifted = { ...restriction, liftedBy: by, liftedAt: now, liftReason: reason ?? null };
  const told = { type: 'restriction.lifted', subjectId: restrictionId } as const;
  return applied(scene, told, presentRestriction(lifted), { lifted: [lifted] });
}

/** The account is another one after the change, and without the orders that those who are left can't sign any more. */
function applied(
  { account, ownership, facts, by, now }: ChangeScene,
  told: Pick<LedgerEvent, 'type' | 'subjectId'>,
  document: ManagementDocument,
  change: Partial<ManagementEffect>,
  holdersAfter: readonly Holder[] = ownership.holders,
): AppliedChange {
  const after = { ...ownership, holders: holdersAfter };
  const ended = holdersAfter === ownership.holders ? [] : endUnreachableOrders(account.id, after, facts, now);
  const released = ended.reduce((held, order) => held.minus(order.amount), account.held);
  return {
    document,
    account: { ...account, held: released, revision: account.revision + 1 },
    effect: { accountId: account.id, at: now, by, ended, ...change },
    events: [{ ...told, accountId: account.id, data: document }, ...rejectedOrderEvents(ended, after, facts)],
  };
}

/** Those who hold the account or may at any moment, by accepting. */
function presentHolders({ account, facts, now }: ChangeScene): HolderRecord[] {
  return facts.holders.filter(
    (holder) => holder.accountId === account.id && (holder.status === 'active' || isOpenInvitation(holder, now)),
  );
}

function refuseSecondOwner(terms: HolderDocument, scene: ChangeScene): { refusal: Refusal } | undefined {
  const { account } = scene;
  const isOther = (holder: HolderRecord) => isOwner(holder) && holder.partyId !== terms.partyId;
  if (account.ownership !== 'sole' || !isOwner(terms) || !presentHolders(scene).some(isOther)) return undefined;
  const detail = `Account ${account.id} is a sole account and has its owner; others can be delegates.`;
  return { refusal: refusal('too_many_holders', detail) };
}

function ownersWithout({ holders }: Ownership, partyId: string): number {
  return holders.filter((holder) => isOwner(holder) && holder.partyId !== partyId).length;
}

export function noHolder(accountId: string, partyId: string): { refusal: Refusal } {
  return { refusal: refusal('holder_not_found', `Party ${partyId} is no holder of account ${accountId}.`) };
}

function lastOwner(accountId: string): { refusal: Refusal } {
  const detail = `Account ${accountId} keeps at least one owner; close it, or let another owner join first.`;
  return { refusal: refusal('last_owner', detail) };
}
