import { z } from 'zod';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import { amount, currencyCode, signedAmount, uuid } from '../ledger/document-fields.ts';
import { availableBalance, type Ownership } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import { bookedBalance, currentlyHeld } from './account-queries.ts';

/** What an account has at one moment. A clearing account has only a booked balance. */
export const balanceDocument = z.strictObject({
  accountId: uuid,
  currency: currencyCode,
  booked: signedAmount,
  held: amount.nullable(),
  available: signedAmount.nullable(),
});

export type BalanceDocument = z.output<typeof balanceDocument>;

export interface BalanceRow {
  id: string;
  currency: string;
  ownership: Ownership;
  booked: string;
  held: string | null;
  overdraft_limit: string | null;
}

/**
 * The balances of several accounts in one snapshot: one statement sees every transaction whole or not at all
 * (PostgreSQL manual, chapter 13.2.1). Throws RefusalError `account_not_found` naming the first id that is not there.
 */
export async function getBalances(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
): Promise<BalanceDocument[]> {
  const rows = await knex('accounts as a')
    .select<BalanceRow[]>(
      'a.id',
      'a.currency',
      'a.ownership',
      knex.raw(`${currentlyHeld} as held`, { ledgerId }),
      'a.overdraft_limit',
      knex.raw(`${bookedBalance} as booked`, { ledgerId }),
    )
    .where('a.ledger_id', ledgerId)
    .whereRaw('a.id = any(?::uuid[])', [[...accountIds]]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return accountIds.map((accountId) => {
    const row = byId.get(accountId);
    if (row === undefined) throw notFound('account', accountId);
    return asBalance(row);
  });
}

export function asBalance(row: BalanceRow): BalanceDocument {
  const money = (numeric: string) => Money.fromDatabase(numeric, row.currency);
  const balance = money(row.booked);
  const document = { accountId: row.id, currency: row.currency, booked: balance.toString() };
  if (row.held === null || row.overdraft_limit === null) return { ...document, held: null, available: null };
  const held = money(row.held);
  const available = availableBalance({ balance, held, overdraftLimit: money(row.overdraft_limit) });
  return { ...document, held: held.toString(), available: available.toString() };
}
