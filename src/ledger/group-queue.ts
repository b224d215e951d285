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
  /** How much work it is, in movements. */
  size: number;
  /** False when its operation must stay alone, and once it was held up for so long that others may go before it. */
  takesGroupLane: boolean;
}

export interface GroupQueueOptions {
  /** How many transactions run at once. */
  readonly lanes: number;
  /** How many movements one group may have. A larger batch goes by itself. */
  readonly groupLimit: number;
}

/**
 * How many groups run at once, those aside that are held up. One writes while the other one's answers are sent and its
 * successor is read: more would only make the groups smaller (`docs/performance.md`).
 */
const groupLanes = 2;

/**
 * How many transactions one account can be part of. The second stands ready at the row lock, so that the lock is handed
 * on without a pause; more would let the callers of one account that stays locked hold up everybody else's.
 */
const transactionsAnAccount = 2;

/**
 * Decides who goes next and with whom. Knows nothing of databases and waits for nothing.
 *
 * Whoever waits longest goes first, together with all those behind who can share the transaction. Who can't go yet,
 * because the accounts are busy, keeps a place there before those who came later.
 */
export class GroupQueue<W extends Waiter> {
  readonly #options: GroupQueueOptions;
  #waiting: W[] = [];
  readonly #running = new Set<Group<W>>();
  /** In how many running transactions an account is. */
  readonly #transactions = new Map<string, number>();
  /** The idempotency keys of running transactions. */
  readonly #keys = new Set<string>();
  /** Accounts that somebody else kept locked when we last looked: they must not hold a group up. */
  readonly #stuckAccounts = new Set<string>();

  constructor(options: GroupQueueOptions) {
    this.#options = options;
  }

  /** How many wait for their turn. */
  get depth(): number {
    return this.#waiting.length;
  }

  /** True when this many wait already, those aside who find a free lane in a moment. */
  isFull(limit: number): boolean {
    return this.#waiting.length - this.#lanesFree() >= limit;
  }

  add(waiter: W): void {
    this.#waiting.push(waiter);
  }

  /** Lets these go before all others, in their order. */
  putBack(waiters: readonly W[]): void {
    this.#waiting = [...waiters, ...this.#waiting];
  }

  remove(waiter: W): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
  }

  /**
   * Takes everybody out of the queue who can go now, and on the way those who were abandoned. The caller runs the
   * groups, and says `leave` after each.
   */
  takeGroups(): { groups: Group<W>[]; abandoned: W[] } {
    const groups: Group<W>[] = [];
    const abandoned: W[] = [];
    if (this.#waiting.length === 0 || this.#lanesFree() === 0) return { groups, abandoned };
    const forming = new Map<string, Group<W>>();
    const places = new Set<string>();
    const staying: W[] = [];
    for (const [index, waiter] of this.#waiting.entries()) {
      if (forming.size === 0 && this.#lanesFree() === 0) {
        staying.push(...this.#waiting.slice(index));
        break;
      }
      if (waiter.operation.isAbandoned?.()) {
        abandoned.push(waiter);
        continue;
      }
      const group = this.#groupFor(waiter, forming, places);
      if (group === undefined) {
        for (const accountId of waiter.operation.accountIds) places.add(accountId);
        staying.push(waiter);
        continue;
      }
      if (!this.#running.has(group)) {
        this.#running.add(group);
        groups.push(group);
      }
      this.#join(group, waiter);
      const open = group.takesGroupLane && group.size < this.#options.groupLimit;
      if (open) forming.set(group.ledgerId, group);
      else if (forming.get(group.ledgerId) === group) forming.delete(group.ledgerId);
    }
    this.#waiting = staying;
    return { groups, abandoned };
  }

  /** The group waits for somebody else's locks: meanwhile others may use its lane. */
  heldUp(group: Group<W>): void {
    group.takesGroupLane = false;
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
  #groupFor(waiter: W, forming: ReadonlyMap<string, Group<W>>, places: ReadonlySet<string>): Group<W> | undefined {
    const { operation } = waiter;
    const alone = waiter.alone || this.#mustGoAlone(operation);
    const formed = alone ? undefined : forming.get(operation.ledgerId);
    const busy = operation.accountIds.some((accountId) => {
      if (formed?.accountIds.has(accountId)) return false;
      const others = (this.#transactions.get(accountId) ?? 0) + (places.has(accountId) ? 1 : 0);
      return others >= transactionsAnAccount;
    });
    if (busy) return undefined;
    if (formed !== undefined && formed.size + operation.size <= this.#options.groupLimit) return formed;
    if (this.#lanesFree() === 0 || (!alone && this.#groupLanesFree() === 0)) return undefined;
    const { ledgerId } = operation;
    return { ledgerId, waiters: [], accountIds: new Set(), size: 0, takesGroupLane: !alone };
  }

  /**
   * An operation without accounts claims unique keys while it writes, and would wait for them with a group's rows
   * locked. One whose idempotency key is in use would wait for that other's end, and the group with it.
   */
  #mustGoAlone(operation: Operation<unknown>): boolean {
    return (
      operation.accountIds.length === 0 ||
      keysOf(operation).some((key) => this.#keys.has(key)) ||
      (this.#stuckAccounts.size > 0 && operation.accountIds.some((accountId) => this.#stuckAccounts.has(accountId)))
    );
  }

  #join(group: Group<W>, waiter: W): void {
    const { operation } = waiter;
    group.waiters.push(waiter);
    group.size += operation.size;
    for (const key of keysOf(operation)) this.#keys.add(key);
    for (const accountId of operation.accountIds) {
      if (group.accountIds.has(accountId)) continue;
      group.accountIds.add(accountId);
      this.#transactions.set(accountId, (this.#transactions.get(accountId) ?? 0) + 1);
    }
  }

  #lanesFree(): number {
    return this.#options.lanes - this.#running.size;
  }

  #groupLanesFree(): number {
    let used = 0;
    for (const group of this.#running) if (group.takesGroupLane) used++;
    return Math.max(0, groupLanes - used);
  }
}

/** Its own and its items' idempotency keys; another ledger may use the same ones. */
function keysOf({ ledgerId, idempotencyKey, itemKeys }: Operation<unknown>): string[] {
  return [idempotencyKey, ...itemKeys.map((item) => item.idempotencyKey)].map((key) => `${ledgerId} ${key}`);
}
