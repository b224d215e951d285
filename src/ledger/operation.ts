import { randomUUID } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { ErrorCode } from '../errors/error-catalogue.ts';
import type { Refusal } from '../errors/refusal.ts';
import type { TraceSpan } from '../tracing/tracer.ts';
import type { BookedTransaction } from './booked-transaction.ts';
import type { LedgerEvent } from './ledger-event.ts';
import type { LockMode } from './lock-accounts.ts';
import type { LockedAccount } from './locked-account.ts';

/** The locked accounts that exist, by id. */
export type LockedAccounts = ReadonlyMap<string, LockedAccount>;

/** What an operation may look at when it decides. Everything here was read after the account rows were locked. */
export interface DecisionState<Loaded> {
  /** The locked accounts that exist, by id, as the operations before this one in the group left them. */
  readonly accounts: LockedAccounts;
  readonly loaded: Loaded;
  /** The answers to those of the operation's item keys that were used before. */
  readonly earlierItems: ReadonlyMap<string, Answer<unknown>>;
  readonly now: Date;
  /** Nothing will be written: the answer says what would be. */
  readonly dryRun: boolean;
}

/** What an operation changes in the books. */
export interface BookChanges {
  /** Locked accounts as they are afterwards. */
  readonly changedAccounts?: readonly LockedAccount[];
  readonly transactions?: readonly BookedTransaction[];
  /**
   * What happened, in its order, except the booking of the transactions: that has its event without being listed here.
   */
  readonly events?: readonly LedgerEvent[];
}

/** What to do: the answer to the caller and everything that has to be written for it to be true. */
export interface Accepted<Effect, Result> extends BookChanges {
  /** Plain JSON, because it may be stored with the idempotency key and must come back equal. */
  readonly result: Result;
  /** What to store with each of the operation's item keys that was not used before. */
  readonly itemOutcomes?: ReadonlyMap<string, Outcome<unknown>>;
  readonly effect?: Effect;
}

export type Decision<Effect, Result> = Accepted<Effect, Result> | { readonly refusal: Refusal };

/**
 * How one kind of operation (a deposit, the closing of an account) takes part in a group that is committed together.
 * The engine calls these and knows nothing else about a kind; `commands` and `effects` are those of the whole group, so
 * a kind costs a constant number of round trips.
 */
export interface OperationKind<Command, Loaded, Effect, Result> {
  /**
   * The accounts to lock; entity tags and `If-Match` speak of the first. A kind that names none and claims unique keys
   * in `write` shares no database transaction with a kind that locks accounts: waiting for a key while holding a row
   * could deadlock.
   */
  accountIds(command: Command): readonly string[];
  /** The idempotency keys of a command's items, in addition to the operation's own; none by default. */
  itemKeys?(command: Command): readonly KeyClaim[];
  /** How many movements a command counts for where the size of a group is limited; one by default. */
  size?(command: Command): number;
  /**
   * The accounts of which a command changes more than what it books: no other operation in the group touches these, so
   * that what `load` read of them is true when it is decided. None by default.
   */
  ownedAccountIds?(command: Command): readonly string[];
  /**
   * Locks rows that workers claim (`workers/claim-work.ts`) before any account is locked, because a worker locks
   * accounts while it holds such a row. One statement, in the order of the rows' ids; one kind for each such table, so
   * that two groups take these locks in one order.
   */
  lockClaimable?(transaction: LedgerTransaction, commands: readonly Command[], mode: LockMode): Promise<void>;
  /** Reads, in a constant number of queries, what `decide` needs beyond the locked rows. */
  load(transaction: LedgerTransaction, commands: readonly Command[], accounts: LockedAccounts): Promise<Loaded>;
  /** Pure: no I/O, no clock, no randomness. All checks first, in the documented order; after them nothing can fail. */
  decide(command: Command, state: DecisionState<Loaded>): Decision<Effect, Result>;
  /** The id of the transaction that a command becomes if it is booked at once. */
  transactionId?(command: Command): string;
  /** How its outcomes are kept; as they are by default. */
  readonly keptForm?: KeptForm;
  /** Writes what the journal does not. Throws LostRaceError when a unique key was taken after `load` looked. */
  write?(transaction: LedgerTransaction, effects: readonly Effect[]): Promise<void>;
}

export interface KeyClaim {
  /** The caller's key, or one made up for this request so that an unknown outcome can always be settled. */
  readonly idempotencyKey: string;
  /** SHA-256 of what was asked. The same key with another hash is refused. */
  readonly requestHash: Buffer;
  /** The transaction that the request becomes if it is booked at once. */
  readonly transactionId?: string | undefined;
}

