import { type Condition, type Order, type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { TransactionOrigin, TransactionType } from '../ledger/booked-transaction.ts';
import { lastVersion } from '../ledger/last-version.ts';
import { conditionsOf, type MovementFilters, notesAreTold, signersAreTold } from './movement-filters.ts';

/** The account whose entries are read. */
export interface EntriesOf {
  readonly id: string;
  readonly isClearing: boolean;
}

export interface EntryPage {
  readonly limit: number;
  readonly order: Order;
  /** The version of the last entry seen; its id where the account is a clearing account. */
  readonly after: string | number | null;
}

/** An entry with what the list of entries shows of its transaction. */
export interface ScannedEntry {
  readonly id: string;
  readonly transaction_id: string;
  readonly account_id: string;
  readonly amount: string;
  readonly balance_after: string | null;
  readonly version: number | null;
  readonly booked_at: Date;
  readonly type: TransactionType;
  readonly value_date: string;
  readonly description: string | null;
  readonly reference: string | null;
  readonly initiated_by: string | null;
  readonly channel: Authentication['channel'] | null;
  readonly key_id: string | null;
  readonly signed_by: string[] | null;
  readonly metadata: Record<string, unknown> | null;
  readonly origin: TransactionOrigin['type'] | null;
  readonly origin_id: string | null;
  readonly external_id: string | null;
}

export function keyOfEntry({ version, id }: Pick<ScannedEntry, 'version' | 'id'>): string | number {
  return version ?? id;
}

/**
 * A page of an account's entries that match: by version, which has no gaps and follows the order of booking, so that a
 * reader who pages while others post misses nothing; by id for a clearing account, whose entries have no version. A
 * time of booking is a range of versions. `amount` says which amount the filters mean.
 */
export function scanEntries(
  { knex, ledgerId }: LedgerSource,
  account: EntriesOf,
  page: EntryPage,
  { filters, amount }: { filters: MovementFilters; amount: Parameters<typeof conditionsOf>[1] },
): Promise<Scanned<ScannedEntry, ScannedEntry>> {
  const names = { ledgerId, accountId: account.id };
  // Each is looked up for its entry, in the order of the entries: otherwise all might be joined first.
  const rows = knex('entries as e')
    .joinRaw(
      `cross join lateral (
         select * from transactions t where t.ledger_id = :ledgerId and t.id = e.transaction_id offset 0) t`,
      names,
    )
    .select(...ofEntry, ...shownOfTransaction)
    .where('e.ledger_id', ledgerId)
    .where('e.account_id', account.id);
  const { from, to, counterpartyAccountId, viewer } = filters;
  const matches: Condition[] = conditionsOf(filters, viewer === undefined ? amount : 'abs(e.amount)');
  if (viewer !== undefined && filters.metadata !== undefined)
    matches.push({ sql: notesAreTold, bindings: { viewer, ledgerId } });
  if (viewer !== undefined && filters.initiatedBy !== undefined)
    matches.push({ sql: signersAreTold, bindings: { viewer, ledgerId } });
  if (viewer !== undefined && counterpartyAccountId !== undefined) {
    const alone = '(select count(*) from entries c where c.ledger_id = :ledgerId and c.transaction_id = t.id) = 2';
    matches.push({ sql: `(${notesAreTold} or ${alone})`, bindings: { viewer, ledgerId } });
  }
  if (account.isClearing) {
    rows.whereNull('e.version');
    if (from !== undefined) matches.push({ sql: 'e.booked_at >= :from', bindings: { from } });
    if (to !== undefined) matches.push({ sql: 'e.booked_at < :to', bindings: { to } });
  } else {
    rows.whereNotNull('e.version');
    if (from !== undefined) rows.whereRaw(`e.version > ${lastBefore}`, { ...names, instant: from });
    if (to !== undefined) rows.whereRaw(`e.version <= ${lastBefore}`, { ...names, instant: to });
  }
  if (counterpartyAccountId !== undefined) {
    // With EXISTS, all entries of the other account might be gathered first.
    matches.push({
      sql: `e.account_id <> :other and (
              select true from entries o
              where o.ledger_id = :ledgerId and o.transaction_id = e.transaction_id and o.account_id = :other limit 1)`,
      bindings: { ledgerId, other: counterpartyAccountId },
    });
  }
  const by = [account.isClearing ? 'e.id' : 'e.version'];
  const after = page.after === null ? null : [page.after];
  const isPlain = matches.length === 0 && from === undefined && to === undefined;
  const name = isPlain ? `scan-entries ${account.isClearing}` : undefined;
  return scanRows<ScannedEntry>(knex, rows, { by, order: page.order, after, limit: page.limit, matches, name });
}

const lastBefore = `
  (select ${lastVersion('<', ':instant::timestamptz')} from accounts a
   where a.ledger_id = :ledgerId and a.id = :accountId)`;

/** By their names: a statement that is planned once must not change what it answers when a table gets a column. */
const ofEntry = ['e.id', 'e.transaction_id', 'e.account_id', 'e.amount', 'e.balance_after', 'e.version', 'e.booked_at'];

const shownOfTransaction = [
  't.type',
  't.value_date',
  't.description',
  't.reference',
  't.initiated_by',
  't.channel',
  't.key_id',
  't.signed_by',
  't.metadata',
  't.origin',
  't.origin_id',
  't.external_id',
];
