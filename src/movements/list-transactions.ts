import type { Knex } from 'knex';
import { type Condition, mapScanned, type Order, type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { metadataTerm } from '../ledger/metadata-term.ts';
import { conditionsOf, type MovementFilters } from './movement-filters.ts';
import type { TransactionDocument } from './present-transaction.ts';
import { type EntriesOf, type EntryPage, keyOfEntry, scanEntries } from './scan-entries.ts';
import { findTransactions } from './transaction-queries.ts';

/** When the last transaction seen was booked, and its id. */
export type TransactionKey = readonly [bookedAt: string, id: string];

export interface TransactionPage {
  readonly limit: number;
  readonly order: Order;
  readonly after: TransactionKey | null;
}

interface FoundTransaction {
  readonly booked_at: Date;
  readonly id: string;
}

/** A page of the ledger's transactions that match, in the order in which they were booked. */
export async function listTransactions(
  source: LedgerSource,
  page: TransactionPage,
  filters: MovementFilters,
): Promise<Scanned<TransactionKey, TransactionDocument>> {
  const { rows, by, matches } = narrow(source, filters);
  const { from, to } = filters;
  const [bookedAt] = by;
  if (from !== undefined) rows.where(bookedAt, '>=', from);
  if (to !== undefined) rows.where(bookedAt, '<', to);
  const after = page.after === null ? null : [...page.after];
  const scan = { by, order: page.order, after, limit: page.limit, matches };
  const scanned = await scanRows<FoundTransaction>(source.knex, rows, scan);
  const documents = await findTransactions(
    source,
    scanned.items.map(({ id }) => id),
  );
  const keyOf = ({ booked_at, id }: FoundTransaction) => [booked_at.toISOString(), id] as const;
  return mapScanned(scanned, keyOf, ({ id }) => documents.get(id)!);
}

/** A page of the transactions of an account that match, with their keys in the order of its entries. */
export async function listTransactionsOf(
  source: LedgerSource,
  account: EntriesOf,
  page: EntryPage,
  filters: MovementFilters,
): Promise<Scanned<string | number, { key: string | number; document: TransactionDocument }>> {
  const scanned = await scanEntries(source, account, page, { filters, amount: 't.amount' });
  const documents = await findTransactions(
    source,
    scanned.items.map((entry) => entry.transaction_id),
  );
  return mapScanned(scanned, keyOfEntry, (entry) => ({
    key: keyOfEntry(entry),
    document: documents.get(entry.transaction_id)!,
  }));
}

interface Narrowed {
  readonly rows: Knex.QueryBuilder;
  readonly by: readonly [bookedAt: string, id: string];
  readonly matches: Condition[];
}

/** The range of the index that has the fewest rows besides those that match, and what is left to look at. */
function narrow({ knex, ledgerId }: LedgerSource, filters: MovementFilters): Narrowed {
  const { metadata, reference, initiatedBy, ...others } = filters;
  const [pair] = Object.entries(metadata ?? {});
  if (pair !== undefined) {
    const rows = knex('transaction_metadata as m')
      .joinRaw(
        `cross join lateral (
           select * from transactions t where t.ledger_id = ? and t.id = m.transaction_id offset 0) t`,
        [ledgerId],
      )
      .select('m.booked_at', 'm.transaction_id', 't.id')
      .where({ 'm.ledger_id': ledgerId, 'm.term': metadataTerm(...pair) });
    return { rows, by: ['m.booked_at', 'm.transaction_id'], matches: conditionsOf(filters, 't.amount') };
  }
  const rows = knex('transactions as t').select('t.booked_at', 't.id').where('t.ledger_id', ledgerId);
  const by = ['t.booked_at', 't.id'] as const;
  if (reference !== undefined) {
    rows.where('t.reference', reference);
    return { rows, by, matches: conditionsOf({ ...others, initiatedBy }, 't.amount') };
  }
  if (initiatedBy !== undefined) rows.where('t.initiated_by', initiatedBy);
  return { rows, by, matches: conditionsOf(others, 't.amount') };
}
