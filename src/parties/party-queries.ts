import { z } from 'zod';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { instantText, uuid } from '../ledger/document-fields.ts';

/** A party as callers see it. */
export const partyDocument = z
  .strictObject({
    id: uuid,
    name: z.string(),
    externalId: z.string().nullable(),
    createdAt: instantText,
  })
  .meta({ id: 'Party' });

export type PartyDocument = z.output<typeof partyDocument>;

interface PartyRow {
  id: string;
  name: string;
  external_id: string | null;
  created_at: Date;
}

const columns = ['id', 'name', 'external_id', 'created_at'];

function selectParties({ knex, ledgerId }: LedgerSource) {
  return knex<PartyRow>('parties').select<PartyRow[]>(columns).where('ledger_id', ledgerId);
}

export async function getParty(source: LedgerSource, partyId: string): Promise<PartyDocument> {
  const [row] = await selectParties(source).where('id', partyId);
  if (row === undefined) throw notFound('party', partyId);
  return asParty(row);
}

export async function findPartyByExternalId(
  source: LedgerSource,
  externalId: string,
): Promise<PartyDocument | undefined> {
  const [row] = await selectParties(source).where('external_id', externalId);
  return row === undefined ? undefined : asParty(row);
}

/**
 * A page of parties in the order of their ids, which is that of their creation; one more than asked for means that
 * there is a next page.
 */
export async function listParties(
  source: LedgerSource,
  page: { limit: number; after: string | null },
): Promise<PartyDocument[]> {
  const query = selectParties(source).orderBy('id').limit(page.limit);
  if (page.after !== null) query.where('id', '>', page.after);
  return (await query).map(asParty);
}

export async function findPartiesByExternalId(
  transaction: LedgerTransaction,
  externalIds: readonly string[],
): Promise<Map<string, PartyDocument>> {
  if (externalIds.length === 0) return new Map();
  const rows = await selectParties(transaction).whereRaw('external_id = any(?::text[])', [[...externalIds]]);
  return new Map(rows.map((row) => [row.external_id!, asParty(row)]));
}

/** Which of these parties exist. A party is never deleted, so the answer stays true for the rest of the transaction. */
export async function findExistingPartyIds(
  { knex, ledgerId }: LedgerTransaction,
  partyIds: readonly string[],
): Promise<Set<string>> {
  if (partyIds.length === 0) return new Set();
  const rows = await knex('parties')
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [[...new Set(partyIds)]])
    .pluck('id');
  return new Set(rows);
}

/** Refuses a party that is not among these, which exist; `field` is where the request names it. Null names nobody. */
export function refuseUnknownParty(
  existing: ReadonlySet<string>,
  partyId: string | null,
  field: string,
): Refusal | undefined {
  if (partyId === null || existing.has(partyId)) return undefined;
  return refusal('party_not_found', `There is no party ${partyId} in this ledger (${field}).`);
}

function asParty(row: PartyRow): PartyDocument {
  return { id: row.id, name: row.name, externalId: row.external_id, createdAt: row.created_at.toISOString() };
}
