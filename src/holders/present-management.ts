import { z } from 'zod';
import { instantText, uuid } from '../ledger/document-fields.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import { histories, holderRights, holderStatuses, limitsDocument } from '../ownership/holder.ts';
import type { Mandate } from '../ownership/mandate.ts';
import { mandateDocument } from '../ownership/ownership-schemas.ts';
import { type HolderRecord, type Restriction, restrictionScopes } from './management-queries.ts';

/** A party's membership of an account as callers see it. */
export const holderRecordDocument = z
  .strictObject({
    accountId: uuid,
    partyId: uuid,
    rights: z.array(z.enum(holderRights)).readonly(),
    limits: limitsDocument,
    status: z.enum(holderStatuses),
    /** Who invited it; null: the calling service. */
    by: uuid.nullable(),
    /** Until when it can accept. */
    expiresAt: instantText.nullable(),
    joinedAt: instantText.nullable(),
    endedAt: instantText.nullable(),
    /** From when on it sees what was booked: from the beginning, or from its joining on. */
    history: z.enum(histories),
  })
  .meta({ id: 'HolderRecord' });

/** The same in a list, with what the party is called: those who may look at an account may know who holds it. */
export const namedHolderDocument = holderRecordDocument.extend({ name: z.string() }).meta({ id: 'NamedHolder' });

export type HolderRecordDocument = z.output<typeof holderRecordDocument>;

/** A mandate, and whose it is. */
export const accountMandateDocument = mandateDocument.extend({ accountId: uuid }).meta({ id: 'AccountMandate' });

export type AccountMandateDocument = z.output<typeof accountMandateDocument>;

export const restrictionDocument = z
  .strictObject({
    id: uuid,
    accountId: uuid,
    scope: z.enum(restrictionScopes),
    reason: z.string(),
    /** Who placed it; null: the calling service. */
    by: uuid.nullable(),
    placedAt: instantText,
    liftedBy: uuid.nullable(),
    liftedAt: instantText.nullable(),
    /** Why the service lifted what a holder had placed. */
    liftReason: z.string().nullable(),
  })
  .meta({ id: 'Restriction' });

export type RestrictionDocument = z.output<typeof restrictionDocument>;

/** An invitation reads as expired from its time on, whether or not that is recorded yet. */
export function presentHolder(holder: HolderRecord, now: Date): HolderRecordDocument {
  const { accountId, partyId, rights, limits, invitedBy, invitationExpiresAt, joinedAt, endedAt, history } = holder;
  return {
    ...{ accountId, partyId, rights, limits },
    status: isLapsedInvitation(holder, now) ? 'expired' : holder.status,
    by: invitedBy,
    expiresAt: invitationExpiresAt?.toISOString() ?? null,
    joinedAt: joinedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
    history,
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

export function presentMandate(accountId: string, mandate: Mandate): AccountMandateDocument {
  return { accountId, ...mandate };
}

export function presentRestriction(restriction: Restriction): RestrictionDocument {
  const { id, accountId, scope, reason, placedBy, placedAt, liftedBy, liftedAt, liftReason } = restriction;
  return {
    ...{ id, accountId, scope, reason, by: placedBy, placedAt: placedAt.toISOString(), liftedBy },
    liftedAt: liftedAt?.toISOString() ?? null,
    liftReason,
  };
}
