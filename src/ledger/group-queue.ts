import type { Operation } from './operation.ts';

/** An operation that waits for its turn. */
export interface Waiter {
  readonly operation: Operation<unknown>;
  /** It shares its transaction with no other, because a group that it was in failed. */
  alone: boolean;
}

/** Operations of one ledger that share one database transaction. */
export interface Group<W extends Waiter> {
  readonly ledgerId: string;
  readonly waiters: W[];
  /** Every account that any of them locks. */
  readonly accountIds: Set<string>;
  /** Those of them of which one operation changes more than the balance: no other may touch these. */
  readonly ownedAccountIds: Set<string>;
  /** How much work it is, in movements. */
  size: number;
  /**
   * Whether the next group of its ledger waits for it: not when it is one that must go alone, nor once it is held up.
   */
  isAwaited: boolean;
}

/** What is known while groups are formed. */
interface Gathering<W extends Waiter> {
  /** Ledgers whose next group has to wait. */
  readonly awaited: ReadonlySet<string>;
  /** The newest group of each ledger that others may join. */
  readonly forming: ReadonlyMap<string, Group<W>>;
  /** Accounts at which a waiter that can't go yet keeps a place. */
  readonly places: ReadonlySet<string>;
}

export interface GroupQueueOptions {
  /** How many transactions run at once. */
  readonly lanes: number;
  /** How many movements one group may have. A larger batch goes with one other that is larger, or by itself. */
  readonly maxGroupSize: number;
}

/**
 * How many transactions one account can be part of. The second stands ready at the row lock, so that the lock is handed
 * on without a pause; more would let the callers of one account that stays locked hold up all others.
 */
const transactionsAnAccount = 2;

/**
 * How many batches, each larger than a group, share a transaction. They mostly want the same accounts, so they would
 * lock and write these one after another; more of them would keep all others from these accounts for longer.
 */
const largeBatchesAGroup = 2;

/**
 * Decides who goes next and with whom. Knows nothing of databases and waits for nothing.
 *
 * The longest waiter goes first, together with all those behind who can share the transaction. While a group of a
 * ledger is on its way, the next one gathers; it starts at once when it is full, or when the one before is held up by
 * another session's locks. (More groups at once would only be smaller ones: docs/adr/0009.) Who can't go yet, because
 * the accounts are busy, keeps a place there before those who came later.
 */
export class GroupQueue<W extends Waiter> {
  readonly #options: GroupQueueOptions;
  #waiting: W[] = [];
  #waitingMovements = 0;
  readonly #running = new Set<Group<W>>();
  /** In how many running transactions an account is. */
  readonly #transactions = new Map<string, number>();
  /** The idempotency keys of running transactions. */
  readonly #keys = new Set<string>();
  /** Accounts that another session kept locked when we last looked: they must not hold a group up. */
  readonly #stuckAccounts = new Set<string>();

  constructor(options: GroupQueueOptions) {
    this.#options = options;
  }

  /** How many wait for their turn. */
  get depth(): number {
    return this.#waiting.length;
  }

  /** True when this many wait already, those aside who find a free lane in a moment; or ten times as many movements. */
  isFull(limit: number): boolean {
    return this.#waiting.length - this.#lanesFree() >= limit || this.#waitingMovements >= 10 * limit;
  }

  add(waiter: W): void {
    this.#waiting.push(waiter);
    this.#waitingMovements += waiter.operation.size;
  }

  /** Lets these go before all others, in their order. */
  putBack(waiters: readonly W[]): void {
    this.#setWaiting([...waiters, ...this.#waiting]);
  }

  remove(waiter: W): void {
    this.#setWaiting(this.#waiting.filter((other) => other !== waiter));
  }

