import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { RefusalError } from '../errors/refusal.ts';
import { metrics, startTimer } from '../metrics/service-metrics.ts';
import type { Database } from './create-database.ts';
import { fixedStatement } from './fixed-statement.ts';
import { prepared } from './prepared-statement.ts';
import {
  isDatabaseUnavailable,
  isPoolExhausted,
  isStatementRefused,
  isTransientConflict,
  sqlState,
  sqlStateOf,
} from './sqlstate.ts';
import { openPipeline, type StatementPipeline } from './statement-pipeline.ts';
import { hasBegun, withUnawaitedBegin } from './unawaited-begin.ts';

/** Where one ledger's books are read: in a transaction, or outside any. */
export interface LedgerSource {
  readonly ledgerId: string;
  readonly knex: Knex;
}

/**
 * An open database transaction in the books of one ledger. Whatever writes takes one of these; a pool does not fit, so
 * writing outside a transaction does not compile.
 */
export interface LedgerTransaction extends LedgerSource {
  readonly knex: Knex.Transaction;
  /** Sends statements that need not wait for each other's answers. */
  readonly pipeline: StatementPipeline;
  /** Work puts them into force with its first statement (`openLedger`). */
  readonly limits: TransactionLimits;
}

export interface TransactionLimits {
  /** How long a statement waits for a row or a key that another transaction holds. */
  readonly lockTimeoutMs: number;
  /** How long one statement may take, waiting included. */
  readonly statementTimeoutMs: number;
  /** How long the transaction may sit between statements: a process that froze must not keep its locks. */
  readonly idleTimeoutMs: number;
}

/**
 * Thrown by work that lost a race for a unique key after it had looked: what it decided is void, and running the whole
 * transaction again sees the winner's row.
 */
export class LostRaceError extends Error {
  override name = 'LostRaceError';
}

const maxAttempts = 6;
const firstPauseMs = 15;
const maxPauseMs = 1_000;
/**
 * A caller that has waited this long gets an answer instead of another try: a server that answers nothing takes its
 * time for each.
 */
const maxRunMs = 15_000;

/**
 * Runs `work` in one Knex transaction (READ COMMITTED) and commits it, when everything that `work` sent has succeeded.
 *
 * Runs it again, at most 6 times with growing, jittered pauses (about two seconds in all) and not after 15 seconds,
 * after a serialization failure (40001), a deadlock (40P01), a lost race for a unique key, or a lost session. An error
 * at COMMIT leaves the outcome unknown; running again settles that too, **because work must begin by claiming what it
 * is about**. The claim of an idempotency key waits for the earlier attempt if it is still committing, and finds its
 * outcome if it did; a worker's claim passes over rows of an attempt that is committing, and over those that are not
 * due any more.
 *
 * Throws RefusalError: `ledger_busy` when time or sessions ran out, `database_unavailable` when the database stays
 * away, `outcome_unknown` when it stays away after a COMMIT was sent. Other errors pass through after the rollback.
 *
 * @example
 * const limits = { lockTimeoutMs: 5_000, statementTimeoutMs: 7_000, idleTimeoutMs: 10_000 };
 * const ids = await runLedgerTransaction(database, ledgerId, limits, (transaction) => claimWork(transaction, queue));
 */
export async function runLedgerTransaction<T>(
  database: Database,
  ledgerId: string,
  limits: TransactionLimits,
  work: (transaction: LedgerTransaction) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let mayHaveCommitted = false;
  for (let attempt = 1; ; attempt++) {
    let commitSent = false;
    let stopTimer = () => {};
    let pipeline: StatementPipeline | undefined;
    try {
      const result = await withUnawaitedBegin(database, limits.statementTimeoutMs, async (connection) => {
        const run = async (knex: Knex.Transaction) => {
          pipeline = await openPipeline(knex);
          const worked = await work({ ledgerId, knex, pipeline, limits }).catch(async (error) => {
            // It says only that another failed before it, one that nobody has waited for yet.
            if (sqlStateOf(error) === sqlState.inFailedTransaction) await pipeline?.answered();
            throw error;
          });
          commitSent = true;
          stopTimer = startTimer(metrics.commit);
          return worked;
        };
        const worked = await database.transaction(run, { connection });
        // PostgreSQL rolls back when it is told to commit after a statement that failed.
        await pipeline?.answered();
        return worked;
      });
      stopTimer();
      return result;
    } catch (error) {
      const away = isDatabaseUnavailable(error);
      mayHaveCommitted ||= commitSent && away && !pipeline?.isRefused() && !isCommitRefused(error);
      const again = away || isTransientConflict(error) || error instanceof LostRaceError;
      const isLast = attempt === maxAttempts || (attempt > 1 && performance.now() - startedAt > maxRunMs);
      if (!again || isLast) throw asRefusal(error, mayHaveCommitted);
      metrics.retries.inc({ sqlstate: away ? 'connection' : (sqlStateOf(error) ?? 'lost_race') });
      // The winner of the race has committed already; there is nothing to wait for.
      if (!(error instanceof LostRaceError)) await sleep(pauseMs(attempt));
    }
  }
}

