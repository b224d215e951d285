import { scheduleRows } from '../accounts/statement-schedule.ts';
import { bookWork } from '../ledger/book-group.ts';
import { createId } from '../ledger/create-id.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import { countAhead, issueScheduled } from './issue-statement.ts';

/**
 * Accounts whose period is over. What is claimed is the schedule: so the account is locked only when its entries are
 * counted. One of which several periods are over stays due, and is claimed again for the next of them.
 */
export const statementsQueue: WorkQueue = {
  name: 'statements',
  ...scheduleRows,
  isDue: 'item.next_at <= now()',
  dueSince: 'item.next_at',
  batchSize: 20,
  lanes: 1,
  isUrgent: false,
  async work(transaction, accountIds) {
    const { knex, ledgerId } = transaction;
    const due = await knex('statement_schedules')
      .where('ledger_id', ledgerId)
      .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
      .select<Array<{ account_id: string; next_at: Date }>>('account_id', 'next_at');
    const commands = [];
    for (const { account_id: accountId, next_at: through } of due) {
      commands.push({ accountId, id: createId(), through, counted: await countAhead(transaction, accountId, through) });
    }
    await bookWork(transaction, issueScheduled, commands);
    return undefined;
  },
};
