import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import type { Money } from '../money/money.ts';
import type { BookedTransaction } from './booked-transaction.ts';
import { createId } from './create-id.ts';
import { bookingEvents, type LedgerEvent } from './ledger-event.ts';
import type { LockedAccount } from './locked-account.ts';
import type { BookChanges, Outcome } from './operation.ts';

interface NumberedEvent extends LedgerEvent {
  /** One more than the event before it of the same account, without gaps. */
  readonly sequence: number | null;
}

/** What one statement writes. */
interface JournalPart {
  readonly transactions: readonly BookedTransaction[];
  readonly events: readonly NumberedEvent[];
  readonly accounts: readonly LockedAccount[];
  readonly outcomes: ReadonlyMap<string, Outcome<unknown>>;
}

/** So many movements are written before the next operation is decided: PostgreSQL works on them meanwhile. */
const mostInPart = 250;

/**
 * Writes what operations change in the books: transactions, entries, events, account rows and stored outcomes, each
 * column of each table as one array. The account rows must be locked and the keys claimed by the transaction. Waits for
 * no answer: COMMIT may follow `finish` at once, and fails if one of the statements does. There is one, and a few more
 * where there is much to write.
 */
export class JournalWriter {
  readonly #transaction: LedgerTransaction;
  readonly #locked: ReadonlyMap<string, LockedAccount>;
  readonly #now: Date;
  readonly #xid: string | null;
  readonly #changed = new Map<string, LockedAccount>();
  readonly #eventCounts = new Map<string, number>();
  #transactions: BookedTransaction[] = [];
  #events: NumberedEvent[] = [];

  /**
   * @param locked All accounts that the transaction has locked.
   * @param now When it happens.
   */
  constructor(transaction: LedgerTransaction, locked: ReadonlyMap<string, LockedAccount>, now: Date) {
    this.#transaction = transaction;
    this.#locked = locked;
    this.#now = now;
    this.#xid = latestEventXid(locked);
  }

