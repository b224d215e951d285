import { z } from 'zod';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { instantText, uuid } from '../ledger/document-fields.ts';
import type { Voices } from '../ownership/read-signatures.ts';

/** What one party decided about a payment order, a standing order, a proposal or a change of an account. */
export interface Authorisation {
  readonly subjectId: string;
  readonly partyId: string;
  readonly decision: 'approve' | 'reject';
  readonly at: Date;
}

/** What a party sends to say it. */
export interface Signature {
  readonly partyId: string;
  readonly decision: Authorisation['decision'];
  /** What the signer was shown, SHA-256 in hexadecimal. */
  readonly instructionHash: string;
}

export type AuthorisationsBySubject = ReadonlyMap<string, readonly Authorisation[]>;

interface AuthorisationRow {
  subject_id: string;
  party_id: string;
  decision: 'approve' | 'reject';
  created_at: Date;
}

/**
 * Adds a signature to the authorisations of a subject (`name`, "payment order", with the SHA-256 of its terms). Answers
 * all there are now, and the new one: none (`authorisation` null) where the party has decided so before.
 * Refuses a signature to other terms, and a party that says something else than before. Pure.
 */
export function addSignature(
  { id, name, hash }: { id: string; name: string; hash: Buffer },
  { partyId, decision, instructionHash }: Signature,
  before: readonly Authorisation[],
  now: Date,
): { refusal: Refusal } | { authorisation: Authorisation | null; all: readonly Authorisation[] } {
  if (hash.toString('hex') !== instructionHash) {
    const detail = `The hash is not that of ${name} ${id}; read it again.`;
    return { refusal: refusal('instruction_mismatch', detail) };
  }
  const earlier = before.find((authorisation) => authorisation.partyId === partyId);
  if (earlier === undefined) {
    const authorisation = { subjectId: id, partyId, decision, at: now };
    return { authorisation, all: [...before, authorisation] };
  }
  if (earlier.decision === decision) return { authorisation: null, all: before };
  const detail = `Party ${partyId} has answered "${earlier.decision}" to ${name} ${id} before.`;
  return { refusal: refusal('already_decided', detail, { decision: earlier.decision }) };
}

/** The authorisations of each of these, in the order in which they were made. */
export async function findAuthorisations(
  { knex, ledgerId }: LedgerSource,
  subjectIds: readonly string[],
): Promise<AuthorisationsBySubject> {
  if (subjectIds.length === 0) return new Map();
  const rows = await knex<AuthorisationRow>('authorisations')
    .where('ledger_id', ledgerId)
    .whereRaw('subject_id = any(?::uuid[])', [[...new Set(subjectIds)]])
    .orderBy(['created_at', 'party_id']);
  const found = new Map<string, Authorisation[]>();
  for (const { subject_id: subjectId, party_id: partyId, decision, created_at: at } of rows) {
    found.set(subjectId, [...(found.get(subjectId) ?? []), { subjectId, partyId, decision, at }]);
  }
  return found;
}

/** Writes authorisations. The same decision of a party once more is written once. */
export async function writeAuthorisations(
  { knex, ledgerId }: LedgerTransaction,
  authorisations: readonly Authorisation[],
): Promise<void> {
  if (authorisations.length === 0) return;
  const rows = authorisations.map(({ subjectId, partyId, decision, at }) => ({
    ledger_id: ledgerId,
    subject_id: subjectId,
    party_id: partyId,
    decision,
    created_at: at,
  }));
  await knex('authorisations').insert(rows).onConflict(['ledger_id', 'subject_id', 'party_id']).ignore();
}

export function voicesOf(authorisations: readonly Authorisation[]): Voices {
  const saying = (wanted: Authorisation['decision']) =>
    new Set(authorisations.filter(({ decision }) => decision === wanted).map(({ partyId }) => partyId));
  return { approved: saying('approve'), rejected: saying('reject') };
}

/** What one party decided, as documents show it. */
export const authorisationDocument = z
  .strictObject({ by: uuid, decision: z.enum(['approve', 'reject']), at: instantText })
  .meta({ id: 'Authorisation' });

export type AuthorisationDocument = z.output<typeof authorisationDocument>;

export function presentAuthorisations(authorisations: readonly Authorisation[]): AuthorisationDocument[] {
  return authorisations.map(({ partyId, decision, at }) => ({ by: partyId, decision, at: at.toISOString() }));
}
