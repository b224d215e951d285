import type { Knex } from 'knex';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { Voices } from '../ownership/read-signatures.ts';

/** What one party said about a payment order, a proposal or a change of an account. */
export interface Authorisation {
  readonly subjectId: string;
  readonly partyId: string;
  readonly decision: 'approve' | 'reject';
  readonly at: Date;
}

export type AuthorisationsBySubject = ReadonlyMap<string, readonly Authorisation[]>;

interface AuthorisationRow {
  subject_id: string;
  party_id: string;
  decision: 'approve' | 'reject';
  created_at: Date;
}

/** What was said about each of these, in the order in which it was. */
export async function findAuthorisations(
  { knex, ledgerId }: { knex: Knex; ledgerId: string },
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

/** Notes what was said. Whoever says the same once more is noted once. */
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

/** As a document shows them. */
export function presentAuthorisations(authorisations: readonly Authorisation[]) {
  return authorisations.map(({ partyId, decision, at }) => ({ partyId, decision, at: at.toISOString() }));
}
