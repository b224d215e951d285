import type { Knex } from 'knex';
import { RefusalError } from '../errors/refusal.ts';
import type { BookedEntry, TransactionType } from '../ledger/booked-transaction.ts';
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
  const rows = await selectTransactions(database, ledgerId).where('id', transactionId);
  const [transaction] = await withEntries(database, ledgerId, rows);
  if (transaction === undefined) {
    throw new RefusalError('transaction_not_found', `There is no transaction ${transactionId} in this ledger.`);
  }
  return transaction;
}

/** A page of transactions in the order of their ids, which is about that of their booking. */
export async function listTransactions(
  database: Knex,
  ledgerId: string,
  page: { limit: number; afterId: string | null; order: 'asc' | 'desc' },
): Promise<TransactionDocument[]> {
  const query = selectTransactions(database, ledgerId).orderBy('id', page.order).limit(page.limit);
  if (page.afterId !== null) query.where('id', page.order === 'asc' ? '>' : '<', page.afterId);
  return withEntries(database, ledgerId, await query);
}

function selectTransactions(database: Knex, ledgerId: string) {
  return database('transactions').select<TransactionRow[]>('*').where('ledger_id', ledgerId);
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
  return transactions.map((transaction) =>
    presentTransaction({
      id: transaction.id,
      type: transaction.type,
      amount: moneyOrNull(transaction.amount, transaction.currency),
      bookedAt: transaction.booked_at,
      valueDate: transaction.value_date,
      initiatedBy: transaction.initiated_by,
      description: transaction.description,
      reference: transaction.reference,
      metadata: transaction.metadata,
      entries: entries.filter((entry) => entry.transaction_id === transaction.id).map(asEntry),
    }),
  );
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
