import type { WorkQueue } from '../workers/work-queue.ts';
import { appendToLog } from './append-to-log.ts';

/**
 * Ledgers in which something was committed that has no position in the log yet. Who has the row of a log is the one
 * that appends to it; so there are never two.
 */
export const logQueue: WorkQueue = {
  name: 'log',
  table: 'logs',
  idColumn: 'ledger_id',
  isDue: 'exists (select from log_inbox i where i.ledger_id = :ledgerId)',
  dueSince: '(select to_timestamp(min(i.stamp) / 1e6) from log_inbox i where i.ledger_id = :ledgerId)',
  batchSize: 1,
  lanes: 1,
  isUrgent: true,
  // One that comes alone is appended at once; of many in a row each round costs a commit that movements wait behind.
  gatherMs: 200,
  async work(transaction) {
    await appendToLog(transaction);
    return undefined;
  },
};
