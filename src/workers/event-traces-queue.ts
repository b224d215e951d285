import { isSetAside } from './claim-work.ts';
import type { WorkQueue } from './work-queue.ts';

/**
 * Webhooks are retried for a day. One that waits longer, for an endpoint that was disabled, begins a trace of its own.
 */
const keptDays = 30;
/** So many rows are looked at, and removed, in one transaction. */
const maxRows = 2_000;

const name = 'event-traces';
const isOld = (row: string) => `${row}.created_at <= now() - interval '${keptDays} days'`;

/** SQL: the oldest traces, of accounts that are not set aside. */
const oldest = `
  select t.account_id, t.sequence, t.created_at from event_traces t
  where t.ledger_id = :ledgerId and ${isOld('t')} and not ${isSetAside(name, 't', 'account_id')}
  order by t.created_at limit ${maxRows}`;

/**
 * Traces of events that were made so long ago that their webhooks have been sent. What is claimed is the first row of
 * an account, which stands for all of its old ones; the account stays due while a batch has left some of them.
 */
export const eventTracesQueue: WorkQueue = {
  name,
  table: 'event_traces',
  idColumn: 'account_id',
  isDue: `(item.account_id, item.sequence) in (
    select old.account_id, min(old.sequence) from (${oldest}) old group by old.account_id)`,
  dueSince: 'item.created_at',
  waiting: `
    select old.account_id as id, min(old.created_at) as due_since from (${oldest}) old group by old.account_id`,
  batchSize: 100,
  lanes: 1,
  isUrgent: false,
  async work({ knex, ledgerId }, accountIds) {
    const old = await knex('event_traces as t')
      .select<Array<{ account_id: string; sequence: number }>>('t.account_id', 't.sequence')
      .where('t.ledger_id', ledgerId)
      .whereRaw(`t.account_id = any(?::uuid[]) and ${isOld('t')}`, [[...accountIds]])
      .orderBy('t.created_at')
      .limit(maxRows);
    await knex.raw(
      `delete from event_traces t using unnest(?::uuid[], ?::bigint[]) as old (account_id, sequence)
       where t.ledger_id = ?::uuid and t.account_id = old.account_id and t.sequence = old.sequence`,
      [old.map((row) => row.account_id), old.map((row) => row.sequence), ledgerId],
    );
    return undefined;
  },
};
