import { randomInt } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import type { Money } from '../money/money.ts';
import type { BookedEntry, BookedTransaction } from './booked-transaction.ts';
import { arrays, arraysOf, type Columns, namesOf, of, ofJson, ofText, unnest } from './column-arrays.ts';
import { createId } from './create-id.ts';
import { firstStamp } from './event-stamp.ts';
import type { LedgerEvent } from './ledger-event.ts';
import type { LockedAccount } from './locked-account.ts';
import type { BookChanges, Outcome } from './operation.ts';

/** What happened, as the log will name it: the entry that was booked, or an event with a row of its own. */
interface LogEntry {
  readonly accountId: string | null;
  /** One more than that of the account's event before, without gaps; null for what belongs to no account. */
  readonly sequence: number | null;
  /** The version of the account that a booking made; null for anything else. */
  readonly version: number | null;
  /** The event's row; null for a booking, of which the journal has everything. */
  readonly eventId: string | null;
}

/** An event with a row of its own. */
interface EventRow extends LogEntry, Omit<LedgerEvent, 'accountId'> {}

/** What one statement writes. */
interface JournalPart {
  readonly transactions: readonly BookedTransaction[];
  readonly events: readonly EventRow[];
  readonly logEntries: readonly LogEntry[];
  readonly accounts: readonly LockedAccount[];
  readonly outcomes: ReadonlyMap<string, Outcome<unknown>>;
}

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
   * accounts have none. Throws an Error when the entries of a transaction do not sum to zero; that is a programming
   * error, and rolls back.
   */
  add({ transactions = [], events = [], changedAccounts = [] }: BookChanges): void {
    for (const booked of transactions) {
      assertBalanced(booked);
      this.#transactions.push(booked);
      for (const { accountId, version } of booked.entries) {
        if (version === null) continue;
        this.#logEntries.push({ accountId, sequence: this.#nextSequence(accountId), version, eventId: null });
      }
    }
    for (const event of events) {
      const sequence = event.accountId === null ? null : this.#nextSequence(event.accountId);
      const row = { ...event, sequence, version: null, eventId: createId() };
      this.#events.push(row);
      this.#logEntries.push(row);
    }
    for (const account of changedAccounts) this.#changed.set(account.id, account);
    if (this.#transactions.length >= maxInPart) this.#writeParts();
  }

  /**
   * Writes the rest.
   *
   * @param outcomes What is stored with each idempotency key that the transaction claimed and uses up.
   */
  finish(outcomes: ReadonlyMap<string, Outcome<unknown>> = new Map()): void {
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
    writePart(this.#transaction, part, { now: this.#now, stamp: this.#stamp++ });
  }
}

function writePart(
  { knex, ledgerId, pipeline }: LedgerTransaction,
  { transactions, accounts, events, logEntries, outcomes }: JournalPart,
  { now, stamp }: { now: Date; stamp: number },
): void {
  const entries = transactions.flatMap((booked) => booked.entries.map((entry) => ({ booked, entry })));
  void pipeline.send(
    knex
      .raw(statement, [
        ledgerId,
        ...arraysOf(transactionColumns, transactions),
        ...arraysOf(accountColumns, accounts),
        ...arraysOf(outcomeColumns, [...outcomes]),
        now.toISOString(),
        ...arraysOf(eventColumns, events),
        ...[stamp, randomInt(maxSalt), ...inboxArraysOf(logEntries)],
        ...arraysOf(entryColumns, entries),
      ])
      .options(prepared(knex, 'write-journal')),
  );
}

/** Two groups of one ledger may have the same stamp, if they share no account. */
const maxSalt = 2 ** 31;

const transactionColumns: Columns<BookedTransaction> = {
  id: of('uuid', (booked) => booked.id),
  type: of('text', (booked) => booked.type),
  amount: of('numeric', (booked) => booked.amount),
  currency: of('text', (booked) => booked.amount?.currency),
  booked_at: of('timestamptz', (booked) => booked.bookedAt.toISOString()),
  value_date: of('date', (booked) => booked.valueDate),
  initiated_by: of('uuid', (booked) => booked.initiatedBy),
  description: ofText((booked) => booked.description),
  reference: ofText((booked) => booked.reference),
  metadata: ofJson('jsonb', (booked) => booked.metadata),
  signed_by: ofText(({ signedBy }) => (signedBy.length === 0 ? null : `{${signedBy.join()}}`)),
  origin: of('text', (booked) => booked.origin?.type),
  origin_id: of('uuid', (booked) => booked.origin?.id),
};

/** What an operation may change of an account that it has locked. */
const accountColumns: Columns<LockedAccount> = {
  id: of('uuid', (account) => account.id),
  balance: of('numeric', (account) => account.balance),
  held: of('numeric', (account) => account.held),
  status: of('text', (account) => account.status),
  version: of('bigint', (account) => account.version),
  revision: of('bigint', (account) => account.revision),
  event_count: of('bigint', (account) => account.eventCount),
  last_event_stamp: of('bigint', (account) => account.lastEventStamp),
  next_expiry: of('timestamptz', (account) => account.nextExpiry?.toISOString()),
  last_booked_at: of('timestamptz', (account) => account.lastBookedAt?.toISOString()),
  closed_at: of('timestamptz', (account) => account.closedAt?.toISOString()),
};

const outcomeColumns: Columns<readonly [string, Outcome<unknown>]> = {
  key: ofText(([key]) => key),
  outcome: ofJson('json', ([, outcome]) => outcome),
};

const eventColumns: Columns<EventRow> = {
  id: of('uuid', (event) => event.eventId),
  account_id: of('uuid', (event) => event.accountId),
  sequence: of('bigint', (event) => event.sequence),
  type: of('text', (event) => event.type),
  subject_id: of('uuid', (event) => event.subjectId),
  data: ofJson('json', (event) => event.data),
};

const inboxColumns: Columns<LogEntry> = {
  account_ids: of('uuid', (entry) => entry.accountId),
  sequences: of('bigint', (entry) => entry.sequence),
  versions: of('bigint', (entry) => entry.version),
  event_ids: of('uuid', (entry) => entry.eventId),
};

/** The arrays are stored as they are; one that would have nothing in it is left out. */
function inboxArraysOf(entries: readonly LogEntry[]): Array<string | null> {
  const [accountIds, sequences, versions, eventIds] = arraysOf(inboxColumns, entries);
  return [
    ...[accountIds!, sequences!],
    entries.some((entry) => entry.version !== null) ? versions! : null,
    entries.some((entry) => entry.eventId !== null) ? eventIds! : null,
  ];
}

const entryColumns: Columns<{ readonly booked: BookedTransaction; readonly entry: BookedEntry }> = {
  transaction_id: of('uuid', ({ booked }) => booked.id),
  id: of('uuid', createId),
  account_id: of('uuid', ({ entry }) => entry.accountId),
  amount: of('numeric', ({ entry }) => entry.amount),
  balance_after: of('numeric', ({ entry }) => entry.balanceAfter),
  version: of('bigint', ({ entry }) => entry.version),
  booked_at: of('timestamptz', ({ booked }) => booked.bookedAt.toISOString()),
};

const changes = namesOf(accountColumns).filter((name) => name !== 'id');

const statement = `
  with ledger as (select ?::uuid as ledger_id),
  new_transactions as (
    insert into transactions (ledger_id, ${namesOf(transactionColumns)})
    select ledger.ledger_id,
      ${namesOf(transactionColumns).map((name) => (name === 'signed_by' ? `${name}::uuid[]` : name))}
    from ledger, ${unnest(transactionColumns)} as t (${namesOf(transactionColumns)})),
  changed_accounts as (
    update accounts a
    set ${changes.map((name) => `${name} = c.${name}`)}
    from ledger, ${unnest(accountColumns)} as c (${namesOf(accountColumns)})
    where a.ledger_id = ledger.ledger_id and a.id = c.id),
  stored_outcomes as (
    update idempotency_keys k
    set outcome = o.outcome
    from ledger, ${unnest(outcomeColumns)} as o (${namesOf(outcomeColumns)})
    where k.ledger_id = ledger.ledger_id and k.key = o.key),
  new_events as (
    insert into events (ledger_id, occurred_at, ${namesOf(eventColumns)})
    select ledger.ledger_id, ?::timestamptz, e.*
    from ledger, ${unnest(eventColumns)} as e (${namesOf(eventColumns)})),
  to_be_logged as (
    insert into log_inbox (ledger_id, stamp, salt, ${namesOf(inboxColumns)})
    select ledger.ledger_id, i.*
    from ledger, (select ?::bigint, ?::integer, ${arrays(inboxColumns)}) as i (stamp, salt, ${namesOf(inboxColumns)})
    where cardinality(i.account_ids) > 0)
  insert into entries (ledger_id, ${namesOf(entryColumns)})
  select ledger.ledger_id, e.*
  from ledger, ${unnest(entryColumns)} as e (${namesOf(entryColumns)})`;

function assertBalanced(booked: BookedTransaction): void {
  const sums = new Map<string, Money>();
  for (const { amount } of booked.entries) {
    sums.set(amount.currency, sums.get(amount.currency)?.plus(amount) ?? amount);
  }
  for (const sum of sums.values()) {
    if (!sum.isZero()) throw new Error(`the entries of transaction ${booked.id} sum to ${sum} ${sum.currency}`);
  }
}
