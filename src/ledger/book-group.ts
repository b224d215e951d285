import { type LedgerTransaction, openLedger } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { expireHolds } from './expire-holds.ts';
import { type ClaimedKeys, claimIdempotencyKeys, findKeptAnswers, releaseIdempotencyKeys } from './idempotency-keys.ts';
import { type LockedAccounts as Locked, type LockMode, lockAccounts } from './lock-accounts.ts';
import { entityTag, type LockedAccount } from './locked-account.ts';
import {
  type Answer,
  type Decision,
  type DecisionState,
  type LockedAccounts,
  type Operation,
  type OperationKind,
  type Outcome,
  usesKeyUp,
} from './operation.ts';
import { machineClock, trustClock } from './trusted-clock.ts';
import { unpackAnswers } from './unpack-answers.ts';
import { JournalWriter } from './write-journal.ts';

type AnyKind = OperationKind<unknown, unknown, unknown, unknown>;

/** Terms that hardly any group has. */
export interface GroupTerms {
  /** Reads of a booking time that is not the database's clock. */
  readonly bookingClock?: (databaseNow: Date) => Date;
  /** Outcomes are stored whole, for processes of a version that reads none from the journal. */
  readonly keepsWhole?: boolean;
}

/**
 * Carries out operations of one ledger, in their order, inside one open database transaction: claim the idempotency
 * keys, lock the accounts, load, decide each, write everything. The number of round trips does not depend on the number
 * of operations. A refused operation changes nothing and leaves the others untouched.
 *
 * All operations of a group share `dryRun` and the lock mode, and no two have the same idempotency key. A dry run takes
 * no locks and writes nothing.
 *
 * Returns the answers in the order of the operations, before the last statement has been answered. The caller commits,
 * and waits for the transaction's pipeline, before it passes them on.
 */
export async function bookGroup(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
  mode: LockMode,
  { bookingClock = (databaseNow) => databaseNow, keepsWhole = false }: GroupTerms = {},
): Promise<Answer<unknown>[]> {
  const askedAt = machineClock.now();
  const claims = operations.flatMap((operation) => [operation, ...operation.itemKeys]);
  const claiming = mode === 'read' ? beginReading(transaction) : claimIdempotencyKeys(transaction, claims);
  // One that waits for no lock waits for its key first: if that was used before, the answer needs no lock.
  const wanted = mode === 'noWait' ? notAmong((await claiming).earlier, operations) : operations;
  const locking = lockRows(transaction, wanted, mode);
  const [{ earlier: kept, now }, locked] = await inOrder(claiming, locking);
  const earlier = await unpackAnswers(transaction, operations, kept);

  const fresh = notAmong(earlier, operations);
  const answers = new Map(earlier);
  const used = new Set<string>();
  const stored = new Map<string, object>();
  const use = (key: string, outcome: Outcome<unknown>, kind: AnyKind) => {
    used.add(key);
    const packed = keepsWhole || kind.keptForm === undefined ? outcome : kind.keptForm.pack(outcome);
    if (packed !== null) stored.set(key, packed as object);
  };
  if (fresh.length > 0) {
    const clock = bookingClock(locked.now ?? trustClock(now!, askedAt));
    const decided = await decideAll(transaction, fresh, {
      accounts: locked.accounts,
      earlierItems: earlier,
      clock,
      mode,
    });
    for (const [index, { idempotencyKey, kind }] of fresh.entries()) {
      const outcome = decided.outcomes[index]!;
      answers.set(idempotencyKey, { outcome, replayed: false });
      if (usesKeyUp(outcome, idempotencyKey)) use(idempotencyKey, outcome, kind);
    }
    for (const [key, { outcome, kind }] of decided.itemOutcomes) if (usesKeyUp(outcome)) use(key, outcome, kind);
    decided.journal?.finish(stored);
  }
  if (mode !== 'read') {
    const keys = claims.map((claim) => claim.idempotencyKey);
    releaseIdempotencyKeys(
      transaction,
      keys.filter((key) => !earlier.has(key) && !used.has(key)),
    );
  }
  return operations.map(({ idempotencyKey }) => answers.get(idempotencyKey)!);
}

/** The answer to an operation whose key was used before, without a lock; undefined where it was not. */
export async function repeatAnswer(
  transaction: LedgerTransaction,
  operation: Operation<unknown>,
): Promise<Answer<unknown> | undefined> {
  await openLedger(transaction);
  const kept = await findKeptAnswers(transaction, [operation]);
  return (await unpackAnswers(transaction, [operation], kept)).get(operation.idempotencyKey);
}

/**
 * Carries out what a worker has claimed, in the same way, inside the transaction of the claim. There are no idempotency
 * keys: the claim is what makes it happen once. Does not wait for the answer to the last statement.
 *
 * Throws an Error when something is refused. What workers do always succeeds, or it is no work for them.
 */
export async function bookWork<Command, Loaded, Effect>(
  transaction: LedgerTransaction,
  kind: OperationKind<Command, Loaded, Effect, null>,
  commands: readonly Command[],
): Promise<void> {
  const tasks = commands.map((command) => ({ kind: kind as AnyKind, command, accountIds: kind.accountIds(command) }));
  const locked = await lockRows(transaction, tasks, 'lock');
  if (locked.now === undefined) return;
  const { accounts, now: clock } = locked;
  const decided = await decideAll(transaction, tasks, { accounts, earlierItems: new Map(), clock, mode: 'lock' });
  for (const outcome of decided.outcomes) {
    if ('refusal' in outcome) throw new Error(`work was refused: ${outcome.refusal.detail}`);
  }
  decided.journal?.finish();
}

/** What is to be decided: an operation, or a part of a worker's work. */
type Task = Pick<Operation<unknown>, 'kind' | 'command' | 'accountIds' | 'expectedTag' | 'span'>;

