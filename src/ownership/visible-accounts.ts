import type { Database } from '../database/create-database.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { notFound, type Thing } from '../errors/no-such.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import type { HolderRight } from './holder.ts';

/**
 * Keeps what a key that is bound to a party must not know from it: accounts that the party does not hold are not there,
 * nor is the `subject` that belongs to one (`account_not_found` by default). `may` asks for more than holding: for one
 * of these rights, or to be an owner; `invited` for less: who is invited may answer. Keys of the service see all of it,
 * without a query.
 */
export async function hideFromStrangers(
  database: Database,
  { ledgerId, boundParty: bound }: Caller,
  accountId: string,
  {
    may,
    invited = false,
    subject = ['account', accountId],
  }: { may?: readonly Reader[]; invited?: boolean; subject?: readonly [Thing, string] } = {},
): Promise<void> {
  if (bound === null) return;
  const query = database('holders')
    .where({ ledger_id: ledgerId, account_id: accountId, party_id: bound })
    .whereIn('status', invited ? ['active', 'invited'] : ['active'])
    .whereRaw("(status = 'active' or invitation_expires_at is null or invitation_expires_at > clock_timestamp())");
  if (may !== undefined) {
    query.whereRaw("(rights && ?::text[] or ? and not 'delegate' = any(rights))", [[...may], may.includes('owner')]);
  }
  if ((await query.limit(1).pluck('party_id')).length === 0) throw notFound(...subject);
}

/** Who may read something of an account: holders with this right, or those who are no delegates. */
export type Reader = HolderRight | 'owner';

/**
 * Makes what gets one thing that belongs to an account. For a caller whose party has nothing to do with that account
 * the thing is not there; to `read` it takes one of `readers`: who is to sign something may read it.
 *
 * @example
 * const getVisible = ifVisible('hold', getHold);
 * const hold = await getVisible(database, caller, holdId, 'read');
 */
export function ifVisible<Found extends { readonly accountId: string }>(
  thing: Thing,
  get: (source: LedgerSource, id: string) => Promise<Found>,
  readers: (found: Found) => readonly Reader[] = () => ['view'],
): (database: Database, caller: Caller, id: string, what?: 'read') => Promise<Found> {
  return async (database, caller, id, what) => {
    const found = await get(sourceOf(caller, database), id);
    const may = what === 'read' ? { may: readers(found) } : {};
    await hideFromStrangers(database, caller, found.accountId, { ...may, subject: [thing, id] });
    return found;
  };
}

/** Accounts that a party may read. */
export class ReadableAccounts extends Set<string> {
  readonly party: string;

  constructor(party: string, accountIds: readonly string[]) {
    super(accountIds);
    this.party = party;
  }
}

/**
 * Those of these accounts that the request's key may read; null for a key of the service, which may read all. Of the
 * others, a party that pays into them must not learn a balance.
 */
export async function findReadable(
  database: Database,
  { ledgerId, boundParty: bound }: Caller,
  accountIds: readonly string[],
): Promise<ReadableAccounts | null> {
  if (bound === null) return null;
  const found = await database('holders')
    .where({ ledger_id: ledgerId, party_id: bound, status: 'active' })
    .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
    .whereRaw("'view' = any(rights)")
    .pluck('account_id');
  return new ReadableAccounts(bound, found);
}
