import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { createId } from '../ledger/create-id.ts';
import { formatPlace } from '../log/log-place.ts';
import { readLog } from '../log/read-log.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import { newDelivery } from './webhook-delivery.ts';
import { insertDeliveries } from './webhook-delivery-queries.ts';
import { endpointRows } from './webhook-endpoint-queries.ts';

/** How many events an endpoint is notified of in one transaction. */
const eventsAtOnce = 500;

/**
 * When this many deliveries of an endpoint are pending, the rest waits in the log, which has it anyway: so what an
 * endpoint that fails leaves behind has a limit, and enabling it again is one small statement.
 */
const maxPending = 10_000;

/** SQL: since when the log has something that the endpoint has not been notified of; null without. */
const firstUnread = `
  (select b.appended_at from log_blocks b
   where b.ledger_id = :ledgerId and b.last_position > item.log_position
   order by b.last_position limit 1)`;

const isFull = `
  exists (select from webhook_deliveries d
          where d.ledger_id = :ledgerId and d.endpoint_id = item.id and d.status = 'pending'
          offset ${maxPending - 1})`;

/**
 * Endpoints that have not been notified of everything yet. Each has its position in the log; what stands behind it
 * and is for the endpoint becomes a delivery, in the transaction that moves the position on. Nothing is sent here.
 */
export const webhookEventsQueue: WorkQueue = {
  ...endpointRows,
  name: 'webhook-events',
  isDue: `item.status = 'active' and ${firstUnread} is not null and not ${isFull}`,
  dueSince: firstUnread,
  batchSize: 10,
  lanes: 1,
  isUrgent: true,
  async work(transaction, endpointIds) {
    for (const cursor of await readCursors(transaction, endpointIds)) await tellEndpoint(transaction, cursor);
    return undefined;
  },
};

interface CursorRow {
  id: string;
  event_types: string[] | null;
  account_ids: string[] | null;
  log_position: number;
  now: Date;
}

function readCursors({ knex, ledgerId }: LedgerTransaction, endpointIds: readonly string[]) {
  return knex('webhook_endpoints')
    .select<CursorRow[]>('*', knex.raw('clock_timestamp() as now'))
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [[...endpointIds]]);
}

async function tellEndpoint(transaction: LedgerTransaction, endpoint: CursorRow): Promise<void> {
  const { knex, ledgerId } = transaction;
  const { id: endpointId, log_position: after, event_types: types, account_ids: accountIds, now } = endpoint;
  const { events, lookedTo } = await readLog(transaction, { after, limit: eventsAtOnce, types, accountIds });
  const deliveries = events.map(({ place, accountId, type }) => {
    const about = { logPosition: place.position, webhookId: formatPlace(place), accountId, type };
    return newDelivery({ id: createId(), endpointId, ...about }, now);
  });
  await insertDeliveries(transaction, deliveries);
  if (lookedTo === null) return;
  await knex('webhook_endpoints')
    .where({ ledger_id: ledgerId, id: endpointId })
    .update({ log_position: lookedTo.position });
}