interface Ground {
  /** As they were locked. */
  readonly accounts: Locked['accounts'];
  readonly earlierItems: ReadonlyMap<string, Answer<unknown>>;
  readonly clock: Date;
  readonly mode: LockMode;
}

/**
 * Loads what the tasks look at, decides each on what those before it left, and writes what they change, unless `mode`
 * is `read`. Answers the outcomes in the order of the tasks, those of their items by key, and the journal, which the
 * caller finishes.
 */
async function decideAll(transaction: LedgerTransaction, tasks: readonly Task[], ground: Ground) {
  const { earlierItems, clock: now, mode } = ground;
  const { accounts, changes } = await expireHolds(transaction, ground.accounts, now, mode);
  const loaded = await loadByKind(transaction, tasks, accounts);
  const journal = mode === 'read' ? undefined : new JournalWriter(transaction, ground.accounts, now);
  journal?.add(changes);
  const state = { accounts, earlierItems, now, dryRun: mode === 'read' };
  const { outcomes, itemOutcomes, effects } = decideInTurn(tasks, state, loaded, journal);
  if (mode !== 'read') await writeByKind(transaction, effects);
  return { outcomes, itemOutcomes, journal };
}

/** Locks what the tasks work on; the statement for the accounts is on its way when this returns, nearly always. */
async function lockRows(transaction: LedgerTransaction, tasks: readonly Task[], mode: LockMode): Promise<Locked> {
  const claimable = new Set(tasks.map(({ kind }) => kind).filter((kind) => kind.lockClaimable !== undefined));
  for (const kind of mode === 'read' ? [] : claimable)
    await kind.lockClaimable?.(transaction, commandsOf(kind, tasks), mode);
  const accountIds = [...new Set(tasks.flatMap((task) => task.accountIds))].sort();
  return lockAccounts(transaction, accountIds, mode);
}

/** Both were sent together. When the first fails, the second fails only because of that. */
async function inOrder<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  second.catch(() => {});
  return [await first, await second];
}

function notAmong(
  earlier: ReadonlyMap<string, unknown>,
  operations: readonly Operation<unknown>[],
): Operation<unknown>[] {
  return operations.filter((operation) => !earlier.has(operation.idempotencyKey));
}

/** A dry run claims no keys, so nothing that was claimed before is its answer. */
async function beginReading(transaction: LedgerTransaction): Promise<ClaimedKeys> {
  return { earlier: new Map(), now: await openLedger(transaction) };
}

/** Decides each task on what those before it left, and adds to the journal what it changes. */
function decideInTurn(
  tasks: readonly Task[],
  state: Omit<DecisionState<unknown>, 'loaded'> & { accounts: Map<string, LockedAccount> },
  loaded: ReadonlyMap<AnyKind, unknown>,
  journal: JournalWriter | undefined,
) {
  const { accounts, earlierItems, now, dryRun } = state;
  const outcomes: Outcome<unknown>[] = [];
  const itemOutcomes = new Map<string, { outcome: Outcome<unknown>; kind: AnyKind }>();
  const effects = new Map<AnyKind, unknown[]>();
  for (const task of tasks) {
    const { kind, command } = task;
    const decision: Decision<unknown, unknown> =
      refuseChanged(task, accounts) ??
      kind.decide(command, { accounts, loaded: loaded.get(kind), earlierItems, now, dryRun });
    if ('refusal' in decision) {
      outcomes.push({ refusal: decision.refusal });
      continue;
    }
    for (const [key, outcome] of decision.itemOutcomes ?? []) itemOutcomes.set(key, { outcome, kind });
    for (const account of decision.changedAccounts ?? []) accounts.set(account.id, account);
    journal?.add(decision, task.span?.traceparent);
    outcomes.push(outcomeOf(decision.result, accounts.get(task.accountIds[0] ?? '')));
    if (decision.effect !== undefined) effects.set(kind, [...(effects.get(kind) ?? []), decision.effect]);
  }
  return { outcomes, itemOutcomes, effects };
}

/** The caller acted on what it read of the account before; that must still be so (RFC 9110, section 13.1.1). */
function refuseChanged({ accountIds, expectedTag }: Task, accounts: LockedAccounts): { refusal: Refusal } | undefined {
  const account = accounts.get(accountIds[0] ?? '');
  if (expectedTag === undefined || account === undefined || entityTag(account) === expectedTag) return undefined;
  const detail = `Account ${account.id} is at ${entityTag(account)}, the request expects ${expectedTag}.`;
  return {
    refusal: refusal('version_mismatch', detail, {
      ...{ accountId: account.id, version: account.version, revision: account.revision },
    }),
  };
}

function outcomeOf(result: unknown, account: LockedAccount | undefined): Outcome<unknown> {
  return account === undefined ? { result } : { result, etag: entityTag(account) };
}

async function loadByKind(
  transaction: LedgerTransaction,
  tasks: readonly Task[],
  accounts: LockedAccounts,
): Promise<Map<AnyKind, unknown>> {
  const loaded = new Map<AnyKind, unknown>();
  for (const kind of new Set(tasks.map((task) => task.kind))) {
    loaded.set(kind, await kind.load(transaction, commandsOf(kind, tasks), accounts));
  }
  return loaded;
}

function commandsOf(kind: AnyKind, tasks: readonly Task[]): unknown[] {
  return tasks.filter((task) => task.kind === kind).map((task) => task.command);
}

async function writeByKind(
  transaction: LedgerTransaction,
  effects: ReadonlyMap<AnyKind, readonly unknown[]>,
): Promise<void> {
  for (const [kind, ofKind] of effects) await kind.write?.(transaction, ofKind);
}
