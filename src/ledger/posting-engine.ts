import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../database/create-database.ts';
import { type LedgerTransaction, runLedgerTransaction } from '../database/ledger-transaction.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { RefusalError } from '../errors/refusal.ts';
import { metrics } from '../metrics/service-metrics.ts';
import { bookGroup, repeatAnswer } from './book-group.ts';
import { type Group, GroupQueue, type Waiter } from './group-queue.ts';
import { findLockedAccounts, type LockMode } from './lock-accounts.ts';
import type { Answer, Operation } from './operation.ts';
import { traceGroup } from './trace-group.ts';

export interface PostingEngineOptions {
  readonly database: Database;
  /** How long an operation waits for its turn and for locked rows, both together, unless its caller says otherwise. */
  readonly lockTimeoutMs: number;
  /**
   * How many transactions that may wait for locks run at once. Fewer than the pool has sessions, so that reads go on.
   */
  readonly lanes: number;
  /** How many operations may wait for their turn; one more is refused with `ledger_busy`. */
  readonly maxQueued: number;
  /** Told after each commit, to wake up those who wait for what was written. */
  readonly onCommitted: (ledgerId: string) => void;
  /** Whether outcomes are stored whole, for processes of a version that reads none from the journal. */
  readonly keepsWhole?: () => boolean;
}

/** The one way into the books: everything that changes them is submitted here as an operation. */
export interface PostingEngine {
  /**
   * Carries out an operation in a committed transaction and answers its outcome, or that of an earlier request with the
   * same idempotency key. Operations that wait at the same time share a transaction, each with an outcome of its own.
   *
   * Throws RefusalError for what is not an outcome: `account_locked`, `idempotency_in_progress`, `ledger_busy`,
   * `database_unavailable`, `outcome_unknown`. Throws AbandonedError when the caller was gone before the turn came.
   *
   * @example
   * const { outcome, replayed } = await engine.submit(createOperation(closeAccount, { accountId }, options));
   * if ('refusal' in outcome) return outcome.refusal.code;
   */
  submit<Result>(operation: Operation<Result>): Promise<Answer<Result>>;
}

/** Nobody waited for the answer any more when the operation's turn came; nothing was booked. */
export class AbandonedError extends Error {
  override name = 'AbandonedError';
}

/** A lock timeout of zero would mean "for ever" to PostgreSQL; this is as good as not waiting for a key in progress. */
const minLockTimeoutMs = 25;
/**
 * What a statement may take beyond the time it may wait for a lock. The lock timeout holds for each row anew; this ends
 * a wait for many rows one after another.
 */
const statementSlackMs = 2_000;
/** A healthy process never pauses this long inside a transaction. */
const idleTimeoutMs = 10_000;
/** More movements than this make a group's statements slower in proportion, and those who wait for it wait longer. */
const maxGroupSize = 500;
/** A group that is still not done after this is waiting for another session's locks, and lets others use its lane. */
const heldUpAfterMs = 100;
/** How long a group waits for locks, so that one account that stays locked does not hold up all who came with it. */
const groupLockTimeoutMs = 1_000;
/** How many answers are sent in one go before the database's next answer is looked at. */
const answersATurn = 8;

interface Caller extends Waiter {
  /** When its patience ends, by `performance.now()`. */
  readonly deadline: number;
  readonly arrivedAt: number;
  readonly resolve: (answer: Answer<unknown>) => void;
  readonly reject: (error: unknown) => void;
  timeout: NodeJS.Timeout | undefined;
}

export function createPostingEngine(options: PostingEngineOptions): PostingEngine {
  return new GroupedPosting(options);
}

/** Carries operations out in groups, as many at once as there are lanes. */
class GroupedPosting implements PostingEngine {
  readonly #options: PostingEngineOptions;
  readonly #queue: GroupQueue<Caller>;
  #startScheduled = false;

  constructor(options: PostingEngineOptions) {
    this.#options = options;
    this.#queue = new GroupQueue<Caller>({ lanes: options.lanes, maxGroupSize });
  }

  async submit<Result>(operation: Operation<Result>): Promise<Answer<Result>> {
    const patienceMs = operation.lockTimeoutMs ?? this.#options.lockTimeoutMs;
    // A caller that asked not to wait never holds a group up, and is not held up by one.
    if (patienceMs === 0 || operation.dryRun) {
      const [answer] = await this.#book([operation], patienceMs);
      return answer as Answer<Result>;
    }
    if (this.#queue.isFull(this.#options.maxQueued)) throw busy('Too many requests are waiting already.');
    return new Promise<Answer<unknown>>((resolve, reject) => {
      const arrivedAt = performance.now();
      const deadline = arrivedAt + patienceMs;
      const caller: Caller = { operation, alone: false, arrivedAt, deadline, resolve, reject, timeout: undefined };
      this.#queue.add(caller);
      this.#limitWaiting(caller);
      this.#scheduleStart();
    }) as Promise<Answer<Result>>;
  }

  #limitWaiting(caller: Caller): void {
    const giveUp = () => {
      this.#queue.remove(caller);
      caller.reject(busy('The request waited for its turn for too long.'));
    };
    caller.timeout = setTimeout(giveUp, caller.deadline - performance.now());
  }

  /**
   * At the end of this turn of the event loop, so that requests that arrived in one read of the sockets go together.
   */
  #scheduleStart(): void {
    if (this.#startScheduled) return;
    this.#startScheduled = true;
    setImmediate(() => {
      this.#startScheduled = false;
      this.#startGroups();
    });
  }