/**
 * What puts the limits into force as `SET LOCAL` would: for this transaction only, so that it works behind a
 * transaction pooler. With the database's clock, `now`.
 */
export const limitSettings = `
  clock_timestamp() as now, set_config('lock_timeout', ?, true), set_config('statement_timeout', ?, true),
  set_config('idle_in_transaction_session_timeout', ?, true)`;

/** What is bound to `limitSettings`. */
export function limitBindings(limits: TransactionLimits): string[] {
  return [`${limits.lockTimeoutMs}ms`, `${limits.statementTimeoutMs}ms`, `${limits.idleTimeoutMs}ms`];
}

const opened = fixedStatement(`select ${limitSettings} from ledgers where id = ? and ${hasBegun}`);

/**
 * The first statement of a transaction: puts its limits into force on the node that has the ledger, and answers that
 * node's clock. It reads the ledger's own row, because a node is asked through the rows that it has. Throws an Error
 * where BEGIN failed, so that nothing is done outside a transaction.
 */
export async function openLedger({ knex, ledgerId, pipeline, limits }: LedgerTransaction): Promise<Date> {
  const opening = opened([...limitBindings(limits), ledgerId]);
  const { rows } = await pipeline.send({ ...opening, ...prepared(knex, 'open-ledger') });
  if (rows.length === 0) throw new Error('the transaction has not begun, or there is no such ledger');
  return rows[0].now;
}

/** The clock of the node that has this ledger; undefined when there is no such ledger. */
export async function readLedgerClock({ knex, ledgerId }: LedgerSource): Promise<Date | undefined> {
  const [row] = await knex('ledgers').where('id', ledgerId).select<Array<{ now: Date }>>(clock(knex));
  return row?.now;
}

const clock = (knex: Knex) => knex.raw('clock_timestamp() as now');

/** The server says itself that it has rolled back; what it says before it hangs up (FATAL) leaves that open. */
function isCommitRefused(error: unknown): boolean {
  return isStatementRefused(error) && (error as { severity?: string }).severity === 'ERROR';
}

/** Full jitter: callers that collided once do not come back together. */
function pauseMs(attempt: number): number {
  return Math.random() * Math.min(maxPauseMs, firstPauseMs * 4 ** attempt);
}

function asRefusal(error: unknown, mayHaveCommitted: boolean): unknown {
  if (mayHaveCommitted) {
    return new RefusalError(
      'outcome_unknown',
      'The connection to the database broke while the request was committing. ' +
        'Send it again with the same Idempotency-Key.',
      { retryAfterSeconds: 1 },
      { cause: error },
    );
  }
  return databaseRefusal(error) ?? error;
}

/**
 * What a failed read or write means to the caller, undefined when the error is not the database's being busy or away.
 */
export function databaseRefusal(error: unknown): RefusalError | undefined {
  const cause = { cause: error };
  if (isDatabaseUnavailable(error)) {
    const detail = 'The database does not serve requests at the moment. Nothing was changed; try again.';
    return new RefusalError('database_unavailable', detail, { retryAfterSeconds: 1 }, cause);
  }
  const outOfTime = sqlStateOf(error) === sqlState.queryCanceled || sqlStateOf(error) === sqlState.lockNotAvailable;
  if (outOfTime || isPoolExhausted(error) || isTransientConflict(error) || error instanceof LostRaceError) {
    const detail = 'The request did not get its turn in time. Nothing was changed; try again.';
    return new RefusalError('ledger_busy', detail, { retryAfterSeconds: 1 }, cause);
  }
  return undefined;
}
