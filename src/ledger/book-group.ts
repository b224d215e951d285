import { type LedgerTransaction, limitSettings } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { BookedTransaction } from './booked-transaction.ts';
import { expireHolds } from './expire-holds.ts';
import { type ClaimedKeys, claimIdempotencyKeys, releaseIdempotencyKeys } from './idempotency-keys.ts';
import { bookingEvents, type LedgerEvent, numberEvents } from './ledger-event.ts';
import { type LockedAccounts as Locked, type LockMode, lockAccounts } from './lock-accounts.ts';
import { entityTag, type LockedAccount } from './locked-account.ts';
import type {
  Answer,
  Decision,
  DecisionState,
  LockedAccounts,
  Operation,
  OperationKind,
  Outcome,
} from './operation.ts';
import { writeJournal } from './write-journal.ts';

type AnyKind = OperationKind<unknown, unknown, unknown, unknown>;

/** Reads of a booking time that is not the database's clock: the seeds use it to write history. */
export type BookingClock = (databaseNow: Date) => Date;

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
  bookingClock: BookingClock = (databaseNow) => databaseNow,
): Promise<Answer<unknown>[]> {
  const claims = operations.flatMap((operation) => [operation, ...operation.itemKeys]);
  const claiming = mode === 'read' ? beginReading(transaction) : claimIdempotencyKeys(transaction, claims);
  // An operation by itself waits for its key: if that was used before, the answer needs no lock.
  const wanted = operations.length === 1 ? notAmong((await claiming).earlier, operations) : operations;
  const locking = lockRows(transaction, wanted, mode);
  const [{ earlier, now }, locked] = await inOrder(claiming, locking);

  const fresh = notAmong(earlier, operations);
  const outcomes = new Map<string, Outcome<unknown>>();
  // Bad input that only shows when it is decided, such as a time that has passed, uses no key up.
  const unkept = new Map<string, Outcome<unknown>>();
  if (fresh.length > 0) {
    const clock = bookingClock(locked.now ?? now!);
    const { accounts, changed, events } = await expireHolds(transaction, locked.accounts, clock, mode);
    const loaded = await loadByKind(transaction, fresh, accounts);
    const state = { accounts, changed, earlierItems: earlier, now: clock, dryRun: mode === 'read' };
    const decided = decideInTurn(fresh, state, loaded, { outcomes, unkept });
    if (mode !== 'read') {
      await writeByKind(transaction, decided.effects);
      const numbered = numberEvents([...events, ...decided.events], accounts, changed);
      const { transactions } = decided;
      writeJournal(transaction, {
        transactions,
        accounts: [...changed.values()],
        outcomes,
        events: numbered,
        now: clock,
      });
    }
  }
  if (mode !== 'read') {
    const keys = claims.map((claim) => claim.idempotencyKey);
    releaseIdempotencyKeys(
      transaction,
      keys.filter((key) => !earlier.has(key) && !outcomes.has(key)),
    );
  }
  return operations.map(
    ({ idempotencyKey: key }) =>
      earlier.get(key) ?? { outcome: (outcomes.get(key) ?? unkept.get(key))!, replayed: false },
  );
}

/** Locks what the operations work on; the statement for the accounts is on its way when this returns, nearly always. */
async function lockRows(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
  mode: LockMode,
): Promise<Locked> {
  const claimable = new Set(operations.map(({ kind }) => kind).filter((kind) => kind.lockClaimable !== undefined));
  for (const kind of mode === 'read' ? [] : claimable)
    await kind.lockClaimable?.(transaction, commandsOf(kind, operations), mode);
  const accountIds = [...new Set(operations.flatMap((operation) => operation.accountIds))].sort();
  return lockAccounts(transaction, accountIds, mode);
}

/** Both were sent together. When the first fails, the second fails only because of that. */
async function inOrder<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  second.catch(() => {});
  return [await first, await second];
}

