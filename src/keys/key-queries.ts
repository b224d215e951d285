import { z } from 'zod';
import { behind } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import type { PageAsked } from '../http/paging.ts';
import { instantText, uuid } from '../ledger/document-fields.ts';
import { type Scope, scopes } from '../ledger/key-scopes.ts';

/** An API key as callers see it: nothing that is secret about it is kept. */
export const apiKeyDocument = z
  .strictObject({
    id: uuid,
    name: z.string(),
    /** The only party that it acts for; null for a key of the service. */
    partyId: uuid.nullable(),
    scopes: z.array(z.enum(scopes)),
    createdAt: instantText,
    /** The key that it was made with; null: on the command line. */
    madeWith: uuid.nullable(),
    /** When it ends by itself. */
    expiresAt: instantText.nullable(),
    revokedAt: instantText.nullable(),
    /** To the minute. */
    lastUsedAt: instantText.nullable(),
  })
  .meta({ id: 'ApiKey' });

export type ApiKeyDocument = z.output<typeof apiKeyDocument>;

/** The rows of keys, for those who lock them. */
export const keyRows = { table: 'api_keys', idColumn: 'id' } as const;

interface KeyRow {
  id: string;
  name: string;
  party_id: string | null;
  scopes: Scope[];
  created_at: Date;
  made_with: string | null;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

const columns = ['id', 'name', 'party_id', 'scopes', 'created_at', 'made_with', 'expires_at', 'revoked_at'] as const;

function selectKeys({ knex, ledgerId }: LedgerSource) {
  return knex<KeyRow>('api_keys')
    .select<KeyRow[]>([...columns, 'last_used_at'])
    .where('ledger_id', ledgerId);
}

/** Throws RefusalError `api_key_not_found`. */
export async function getKey(source: LedgerSource, keyId: string): Promise<ApiKeyDocument> {
  const [row] = await selectKeys(source).where('id', keyId);
  if (row === undefined) throw notFound('api_key', keyId);
  return presentKey(row);
}

/** A page of a ledger's keys, the ended ones too, in the order in which they were made. */
export async function listKeys(
  source: LedgerSource,
  { order, limit, after, partyId }: PageAsked<string> & { partyId: string | undefined },
): Promise<ApiKeyDocument[]> {
  const query = selectKeys(source).orderBy('id', order).limit(limit);
  if (partyId !== undefined) query.where('party_id', partyId);
  if (after !== null) query.where('id', behind[order], after);
  return (await query).map(presentKey);
}

/** These keys, by their ids. A caller that goes on to change them must have locked their rows. */
export async function findKeys(
  source: LedgerSource,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, ApiKeyDocument>> {
  const rows = await selectKeys(source).whereRaw('id = any(?::uuid[])', [[...keyIds]]);
  return new Map(rows.map((row) => [row.id, presentKey(row)]));
}

function presentKey(row: KeyRow): ApiKeyDocument {
  const text = (time: Date | null) => time?.toISOString() ?? null;
  return {
    id: row.id,
    name: row.name,
    partyId: row.party_id,
    // A later version of the service may know others.
    scopes: scopes.filter((scope) => row.scopes.includes(scope)),
    createdAt: row.created_at.toISOString(),
    madeWith: row.made_with,
    expiresAt: text(row.expires_at),
    revokedAt: text(row.revoked_at),
    lastUsedAt: text(row.last_used_at),
  };
}
