import { type LedgerTransaction, limitSettings } from '../database/ledger-transaction.ts';
import { type ClaimedKeys, claimIdempotencyKeys } from './idempotency-keys.ts';
import { type LockMode, lockAccounts } from './lock-accounts.ts';
import type { LockedAccount } from './locked-account.ts';
import type { Answer, Approval, Operation, OperationKind, Outcome } from './operation.ts';
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
 * Returns the answers in the order of the operations; the caller commits before it passes them on.
 */
export async function bookGroup(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
  mode: LockMode,
  bookingClock: BookingClock = (databaseNow) => databaseNow,
): Promise<Answer<unknown>[]> {
  const { earlier, now } =
    mode === 'read' ? await beginReading(transaction) : await claimIdempotencyKeys(transaction, operations);
  const fresh = operations.filter((operation) => !earlier.has(operation));
  const outcomes =
    now === undefined
      ? new Map()
      : await decideAndWrite(transaction, fresh, mode, (later) => bookingClock(later ?? now));
  return operations.map((operation) => earlier.get(operation) ?? { outcome: outcomes.get(operation), replayed: false });
}

/** A dry run claims no keys, so nothing that was claimed before is its answer. */
async function beginReading({ knex, limits }: LedgerTransaction): Promise<ClaimedKeys> {
  const { sql, bindings } = limitSettings(limits);
  const { rows } = await knex.raw(sql, bindings);
  return { earlier: new Map(), now: rows[0].now };
}

async function decideAndWrite(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
  mode: LockMode,
  bookingTime: (lockedAt: Date | undefined) => Date,
): Promise<Map<Operation<unknown>, Outcome<unknown>>> {
  const accountIds = [...new Set(operations.flatMap((operation) => operation.accountIds))].sort();
  const locked = await lockAccounts(transaction, accountIds, mode);
  const accounts = locked.accounts;
  const now = bookingTime(locked.now);
  const loaded = await loadByKind(transaction, operations);

  const outcomes = new Map<Operation<unknown>, Outcome<unknown>>();
  const approvals = new Map<Operation<unknown>, Approval<unknown, unknown>>();
  const changed = new Map<string, LockedAccount>();
  for (const operation of operations) {
    const state = { accounts, loaded: loaded.get(operation.kind), now };
    const decision = operation.kind.decide(operation.command, state);
    if ('refusal' in decision) {
      outcomes.set(operation, { refusal: decision.refusal });
      continue;
    }
    outcomes.set(operation, { result: decision.result });
    approvals.set(operation, decision);
    for (const account of decision.changedAccounts ?? []) {
      accounts.set(account.id, account);
      changed.set(account.id, account);
    }
  }

  if (mode !== 'read') {
    await writeByKind(transaction, approvals);
    await writeJournal(transaction, {
      transactions: [...approvals.values()].flatMap((approval) => approval.transaction ?? []),
      accounts: [...changed.values()],
      outcomes: new Map([...outcomes].map(([operation, outcome]) => [operation.idempotencyKey, outcome])),
    });
  }
  return outcomes;
}

async function loadByKind(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
): Promise<Map<AnyKind, unknown>> {
  const loaded = new Map<AnyKind, unknown>();
  for (const kind of new Set(operations.map((operation) => operation.kind))) {
    const commands = operations.filter((operation) => operation.kind === kind).map((operation) => operation.command);
    loaded.set(kind, await kind.load(transaction, commands));
  }
  return loaded;
}

async function writeByKind(
  transaction: LedgerTransaction,
  approvals: ReadonlyMap<Operation<unknown>, Approval<unknown, unknown>>,
): Promise<void> {
  const effects = new Map<AnyKind, unknown[]>();
  for (const [{ kind }, { effect }] of approvals) {
    if (effect === undefined) continue;
    const ofKind = effects.get(kind);
    if (ofKind === undefined) effects.set(kind, [effect]);
    else ofKind.push(effect);
  }
  for (const [kind, ofKind] of effects) await kind.write?.(transaction, ofKind);
}
