import { Temporal } from 'temporal-polyfill';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { LockMode } from '../ledger/lock-accounts.ts';
import { lockClaimable } from '../workers/claim-work.ts';

export const statementIntervals = ['none', 'daily', 'weekly', 'monthly', 'quarterly'] as const;

/** How often an account gets a statement by itself. */
export type StatementInterval = (typeof statementIntervals)[number];

/** The rows that workers claim: of accounts that get statements by themselves, when the next one is due. */
export const scheduleRows = { table: 'statement_schedules', idColumn: 'account_id' };

/** When the next statement of an account is due; null where there is none to come. */
export interface StatementSchedule {
  readonly accountId: string;
  readonly nextAt: Date | null;
}

/**
 * The end of the first period that ends later than an instant, in a time zone: of a day, a week that begins on Monday,
 * a calendar month or quarter; null for `none`. Pure.
 *
 * @example
 * nextPeriodEnd('monthly', new Date('2026-11-30T12:00:00Z'), 'Europe/Madrid'); // 2026-11-30T23:00:00Z
 */
export function nextPeriodEnd(interval: StatementInterval, after: Date, timeZone: string): Date | null {
  if (interval === 'none') return null;
  const day = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(timeZone).toPlainDate();
  const next = firstDayAfter(interval, day);
  return new Date(next.toZonedDateTime(timeZone).epochMilliseconds);
}

/** The first day of the period behind the one with this day. */
function firstDayAfter(interval: Exclude<StatementInterval, 'none'>, day: Temporal.PlainDate): Temporal.PlainDate {
  switch (interval) {
    case 'daily':
      return day.add({ days: 1 });
    case 'weekly':
      return day.add({ days: 8 - day.dayOfWeek });
    case 'monthly':
      return day.with({ day: 1 }).add({ months: 1 });
    case 'quarterly':
      return day.with({ day: 1 }).add({ months: 3 - ((day.month - 1) % 3) });
  }
}

/** Locks the schedules of accounts that are about to be changed, before the accounts, as workers do. */
export function lockSchedules(
  transaction: LedgerTransaction,
  accountIds: readonly string[],
  mode: LockMode,
): Promise<void> {
  return lockClaimable(transaction, scheduleRows, accountIds, mode);
}

/** Writes when statements are due. What there is of the rows must be locked. */
export async function writeSchedules(
  { knex, ledgerId }: LedgerTransaction,
  schedules: readonly StatementSchedule[],
): Promise<void> {
  const ended = schedules.filter(({ nextAt }) => nextAt === null).map(({ accountId }) => accountId);
  const due = schedules.filter(({ nextAt }) => nextAt !== null);
  if (ended.length > 0) {
    await knex('statement_schedules')
      .where('ledger_id', ledgerId)
      .whereRaw('account_id = any(?::uuid[])', [ended])
      .delete();
  }
  if (due.length === 0) return;
  await knex('statement_schedules')
    .insert(due.map(({ accountId, nextAt }) => ({ ledger_id: ledgerId, account_id: accountId, next_at: nextAt })))
    .onConflict(['ledger_id', 'account_id'])
    .merge(['next_at']);
}
