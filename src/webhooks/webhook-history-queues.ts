import type { WorkQueue } from '../workers/work-queue.ts';
import { deliveryRows } from './webhook-delivery-queries.ts';
import { endpointRows } from './webhook-endpoint-queries.ts';

const keptDays = 30;
/** How many deliveries of a deleted endpoint are removed in one transaction. */
const removedAtOnce = 2_000;

/** Deliveries that were finished so long ago that nobody asks for them. */
export const webhookHistoryQueue: WorkQueue = {
  ...deliveryRows,
  name: 'webhook-history',
  isDue: `item.finished_at <= now() - interval '${keptDays} days'`,
  dueSince: 'item.finished_at',
  batchSize: 500,
  lanes: 1,
  isUrgent: false,
  async work({ knex, ledgerId }, deliveryIds) {
    await knex('webhook_deliveries')
      .where('ledger_id', ledgerId)
      .whereRaw('id = any(?::uuid[])', [[...deliveryIds]])
      .delete();
    return undefined;
  },
};

/** Endpoints that were deleted: their deliveries go piece by piece, and with the last of them the endpoint itself. */
export const webhookRemovalsQueue: WorkQueue = {
  ...endpointRows,
  name: 'webhook-removals',
  isDue: "item.status = 'deleted'",
  dueSince: 'item.created_at',
  batchSize: 1,
  lanes: 1,
  isUrgent: false,
  async work({ knex, ledgerId }, [endpointId]) {
    const some = knex('webhook_deliveries')
      .select('id')
      .where({ ledger_id: ledgerId, endpoint_id: endpointId })
      .limit(removedAtOnce);
    const removed = await knex('webhook_deliveries').where('ledger_id', ledgerId).whereIn('id', some).delete();
    if (removed < removedAtOnce)
      await knex('webhook_endpoints').where({ ledger_id: ledgerId, id: endpointId }).delete();
    return undefined;
  },
};
