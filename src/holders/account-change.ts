import { hash } from 'node:crypto';
import { z } from 'zod';
import { type Authentication, authenticationDocument } from '../ledger/authentication.ts';
import { canonicalJson } from '../ledger/canonical-json.ts';
import { hashText, instantText, uuid } from '../ledger/document-fields.ts';
import { type HolderDocument, histories, holderDocument } from '../ownership/holder.ts';
import type { MandateTerms } from '../ownership/mandate.ts';
import { mandateDocument } from '../ownership/ownership-schemas.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';
import {
  type Authorisation,
  authorisationDocument,
  type Instruction,
  presentAuthorisations,
} from '../signatures/authorisations.ts';
import { multiAuthorisationDocument, presentMultiAuthorisation } from '../signatures/multi-authorisation.ts';

/** What may change in who an account belongs to, and in what they agreed. */
export type ChangeTerms =
  | { readonly kind: 'mandate'; readonly mandate: MandateTerms }
  | {
      readonly kind: 'holder_invitation';
      readonly holder: HolderDocument;
      readonly invitationExpiresAt: string;
      /** Only where it sees what was booked before it joins. */
      readonly history?: 'all';
    }
  /** All rights and limits of a holder, as they shall be. */
  | { readonly kind: 'holder_terms'; readonly holder: HolderDocument }
  | { readonly kind: 'holder_removal'; readonly partyId: string }
  | { readonly kind: 'restriction_lift'; readonly restrictionId: string; readonly reason?: string };

export const changeStatuses = ['waiting', 'applied', 'rejected', 'cancelled', 'expired'] as const;

export type ChangeStatus = (typeof changeStatuses)[number];

/** A change that takes the signature of every owner, and what has become of it. */
export interface AccountChange {
  readonly id: string;
  readonly accountId: string;
  readonly terms: ChangeTerms;
  readonly status: ChangeStatus;
  readonly requestedBy: string;
  readonly authentication: Authentication | null;
  /** The hash as it was stored when the change was asked for; null for a new one. */
  readonly storedHash: Buffer | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly finishedAt: Date | null;
}

/** What each kind of change says. */
const termsOfKinds = {
  /** It has a version once it is in force. */
  mandate: z.strictObject({ mandate: mandateDocument.extend({ version: z.null() }) }),
  holder_invitation: z.strictObject({ holder: holderDocument, expiresAt: instantText, history: z.enum(histories) }),
  holder_terms: z.strictObject({ holder: holderDocument }),
  holder_removal: z.strictObject({ partyId: uuid }),
  restriction_lift: z.strictObject({ restrictionId: uuid, reason: z.string().exactOptional() }),
} satisfies Record<ChangeTerms['kind'], z.ZodType>;

/** A change as callers see it. */
export const accountChangeDocument = z
  .strictObject({
    id: uuid,
    accountId: uuid,
    kind: z.enum(Object.keys(termsOfKinds) as Array<ChangeTerms['kind']>),
    change: z.union(Object.values(termsOfKinds)),
    status: z.enum(changeStatuses),
    /** What a signer signs: SHA-256 of exactly this change. */
    instructionHash: hashText,
    /** Who asked for it. */
    by: uuid,
    authentication: authenticationDocument,
    createdAt: instantText,
    expiresAt: instantText,
    finishedAt: instantText.nullable(),
    multiAuthorisation: multiAuthorisationDocument,
    authorisations: z.array(authorisationDocument),
  })
  .meta({ id: 'AccountChange' });

export type AccountChangeDocument = z.output<typeof accountChangeDocument>;

/**
 * SHA-256 over the change as canonical JSON. Stored with the change: what is altered here must give the same hashes.
 */
export function changeHash({ id, accountId, terms }: Pick<AccountChange, 'id' | 'accountId' | 'terms'>): Buffer {
  return hash('sha256', canonicalJson({ id, accountId, terms }), 'buffer');
}

/** What is signed of a change. */
export function instructionOf(change: AccountChange): Instruction {
  return { id: change.id, name: 'change', hash: changeHash(change), stored: change.storedHash };
}

export function presentChange(
  change: AccountChange,
  reading: SignatureReading,
  authorisations: readonly Authorisation[],
): AccountChangeDocument {
  return {
    id: change.id,
    accountId: change.accountId,
    kind: change.terms.kind,
    change: presentTerms(change.terms),
    status: change.status,
    instructionHash: changeHash(change).toString('hex'),
    by: change.requestedBy,
    authentication: change.authentication,
    createdAt: change.createdAt.toISOString(),
    expiresAt: change.expiresAt.toISOString(),
    finishedAt: change.finishedAt?.toISOString() ?? null,
    multiAuthorisation: presentMultiAuthorisation(authorisedAs[change.status], reading, change.expiresAt),
    authorisations: presentAuthorisations(authorisations),
  };
}

const authorisedAs = {
  waiting: 'AwaitingFurtherAuthorisation',
  applied: 'Authorised',
  rejected: 'Rejected',
  cancelled: 'Rejected',
  expired: 'Rejected',
} as const;

/** Terms as callers see them; as they are stored they have the names under which they were hashed. */
function presentTerms(terms: ChangeTerms): AccountChangeDocument['change'] {
  switch (terms.kind) {
    case 'mandate':
      return { mandate: { version: null, ...terms.mandate } };
    case 'holder_invitation':
      return { holder: terms.holder, expiresAt: terms.invitationExpiresAt, history: terms.history ?? 'joining' };
    case 'holder_terms':
      return { holder: terms.holder };
    case 'holder_removal':
      return { partyId: terms.partyId };
    case 'restriction_lift':
      return { restrictionId: terms.restrictionId, ...(terms.reason === undefined ? {} : { reason: terms.reason }) };
  }
}

/** The change as it stands at this moment: it has expired at its time, recorded or not. */
export function changeAsOf(change: AccountChange, now: Date): AccountChange {
  if (change.status !== 'waiting' || change.expiresAt > now) return change;
  return { ...change, status: 'expired', finishedAt: change.expiresAt };
}