function notAmong(earlier: ClaimedKeys['earlier'], operations: readonly Operation<unknown>[]): Operation<unknown>[] {
  return operations.filter((operation) => !earlier.has(operation.idempotencyKey));
}

/** A dry run claims no keys, so nothing that was claimed before is its answer. */
async function beginReading({ knex, pipeline, limits }: LedgerTransaction): Promise<ClaimedKeys> {
  const { sql, bindings } = limitSettings(limits);
  const { rows } = await pipeline.send(knex.raw(sql, bindings));
  return { earlier: new Map(), now: rows[0].now };
}

/** Decides each operation on what those before it left, and notes its outcome and those of its items. */
function decideInTurn(
  operations: readonly Operation<unknown>[],
  state: Omit<DecisionState<unknown>, 'loaded'> & Record<'accounts' | 'changed', Map<string, LockedAccount>>,
  loaded: ReadonlyMap<AnyKind, unknown>,
  { outcomes, unkept }: Record<'outcomes' | 'unkept', Map<string, Outcome<unknown>>>,
) {
  const { accounts, changed, earlierItems, now, dryRun } = state;
  const transactions: BookedTransaction[] = [];
  const events: LedgerEvent[] = [];
  const effects = new Map<AnyKind, unknown[]>();
  for (const operation of operations) {
    const { kind, command, idempotencyKey } = operation;
    const decision: Decision<unknown, unknown> =
      refuseChanged(operation, accounts) ??
      kind.decide(command, { accounts, loaded: loaded.get(kind), earlierItems, now, dryRun });
    if ('refusal' in decision) {
      const kept = decision.refusal.code === 'validation_failed' ? unkept : outcomes;
      kept.set(idempotencyKey, { refusal: decision.refusal });
      continue;
    }
    for (const [key, outcome] of decision.itemOutcomes ?? []) outcomes.set(key, outcome);
    for (const account of decision.changedAccounts ?? []) {
      accounts.set(account.id, account);
      changed.set(account.id, account);
    }
    outcomes.set(idempotencyKey, outcomeOf(decision.result, accounts.get(operation.accountIds[0] ?? '')));
    for (const booked of decision.transactions ?? []) {
      transactions.push(booked);
      events.push(...bookingEvents(booked));
    }
    events.push(...(decision.events ?? []));
    if (decision.effect !== undefined) effects.set(kind, [...(effects.get(kind) ?? []), decision.effect]);
  }
  return { transactions, events, effects };
}

/** The caller acted on what it read of the account before; that must still be so (RFC 9110, section 13.1.1). */
function refuseChanged(
  { accountIds, expectedTag }: Operation<unknown>,
  accounts: LockedAccounts,
): { refusal: Refusal } | undefined {
  const account = accounts.get(accountIds[0] ?? '');
  if (expectedTag === undefined || account === undefined || entityTag(account) === expectedTag) return undefined;
  const detail = `Account ${account.id} is at ${entityTag(account)}, the request expects ${expectedTag}.`;
  return { refusal: refusal('version_mismatch', detail, { version: account.version, revision: account.revision }) };
}

function outcomeOf(result: unknown, account: LockedAccount | undefined): Outcome<unknown> {
  return account === undefined ? { result } : { result, etag: entityTag(account) };
}

async function loadByKind(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
  accounts: LockedAccounts,
): Promise<Map<AnyKind, unknown>> {
  const loaded = new Map<AnyKind, unknown>();
  for (const kind of new Set(operations.map((operation) => operation.kind))) {
    loaded.set(kind, await kind.load(transaction, commandsOf(kind, operations), accounts));
  }
  return loaded;
}

function commandsOf(kind: AnyKind, operations: readonly Operation<unknown>[]): unknown[] {
  return operations.filter((operation) => operation.kind === kind).map((operation) => operation.command);
}

async function writeByKind(
  transaction: LedgerTransaction,
  effects: ReadonlyMap<AnyKind, readonly unknown[]>,
): Promise<void> {
  for (const [kind, ofKind] of effects) await kind.write?.(transaction, ofKind);
}
