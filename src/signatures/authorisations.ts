import { z } from 'zod';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import {
  type Authentication,
  authenticationColumns,
  authenticationDocument,
  authenticationOf,
} from '../ledger/authentication.ts';
import { hashText, instantText, uuid } from '../ledger/document-fields.ts';
import type { Holder } from '../ownership/holder.ts';
import type { Voices } from '../ownership/read-signatures.ts';

/** What one party decided about a payment order, a standing order, a proposal or a change of an account. */
export interface Authorisation {
  readonly subjectId: string;
  readonly partyId: string;
  readonly decision: 'approve' | 'reject';
  /** How the party's request was authenticated; null for what is older than this evidence, as the hash is. */
  readonly authentication: Authentication | null;
  /** What was signed: SHA-256 of its terms. */
  readonly hash: Buffer | null;
  readonly at: Date;
}

/** Which version of a hash covers the terms of a subject, and that hash as it was stored; null for a new one. */
export interface SignedAs {
  readonly version: 1 | 2;
  readonly hash: Buffer | null;
}

/** What a party sends to say it. */
export interface Signature {
  readonly partyId: string;
  readonly decision: Authorisation['decision'];
  /** What the signer was shown, SHA-256 in hexadecimal. */
  readonly instructionHash: string;
  readonly authentication: Authentication | null;
}

/** What takes signatures: `name` is what it is called, "payment order", and `hash` the SHA-256 of its terms now. */
export interface Instruction {
  readonly id: string;
  readonly name: string;
  readonly hash: Buffer;
  /** The hash as it was stored when it was made; null where it is not. */
  readonly stored: Buffer | null;
}

export type AuthorisationsBySubject = ReadonlyMap<string, readonly Authorisation[]>;

interface AuthorisationRow {
  subject_id: string;
  party_id: string;
  decision: 'approve' | 'reject';
  channel: Authentication['channel'] | null;
  key_id: string | null;
  instruction_hash: Buffer | null;
  created_at: Date;
}

/**
 * Adds a signature to the authorisations of an instruction. Answers all there are now, and the new one: none
 * (`authorisation` null) where the party has decided so before, under the same membership. Refuses an instruction that
 * is not what was stored and signed, a signature to other terms, and a party that says something else than before.
 * Pure.
 */
export function addSignature(
  instruction: Instruction,
  { partyId, decision, instructionHash, authentication }: Signature,
  { before, holders, now }: { before: readonly Authorisation[]; holders: readonly Holder[]; now: Date },
): { refusal: Refusal } | { authorisation: Authorisation | null; all: readonly Authorisation[] } {
  const { id, name, hash } = instruction;
  const altered = refuseAltered(instruction, before);
  if (altered !== undefined) return { refusal: altered };
  if (hash.toString('hex') !== instructionHash) {
    const detail = `The hash is not that of ${name} ${id}; read it again.`;
    return { refusal: refusal('instruction_mismatch', detail) };
  }
  const earlier = earlierOf(partyId, before, holders);
  if (earlier === undefined) {
    const authorisation = { subjectId: id, partyId, decision, authentication, hash, at: now };
    return { authorisation, all: [...before, authorisation] };
  }
  if (earlier.decision === decision) return { authorisation: null, all: before };
  const detail = `Party ${partyId} has answered "${earlier.decision}" to ${name} ${id} before.`;
  return { refusal: refusal('already_decided', detail, { decision: earlier.decision }) };
}

/**
 * Refuses an instruction whose terms are not those that were stored when it was made, and to which each signature was
 * given: its signers signed something else. Pure.
 */
export function refuseAltered(
  { id, name, hash, stored }: Instruction,
  given: readonly Authorisation[],
): Refusal | undefined {
  if (isTheSame(hash, [stored, ...given.map((authorisation) => authorisation.hash)])) return undefined;
  const detail = `The terms of ${name} ${id} in the database are not those that were made and signed.`;
  return refusal('instruction_altered', detail);
}

/** What this party decided as the holder that it is now; what it decided before it left and came back is over. */
function earlierOf(
  partyId: string,
  given: readonly Authorisation[],
  holders: readonly Holder[],
): Authorisation | undefined {
  const since = holders.find((holder) => holder.partyId === partyId)?.joinedAt;
  return given.find(({ partyId: by, at }) => by === partyId && (since === undefined || at >= since));
}

/** The approval of a party that asks for something, or accepts it. */
export function approval(given: Omit<Authorisation, 'decision'>): Authorisation {
  return { ...given, decision: 'approve' };
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
  for (const row of rows) {
    const { subject_id: subjectId, party_id: partyId, decision, instruction_hash: hash, created_at: at } = row;
    const authorisation = { subjectId, partyId, decision, authentication: authenticationOf(row), hash, at };
    found.set(subjectId, [...(found.get(subjectId) ?? []), authorisation]);
  }
  return found;
}

/** Writes authorisations. */
export async function writeAuthorisations(
  { knex, ledgerId }: LedgerTransaction,
  authorisations: readonly Authorisation[],
): Promise<void> {
  if (authorisations.length === 0) return;
  const rows = authorisations.map(({ subjectId, partyId, decision, authentication, hash, at }) => ({
    ledger_id: ledgerId,
    subject_id: subjectId,
    party_id: partyId,
    decision,
    ...authenticationColumns(authentication),
    instruction_hash: hash,
    created_at: at,
  }));
  await knex('authorisations').insert(rows);
}

export function voicesOf(authorisations: readonly Authorisation[]): Voices {
  // A later decision of a party is one of a later membership.
  const latest = new Map(authorisations.map((authorisation) => [authorisation.partyId, authorisation]));
  const saying = (wanted: Authorisation['decision']) =>
    new Map([...latest.values()].filter(({ decision }) => decision === wanted).map(({ partyId, at }) => [partyId, at]));
  return { approved: saying('approve'), rejected: saying('reject') };
}

/** What one party decided, as documents show it. */
export const authorisationDocument = z
  .strictObject({
    by: uuid,
    decision: z.enum(['approve', 'reject']),
    authentication: authenticationDocument,
    /** What was signed; null for what is older than this evidence. */
    instructionHash: hashText.nullable(),
    at: instantText,
  })
  .meta({ id: 'Authorisation' });

export type AuthorisationDocument = z.output<typeof authorisationDocument>;

export function presentAuthorisations(authorisations: readonly Authorisation[]): AuthorisationDocument[] {
  return authorisations.map(({ partyId, decision, authentication, hash, at }) => ({
    by: partyId,
    decision,
    authentication,
    instructionHash: hash?.toString('hex') ?? null,
    at: at.toISOString(),
  }));
}

/**
 * SQL: all rows of a table of what is signed, each with the hashes that its signatures were given to, for the check of
 * the books.
 */
export function withSignedHashes(table: string): string {
  return `
    select s.*, s.id::text as subject,
           (select array_agg(a.instruction_hash) from authorisations a
            where a.ledger_id = s.ledger_id and a.subject_id = s.id and a.instruction_hash is not null) as signed_hashes
    from ${table} s`;
}

/** Whether this is not what was stored and signed: a row of `withSignedHashes`, as it is read. */
export function isAltered(
  { hash, stored }: Pick<Instruction, 'hash' | 'stored'>,
  { signed_hashes: signed }: { readonly signed_hashes: readonly Buffer[] | null },
): boolean {
  return !isTheSame(hash, [stored, ...(signed ?? [])]);
}

/** Null is what has no hash: it is new, or older than this evidence. */
function isTheSame(hash: Buffer, kept: ReadonlyArray<Buffer | null>): boolean {
  return kept.every((other) => other === null || other.equals(hash));
}