/** How a caller wants an operation carried out; the same for every kind. */
export interface OperationOptions extends Omit<KeyClaim, 'transactionId'> {
  readonly ledgerId: string;
  /** Zero: refuse at once when a row is locked. Undefined: the configured lock timeout. */
  readonly lockTimeoutMs?: number | undefined;
  /** Answer what would happen and change nothing. */
  readonly dryRun: boolean;
  /** The entity tag that the first of its accounts must have (`If-Match`); any will do when it is left out. */
  readonly expectedTag?: string | undefined;
  /** Answers true once nobody waits for the answer any more; asked when the operation's turn comes. */
  readonly isAbandoned?: () => boolean;
  /** The span of the request it comes from, where requests are traced. */
  readonly span?: TraceSpan | undefined;
}

/** An operation is a value: what is asked, under which options, and which accounts it locks. */
export interface Operation<Result> extends OperationOptions {
  readonly kind: OperationKind<unknown, unknown, unknown, Result>;
  readonly command: unknown;
  readonly accountIds: readonly string[];
  readonly ownedAccountIds: readonly string[];
  readonly itemKeys: readonly KeyClaim[];
  readonly size: number;
  readonly transactionId: string | undefined;
}

/**
 * An operation to submit to the posting engine.
 *
 * @example
 * const options = { ledgerId, idempotencyKey, requestHash, dryRun: false };
 * const answer = await engine.submit(createOperation(closeAccount, { accountId }, options));
 */
export function createOperation<Command, Loaded, Effect, Result>(
  kind: OperationKind<Command, Loaded, Effect, Result>,
  command: Command,
  options: OperationOptions,
): Operation<Result> {
  // The methods of a kind only ever see commands, loads and effects of that same kind, which the types can't say here.
  return {
    kind: kind as OperationKind<unknown, unknown, unknown, Result>,
    command,
    accountIds: kind.accountIds(command),
    ownedAccountIds: kind.ownedAccountIds?.(command) ?? [],
    itemKeys: kind.itemKeys?.(command) ?? [],
    size: kind.size?.(command) ?? 1,
    transactionId: kind.transactionId?.(command),
    // Last: what stands behind a spread at the beginning of an object is added slowly (docs/adr/0009).
    ...options,
  };
}

/** What became of an operation; with the entity tag that its first account has now, if it has any. */
export type Outcome<Result> = { readonly result: Result; readonly etag?: string } | { readonly refusal: Refusal };

/** An outcome as it is kept with an idempotency key: the transaction that the key names says the rest. */
export type KeptOutcome = Outcome<unknown> | { readonly transactionId: string };

/** The answer to a key that was used before, as it is kept. */
export interface KeptAnswer {
  readonly outcome: KeptOutcome;
  readonly replayed: boolean;
}

/** How outcomes of a kind of operation, and of its items, are kept where they are not kept as they are. */
export interface KeptForm {
  /** What is stored: null where the transaction that was claimed with the key says it all. */
  pack(outcome: Outcome<unknown>): unknown;
  /** The outcomes that were packed, to the byte as they were, in the order of these. A constant number of queries. */
  unpack(transaction: LedgerTransaction, kept: readonly KeptOutcome[]): Promise<Outcome<unknown>[]>;
}

/**
 * Whether an outcome is stored with its idempotency key. Not so what the same request may meet with success: bad input
 * that only shows when it is decided, such as a time that has passed, a clock that has not come as far as the books,
 * and a period that is not over. Nor what was refused without a key of the caller's.
 */
export function usesKeyUp(outcome: Outcome<unknown>, key?: string): boolean {
  if (!('refusal' in outcome)) return true;
  return !passingRefusals.has(outcome.refusal.code) && !(key !== undefined && isMadeUp(key));
}

/** A key for a request that has none. A space can't stand in a caller's key, so a made-up one never meets it. */
export function makeUpKey(): string {
  return `${madeUp}${randomUUID()}`;
}

const madeUp = 'request ';

/** Nobody can send such a key again: it is there to settle an unknown outcome. */
function isMadeUp(key: string): boolean {
  return key.startsWith(madeUp);
}

const passingRefusals: ReadonlySet<ErrorCode> = new Set([
  'validation_failed',
  'booked_in_the_future',
  'period_not_over',
] as const);

/** What the caller gets: the outcome, and whether it is that of an earlier request with the same idempotency key. */
export interface Answer<Result> {
  readonly outcome: Outcome<Result>;
  readonly replayed: boolean;
}
