import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { HolderRight, HolderStatus, LimitsDocument } from '../ownership/holder.ts';
import type { Mandate, MandateBand } from '../ownership/mandate.ts';
import type { HolderRecord, Restriction } from './control-queries.ts';

/** A party's place on an account as callers see it. */
export interface HolderRecordDocument {
  accountId: string;
  partyId: string;
  rights: readonly HolderRight[];
  limits: LimitsDocument;
  status: HolderStatus;
  invitedBy: string | null;
  invitationExpiresAt: string | null;
  joinedAt: string | null;
  endedAt: string | null;
}

export interface MandateDocument {
  accountId: string;
  version: number;
  bands: readonly MandateBand[];
}

export interface RestrictionDocument {
  id: string;
  accountId: string;
  scope: Restriction['scope'];
  reason: string;
  placedBy: string | null;
  placedAt: string;
  liftedBy: string | null;
  liftedAt: string | null;
}

/** An invitation whose time is over reads as expired, whether or not anybody noted it. */
export function presentHolder(holder: HolderRecord, now: Date): HolderRecordDocument {
  const { accountId, partyId, rights, limits, invitedBy, invitationExpiresAt, joinedAt, endedAt } = holder;
  return {
    ...{ accountId, partyId, rights, limits },
    status: isLapsedInvitation(holder, now) ? 'expired' : holder.status,
    invitedBy,
    invitationExpiresAt: invitationExpiresAt?.toISOString() ?? null,
    joinedAt: joinedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
  };
}

export function isOpenInvitation(holder: HolderRecord, now: Date): boolean {
  return holder.status === 'invited' && !isLapsedInvitation(holder, now);
}

/** Whether its time is over and nobody has noted it yet. */
export function isLapsedInvitation({ status, invitationExpiresAt }: HolderRecord, now: Date): boolean {
  return status === 'invited' && invitationExpiresAt !== null && invitationExpiresAt <= now;
}

/** What is told of an invitation whose time is over, once. */
export function invitationExpiredEvent(lapsed: HolderRecord, now: Date): LedgerEvent {
  const { accountId, partyId } = lapsed;
  return { type: 'holder.invitation_expired', accountId, subjectId: partyId, data: presentHolder(lapsed, now) };
}

export function presentMandate(accountId: string, { version, terms }: Mandate): MandateDocument {
  return { accountId, version, bands: terms.bands };
}

export function presentRestriction(restriction: Restriction): RestrictionDocument {
  const { id, accountId, scope, reason, placedBy, placedAt, liftedBy, liftedAt } = restriction;
  return {
    ...{ id, accountId, scope, reason, placedBy, placedAt: placedAt.toISOString(), liftedBy },
    liftedAt: liftedAt?.toISOString() ?? null,
  };
}
