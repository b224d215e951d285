import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import type { Money } from '../money/money.ts';
import type { BookedTransaction } from './booked-transaction.ts';
import { createId } from './create-id.ts';
import type { NumberedEvent } from './ledger-event.ts';
import type { LockedAccount } from './locked-account.ts';
import type { Outcome } from './operation.ts';

/** Everything that a group of operations changes in the books. */
export interface JournalWrites {
  readonly transactions: readonly BookedTransaction[];
  /** The last state of each locked account that changed. */
  readonly accounts: readonly LockedAccount[];
  /** What is stored with each idempotency key that the group claimed and uses up. */
  readonly outcomes: ReadonlyMap<string, Outcome<unknown>>;
  readonly events: readonly NumberedEvent[];
  /** When it happened. */
  readonly now: Date;
}

/** More movements than this are written in parts: PostgreSQL works on one while the next is put together. */
const mostInPart = 250;

/**
 * Writes transactions, entries, account rows, events and stored outcomes, each column of each table as one array. The
 * account rows must be locked and the keys claimed by this transaction. Does not wait for the answers: COMMIT may follow
 * at once, and fails if one of the statements does. There is one, and a few for a large batch.
 *
 * Throws an Error when the entries of a transaction do not sum to zero; that is a programming error, and rolls back.
 */
export function writeJournal(transaction: LedgerTransaction, writes: JournalWrites): void {
  for (const booked of writes.transactions) assertBalanced(booked);
  const { transactions, accounts, outcomes, events, now } = writes;
  const xid = latestEventXid(accounts);
  const parts = Math.max(1, Math.ceil(transactions.length / mostInPart));
  const part = <Item>(items: readonly Item[], index: number) => {
    const size = Math.ceil(items.length / parts);
    return items.slice(index * size, (index + 1) * size);
  };
  for (let index = 0; index < parts - 1; index++) {
    const early = { transactions: part(transactions, index), events: part(events, index) };
    writePart(transaction, xid, { ...early, accounts: [], outcomes: new Map(), now });
  }
  const last = { transactions: part(transactions, parts - 1), events: part(events, parts - 1) };
  writePart(transaction, xid, { ...last, accounts, outcomes, now });
}

function writePart({ knex, ledgerId, pipeline }: LedgerTransaction, xid: string | null, writes: JournalWrites): void {
  const { transactions, accounts } = writes;
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
function latestEventXid(accounts: readonly LockedAccount[]): string | null {
  let latest: bigint | null = null;
  for (const { lastEventXid } of accounts) {
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
