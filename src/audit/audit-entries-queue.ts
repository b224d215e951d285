import { isSetAside } from '../workers/claim-work.ts';
import type { WorkQueue } from '../workers/work-queue.ts';

/** This limit keeps a queue from reading more than a few batches of a ledger at a time. */
const maxLookedAt = 2_000;

/** Entries of the audit trail that are older than they are to be kept. */
export function auditEntriesQueue(retentionDays: number): WorkQueue {
  const name = 'audit-entries';
  // By their ids, which begin with the time.
  const old = `
    select e.id, e.at from (
      select a.id, a.at from audit_entries a
      where a.ledger_id = :ledgerId and not ${isSetAside(name, 'a', 'id')}
      order by a.id limit ${maxLookedAt}) e
    where e.at < now() - interval '${retentionDays} days'`;
  return {
    name,
    table: 'audit_entries',
    idColumn: 'id',
    isDue: `item.id in (select o.id from (${old}) o)`,
    dueSince: 'item.at',
    waiting: `select o.id, o.at as due_since from (${old}) o`,
    batchSize: 500,
    lanes: 1,
    isUrgent: false,
    async work({ knex, ledgerId }, ids) {
      await knex('audit_entries')
        .where('ledger_id', ledgerId)
        .whereRaw('id = any(?::uuid[])', [[...ids]])
        .delete();
      return undefined;
    },
  };
}
