import { groupReads } from '../database/group-reads.ts';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { notFound } from '../errors/no-such.ts';
import { type Authentication, authenticationOf } from '../ledger/authentication.ts';
import type { BookedEntry, TransactionOrigin, TransactionType } from '../ledger/booked-transaction.ts';
import { Money } from '../money/money.ts';
import { originOf, presentTransaction, type TransactionDocument } from './present-transaction.ts';

interface TransactionRow {
  id: string;
  type: TransactionType;
  amount: string | null;
  currency: string | null;
  booked_at: Date;
  value_date: string;
  initiated_by: string | null;
  channel: Authentication['channel'] | null;
  key_id: string | null;
  description: string | null;
  reference: string | null;
  metadata: Record<string, unknown> | null;
  external_id: string | null;
  signed_by: string[] | null;
  origin: TransactionOrigin['type'] | null;
  origin_id: string | null;
  reversed_by: string | null;
  reversed_amount: string | null;
}

/** What has been taken back of a transaction. */
export interface ReversedPart {
  /** The latest of its reversals. */
  readonly reversalId: string;
  /** By all of its reversals together; null where the transaction has no amount. */
  readonly amount: Money | null;
}

interface EntryRow {
  transaction_id: string;
  account_id: string;
  amount: string;
  currency: string;
  balance_after: string | null;
  version: number | null;
}

const readTransactions = groupReads(findTransactions);

/** A transaction with its entries. Throws RefusalError `transaction_not_found`. */
export async function getTransaction(source: LedgerSource, transactionId: string): Promise<TransactionDocument> {
  const transaction = (await readTransactions(source, [transactionId])).get(transactionId);
  if (transaction === undefined) throw notFound('transaction', transactionId);
  return transaction;
}

/** The transaction with this external id; undefined without one. */
export async function findTransactionByExternalId(
  source: LedgerSource,
  externalId: string,
): Promise<TransactionDocument | undefined> {
  const rows = await selectTransactions(source).where('t.external_id', externalId);
  const [transaction] = await withEntries(source, rows);
  return transaction;
}

/** Those of these external ids that transactions have. */
export async function findBookedExternalIds(
  { knex, ledgerId }: LedgerSource,
  externalIds: readonly string[],
): Promise<Array<{ readonly id: string; readonly externalId: string }>> {
  return knex('transactions')
    .select('id', 'external_id as externalId')
    .where('ledger_id', ledgerId)
    .whereRaw('external_id = any(?::text[])', [[...externalIds]]);
}

/** These transactions, by their ids. */
export async function findTransactions(
  source: LedgerSource,
  transactionIds: readonly string[],
): Promise<ReadonlyMap<string, TransactionDocument>> {
  if (transactionIds.length === 0) return new Map();
  const rows = await selectTransactions(source)
    .whereRaw('t.id = any(?::uuid[])', [[...new Set(transactionIds)]])
    .options(prepared(source.knex, 'find-transactions'));
  const found = await withEntries(source, rows);
  return new Map(found.map((transaction) => [transaction.id, transaction]));
}

/** What was taken back of those of these transactions that have reversals. Their accounts must be locked. */
export async function findReversedParts(
  { knex, ledgerId }: LedgerTransaction,
  transactionIds: readonly string[],
): Promise<ReadonlyMap<string, ReversedPart>> {
  const bindings = { ledgerId, transactionIds: [...transactionIds] };
  const { rows } = await knex.raw(
    `select t.id, r.id as reversal_id, r.amount, r.currency
     from unnest(:transactionIds::uuid[]) as t (id) cross join lateral (${reversedPart}) r`,
    bindings,
  );
  type Row = { id: string; reversal_id: string; amount: string | null; currency: string | null };
  return new Map(
    rows.map((row: Row) => [row.id, { reversalId: row.reversal_id, amount: moneyOrNull(row.amount, row.currency) }]),
  );
}

/**
 * The latest reversal of the transaction `t`, and what all of them took back. They are numbered by the versions of any
 * one account that they move, as all of them move the same.
 */
const reversedPart = `
  select r.id, r.currency, sum(r.amount) over (partition by e.account_id) as amount
  from transactions r
  join entries e on e.ledger_id = :ledgerId and e.transaction_id = r.id and e.version is not null
  where r.ledger_id = :ledgerId and r.origin = 'reversal' and r.origin_id = t.id
  order by e.account_id, e.version desc limit 1`;

/** By their names: a statement that is planned once must not change what it answers when a table gets a column. */
const ofTransaction = [
  't.id',
  't.type',
  't.amount',
  't.currency',
  't.booked_at',
  't.value_date',
  't.initiated_by',
  't.channel',
  't.key_id',
  't.description',
  't.reference',
  't.metadata',
  't.external_id',
  't.signed_by',
  't.origin',
  't.origin_id',
];

function selectTransactions({ knex, ledgerId }: LedgerSource) {
  return knex('transactions as t')
    .joinRaw(`left join lateral (${reversedPart}) r on true`, { ledgerId })
    .select<TransactionRow[]>(...ofTransaction, 'r.id as reversed_by', 'r.amount as reversed_amount')
    .where('t.ledger_id', ledgerId);
}

/** A second query is safe: a transaction that can be seen never changes. */
async function withEntries(
  { knex, ledgerId }: LedgerSource,
  transactions: readonly TransactionRow[],
): Promise<TransactionDocument[]> {
  if (transactions.length === 0) return [];
  const entries = await knex('entries as e')
    .join('accounts as a', (on) => on.onVal('a.ledger_id', ledgerId).andOn('a.id', 'e.account_id'))
    .select<EntryRow[]>('e.transaction_id', 'e.account_id', 'e.amount', 'a.currency', 'e.balance_after', 'e.version')
    .where('e.ledger_id', ledgerId)
    .whereRaw('e.transaction_id = any(?::uuid[])', [transactions.map((transaction) => transaction.id)])
    .orderBy(['e.transaction_id', 'e.id'])
    .options(prepared(knex, 'find-entries-of-transactions'));
  // A transaction may have a hundred entries: they are dealt out in one pass.
  const ofTransactions = new Map<string, BookedEntry[]>(transactions.map(({ id }) => [id, []]));
  for (const entry of entries) ofTransactions.get(entry.transaction_id)!.push(asEntry(entry));
  return transactions.map((transaction) => {
    const booked = presentTransaction({
      id: transaction.id,
      type: transaction.type,
      amount: moneyOrNull(transaction.amount, transaction.currency),
      bookedAt: transaction.booked_at,
      valueDate: transaction.value_date,
      initiatedBy: transaction.initiated_by,
      authentication: authenticationOf(transaction),
      description: transaction.description,
      reference: transaction.reference,
      metadata: transaction.metadata,
      externalId: transaction.external_id,
      signedBy: transaction.signed_by ?? [],
      origin: originOf(transaction),
      entries: ofTransactions.get(transaction.id)!,
    });
    if (transaction.reversed_by === null) return booked;
    const reversedAmount = moneyOrNull(transaction.reversed_amount, transaction.currency)?.toString() ?? null;
    return { ...booked, reversedBy: transaction.reversed_by, reversedAmount };
  });
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