  /**
   * Adds what happened next. That a transaction was booked is told without being said here. Throws an Error when the
   * entries of a transaction do not sum to zero; that is a programming error, and rolls back.
   */
  add({ transactions = [], events = [], changedAccounts = [] }: BookChanges): void {
    for (const booked of transactions) {
      assertBalanced(booked);
      this.#transactions.push(booked);
      for (const event of bookingEvents(booked)) this.#tell(event);
    }
    for (const event of events) this.#tell(event);
    for (const account of changedAccounts) this.#changed.set(account.id, account);
    if (this.#transactions.length >= mostInPart) this.#writeParts();
  }

  /**
   * Writes the rest.
   *
   * @param outcomes What is stored with each idempotency key that the transaction claimed and uses up.
   */
  finish(outcomes: ReadonlyMap<string, Outcome<unknown>> = new Map()): void {
    for (const [accountId, eventCount] of this.#eventCounts) {
      const account = this.#changed.get(accountId) ?? this.#locked.get(accountId);
      if (account !== undefined) this.#changed.set(accountId, { ...account, eventCount });
    }
    const accounts = [...this.#changed.values()];
    this.#write({ transactions: this.#transactions, events: this.#events, accounts, outcomes });
  }

  /** An account that is not among the locked ones is being opened, and this is its first event. */
  #tell({ type, accountId, subjectId, data }: LedgerEvent): void {
    let sequence = null;
    if (accountId !== null) {
      sequence = (this.#eventCounts.get(accountId) ?? this.#locked.get(accountId)?.eventCount ?? 0) + 1;
      this.#eventCounts.set(accountId, sequence);
    }
    this.#events.push({ type, accountId, subjectId, data, sequence });
  }

  /** Writes what was added until now, in parts of about the same size, so that the first is soon on its way. */
  #writeParts(): void {
    const parts = Math.ceil(this.#transactions.length / mostInPart);
    const [transactions, events] = [this.#transactions, this.#events];
    [this.#transactions, this.#events] = [[], []];
    for (let index = 0; index < parts; index++) {
      const part = <Item>(items: readonly Item[]) => {
        const size = Math.ceil(items.length / parts);
        return items.slice(index * size, (index + 1) * size);
      };
      this.#write({ transactions: part(transactions), events: part(events), accounts: [], outcomes: new Map() });
    }
  }

  #write(part: JournalPart): void {
    writePart(this.#transaction, { ...part, now: this.#now, xid: this.#xid });
  }
}

function writePart(
  { knex, ledgerId, pipeline }: LedgerTransaction,
  writes: JournalPart & { now: Date; xid: string | null },
): void {
  const { transactions, accounts, xid } = writes;
  const entries = transactions.flatMap((booked) => booked.entries.map((entry) => ({ booked, entry })));
  void pipeline.send(
    knex
      .raw(statement, [
        ledgerId,
        xid,
        arrayOf(transactions, (booked) => booked.id),
        arrayOf(transactions, (booked) => booked.type),
        arrayOf(transactions, (booked) => booked.amount),
        arrayOf(transactions, (booked) => booked.amount?.currency),
        arrayOf(transactions, (booked) => booked.bookedAt.toISOString()),
        arrayOf(transactions, (booked) => booked.valueDate),
        arrayOf(transactions, (booked) => booked.initiatedBy),
        textArrayOf(transactions, (booked) => booked.description),
        textArrayOf(transactions, (booked) => booked.reference),
        jsonArrayOf(transactions, (booked) => booked.metadata),
        textArrayOf(transactions, ({ signedBy }) => (signedBy.length === 0 ? null : `{${signedBy.join()}}`)),
        arrayOf(transactions, (booked) => booked.origin?.type),
        arrayOf(transactions, (booked) => booked.origin?.id),
        arrayOf(accounts, (account) => account.id),
        arrayOf(accounts, (account) => account.balance),
        arrayOf(accounts, (account) => account.held),
        arrayOf(accounts, (account) => account.status),
        arrayOf(accounts, (account) => account.version),
        arrayOf(accounts, (account) => account.revision),
        arrayOf(accounts, (account) => account.eventCount),
        arrayOf(accounts, (account) => account.nextExpiry?.toISOString()),
        arrayOf(accounts, (account) => account.lastBookedAt?.toISOString()),
        arrayOf(accounts, (account) => account.closedAt?.toISOString()),
        textArrayOf([...writes.outcomes.keys()], (key) => key),
        jsonArrayOf([...writes.outcomes.values()], (outcome) => outcome),
        writes.now.toISOString(),
        arrayOf(writes.events, (event) => event.accountId),
        arrayOf(writes.events, (event) => event.sequence),
        arrayOf(writes.events, (event) => event.type),
        arrayOf(writes.events, (event) => event.subjectId),
        jsonArrayOf(writes.events, (event) => event.data),
        arrayOf(entries, ({ booked }) => booked.id),
        arrayOf(entries, createId),
        arrayOf(entries, ({ entry }) => entry.accountId),
        arrayOf(entries, ({ entry }) => entry.amount),
        arrayOf(entries, ({ entry }) => entry.balanceAfter),
        arrayOf(entries, ({ entry }) => entry.version),
        arrayOf(entries, ({ booked }) => booked.bookedAt.toISOString()),
      ])
      .options(prepared(knex, 'write-journal')),
  );
}

const statement = `
  with ledger as (select ?::uuid as ledger_id),
  log as (select greatest(pg_current_xact_id(), ?::xid8) as xid),
  new_transactions as (
    insert into transactions (ledger_id, id, type, amount, currency, booked_at, value_date, initiated_by,
                              description, reference, metadata, signed_by, origin, origin_id)
    select ledger.ledger_id, id, type, amount, currency, booked_at, value_date, initiated_by, description, reference,
           metadata, signed_by::uuid[], origin, origin_id
    from ledger, unnest(?::uuid[], ?::text[], ?::numeric[], ?::text[], ?::timestamptz[], ?::date[], ?::uuid[],
                        ?::text[], ?::text[], ?::jsonb[], ?::text[], ?::text[], ?::uuid[])
                 as t (id, type, amount, currency, booked_at, value_date, initiated_by, description, reference,
                       metadata, signed_by, origin, origin_id)),
  changed_accounts as (
    update accounts a
    set balance = c.balance, held = c.held, status = c.status, version = c.version, revision = c.revision,
        event_count = c.event_count, last_event_xid = log.xid, next_expiry = c.next_expiry, last_booked_at = c.last_booked_at, closed_at = c.closed_at
    from ledger, log, unnest(?::uuid[], ?::numeric[], ?::numeric[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[],
                        ?::timestamptz[], ?::timestamptz[], ?::timestamptz[])
         as c (id, balance, held, status, version, revision, event_count, next_expiry, last_booked_at, closed_at)
    where a.ledger_id = ledger.ledger_id and a.id = c.id),
  stored_outcomes as (
    update idempotency_keys k
    set outcome = o.outcome
    from ledger, unnest(?::text[], ?::json[]) as o (key, outcome)
    where k.ledger_id = ledger.ledger_id and k.key = o.key),
  new_events as (
    insert into events (ledger_id, epoch, xid, occurred_at, account_id, sequence, type, subject_id, data)
    select l.id, l.event_epoch, log.xid, ?::timestamptz, e.account_id, e.sequence, e.type, e.subject_id, e.data
    from ledger join ledgers l on l.id = ledger.ledger_id, log,
         unnest(?::uuid[], ?::bigint[], ?::text[], ?::uuid[], ?::json[])
           with ordinality as e (account_id, sequence, type, subject_id, data, place)
    order by e.place)
  insert into entries (ledger_id, transaction_id, id, account_id, amount, balance_after, version, booked_at)
  select ledger.ledger_id, e.*
  from ledger, unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::numeric[], ?::numeric[], ?::bigint[], ?::timestamptz[]) as e`;

/**
 * The id under which the latest event of these accounts stands in the log, null without one. A transaction may get its
 * own id long before it gets the locks, and then come behind one with a later id; its events must come behind too.
 */
function latestEventXid(accounts: ReadonlyMap<string, LockedAccount>): string | null {
  let latest: bigint | null = null;
  for (const { lastEventXid } of accounts.values()) {
    const xid = lastEventXid === null ? null : BigInt(lastEventXid);
    if (xid !== null && (latest === null || xid > latest)) latest = xid;
  }
  return latest === null ? null : `${latest}`;
}

/** A PostgreSQL array (manual, chapter 8.15.2) of what needs no quotes: ids, numbers, codes, times. */
function arrayOf<Item>(
  items: readonly Item[],
  column: (item: Item) => { toString(): string } | null | undefined,
): string {
  return `{${items.map((item) => column(item) ?? 'NULL').join()}}`;
}

/** A PostgreSQL array of whatever text. */
function textArrayOf<Item>(items: readonly Item[], column: (item: Item) => string | null): string {
  const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
  return arrayOf(items, (item) => {
    const text = column(item);
    return text === null ? null : quoted(text);
  });
}

/**
 * A PostgreSQL array of JSON documents. Their text has no control characters, so that what quotes it as a JSON string
 * (a tenth of the time of the way above) quotes it as an element of an array too.
 */
function jsonArrayOf<Item>(items: readonly Item[], column: (item: Item) => object | null): string {
  return arrayOf(items, (item) => {
    const document = column(item);
    return document === null ? null : JSON.stringify(JSON.stringify(document));
  });
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
