import { z } from 'zod';
import { count, instantText, uuid } from '../ledger/document-fields.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';

/**
 * How far the signatures of something are that takes some, the same for whatever is signed. The name, and those of its
 * statuses and numbers, are from Open Banking's read-write API.
 */
export const multiAuthorisationDocument = z
  .strictObject({
    status: z.enum(['AwaitingFurtherAuthorisation', 'Authorised', 'Rejected']),
    numberRequired: count,
    numberReceived: count,
    /** Whose signatures would count and are missing. */
    missingFrom: z.array(uuid).readonly(),
    /** Whose signatures count. */
    signedBy: z.array(uuid).readonly(),
    /** Until when it can be signed; null where that has no end. */
    expiresAt: instantText.nullable(),
  })
  .meta({ id: 'MultiAuthorisation' });

export type MultiAuthorisation = z.output<typeof multiAuthorisationDocument>;

/** Presents the signatures of what is in this state; nobody's are missing from what waits for none any more. */
export function presentMultiAuthorisation(
  status: MultiAuthorisation['status'],
  { required, received, missingFrom, signedBy }: SignatureReading,
  expiresAt: Date | null,
): MultiAuthorisation {
  return {
    status,
    numberRequired: required,
    numberReceived: received,
    missingFrom: status === 'AwaitingFurtherAuthorisation' ? missingFrom : [],
    signedBy,
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}
