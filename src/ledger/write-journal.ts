import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import type { Money } from '../money/money.ts';
import type { BookedEntry, BookedTransaction } from './booked-transaction.ts';
import { arraysOf, type Columns, namesOf, of, ofJson, ofText, unnest } from './column-arrays.ts';
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
const maxInPart = 250;

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
   * Adds what happened next. That a transaction was booked has its event without being added here. Throws an Error when
   * the entries of a transaction do not sum to zero; that is a programming error, and rolls back.
   */
  add({ transactions = [], events = [], changedAccounts = [] }: BookChanges): void {
    for (const booked of transactions) {
      assertBalanced(booked);
      this.#transactions.push(booked);
      for (const event of bookingEvents(booked)) this.#tell(event);
    }
    for (const event of events) this.#tell(event);
    for (const account of changedAccounts) this.#changed.set(account.id, account);
    if (this.#transactions.length >= maxInPart) this.#writeParts();
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
    const parts = Math.ceil(this.#transactions.length / maxInPart);
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
  const { transactions, accounts, events, outcomes, now, xid } = writes;
  const entries = transactions.flatMap((booked) => booked.entries.map((entry) => ({ booked, entry })));
  void pipeline.send(
    knex
      .raw(statement, [
        ledgerId,
        xid,
        ...arraysOf(transactionColumns, transactions),
        ...arraysOf(accountColumns, accounts),
        ...arraysOf(outcomeColumns, [...outcomes]),
        now.toISOString(),
        ...arraysOf(eventColumns, events),
        ...arraysOf(entryColumns, entries),
      ])
      .options(prepared(knex, 'write-journal')),
  );
}

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

/** What an operation may change of an account that it has locked; the statement adds the place in the log. */
const accountColumns: Columns<LockedAccount> = {
  id: of('uuid', (account) => account.id),
  balance: of('numeric', (account) => account.balance),
  held: of('numeric', (account) => account.held),
  status: of('text', (account) => account.status),
  version: of('bigint', (account) => account.version),
  revision: of('bigint', (account) => account.revision),
  event_count: of('bigint', (account) => account.eventCount),
  next_expiry: of('timestamptz', (account) => account.nextExpiry?.toISOString()),
  last_booked_at: of('timestamptz', (account) => account.lastBookedAt?.toISOString()),
  closed_at: of('timestamptz', (account) => account.closedAt?.toISOString()),
};

const outcomeColumns: Columns<readonly [string, Outcome<unknown>]> = {
  key: ofText(([key]) => key),
  outcome: ofJson('json', ([, outcome]) => outcome),
};

const eventColumns: Columns<NumberedEvent> = {
  account_id: of('uuid', (event) => event.accountId),
  sequence: of('bigint', (event) => event.sequence),
  type: of('text', (event) => event.type),
  subject_id: of('uuid', (event) => event.subjectId),
  data: ofJson('json', (event) => event.data),
};

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
  log as (select greatest(pg_current_xact_id(), ?::xid8) as xid),
  new_transactions as (
    insert into transactions (ledger_id, ${namesOf(transactionColumns)})
    select ledger.ledger_id,
      ${namesOf(transactionColumns).map((name) => (name === 'signed_by' ? `${name}::uuid[]` : name))}
    from ledger, ${unnest(transactionColumns)} as t (${namesOf(transactionColumns)})),
  changed_accounts as (
    update accounts a
    set last_event_xid = log.xid, ${changes.map((name) => `${name} = c.${name}`)}
    from ledger, log, ${unnest(accountColumns)} as c (${namesOf(accountColumns)})
    where a.ledger_id = ledger.ledger_id and a.id = c.id),
  stored_outcomes as (
    update idempotency_keys k
    set outcome = o.outcome
    from ledger, ${unnest(outcomeColumns)} as o (${namesOf(outcomeColumns)})
    where k.ledger_id = ledger.ledger_id and k.key = o.key),
  new_events as (
    insert into events (ledger_id, epoch, xid, occurred_at, ${namesOf(eventColumns)})
    select l.id, l.event_epoch, log.xid, ?::timestamptz, ${namesOf(eventColumns).map((name) => `e.${name}`)}
    from ledger join ledgers l on l.id = ledger.ledger_id, log,
         ${unnest(eventColumns)} with ordinality as e (${namesOf(eventColumns)}, place)
    order by e.place)
  insert into entries (ledger_id, ${namesOf(entryColumns)})
  select ledger.ledger_id, e.*
  from ledger, ${unnest(entryColumns)} as e (${namesOf(entryColumns)})`;

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

function assertBalanced(booked: BookedTransaction): void {
  const sums = new Map<string, Money>();
  for (const { amount } of booked.entries) {
    sums.set(amount.currency, sums.get(amount.currency)?.plus(amount) ?? amount);
  }
  for (const sum of sums.values()) {
    if (!sum.isZero()) throw new Error(`the entries of transaction ${booked.id} sum to ${sum} ${sum.currency}`);
  }
}
