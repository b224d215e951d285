import type { Knex } from 'knex';
import { hashApiKey } from './api-key.ts';
import { createId } from './create-id.ts';
import type { Scope } from './key-scopes.ts';
import { machineClock } from './trusted-clock.ts';

/** As far back as the workers keep idempotency keys at first; see `key-retention.ts`. */
const keysKeptMs = 168 * 3_600_000;

/**
 * Writes a ledger and its empty log. Answers false, and changes nothing, when there is one of this id. There is no row
 * of it yet whose node could be asked for the time, so the clock is that of this machine.
 */
export async function insertLedger(knex: Knex, { id, name }: { id: string; name: string }): Promise<boolean> {
  const now = machineClock.now();
  const ledger = { id, name, created_at: new Date(now), keys_kept_from: new Date(now - keysKeptMs) };
  const inserted = await knex('ledgers').insert(ledger).onConflict('id').ignore().returning('id');
  if (inserted.length > 0) await knex('logs').insert({ ledger_id: id });
  return inserted.length > 0;
}

/** Lets an API key into a ledger, for a party where one is named. Does nothing when it was let in before. */
export async function insertApiKey(
  knex: Knex,
  { ledgerId, id = createId(), name, apiKey, partyId = null, scopes, expiresAt = null }: NewApiKey,
): Promise<void> {
  const key = { ledger_id: ledgerId, id, name, key_hash: hashApiKey(apiKey), party_id: partyId };
  const terms = { scopes: [...scopes], expires_at: expiresAt };
  await knex('api_keys')
    .insert({ ...key, ...terms, created_at: new Date(machineClock.now()) })
    .onConflict(['ledger_id', 'key_hash'])
    .ignore();
}

export interface NewApiKey {
  readonly ledgerId: string;
  readonly id?: string;
  readonly name: string;
  readonly apiKey: string;
  readonly partyId?: string | null;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null;
}
