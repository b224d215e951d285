import { isSetAside } from './claim-work.ts';
import type { WorkQueue } from './work-queue.ts';

/** This limit keeps a queue from reading more than a few batches of a ledger at a time. */
const maxLookedAt = 2_000;

/**
 * Idempotency keys that have expired. A request that comes again after that is a new one, so a key is only deleted
 * when both the clock and the time that the workers saw pass say that it is old (`key-retention.ts`).
 */
export function idempotencyKeysQueue(retentionHours: number): WorkQueue {
  const name = 'idempotency-keys';
  const old = `
    from idempotency_keys k
    where k.ledger_id = :ledgerId
      and k.created_at < least(
        now() - interval '${retentionHours} hours',
        (select of_ledger.keys_kept_from from ledgers of_ledger where of_ledger.id = :ledgerId))`;
  return {
    name,
    table: 'idempotency_keys',
    idColumn: 'key',
    isDue: `item.key in (select k.key ${old} order by k.created_at limit ${maxLookedAt})`,
    dueSince: 'item.created_at',
    waiting: `
      select k.key as id, k.created_at as due_since ${old} and not ${isSetAside(name, 'k', 'key')}
      order by k.created_at limit ${maxLookedAt}`,
    batchSize: 500,
    lanes: 1,
    isUrgent: false,
    async work({ knex, ledgerId }, keys) {
      await knex('idempotency_keys')
        .where('ledger_id', ledgerId)
        .whereRaw('key = any(?::text[])', [[...keys]])
        .delete();
      return undefined;
    },
  };
}
