import type { Database } from '../database/create-database.ts';
import { runLedgerTransaction } from '../database/ledger-transaction.ts';
import { RefusalError } from '../errors/refusal.ts';
import { bookGroup } from './book-group.ts';
import type { LockMode } from './lock-accounts.ts';
import type { Answer, Operation } from './operation.ts';

export interface PostingEngineOptions {
  readonly database: Database;
  /** How long an operation waits for locked rows unless its caller says otherwise. */
  readonly lockTimeoutMs: number;
  /** How many transactions that may wait for locks run at once. Fewer than the pool has sessions, so that reads go on. */
  readonly lanes: number;
  /** How many operations may wait for a lane, and how long; beyond that they are refused with `ledger_busy`. */
  readonly queueLimit: number;
  readonly queueTimeoutMs: number;
}

/** The one way into the books: everything that changes them is submitted here as an operation. */
export interface PostingEngine {
  /**
   * Carries out an operation in a committed transaction and answers its outcome, or that of an earlier request with the
   * same idempotency key. Throws RefusalError for what is not an outcome: `account_locked`, `idempotency_in_progress`,
   * `ledger_busy`, `database_unavailable`, `outcome_unknown`.
   */
  submit<Result>(operation: Operation<Result>): Promise<Answer<Result>>;
}

/** A lock timeout of zero would mean "for ever" to PostgreSQL; this is as good as not waiting for a key in progress. */
const shortestLockTimeoutMs = 25;
/** What a statement may take beyond the time it waits for a lock. */
const statementSlackMs = 10_000;
/** A healthy process never pauses this long inside a transaction. */
const idleTimeoutMs = 10_000;

export function createPostingEngine(options: PostingEngineOptions): PostingEngine {
  /** Those who wait for a lane, longest first. Calling one gives it the lane. */
  const waiting = new Set<() => void>();
  let running = 0;

  async function submit<Result>(operation: Operation<Result>): Promise<Answer<Result>> {
    // Whoever asked not to wait never holds a lane up, and is not held up by those that do.
    if (operation.lockTimeoutMs === 0 || operation.dryRun) return run(operation);
    await takeLane();
    try {
      return await run(operation);
    } finally {
      leaveLane();
    }
  }

  async function takeLane(): Promise<void> {
    if (running < options.lanes) {
      running++;
      return;
    }
    if (waiting.size >= options.queueLimit) throw busy('Too many requests are waiting already.');
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        clearTimeout(timeout);
        resolve();
      };
      const timeout = setTimeout(() => {
        waiting.delete(go);
        reject(busy('The request waited for its turn for too long.'));
      }, options.queueTimeoutMs);
      waiting.add(go);
    });
  }

  /** Hands the lane to whoever waits longest. */
  function leaveLane(): void {
    const [next] = waiting;
    if (next === undefined) {
      running--;
      return;
    }
    waiting.delete(next);
    next();
  }

  async function run<Result>(operation: Operation<Result>): Promise<Answer<Result>> {
    const mode = lockMode(operation);
    const lockTimeoutMs = Math.max(shortestLockTimeoutMs, operation.lockTimeoutMs ?? options.lockTimeoutMs);
    const limits = { lockTimeoutMs, statementTimeoutMs: lockTimeoutMs + statementSlackMs, idleTimeoutMs };
    const [answer] = await runLedgerTransaction(options.database, operation.ledgerId, limits, (transaction) =>
      bookGroup(transaction, [operation], mode),
    );
    return answer as Answer<Result>;
  }

  return { submit };
}

function busy(reason: string): RefusalError {
  return new RefusalError('ledger_busy', `${reason} Nothing was changed; try again.`, { retryAfterSeconds: 1 });
}

function lockMode(operation: Operation<unknown>): LockMode {
  if (operation.dryRun) return 'read';
  return operation.lockTimeoutMs === 0 ? 'noWait' : 'lock';
}
