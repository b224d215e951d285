import type { Knex } from 'knex';
import { type LedgerTransaction, readLedgerClock } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { RefusalError } from '../errors/refusal.ts';
import { metrics, startTimer } from '../metrics/service-metrics.ts';
import { Money } from '../money/money.ts';
import type { AccountStatus, LockedAccount, Ownership } from './locked-account.ts';
import { machineClock, trustClock } from './trusted-clock.ts';

/**
 * `lock` waits for rows that another transaction holds, up to the transaction's lock timeout. `noWait` refuses at once.
 * `read` takes no lock at all, for answers that change nothing.
 */
export type LockMode = 'lock' | 'noWait' | 'read';

export interface LockedAccounts {
  readonly accounts: Map<string, LockedAccount>;
  /**
   * The database's clock when the last lock was had, undefined when there was none to be had. Booking times come from
   * it, so that several machines agree.
   */
  readonly now: Date | undefined;
}

const columns = [
  'id',
  'currency',
  'ownership',
  'status',
  'balance',
  'held',
  'overdraft_limit',
  'version',
  'revision',
  'event_count',
  'last_event_stamp',
  'debits_stopped',
  'credits_stopped',
  'next_expiry',
  'last_booked_at',
  'closed_at',
] as const;

interface AccountRow {
  id: string;
  currency: string;
  ownership: Ownership;
  status: AccountStatus;
  balance: string | null;
  held: string | null;
  overdraft_limit: string | null;
  version: number | null;
  revision: number;
  event_count: number;
  last_event_stamp: number;
  debits_stopped: boolean;
  credits_stopped: boolean;
  next_expiry: Date | null;
  last_booked_at: Date | null;
  closed_at: Date | null;
  /** Seconds: a thousand of these are cheaper to read than a thousand timestamps. */
  now: number;
}

/**
 * Locks the rows of these accounts, the one way in which anything is ever locked in the books. Accounts that don't
 * exist are absent from the answer.
 *
 * One statement takes all the locks, in ascending order of the ids (`ORDER BY` sorts below the row locking step,
 * PostgreSQL manual, SELECT, "The Locking Clause"; an id never changes). Since every session takes locks in the same
 * order, no two can wait for each other. What a row says is read after its lock was had: where another transaction
 * changed it meanwhile, PostgreSQL reads the new row (manual, chapter 13.2.1). The clock is read for each row as it
 * comes out of the locking query: next to the columns it would be read before the wait, unless the row has changed.
 *
 * Throws RefusalError: `account_locked` when `noWait` met a lock, `ledger_busy` when the lock timeout ran out,
 * `clock_unreliable` when the database's clock can't be believed.
 *
 * @example
 * const { accounts, now } = await lockAccounts(transaction, [fromAccountId, toAccountId], 'lock');
 * const from = accounts.get(fromAccountId); // undefined: there is no such account in this ledger
 */
export async function lockAccounts(
  transaction: LedgerTransaction,
  accountIds: readonly string[],
  mode: LockMode,
): Promise<LockedAccounts> {
  const { knex, ledgerId, pipeline } = transaction;
  if (accountIds.length === 0) return { accounts: new Map(), now: undefined };
  const text = lockingTexts.get(mode) ?? compileLocking(knex, mode);
  const query = { text, values: [ledgerId, `{${accountIds.join()}}`], ...prepared(knex, `lock-accounts ${mode}`) };

  let rows: AccountRow[];
  const askedAt = machineClock.now();
  const stopTimer = startTimer(metrics.lockWait);
  try {
    rows = (await pipeline.send(query)).rows;
  } catch (error) {
    if (sqlStateOf(error) === sqlState.lockNotAvailable) throw lockRefusal(mode, error);
    throw error;
  } finally {
    stopTimer();
  }
  const lockedAt = rows.reduce((latest, row) => Math.max(latest, row.now), 0);
  return {
    accounts: new Map(rows.map((row) => [row.id, asLockedAccount(row)])),
    now: rows.length === 0 ? undefined : trustClock(new Date(lockedAt * 1000), askedAt),
  };
}

/** Of each mode, as compiled when it was first needed. */
const lockingTexts = new Map<LockMode, string>();

