import type { Database } from '../database/create-database.ts';
import { runLedgerTransaction } from '../database/ledger-transaction.ts';
import { RefusalError } from '../errors/refusal.ts';
import { bookGroup } from './book-group.ts';
import type { LockMode } from './lock-accounts.ts';
import type { Answer, Operation } from './operation.ts';

export interface PostingEngineOptions {
  readonly database: Database;
  /** How long an operation waits for its turn and for locked rows, both together, unless its caller says otherwise. */
  readonly lockTimeoutMs: number;
  /** How many transactions that may wait for locks run at once. Fewer than the pool has sessions, so that reads go on. */
  readonly lanes: number;
  /** How many operations may wait for a lane; one more is refused with `ledger_busy`. */
  readonly queueLimit: number;
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

/**
 * How many lanes one account can take up. Two keep the row lock handed on without a pause; more would let the callers of
 * one account that stays locked hold up everybody else's.
 */
const lanesAnAccount = 2;

interface Waiter {
  readonly accountIds: readonly string[];
  readonly go: () => void;
}

export function createPostingEngine(options: PostingEngineOptions): PostingEngine {
  /** Those who wait for a lane, longest first. */
  const waiting = new Set<Waiter>();
  const running = new Set<Operation<unknown>>();

  async function submit<Result>(operation: Operation<Result>): Promise<Answer<Result>> {
    const patienceMs = operation.lockTimeoutMs ?? options.lockTimeoutMs;
    // Whoever asked not to wait never holds a lane up, and is not held up by those that do.
    if (patienceMs === 0 || operation.dryRun) return run(operation, patienceMs);
    const arrivedAt = performance.now();
    await takeLane(operation, patienceMs);
    try {
      return await run(operation, patienceMs - (performance.now() - arrivedAt));
    } finally {
      running.delete(operation);
      fillLanes();
    }
  }

  async function takeLane(operation: Operation<unknown>, patienceMs: number): Promise<void> {
    if (waiting.size >= options.queueLimit) throw busy('Too many requests are waiting already.');
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        accountIds: operation.accountIds,
        go: () => {
          clearTimeout(timeout);
          waiting.delete(waiter);
          running.add(operation);
          resolve();
        },
      };
      const timeout = setTimeout(() => {
        waiting.delete(waiter);
        reject(busy('The request waited for its turn for too long.'));
      }, patienceMs);
      waiting.add(waiter);
      fillLanes();
    });
  }

  /** Lets the longest waiting go whose accounts have lanes left. Who can't go yet keeps a place there before others. */
  function fillLanes(): void {
    if (waiting.size === 0 || running.size >= options.lanes) return;
    const taken = new Map<string, number>();
    const take = (accountId: string) => taken.set(accountId, (taken.get(accountId) ?? 0) + 1);
    for (const { accountIds } of running) accountIds.forEach(take);
    for (const { accountIds, go } of waiting) {
      if (running.size >= options.lanes) return;
      const free = accountIds.every((accountId) => (taken.get(accountId) ?? 0) < lanesAnAccount);
      accountIds.forEach(take);
      if (free) go();
    }
  }

  async function run<Result>(operation: Operation<Result>, patienceMs: number): Promise<Answer<Result>> {
    const mode = lockMode(operation);
    const lockTimeoutMs = Math.max(shortestLockTimeoutMs, Math.round(patienceMs));
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
