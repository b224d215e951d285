import type { WorkQueue } from '../workers/work-queue.ts';

/** Idempotency keys whose time is over. A request that comes again after that is a new one. */
export function idempotencyKeysQueue(retentionHours: number): WorkQueue {
  return {
    name: 'idempotency-keys',
    table: 'idempotency_keys',
    idColumn: 'key',
    isDue: `item.created_at <= now() - interval '${retentionHours} hours'`,
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
