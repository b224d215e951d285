import type { Database } from '../database/create-database.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import type { Joined } from '../database/scan-accounts.ts';
import { notFound, type Thing } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import type { HolderRight } from './holder.ts';

/** SQL: a membership, or an invitation that has not lapsed. */
export const isOpen =
  "(status = 'active' or invitation_expires_at is null or invitation_expires_at > clock_timestamp())";

/**
 * Keeps what a key that is bound to a party must not know from it: accounts that the party does not hold are not there,
 * nor is the `subject` that belongs to one (`account_not_found` by default). `may` asks for more than holding: for one
 * of these rights, or to be an owner; `invited` for less: who is invited may answer. What had ended (`endedAt`) before
 * a party joined that sees from then on is not there for it either. Keys of the service see all of it, without a query.
 */
export async function hideFromStrangers(
  database: Database,
  { ledgerId, boundParty: bound }: Caller,
  accountId: string,
  {
    may,
    invited = false,
    endedAt = null,
    subject = ['account', accountId],
  }: {
    may?: readonly Reader[];
    invited?: boolean;
    endedAt?: Date | string | null;
    subject?: readonly [Thing, string];
  } = {},
): Promise<void> {
  if (bound === null) return;
  const query = database('holders')
    .where({ ledger_id: ledgerId, account_id: accountId, party_id: bound })
    .whereIn('status', invited ? ['active', 'invited'] : ['active'])
    .whereRaw(isOpen);
  if (may !== undefined) {
    query.whereRaw("(rights && ?::text[] or ? and not 'delegate' = any(rights))", [[...may], may.includes('owner')]);
  }
  if (endedAt !== null) query.whereRaw("(history <> 'joining' or joined_at <= ?)", [endedAt]);
  const form = `${invited} ${may !== undefined} ${endedAt !== null}`;
  query.options(prepared(database, `hide-from-strangers ${form}`));
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
export function ifVisible<Found extends { readonly accountId: string; readonly finishedAt: Date | string | null }>(
  thing: Thing,
  get: (source: LedgerSource, id: string) => Promise<Found>,
  readers: (found: Found) => readonly Reader[] = () => ['view'],
): (database: Database, caller: Caller, id: string, what?: 'read') => Promise<Found> {
  return async (database, caller, id, what) => {
    const found = await get(sourceOf(caller, database), id);
    const may = what === 'read' ? { may: readers(found) } : {};
    const { accountId, finishedAt: endedAt } = found;
    await hideFromStrangers(database, caller, accountId, { ...may, endedAt, subject: [thing, id] });
    return found;
  };
}

/** Accounts that a party may read, and of those that it joined later, since when. */
export class ReadableAccounts extends Set<string> {
  readonly party: string;
  readonly #since: ReadonlyMap<string, Date>;

  constructor(party: string, held: readonly ReadableRow[]) {
    super(held.map(({ account_id }) => account_id));
    this.party = party;
    this.#since = new Map(held.flatMap(({ account_id, since }) => (since === null ? [] : [[account_id, since]])));
  }

  /** From when on it sees what was booked on the account; undefined: from the beginning. */
  since(accountId: string): Date | undefined {
    return this.#since.get(accountId);
  }

  /** Those of which it sees what was booked at this time. */
  at(time: Date): ReadableAccounts {
    const seen = [...this].filter((accountId) => (this.since(accountId) ?? time) <= time);
    return new ReadableAccounts(
      this.party,
      seen.map((account_id) => ({ account_id, since: this.since(account_id) ?? null })),
    );
  }
}

interface ReadableRow {
  readonly account_id: string;
  readonly since: Date | null;
}

/** Since when a holder sees what was booked, as SQL; null for from the beginning. */
const sinceWhen = "case history when 'joining' then joined_at end as since";

/** Of what a party may read: all that it holds with `view`. */
export async function findAllReadable(database: Database, ledgerId: string, party: string): Promise<ReadableAccounts> {
  const held = await database('holders')
    .where({ ledger_id: ledgerId, party_id: party, status: 'active' })
    .whereRaw("'view' = any(rights)")
    .select<ReadableRow[]>('account_id', database.raw(sinceWhen));
  return new ReadableAccounts(party, held);
}

/**
 * Since when the caller sees what was booked on an account that it may read; undefined: from the beginning. Throws
 * RefusalError `right_missing` for a time `before` that.
 */
export async function historyOf(
  database: Database,
  caller: Caller,
  accountId: string,
  before?: Date,
): Promise<Date | undefined> {
  const since = (await findReadable(database, caller, [accountId]))?.since(accountId);
  if (since !== undefined && before !== undefined && before < since) refuseHistory(accountId, since);
  return since;
}

/**
 * Of these accounts those that the caller's party joined and sees from then on, with when that was. What ended before
 * is not shown in lists; what is still open concerns it, however old. None for a key of the service.
 */
export async function findJoined(
  database: Database,
  { ledgerId, boundParty }: Caller,
  accountIds: readonly string[],
): Promise<Joined> {
  if (boundParty === null) return new Map();
  const rows = await database('holders')
    .where({ ledger_id: ledgerId, party_id: boundParty, status: 'active', history: 'joining' })
    .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
    .select<Array<{ account_id: string; joined_at: Date }>>('account_id', 'joined_at');
  return new Map(rows.map(({ account_id, joined_at }) => [account_id, joined_at]));
}

export function refuseHistory(accountId: string, since: Date): never {
  const from = since.toISOString();
  const detail = `Party sees account ${accountId} from its joining on, ${from}.`;
  throw new RefusalError('right_missing', detail, { accountId, right: 'view', since: from });
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
    .select<ReadableRow[]>('account_id', database.raw(sinceWhen))
    .options(prepared(database, 'find-readable'));
  return new ReadableAccounts(bound, found);
}