  /**
   * Takes all waiters out of the queue that can go now, and on the way those who were abandoned. The caller runs the
   * groups, and calls `leave` after each.
   */
  takeGroups(): { groups: Group<W>[]; abandoned: W[] } {
    const groups: Group<W>[] = [];
    const abandoned: W[] = [];
    if (this.#waiting.length === 0 || this.#lanesFree() === 0) return { groups, abandoned };
    const awaited = this.#awaitedLedgers();
    const forming = new Map<string, Group<W>>();
    const places = new Set<string>();
    const staying: W[] = [];
    for (const waiter of this.#waiting) {
      const { operation } = waiter;
      const group = this.#groupFor(waiter, { awaited, forming, places });
      if (group === undefined) {
        for (const accountId of operation.accountIds) places.add(accountId);
        staying.push(waiter);
      } else if (operation.isAbandoned?.()) {
        abandoned.push(waiter);
      } else {
        if (group.waiters.length === 0) {
          groups.push(group);
          this.#running.add(group);
          if (group.isAwaited) forming.set(group.ledgerId, group);
        }
        this.#join(group, waiter);
      }
    }
    this.#setWaiting(staying);
    return { groups, abandoned };
  }

  /** The group waits for another session's locks: others need not wait for it any longer. */
  heldUp(group: Group<W>): void {
    group.isAwaited = false;
  }

  /** The group has ended, one way or the other. */
  leave(group: Group<W>): void {
    this.#running.delete(group);
    for (const accountId of group.accountIds) {
      const others = (this.#transactions.get(accountId) ?? 1) - 1;
      if (others === 0) this.#transactions.delete(accountId);
      else this.#transactions.set(accountId, others);
    }
    for (const { operation } of group.waiters) for (const key of keysOf(operation)) this.#keys.delete(key);
  }

  /** Operations on these accounts go alone until one of them has had its locks. */
  markStuck(accountIds: Iterable<string>): void {
    for (const accountId of accountIds) this.#stuckAccounts.add(accountId);
  }

  clearStuck(accountIds: Iterable<string>): void {
    if (this.#stuckAccounts.size === 0) return;
    for (const accountId of accountIds) this.#stuckAccounts.delete(accountId);
  }

  /** The group that the waiter can go with now: one that is forming, a new one, or none. */
  #groupFor({ operation, alone }: W, now: Gathering<W>): Group<W> | undefined {
    const { ledgerId, accountIds, ownedAccountIds, size } = operation;
    let apart = alone || this.#mustGoAlone(operation);
    if (!apart && now.awaited.has(ledgerId)) return undefined;
    // Keys are asked for last, because that costs more than the rest.
    apart ||= keysOf(operation).some((key) => this.#keys.has(key));
    const formed = apart ? undefined : now.forming.get(ledgerId);
    if (formed !== undefined && overlap(formed, accountIds, ownedAccountIds)) return undefined;
    const joined = formed !== undefined && this.#hasRoom(formed, size) ? formed : undefined;
    const busy = accountIds.some((accountId) => {
      if (joined?.accountIds.has(accountId)) return false;
      const others = (this.#transactions.get(accountId) ?? 0) + (now.places.has(accountId) ? 1 : 0);
      return others >= transactionsAnAccount;
    });
    if (busy) return undefined;
    if (joined !== undefined) return joined;
    if (this.#lanesFree() === 0) return undefined;
    return {
      ledgerId,
      waiters: [],
      accountIds: new Set(),
      ownedAccountIds: new Set(),
      size: 0,
      isAwaited: !apart,
    };
  }

  #hasRoom(group: Group<W>, size: number): boolean {
    const { maxGroupSize } = this.#options;
    if (group.size + size <= maxGroupSize) return true;
    return group.size > maxGroupSize && size > maxGroupSize && group.waiters.length < largeBatchesAGroup;
  }

  /** The ledgers with a group on its way that the next one waits for, because those who wait would not fill it. */
  #awaitedLedgers(): Set<string> {
    const awaited = new Set<string>();
    for (const { ledgerId, isAwaited } of this.#running) {
      if (isAwaited && !this.#fillAGroup(ledgerId)) awaited.add(ledgerId);
    }
    return awaited;
  }

  #fillAGroup(ledgerId: string): boolean {
    let size = 0;
    for (const { operation } of this.#waiting) if (operation.ledgerId === ledgerId) size += operation.size;
    return size >= this.#options.maxGroupSize;
  }

  /**
   * An operation without accounts claims unique keys while it writes, and would wait for them with a group's rows
   * locked. (One whose idempotency key is in use goes alone too: it would wait for that other's end, and the group with
   * it.)
   */
  #mustGoAlone({ accountIds }: Operation<unknown>): boolean {
    if (accountIds.length === 0) return true;
    return this.#stuckAccounts.size > 0 && accountIds.some((accountId) => this.#stuckAccounts.has(accountId));
  }

  #join(group: Group<W>, waiter: W): void {
    const { operation } = waiter;
    group.waiters.push(waiter);
    group.size += operation.size;
    for (const key of keysOf(operation)) this.#keys.add(key);
    for (const accountId of operation.ownedAccountIds) group.ownedAccountIds.add(accountId);
    for (const accountId of operation.accountIds) {
      if (group.accountIds.has(accountId)) continue;
      group.accountIds.add(accountId);
      this.#transactions.set(accountId, (this.#transactions.get(accountId) ?? 0) + 1);
    }
  }

  #setWaiting(waiters: W[]): void {
    this.#waiting = waiters;
    this.#waitingMovements = waiters.reduce((sum, { operation }) => sum + operation.size, 0);
  }

  #lanesFree(): number {
    return this.#options.lanes - this.#running.size;
  }
}

/** Whether one of them would touch an account that the other has to itself. */
function overlap(group: Group<Waiter>, accountIds: readonly string[], ownedAccountIds: readonly string[]): boolean {
  if (ownedAccountIds.some((accountId) => group.accountIds.has(accountId))) return true;
  return group.ownedAccountIds.size > 0 && accountIds.some((accountId) => group.ownedAccountIds.has(accountId));
}

/** Its own and its items' idempotency keys; another ledger may use the same ones. */
function keysOf({ ledgerId, idempotencyKey, itemKeys }: Operation<unknown>): string[] {
  return [idempotencyKey, ...itemKeys.map((item) => item.idempotencyKey)].map((key) => `${ledgerId} ${key}`);
}