  #startGroups(): void {
    const { groups, abandoned } = this.#queue.takeGroups();
    for (const caller of abandoned) {
      clearTimeout(caller.timeout);
      caller.reject(new AbandonedError('the caller has hung up'));
    }
    metrics.queueDepth.set(this.#queue.depth);
    for (const group of groups) void this.#carryOut(group);
  }

  async #carryOut(group: Group<Caller>): Promise<void> {
    const startedAt = performance.now();
    for (const caller of group.waiters) {
      clearTimeout(caller.timeout);
      metrics.queueWait.observe((startedAt - caller.arrivedAt) / 1000);
    }
    metrics.groupSize.observe(group.size);
    const heldUp = setTimeout(() => {
      this.#queue.heldUp(group);
      this.#startGroups();
    }, heldUpAfterMs);
    // Before the answers are sent, so that the database works on the next group meanwhile.
    const leave = () => {
      clearTimeout(heldUp);
      this.#queue.leave(group);
      this.#startGroups();
    };
    const operations = group.waiters.map((caller) => caller.operation);
    try {
      const answers = await this.#book(operations, patienceOf(group.waiters));
      this.#queue.clearStuck(group.accountIds);
      leave();
      await sendAnswers(group.waiters, answers);
    } catch (error) {
      await this.#settleFailure(group, error);
      leave();
    }
  }

  /** One whole transaction, tried again where that can help. Answers in the order of the operations. */
  #book(operations: readonly Operation<unknown>[], patienceMs: number): Promise<Answer<unknown>[]> {
    const [first] = operations as [Operation<unknown>];
    const mode = lockMode(first);
    const lockTimeoutMs = Math.max(minLockTimeoutMs, Math.round(patienceMs));
    const limits = { lockTimeoutMs, statementTimeoutMs: lockTimeoutMs + statementSlackMs, idleTimeoutMs };
    const keepsWhole = this.#options.keepsWhole?.() ?? false;
    const answers = traceGroup(operations, () =>
      runLedgerTransaction(this.#options.database, first.ledgerId, limits, (transaction) =>
        bookGroup(transaction, operations, mode, { keepsWhole }),
      ),
    );
    answers.then(
      () => this.#options.onCommitted(first.ledgerId),
      () => {},
    );
    return answers;
  }

  /**
   * The transaction failed, and with it all of the group. One that was alone gets the error. Of several, each gets
   * another try: at once and together where only some of the accounts were locked, otherwise one by one, so that what
   * is wrong with one harms no other.
   */
  async #settleFailure(group: Group<Caller>, error: unknown): Promise<void> {
    const { waiters } = group;
    const stuck = waitedTooLong(error) ? await this.#findStuck(group) : [];
    this.#queue.markStuck(stuck);
    if (waiters.length === 1 || isSameForAll(error)) {
      const [first] = waiters as [Caller];
      const known = waitedTooLong(error) ? await this.#findAnswer(first.operation) : undefined;
      if (known !== undefined) first.resolve(known);
      for (const caller of waiters) caller.reject(error);
      return;
    }
    metrics.groupsSplit.inc();
    if (stuck.length === 0) for (const caller of waiters) caller.alone = true;
    const now = performance.now();
    const patient = waiters.filter((caller) => caller.deadline > now);
    for (const caller of waiters) {
      if (caller.deadline <= now) caller.reject(busy('The accounts stayed locked for too long.'));
    }
    this.#queue.putBack(patient);
    for (const caller of patient) this.#limitWaiting(caller);
  }

  /** The answer to an operation whose key was used before: it must not wait for locks that others keep. */
  async #findAnswer(operation: Operation<unknown>): Promise<Answer<unknown> | undefined> {
    const limits = { lockTimeoutMs: minLockTimeoutMs, statementTimeoutMs: statementSlackMs, idleTimeoutMs };
    const look = (transaction: LedgerTransaction) => repeatAnswer(transaction, operation);
    return runLedgerTransaction(this.#options.database, operation.ledgerId, limits, look).catch(() => undefined);
  }

  /** None when the question fails too: then it is asked one by one. */
  #findStuck({ ledgerId, accountIds }: Group<Caller>): Promise<string[]> {
    return findLockedAccounts(this.#options.database, ledgerId, [...accountIds]).catch(() => []);
  }
}

async function sendAnswers(callers: readonly Caller[], answers: readonly Answer<unknown>[]): Promise<void> {
  for (const [index, caller] of callers.entries()) {
    if (index > 0 && index % answersATurn === 0) await nextTurn();
    caller.resolve(answers[index]!);
  }
}

/**
 * How long a transaction may wait for locks: as long as its least patient caller, and never long where it is several.
 */
function patienceOf(callers: readonly Caller[]): number {
  const leastMs = Math.min(...callers.map((caller) => caller.deadline)) - performance.now();
  return callers.length === 1 ? leastMs : Math.min(groupLockTimeoutMs, leastMs);
}

/**
 * Trying one by one would find the same: the database is away, its clock can't be believed, or nobody knows whether the
 * group was committed.
 */
function isSameForAll(error: unknown): boolean {
  if (!(error instanceof RefusalError)) return false;
  return ['database_unavailable', 'clock_unreliable', 'outcome_unknown'].includes(error.refusal.code);
}

function waitedTooLong(error: unknown): boolean {
  return error instanceof RefusalError && sqlStateOf(error.cause) === sqlState.lockNotAvailable;
}

function busy(reason: string): RefusalError {
  return new RefusalError('ledger_busy', `${reason} Nothing was changed; try again.`, { retryAfterSeconds: 1 });
}

function lockMode({ dryRun, lockTimeoutMs }: Operation<unknown>): LockMode {
  if (dryRun) return 'read';
  return lockTimeoutMs === 0 ? 'noWait' : 'lock';
}
