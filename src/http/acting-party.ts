import type { Database } from '../database/create-database.ts';
import { notFound, type Thing } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import type { Caller } from './caller.ts';

/**
 * The party for which the request acts: the one that its API key is bound to; otherwise the one it names, or null where
 * it is the calling service's own act. Throws RefusalError `key_not_allowed` when a bound key names another party.
 */
export function actingParty({ boundParty: bound }: Caller, named: string | null | undefined): string | null {
  if (bound === null || named === null || named === undefined || named === bound) return bound ?? named ?? null;
  throw new RefusalError('key_not_allowed', `This API key acts for party ${bound} only, not for ${named}.`);
}

/** Throws RefusalError `key_not_allowed` for a key that is bound to a party: this is for the calling service itself. */
export function requireServiceKey({ boundParty: bound }: Caller): void {
  if (bound === null) return;
  const detail = `This takes a key of the service: this one acts for party ${bound} only, and this is no party's act.`;
  throw new RefusalError('key_not_allowed', detail);
}

/**
 * Keeps what a key that is bound to a party must not know from it: accounts that the party neither holds nor is invited
 * to are not there, nor is the `subject` that belongs to one (`account_not_found` by default). `right` asks for more
 * than holding: reading takes `view`. Keys of the service see everything, without a query.
 */
export async function hideFromStrangers(
  database: Database,
  { ledgerId, boundParty: bound }: Caller,
  accountId: string,
  { right, subject = ['account', accountId] }: { right?: 'view' | undefined; subject?: readonly [Thing, string] } = {},
): Promise<void> {
  if (bound === null) return;
  const query = database('holders')
    .where({ ledger_id: ledgerId, account_id: accountId, party_id: bound })
    .whereIn('status', right === undefined ? ['active', 'invited'] : ['active'])
    .whereRaw("(status = 'active' or invitation_expires_at is null or invitation_expires_at > clock_timestamp())");
  if (right !== undefined) query.whereRaw('? = any(rights)', [right]);
  if ((await query.limit(1).pluck('party_id')).length === 0) throw notFound(...subject);
}

/**
 * Those of these accounts that the request's key may read; null for a key of the service, which may read all. Of the
 * others, a party that pays into them must not learn a balance.
 */
export async function findReadable(
  database: Database,
  { ledgerId, boundParty: bound }: Caller,
  accountIds: readonly string[],
): Promise<ReadonlySet<string> | null> {
  if (bound === null) return null;
  const found = await database('holders')
    .where({ ledger_id: ledgerId, party_id: bound, status: 'active' })
    .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
    .whereRaw("'view' = any(rights)")
    .pluck('account_id');
  return new Set(found);
}
