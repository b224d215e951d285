import { z } from 'zod';
import { count, instantText, uuid } from '../ledger/document-fields.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import { holderRights, holderStatuses, limitsDocument } from '../ownership/holder.ts';
import type { Mandate } from '../ownership/mandate.ts';
import { mandateBandDocument } from '../ownership/ownership-schemas.ts';
import { type HolderRecord, type Restriction, restrictionScopes } from './management-queries.ts';

/** A party's membership of an account as callers see it. */
export const holderRecordDocument = z
  .strictObject({
    accountId: uuid,
    partyId: uuid,
    rights: z.array(z.enum(holderRights)).readonly(),
    limits: limitsDocument,
    status: z.enum(holderStatuses),
    invitedBy: uuid.nullable(),
    invitationExpiresAt: instantText.nullable(),
    joinedAt: instantText.nullable(),
    endedAt: instantText.nullable(),
  })
  .meta({ id: 'HolderRecord' });

export type HolderRecordDocument = z.output<typeof holderRecordDocument>;

export const mandateDocument = z
  .strictObject({
    accountId: uuid,
    version: count,
    bands: z.array(mandateBandDocument).readonly(),
  })
  .meta({ id: 'Mandate' });

export type MandateDocument = z.output<typeof mandateDocument>;

export const restrictionDocument = z
  .strictObject({
    id: uuid,
    accountId: uuid,
    scope: z.enum(restrictionScopes),
    reason: z.string(),
    placedBy: uuid.nullable(),
    placedAt: instantText,
    liftedBy: uuid.nullable(),
    liftedAt: instantText.nullable(),
  })
  .meta({ id: 'Restriction' });

export type RestrictionDocument = z.output<typeof restrictionDocument>;

/** An invitation reads as expired from its time on, whether or not that is recorded yet. */
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

/** Whether it has expired and that is not recorded yet. */
export function isLapsedInvitation({ status, invitationExpiresAt }: HolderRecord, now: Date): boolean {
  return status === 'invited' && invitationExpiresAt !== null && invitationExpiresAt <= now;
}

/** The event of an invitation that has expired; there is one. */
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
