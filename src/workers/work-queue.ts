import type { Database } from '../database/create-database.ts';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';

/**
 * What is still to be done once a batch is committed and nothing is locked any more: a call to a customer's server.
 * Gets the worker's sessions to note what came of it, and never throws.
 */
export type Afterwards = (database: Database) => Promise<void>;

/**
 * A kind of work that any number of processes share. Its items are the rows of a table, called `item` in the SQL below;
 * a row that is due is claimed by being locked, and is no longer due once the work on it is committed. So there is no
 * second place that says what is to be done, and a worker that dies leaves its items as it found them.
 */
export interface WorkQueue {
  readonly name: string;
  /**
   * The table whose rows are claimed: `accounts`, or one whose rows nobody locks or changes while holding account rows.
   */
  readonly table: string;
  /** The column that names a row within its ledger. */
  readonly idColumn: string;
  /**
   * SQL: whether a row is due. Compares with `now()`, which an index can be searched for. Each other table that it
   * reads is compared with the ledger by the binding `ledgerId`.
   */
  readonly isDue: string;
  /** SQL: since when a row has been due; names the ledger in the same way. */
  readonly dueSince: string;
  /**
   * SQL: the `id` of each item that is due, and `due_since`, where the rows of another table, or an index of its own,
   * say it at less cost than the rows that are claimed. Asked in all ledgers at once, which `isDue` would be too dear
   * for then.
   */
  readonly waiting?: string;
  /** How many items share a transaction. */
  readonly batchSize: number;
  /** How many batches one process works on at once. */
  readonly lanes: number;
  /** How long a lane rests after work, so that more of it gathers meanwhile; not at all when it is left out. */
  readonly gatherMs?: number;
  /** Whether a caller waits for it: then workers look at once when anything was committed, not just now and then. */
  readonly isUrgent: boolean;
  /**
   * Does what is to be done about these rows, which this transaction has locked, and sees to it that they are not due
   * any more. Waits for account rows and nothing else. What it throws is noted, and the items are tried again later.
   */
  work(transaction: LedgerTransaction, ids: readonly string[]): Promise<Afterwards | undefined>;
}
