import { behind } from '../database/bounded-scan.ts';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { RefusalError } from '../errors/refusal.ts';
import type { PageAsked } from '../http/paging.ts';
import { Money } from '../money/money.ts';
import type { Statement } from './statement.ts';

export interface StatementRow {
  id: string;
  account_id: string;
  number: number;
  from_version: number;
  to_version: number;
  opening: string;
  closing: string;
  period_from: Date;
  period_to: Date;
  time_zone: string;
  currency: string;
  credit_count: number;
  credit_sum: string;
  debit_count: number;
  debit_sum: string;
  initiators: Pick<Statement, 'by' | 'others'>;
  issued_at: Date;
  hash: Buffer;
}

/** A page of an account's statements, of those whose period begins at `since` or later. */
export async function listStatements(
  { knex, ledgerId }: LedgerSource,
  page: PageAsked<number> & { accountId: string; since: Date | undefined },
): Promise<Statement[]> {
  const query = knex<StatementRow>('statements')
    .where('ledger_id', ledgerId)
    .where('account_id', page.accountId)
    .orderBy('number', page.order)
    .limit(page.limit);
  if (page.after !== null) query.where('number', behind[page.order], page.after);
  if (page.since !== undefined) query.where('period_from', '>=', page.since);
  return (await query).map(asStatement);
}

/** Throws RefusalError `statement_not_found`. */
export async function getStatement(
  { knex, ledgerId }: LedgerSource,
  accountId: string,
  number: number,
): Promise<Statement> {
  const [row] = await knex<StatementRow>('statements')
    .where('ledger_id', ledgerId)
    .where('account_id', accountId)
    .where('number', number);
  if (row === undefined)
    throw new RefusalError('statement_not_found', `Account ${accountId} has no statement ${number}.`);
  return asStatement(row);
}

/** Writes statements that have numbers. The accounts' rows must be locked. */
export async function insertStatements(
  { knex, ledgerId }: LedgerTransaction,
  statements: readonly Statement[],
): Promise<void> {
  if (statements.length === 0) return;
  await knex('statements').insert(
    statements.map((statement) => ({
      ledger_id: ledgerId,
      account_id: statement.accountId,
      number: statement.number,
      id: statement.id,
      previous_number: statement.number === 1 ? null : statement.number! - 1,
      previous_version: statement.fromVersion - 1,
      from_version: statement.fromVersion,
      to_version: statement.toVersion,
      opening: statement.opening,
      closing: statement.closing,
      period_from: statement.periodFrom,
      period_to: statement.periodTo,
      time_zone: statement.timeZone,
      currency: statement.currency,
      credit_count: statement.credits.count,
      credit_sum: statement.credits.sum,
      debit_count: statement.debits.count,
      debit_sum: statement.debits.sum,
      initiators: JSON.stringify({ by: statement.by, others: statement.others }),
      issued_at: statement.issuedAt,
      hash: Buffer.from(statement.hash, 'hex'),
    })),
  );
}

export function asStatement(row: StatementRow): Statement {
  const money = (numeric: string) => Money.fromDatabase(numeric, row.currency).toString();
  return {
    id: row.id,
    number: row.number,
    accountId: row.account_id,
    currency: row.currency,
    timeZone: row.time_zone,
    periodFrom: row.period_from.toISOString(),
    periodTo: row.period_to.toISOString(),
    fromVersion: row.from_version,
    toVersion: row.to_version,
    opening: money(row.opening),
    closing: money(row.closing),
    credits: { count: row.credit_count, sum: money(row.credit_sum) },
    debits: { count: row.debit_count, sum: money(row.debit_sum) },
    by: row.initiators.by,
    others: row.initiators.others,
    issuedAt: row.issued_at.toISOString(),
    hash: row.hash.toString('hex'),
  };
}
