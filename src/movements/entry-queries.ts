import { z } from 'zod';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { type TransactionType, transactionTypes } from '../ledger/booked-transaction.ts';
import { count, currencyCode, dayText, instantText, signedAmount, uuid } from '../ledger/document-fields.ts';
import { Money } from '../money/money.ts';

/** A line of an account's history as callers see it. Entries of clearing accounts carry no balance and no version. */
export const entryDocument = z.strictObject({
  id: uuid,
  transactionId: uuid,
  accountId: uuid,
  type: z.enum(transactionTypes),
  amount: signedAmount,
  currency: currencyCode,
  balanceAfter: signedAmount.nullable(),
  version: count.nullable(),
  bookedAt: instantText,
  valueDate: dayText,
  description: z.string().nullable(),
  reference: z.string().nullable(),
  initiatedBy: uuid.nullable(),
  /** The parties whose signatures it took. */
  signedBy: z.array(uuid),
});

export type EntryDocument = z.output<typeof entryDocument>;

interface EntryRow {
  id: string;
  transaction_id: string;
  account_id: string;
  type: TransactionType;
  amount: string;
  balance_after: string | null;
  version: number | null;
  booked_at: Date;
  value_date: string;
  description: string | null;
  reference: string | null;
  initiated_by: string | null;
  signed_by: string[] | null;
}

export interface EntryPage {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The version of the last entry seen; its id where the account is a clearing account. */
  readonly after: string | number | null;
}

/**
 * A page of an account's entries: by version, which has no gaps and follows the order of booking, so that a reader who
 * pages while others post misses nothing; by id for a clearing account, whose entries have no version.
 */
export async function listEntries(
  { knex, ledgerId }: LedgerSource,
  account: { id: string; currency: string; clearing: boolean },
  page: EntryPage,
): Promise<EntryDocument[]> {
  const key = account.clearing ? 'e.id' : 'e.version';
  const query = knex('entries as e')
    .join('transactions as t', (on) => on.onVal('t.ledger_id', ledgerId).andOn('t.id', 'e.transaction_id'))
    .select<EntryRow[]>(
      'e.*',
      't.type',
      't.value_date',
      't.description',
      't.reference',
      't.initiated_by',
      't.signed_by',
    )
    .where('e.ledger_id', ledgerId)
    .where('e.account_id', account.id)
    .orderBy(key, page.order)
    .limit(page.limit);
  if (account.clearing) query.whereNull('e.version');
  else query.whereNotNull('e.version');
  if (page.after !== null) query.where(key, page.order === 'asc' ? '>' : '<', page.after);
  return (await query).map((row) => asEntry(row, account.currency));
}

function asEntry(row: EntryRow, currency: string): EntryDocument {
  const money = (numeric: string) => Money.fromDatabase(numeric, currency).toString();
  return {
    id: row.id,
    transactionId: row.transaction_id,
    accountId: row.account_id,
    type: row.type,
    amount: money(row.amount),
    currency,
    balanceAfter: row.balance_after === null ? null : money(row.balance_after),
    version: row.version,
    bookedAt: row.booked_at.toISOString(),
    valueDate: row.value_date,
    description: row.description,
    reference: row.reference,
    initiatedBy: row.initiated_by,
    signedBy: row.signed_by ?? [],
  };
}
