import { randomInt } from 'node:crypto';
import { fixedStatement } from '../database/fixed-statement.ts';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { isDistributed, onOneServer } from '../database/server-kind.ts';
import type { BookedEntry, BookedTransaction } from './booked-transaction.ts';
import { arrays, arraysOf, type Columns, namesOf, of, ofJson, ofText, unnest } from './column-arrays.ts';
import { createId } from './create-id.ts';
import type { LedgerEvent } from './ledger-event.ts';
import type { LockedAccount } from './locked-account.ts';
import { metadataTerms } from './metadata-term.ts';

/** What happened, as the log will name it: the entry that was booked, or an event with a row of its own. */
export interface LogEntry {
  readonly accountId: string | null;
  /** One more than that of the account's event before, without gaps; null for what belongs to no account. */
  readonly sequence: number | null;
  /** The version of the account that a booking made; null for anything else. */
  readonly version: number | null;
  /** The event's row; null for a booking, of which the journal has everything. */
  readonly eventId: string | null;
}

/** An event with a row of its own. */
export interface EventRow extends LogEntry, Omit<LedgerEvent, 'accountId'> {
  readonly occurredAt: Date;
}

/** What is written together. */
export interface JournalPart {
  readonly transactions: readonly BookedTransaction[];
  readonly events: readonly EventRow[];
  readonly logEntries: readonly LogEntry[];
  readonly accounts: readonly LockedAccount[];
  /** What is stored with idempotency keys, as JSON. */
  readonly outcomes: ReadonlyMap<string, object>;
}

