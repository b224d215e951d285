import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { Money } from '../money/money.ts';
import type { BookedTransaction } from './booked-transaction.ts';
import { createId } from './create-id.ts';
import { firstStamp } from './event-stamp.ts';
import { type EventTrace, keepEventTraces } from './event-traces.ts';
import { type EventRow, type JournalPart, type LogEntry, writePart } from './journal-statements.ts';
import type { LockedAccount } from './locked-account.ts';
import type { BookChanges } from './operation.ts';

/** So many movements are written before the next operation is decided: PostgreSQL works on them meanwhile. */
const maxInPart = 250;

/**
 * Writes what operations change in the books: transactions, entries, events, what the log is to name, account rows and
 * stored outcomes, each column of each table as one array. The account rows must be locked and the keys claimed by the
 * transaction. Waits for no answer: COMMIT may follow `finish` at once, and fails if one of the statements does. There
 * is one, and a few more where there is much to write.
 */
export class JournalWriter {
  readonly #transaction: LedgerTransaction;
  readonly #locked: ReadonlyMap<string, LockedAccount>;
  readonly #now: Date;
  readonly #changed = new Map<string, LockedAccount>();
  readonly #eventCounts = new Map<string, number>();
  #stamp: number;
  #transactions: BookedTransaction[] = [];
  #events: EventRow[] = [];
  #logEntries: LogEntry[] = [];
  readonly #traces: EventTrace[] = [];

  /**
   * @param locked All accounts that the transaction has locked.
   * @param now When it happens.
   */
  constructor(transaction: LedgerTransaction, locked: ReadonlyMap<string, LockedAccount>, now: Date) {
    this.#transaction = transaction;
    this.#locked = locked;
    this.#now = now;
    this.#stamp = firstStamp(now, locked.values());
  }

  /**
   * Adds what happened next. A booking is an event of each account that it moves, without being added here; clearing
   * accounts have none. A `traceparent` is kept for each event of an account. Throws an Error when the entries of a
   * transaction do not sum to zero; that is a programming error, and rolls back.
   */
  add({ transactions = [], events = [], changedAccounts = [] }: BookChanges, traceparent?: string): void {
    for (const booked of transactions) {
      assertBalanced(booked);
      this.#transactions.push(booked);
      for (const { accountId, version } of booked.entries) {
        if (version === null) continue;
        const sequence = this.#nextSequence(accountId);
        this.#logEntries.push({ accountId, sequence, version, eventId: null });
        if (traceparent !== undefined) this.#traces.push({ accountId, sequence, traceparent });
      }
    }
    for (const event of events) {
      const sequence = event.accountId === null ? null : this.#nextSequence(event.accountId);
      const row = { ...event, sequence, version: null, eventId: createId(), occurredAt: this.#now };
      this.#events.push(row);
      this.#logEntries.push(row);
      if (traceparent === undefined || event.accountId === null || sequence === null) continue;
      this.#traces.push({ accountId: event.accountId, sequence, traceparent });
    }
    for (const account of changedAccounts) this.#changed.set(account.id, account);
    if (this.#transactions.length >= maxInPart) this.#writeParts();
  }

  /**
   * Writes the rest.
   *
   * @param outcomes What is stored with idempotency keys that the transaction claimed and uses up.
   */
  finish(outcomes: ReadonlyMap<string, object> = new Map()): void {
    if (this.#traces.length > 0) keepEventTraces(this.#transaction, this.#traces, this.#now);
    const lastEventStamp = this.#stamp;
    for (const [accountId, eventCount] of this.#eventCounts) {
      const account = this.#changed.get(accountId) ?? this.#locked.get(accountId);
      if (account !== undefined) this.#changed.set(accountId, { ...account, eventCount, lastEventStamp });
    }
    this.#write({
      transactions: this.#transactions,
      events: this.#events,
      logEntries: this.#logEntries,
      accounts: [...this.#changed.values()],
      outcomes,
    });
  }

  /** An account that is not among the locked ones is being opened, and this is its first event. */
  #nextSequence(accountId: string): number {
    const sequence = (this.#eventCounts.get(accountId) ?? this.#locked.get(accountId)?.eventCount ?? 0) + 1;
    this.#eventCounts.set(accountId, sequence);
    return sequence;
  }

  /** Writes what was added until now, in parts of about the same size, so that the first is soon on its way. */
  #writeParts(): void {
    const parts = Math.ceil(this.#transactions.length / maxInPart);
    const [transactions, events, logEntries] = [this.#transactions, this.#events, this.#logEntries];
    [this.#transactions, this.#events, this.#logEntries] = [[], [], []];
    for (let index = 0; index < parts; index++) {
      const part = <Item>(items: readonly Item[]) => {
        const size = Math.ceil(items.length / parts);
        return items.slice(index * size, (index + 1) * size);
      };
      this.#write({
        transactions: part(transactions),
        events: part(events),
        logEntries: part(logEntries),
        accounts: [],
        outcomes: new Map(),
      });
    }
  }

  #write(part: JournalPart): void {
    writePart(this.#transaction, part, this.#stamp++);
  }
}

function assertBalanced(booked: BookedTransaction): void {
  const sums = new Map<string, Money>();
  for (const { amount } of booked.entries) {
    sums.set(amount.currency, sums.get(amount.currency)?.plus(amount) ?? amount);
  }
  for (const sum of sums.values()) {
    if (!sum.isZero()) throw new Error(`the entries of transaction ${booked.id} sum to ${sum} ${sum.currency}`);
  }
}
