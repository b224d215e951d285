import type { Knex } from 'knex';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { RefusalError } from '../errors/refusal.ts';
import type { BookedEntry, TransactionOrigin, TransactionType } from '../ledger/booked-transaction.ts';
import { Money } from '../money/money.ts';
import { presentTransaction, type TransactionDocument } from './present-transaction.ts';

interface TransactionRow {
  id: string;
  type: TransactionType;
  amount: string | null;
  currency: string | null;
  booked_at: Date;
  value_date: string;
  initiated_by: string | null;
  description: string | null;
  reference: string | null;
  metadata: Record<string, unknown> | null;
  signed_by: string[] | null;
  origin: TransactionOrigin['type'] | null;
  origin_id: string | null;
  reversed_by: string | null;
}

interface EntryRow {
  transaction_id: string;
  account_id: string;
  amount: string;
  currency: string;
  balance_after: string | null;
  version: number | null;
}

export async function getTransaction(
  database: Knex,
  ledgerId: string,
  transactionId: string,
): Promise<TransactionDocument> {
  const rows = await selectTransactions(database, ledgerId).where('t.id', transactionId);
  const [transaction] = await withEntries(database, ledgerId, rows);
  if (transaction === undefined) throw transactionNotFound(transactionId);
  return transaction;
}

export function transactionNotFound(transactionId: string): RefusalError {
  return new RefusalError('transaction_not_found', `There is no transaction ${transactionId} in this ledger.`);
}

/** A page of transactions in the order of their ids, which is about that of their booking. */
export async function listTransactions(
  database: Knex,
  ledgerId: string,
  page: { limit: number; afterId: string | null; order: 'asc' | 'desc' },
): Promise<TransactionDocument[]> {
  const query = selectTransactions(database, ledgerId).orderBy('t.id', page.order).limit(page.limit);
  if (page.afterId !== null) query.where('t.id', page.order === 'asc' ? '>' : '<', page.afterId);
  return withEntries(database, ledgerId, await query);
}

/** These transactions, by their ids. */
export async function findTransactions(
  database: Knex,
  ledgerId: string,
  transactionIds: readonly string[],
): Promise<ReadonlyMap<string, TransactionDocument>> {
  if (transactionIds.length === 0) return new Map();
  const rows = await selectTransactions(database, ledgerId).whereRaw('t.id = any(?::uuid[])', [
    [...new Set(transactionIds)],
  ]);
  const found = await withEntries(database, ledgerId, rows);
  return new Map(found.map((transaction) => [transaction.id, transaction]));
}

/** The reversals of those of these transactions that have one, by the transaction. Their accounts must be locked. */
export async function findReversals(
  { knex, ledgerId }: LedgerTransaction,
  transactionIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await knex('transactions')
    .select<Array<{ id: string; origin_id: string }>>('id', 'origin_id')
    .where('ledger_id', ledgerId)
    .whereRaw("origin = 'reversal' and origin_id = any(?::uuid[])", [[...transactionIds]]);
  return new Map(rows.map((row) => [row.origin_id, row.id]));
}

function selectTransactions(database: Knex, ledgerId: string) {
  return database('transactions as t')
    .select<TransactionRow[]>(
      't.*',
      database.raw(`(select r.id from transactions r where r.ledger_id = t.ledger_id and r.origin_id = t.id
                     and r.origin = 'reversal') as reversed_by`),
    )
    .where('t.ledger_id', ledgerId);
}

/** A second query is safe: a transaction that can be seen never changes. */
async function withEntries(
  database: Knex,
  ledgerId: string,
  transactions: readonly TransactionRow[],
): Promise<TransactionDocument[]> {
  if (transactions.length === 0) return [];
  const entries = await database('entries as e')
    .join('accounts as a', (on) => on.on('a.ledger_id', 'e.ledger_id').andOn('a.id', 'e.account_id'))
    .select<EntryRow[]>('e.transaction_id', 'e.account_id', 'e.amount', 'a.currency', 'e.balance_after', 'e.version')
    .where('e.ledger_id', ledgerId)
    .whereRaw('e.transaction_id = any(?::uuid[])', [transactions.map((transaction) => transaction.id)])
    .orderBy(['e.transaction_id', 'e.id']);
  return transactions.map((transaction) => ({
    ...presentTransaction({
      id: transaction.id,
      type: transaction.type,
      amount: moneyOrNull(transaction.amount, transaction.currency),
      bookedAt: transaction.booked_at,
      valueDate: transaction.value_date,
      initiatedBy: transaction.initiated_by,
      description: transaction.description,
      reference: transaction.reference,
      metadata: transaction.metadata,
      signedBy: transaction.signed_by ?? [],
      origin: originOf(transaction),
      entries: entries.filter((entry) => entry.transaction_id === transaction.id).map(asEntry),
    }),
    reversedBy: transaction.reversed_by,
  }));
}

function originOf({ origin, origin_id }: TransactionRow): TransactionOrigin | null {
  return origin === null || origin_id === null ? null : { type: origin, id: origin_id };
}

function asEntry(row: EntryRow): BookedEntry {
  return {
    accountId: row.account_id,
    amount: Money.fromDatabase(row.amount, row.currency),
    balanceAfter: moneyOrNull(row.balance_after, row.currency),
    version: row.version,
  };
}

function moneyOrNull(amount: string | null, currency: string | null): Money | null {
  return amount === null || currency === null ? null : Money.fromDatabase(amount, currency);
}
