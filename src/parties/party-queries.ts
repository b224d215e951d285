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
    metadata: z.record(z.string(), z.unknown()).nullable(),
    createdAt: instantText,
    /** When all that was known of it was erased; null: it was not. */
    erasedAt: instantText.nullable(),
  })
  .meta({ id: 'Party' });

export type PartyDocument = z.output<typeof partyDocument>;

/** What a party may know of others with whom it holds an account. */
export const partyNameDocument = z.strictObject({ id: uuid, name: z.string() }).meta({ id: 'PartyName' });

/** The rows of parties, for those who lock them. */
export const partyRows = { table: 'parties', idColumn: 'id' } as const;

interface PartyRow {
  id: string;
  name: string;
  external_id: string | null;
  metadata: Record<string, unknown> | null;
  created_at: Date;
  erased_at: Date | null;
}

const columns = ['id', 'name', 'external_id', 'metadata', 'created_at', 'erased_at'];

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

export async function findPartiesByExternalId(
  transaction: LedgerTransaction,
  externalIds: readonly string[],
): Promise<Map<string, PartyDocument>> {
  if (externalIds.length === 0) return new Map();
  const rows = await selectParties(transaction).whereRaw('external_id = any(?::text[])', [[...externalIds]]);
  return new Map(rows.map((row) => [row.external_id!, asParty(row)]));
}

/** These parties, by their ids. */
export async function findParties(
  source: LedgerSource,
  partyIds: readonly string[],
): Promise<ReadonlyMap<string, PartyDocument>> {
  if (partyIds.length === 0) return new Map();
  const rows = await selectParties(source).whereRaw('id = any(?::uuid[])', [[...new Set(partyIds)]]);
  return new Map(rows.map((row) => [row.id, asParty(row)]));
}

/** How many accounts a refusal names. */
const maxNamed = 20;

/** Some of the accounts that each of these parties holds, or is invited to. */
export async function findHeldAccounts(
  { knex, ledgerId }: LedgerTransaction,
  partyIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await knex('holders')
    .select('party_id', knex.raw(`(array_agg(account_id order by account_id))[1:${maxNamed}] as account_ids`))
    .where('ledger_id', ledgerId)
    .whereRaw('party_id = any(?::uuid[])', [[...partyIds]])
    .whereIn('status', ['active', 'invited'])
    .groupBy('party_id');
  return new Map(rows.map((row) => [row.party_id, row.account_ids]));
}

/** A party that holds an account, or is invited to one, that this viewer may look at; undefined for all others. */
export async function findNameOfCoHolder(
  { knex, ledgerId }: LedgerSource,
  viewer: string,
  partyId: string,
): Promise<{ id: string; name: string } | undefined> {
  const [row] = await knex('holders as v')
    .join('holders as h', (on) => on.onVal('h.ledger_id', ledgerId).andOn('h.account_id', 'v.account_id'))
    .join('parties as p', (on) => on.onVal('p.ledger_id', ledgerId).andOn('p.id', 'h.party_id'))
    .where({ 'v.ledger_id': ledgerId, 'v.party_id': viewer, 'v.status': 'active', 'h.party_id': partyId })
    .whereRaw("'view' = any(v.rights)")
    .whereIn('h.status', ['active', 'invited'])
    .limit(1)
    .select<Array<{ id: string; name: string }>>('p.id', 'p.name');
  return row;
}

/**
 * Which of these parties can act or be named: those that there are and that are not erased. A party is never deleted,
 * and erased only when it holds nothing.
 */
export async function findExistingPartyIds(
  { knex, ledgerId }: LedgerTransaction,
  partyIds: readonly string[],
): Promise<Set<string>> {
  if (partyIds.length === 0) return new Set();
  const rows = await knex('parties')
    .where('ledger_id', ledgerId)
    .whereNull('erased_at')
    .whereRaw('id = any(?::uuid[])', [[...new Set(partyIds)]])
    .pluck('id');
  return new Set(rows);
}

/**
 * The same for parties that may become holders by this transaction: until it ends they can't be erased. Locks their
 * rows FOR KEY SHARE, ids ascending, as their foreign key in `holders` would, but before it is decided; who erases
 * waits for nothing while it has one.
 */
export async function findJoiningPartyIds(
  { knex, ledgerId }: LedgerTransaction,
  partyIds: readonly string[],
): Promise<Set<string>> {
  if (partyIds.length === 0) return new Set();
  const rows = await knex('parties')
    .select('id')
    .where('ledger_id', ledgerId)
    .whereNull('erased_at')
    .whereRaw('id = any(?::uuid[])', [[...new Set(partyIds)]])
    .orderBy('id')
    .forKeyShare();
  return new Set(rows.map(({ id }) => id));
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
  return {
    id: row.id,
    name: row.name,
    externalId: row.external_id,
    metadata: row.metadata,
    createdAt: row.created_at.toISOString(),
    erasedAt: row.erased_at?.toISOString() ?? null,
  };
}