const transactionColumns: Columns<BookedTransaction> = {
  id: of('uuid', (booked) => booked.id),
  type: of('text', (booked) => booked.type),
  amount: of('numeric', (booked) => booked.amount),
  currency: of('text', (booked) => booked.amount?.currency),
  booked_at: of('timestamptz', (booked) => booked.bookedAt.toISOString()),
  value_date: of('date', (booked) => booked.valueDate),
  initiated_by: of('uuid', (booked) => booked.initiatedBy),
  channel: of('text', (booked) => booked.authentication?.channel),
  key_id: of('uuid', (booked) => booked.authentication?.keyId),
  description: ofText((booked) => booked.description),
  reference: ofText((booked) => booked.reference),
  metadata: ofJson('jsonb', (booked) => booked.metadata),
  external_id: ofText((booked) => booked.externalId),
  signed_by: ofText(({ signedBy }) => (signedBy.length === 0 ? null : `{${signedBy.join()}}`)),
  origin: of('text', (booked) => booked.origin?.type),
  origin_id: of('uuid', (booked) => booked.origin?.id),
  revision: of('bigint', (booked) => booked.revision),
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

const outcomeColumns: Columns<readonly [string, object]> = {
  key: ofText(([key]) => key),
  outcome: ofJson('json', ([, outcome]) => outcome),
};

const eventColumns: Columns<EventRow> = {
  id: of('uuid', (event) => event.eventId),
  account_id: of('uuid', (event) => event.accountId),
  sequence: of('bigint', (event) => event.sequence),
  type: of('text', (event) => event.type),
  subject_id: of('uuid', (event) => event.subjectId),
  occurred_at: of('timestamptz', (event) => event.occurredAt.toISOString()),
  data: ofJson('json', (event) => event.data),
};

/** The inbox of the log has one row for all entries of a part, with these as arrays. */
const logEntryColumns: Columns<LogEntry> = {
  account_ids: of('uuid', (entry) => entry.accountId),
  sequences: of('bigint', (entry) => entry.sequence),
  versions: of('bigint', (entry) => entry.version),
  event_ids: of('uuid', (entry) => entry.eventId),
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

/** Where a statement has its ledger from. */
interface LedgerTerms {
  /** What stands in FROM before the rows of an insert, and the ledger's id there. */
  readonly from: string;
  readonly id: string;
  readonly where: string;
  /** The same for an update. */
  readonly updateFrom: string;
  readonly updateId: string;
}

/** By what transactions with metadata are found (`metadata-term.ts`). */
const metadataColumns: Columns<{ readonly term: string; readonly booked: BookedTransaction }> = {
  term: of('uuid', ({ term }) => term),
  booked_at: of('timestamptz', ({ booked }) => booked.bookedAt.toISOString()),
  transaction_id: of('uuid', ({ booked }) => booked.id),
};

/** Bound once, for all of them in one statement. */
const together: LedgerTerms = {
  ...{ from: 'ledger, ', id: 'ledger.ledger_id', where: 'true' },
  ...{ updateFrom: 'ledger, ', updateId: 'ledger.ledger_id' },
};

/** Bound last, in a statement of its own: so it goes to the node of the ledger as it is. */
const alone: LedgerTerms = {
  ...{ from: 'ledgers l, ', id: 'l.id', where: 'l.id = ?::uuid' },
  ...{ updateFrom: '', updateId: '?::uuid' },
};

/** What is written to one table. */
interface Write {
  readonly table: string;
  sql(terms: LedgerTerms): string;
  bindings(part: JournalPart, stamp: number): ReadonlyArray<string | number | null>;
  /** Of a part that has nothing for the table, the statement need not be sent. */
  isEmpty(part: JournalPart): boolean;
}

function insert<Row>(
  table: string,
  columns: Columns<Row>,
  rowsOf: (part: JournalPart) => readonly Row[],
  select: (name: string) => string = (name) => `r.${name}`,
): Write {
  const names = namesOf(columns);
  return {
    table,
    sql: ({ from, id, where }) =>
      `insert into ${table} (ledger_id, ${names})
       select ${id}, ${names.map(select)} from ${from}${unnest(columns)} as r (${names}) where ${where}`,
    bindings: (part) => arraysOf(columns, rowsOf(part)),
    isEmpty: (part) => rowsOf(part).length === 0,
  };
}

function update<Row>(table: string, columns: Columns<Row>, rowsOf: (part: JournalPart) => readonly Row[]): Write {
  const names = namesOf(columns);
  const [key, ...changes] = names;
  return {
    table,
    sql: ({ updateFrom, updateId }) =>
      `update ${table} t set ${changes.map((name) => `${name} = r.${name}`)}
       from ${updateFrom}${unnest(columns)} as r (${names}) where t.${key} = r.${key} and t.ledger_id = ${updateId}`,
    bindings: (part) => arraysOf(columns, rowsOf(part)),
    isEmpty: (part) => rowsOf(part).length === 0,
  };
}

/** Two groups of one ledger may have the same stamp, if they share no account. */
const maxSalt = 2 ** 31;

const inboxColumns = ['stamp', 'salt', ...namesOf(logEntryColumns)];

const inbox: Write = {
  table: 'log_inbox',
  sql: ({ from, id, where }) =>
    `insert into log_inbox (ledger_id, ${inboxColumns})
     select ${id}, r.*
     from ${from}(select ?::bigint, ?::integer, ${arrays(logEntryColumns)}) as r (${inboxColumns})
     where cardinality(r.account_ids) > 0 and ${where}`,
  bindings({ logEntries }, stamp) {
    const [accountIds, sequences, versions, eventIds] = arraysOf(logEntryColumns, logEntries);
    // An array with nothing in it is left out.
    const hasBookings = logEntries.some(({ version }) => version !== null);
    const hasEvents = logEntries.some(({ eventId }) => eventId !== null);
    const optional = [hasBookings ? versions! : null, hasEvents ? eventIds! : null];
    return [stamp, randomInt(maxSalt), accountIds!, sequences!, ...optional];
  },
  isEmpty: ({ logEntries }) => logEntries.length === 0,
};

const writes: readonly Write[] = [
  insert(
    'transactions',
    transactionColumns,
    ({ transactions }) => transactions,
    (name) => (name === 'signed_by' ? 'r.signed_by::uuid[]' : `r.${name}`),
  ),
  update('accounts', accountColumns, ({ accounts }) => accounts),
  update('idempotency_keys', outcomeColumns, ({ outcomes }) => [...outcomes]),
  insert('events', eventColumns, ({ events }) => events),
  inbox,
  insert('entries', entryColumns, ({ transactions }) =>
    transactions.flatMap((booked) => booked.entries.map((entry) => ({ booked, entry }))),
  ),
];

/** In a statement of its own everywhere: most movements have no metadata, and pay nothing for it. */
const metadata = insert('transaction_metadata', metadataColumns, ({ transactions }) =>
  transactions.flatMap((booked) => metadataTerms(booked.metadata).map((term) => ({ term, booked }))),
);

const [first, last] = [writes.slice(0, -1), writes.at(-1)!];
const allTogether = fixedStatement(`/* ${onOneServer} */
  with ledger as (select ?::uuid as ledger_id),
  ${first.map((write) => `to_${write.table} as (${write.sql(together)})`).join(',\n  ')}
  ${last.sql(together)}`);
const eachAlone = new Map([...writes, metadata].map((write) => [write, fixedStatement(write.sql(alone))]));

/**
 * Sends what belongs to a part, without waiting for the answer: to one server as one statement, which is parsed, bound
 * and answered once; where ledgers live on several nodes as one for each table, which its node can take as it is.
 *
 * @param stamp Orders it in the log among what else happens to its accounts.
 */
export function writePart({ knex, ledgerId, pipeline }: LedgerTransaction, part: JournalPart, stamp: number): void {
  if (!isDistributed(knex)) {
    const bindings = [ledgerId, ...writes.flatMap((write) => write.bindings(part, stamp))];
    void pipeline.send({ ...allTogether(bindings), ...prepared(knex, 'write-journal') });
  }
  for (const write of isDistributed(knex) ? eachAlone.keys() : [metadata]) {
    if (write.isEmpty(part)) continue;
    const bindings = [...write.bindings(part, stamp), ledgerId];
    void pipeline.send({ ...eachAlone.get(write)!(bindings), ...prepared(knex, `write ${write.table}`) });
  }
}