/** The statement that locks, for the ledger and the ids that are bound to it. */
function compileLocking(knex: Knex, mode: LockMode): string {
  const locking = knex('accounts')
    .select(...columns)
    .where('ledger_id', '')
    .whereRaw('id = any(?::uuid[])', '')
    .orderBy('id');
  if (mode !== 'read') locking.forUpdate();
  if (mode === 'noWait') locking.noWait();
  const query = knex
    .withMaterialized('locked', locking)
    .select('locked.*', knex.raw('extract(epoch from clock_timestamp())::float8 as now'))
    .from('locked');
  const { sql } = query.toSQL().toNative();
  lockingTexts.set(mode, sql);
  return sql;
}

/**
 * Those of these accounts whose rows another session has locked at this moment. Waits for nothing, and releases at once
 * the rows that it found free.
 */
export async function findLockedAccounts(
  database: Knex,
  ledgerId: string,
  accountIds: readonly string[],
): Promise<string[]> {
  const wanted = () =>
    database('accounts')
      .where('ledger_id', ledgerId)
      .whereRaw('id = any(?::uuid[])', [[...accountIds]]);
  return database
    .with('free', wanted().select('id').forUpdate().skipLocked())
    .from(wanted().select('id').as('wanted'))
    .whereNotIn('id', database.select('id').from('free'))
    .pluck('id');
}

/**
 * Waits until nothing is being booked on this account that could carry an earlier time than the clock it answers: all
 * that is booked later is dated after it. A lock that readers share, and that only writers wait for (PostgreSQL manual,
 * chapter 13.3.2); it must end with the transaction at once.
 *
 * Throws RefusalError `ledger_busy` when the lock timeout ran out.
 */
export async function awaitBookings(transaction: LedgerTransaction, accountId: string): Promise<Date> {
  const { knex, ledgerId } = transaction;
  const locking = knex('accounts').select('id').where({ ledger_id: ledgerId, id: accountId }).forKeyShare();
  try {
    await locking;
  } catch (error) {
    throw sqlStateOf(error) === sqlState.lockNotAvailable ? lockRefusal('lock', error) : error;
  }
  return (await readLedgerClock(transaction))!;
}

/**
 * The same for several accounts, without waiting: `clock` stands for all but those that are `busy`, which another
 * session has locked at this moment.
 */
export async function awaitFreeBookings(
  transaction: LedgerTransaction,
  accountIds: readonly string[],
): Promise<{ clock: Date; busy: string[] }> {
  const { knex, ledgerId } = transaction;
  const free = await knex('accounts')
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [[...accountIds]])
    .forKeyShare()
    .skipLocked()
    .pluck('id');
  const clock = (await readLedgerClock(transaction))!;
  return { clock, busy: accountIds.filter((accountId) => !free.includes(accountId)) };
}

/** What a caller receives whose wait for a lock was refused or took too long. */
export function lockRefusal(mode: LockMode, cause: unknown): RefusalError {
  return mode === 'noWait'
    ? new RefusalError(
        'account_locked',
        'Another request is working on the account at this moment. Nothing was changed; try again.',
        { retryAfterSeconds: 1 },
        { cause },
      )
    : new RefusalError(
        'ledger_busy',
        'The account stayed locked for longer than a request may wait. Nothing was changed; try again.',
        { retryAfterSeconds: 1 },
        { cause },
      );
}

const noneTaken: LockedAccount['takenOut'] = new Map();

function asLockedAccount(row: AccountRow): LockedAccount {
  // A clearing account stores none of these (its balance is the sum of its entries) and nothing may be booked by id.
  const stored = (numeric: string | null) => Money.fromDatabase(numeric ?? '0', row.currency);
  return {
    id: row.id,
    currency: row.currency,
    ownership: row.ownership,
    status: row.status,
    balance: stored(row.balance),
    held: stored(row.held),
    overdraftLimit: stored(row.overdraft_limit),
    version: row.version ?? 0,
    revision: row.revision,
    eventCount: row.event_count,
    lastEventStamp: row.last_event_stamp,
    lastBookedAt: row.last_booked_at,
    closedAt: row.closed_at,
    debitsStopped: row.debits_stopped,
    creditsStopped: row.credits_stopped,
    nextExpiry: row.next_expiry,
    takenOut: noneTaken,
  };
}
