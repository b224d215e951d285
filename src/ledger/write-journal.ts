import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { Money } from '../money/money.ts';
import type { BookedTransaction } from './booked-transaction.ts';
import { createId } from './create-id.ts';
import type { LockedAccount } from './locked-account.ts';
import type { Outcome } from './operation.ts';

/** Everything that a group of operations changes in the books. */
export interface JournalWrites {
  readonly transactions: readonly BookedTransaction[];
  /** The last state of each locked account that changed. */
  readonly accounts: readonly LockedAccount[];
  /** What is stored with each idempotency key that the group claimed and uses up. */
  readonly outcomes: ReadonlyMap<string, Outcome<unknown>>;
}

/**
 * Writes transactions, entries, account rows and stored outcomes in one statement, each table's rows as one JSON
 * parameter. The account rows must be locked and the keys claimed by this transaction.
 *
 * Throws an Error when the entries of a transaction do not sum to zero; that is a programming error, and rolls back.
 */
export async function writeJournal(transaction: LedgerTransaction, writes: JournalWrites): Promise<void> {
  for (const booked of writes.transactions) assertBalanced(booked);
  await transaction.knex.raw(
    `with ledger as (select ?::uuid as ledger_id),
     new_transactions as (
       insert into transactions (ledger_id, id, type, amount, currency, booked_at, value_date, initiated_by,
                                 description, reference, metadata)
       select ledger.ledger_id, t.*
       from ledger, json_to_recordset(?::json) as t (
         id uuid, type text, amount numeric, currency text, booked_at timestamptz, value_date date, initiated_by uuid,
         description text, reference text, metadata jsonb)),
     changed_accounts as (
       update accounts a
       set balance = c.balance, held = c.held, status = c.status, version = c.version,
           last_booked_at = c.last_booked_at, closed_at = c.closed_at
       from ledger, json_to_recordset(?::json) as c (
         id uuid, balance numeric, held numeric, status text, version bigint, last_booked_at timestamptz,
         closed_at timestamptz)
       where a.ledger_id = ledger.ledger_id and a.id = c.id),
     stored_outcomes as (
       update idempotency_keys k
       set outcome = o.outcome
       from ledger, json_to_recordset(?::json) as o (key text, outcome json)
       where k.ledger_id = ledger.ledger_id and k.key = o.key)
     insert into entries (ledger_id, transaction_id, id, account_id, amount, balance_after, version, booked_at)
     select ledger.ledger_id, e.*
     from ledger, json_to_recordset(?::json) as e (
       transaction_id uuid, id uuid, account_id uuid, amount numeric, balance_after numeric, version bigint,
       booked_at timestamptz)`,
    [
      transaction.ledgerId,
      JSON.stringify(writes.transactions.map(transactionRow)),
      JSON.stringify(writes.accounts.map(accountRow)),
      JSON.stringify([...writes.outcomes].map(([key, outcome]) => ({ key, outcome }))),
      JSON.stringify(writes.transactions.flatMap(entryRows)),
    ],
  );
}

function assertBalanced(booked: BookedTransaction): void {
  const sums = new Map<string, Money>();
  for (const { amount } of booked.entries) {
    sums.set(amount.currency, sums.get(amount.currency)?.plus(amount) ?? amount);
  }
  for (const sum of sums.values()) {
    if (!sum.isZero()) throw new Error(`the entries of transaction ${booked.id} sum to ${sum} ${sum.currency}`);
  }
}

function transactionRow(booked: BookedTransaction) {
  return {
    id: booked.id,
    type: booked.type,
    amount: booked.amount,
    currency: booked.amount?.currency ?? null,
    booked_at: booked.bookedAt,
    value_date: booked.valueDate,
    initiated_by: booked.initiatedBy,
    description: booked.description,
    reference: booked.reference,
    metadata: booked.metadata,
  };
}

function entryRows(booked: BookedTransaction) {
  return booked.entries.map((entry) => ({
    transaction_id: booked.id,
    id: createId(),
    account_id: entry.accountId,
    amount: entry.amount,
    balance_after: entry.balanceAfter,
    version: entry.version,
    booked_at: booked.bookedAt,
  }));
}

function accountRow(account: LockedAccount) {
  return {
    id: account.id,
    balance: account.balance,
    held: account.held,
    status: account.status,
    version: account.version,
    last_booked_at: account.lastBookedAt,
    closed_at: account.closedAt,
  };
}
