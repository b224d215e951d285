import type { WorkQueue } from './work-queue.ts';

/** This limit keeps a queue from reading more than a few batches of a ledger at a time. */
const maxLookedAt = 2_000;

/**
 * Idempotency keys that have expired. A request that comes again after that is a new one, so a key is only deleted
 * when both the clock and the time that the workers saw pass say that it is old (`key-retention.ts`).
 */
export function idempotencyKeysQueue(retentionHours: number): WorkQueue {
  return {
    name: 'idempotency-keys',
    table: 'idempotency_keys',
    idColumn: 'key',
    isDue: `(item.ledger_id, item.key) in (
      select of_ledger.id, old.key
      from ledgers of_ledger
      cross join lateral (select k.key from idempotency_keys k
                          where k.ledger_id = of_ledger.id
                            and k.created_at < least(now() - interval '${retentionHours} hours',
                                                     of_ledger.keys_kept_from)
                          order by k.created_at limit ${maxLookedAt}) old)`,
    dueSince: 'item.created_at',
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
