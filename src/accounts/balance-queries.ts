import { z } from 'zod';
import { groupReads } from '../database/group-reads.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { notFound } from '../errors/no-such.ts';
import { amount, currencyCode, signedAmount, uuid } from '../ledger/document-fields.ts';
import { availableBalance, type Ownership } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import { bookedBalance, currentlyHeld } from './account-queries.ts';

/** What an account has at one moment. A clearing account has only a booked balance. */
export const balanceDocument = z
  .strictObject({
    accountId: uuid,
    currency: currencyCode,
    booked: signedAmount,
    held: amount.nullable(),
    available: signedAmount.nullable(),
  })
  .meta({ id: 'Balance' });

export type BalanceDocument = z.output<typeof balanceDocument>;

export interface BalanceRow {
  id: string;
  currency: string;
  ownership: Ownership;
  booked: string;
  held: string | null;
  overdraft_limit: string | null;
}

const selectBalances = (booked: string) => `
  select a.id, a.currency, a.ownership, ${currentlyHeld} as held, a.overdraft_limit, ${booked} as booked
  from accounts a where a.ledger_id = :ledgerId and a.id = any(:accountIds::uuid[])`;

type ReadRow = Omit<BalanceRow, 'booked'> & { booked: string | null };

/** Those of clearing accounts, which are sums of entries, would hold up all others. */
const readStored = groupReads<ReadRow>((source, accountIds) => readRows(source, accountIds, 'a.balance'));

async function readRows({ knex, ledgerId }: LedgerSource, accountIds: readonly string[], booked: string) {
  const statement = knex.raw(selectBalances(booked), { ledgerId, accountIds: [...accountIds] });
  const { rows } = await statement.options(prepared(knex, `read-balances ${booked === bookedBalance}`));
  return new Map<string, ReadRow>(rows.map((row: ReadRow) => [row.id, row]));
}

/**
 * The balances of several accounts in one snapshot: one statement sees every transaction whole or not at all
 * (PostgreSQL manual, chapter 13.2.1). Throws RefusalError `account_not_found` naming the first id that is not there.
 */
export async function getBalances(source: LedgerSource, accountIds: readonly string[]): Promise<BalanceDocument[]> {
  const stored = await readStored(source, accountIds);
  const hasClearing = accountIds.some((accountId) => stored.get(accountId)?.booked === null);
  const rows = hasClearing ? await readRows(source, accountIds, bookedBalance) : stored;
  return accountIds.map((accountId) => {
    const row = rows.get(accountId);
    if (row === undefined) throw notFound('account', accountId);
    return asBalance(row as BalanceRow);
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
