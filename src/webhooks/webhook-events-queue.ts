import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { isSettled, readEvents, type StoredEvent } from '../events/read-events.ts';
import { createId } from '../ledger/create-id.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import { newDelivery } from './webhook-delivery.ts';
import { insertDeliveries } from './webhook-delivery-queries.ts';
import { endpointRows } from './webhook-endpoint-queries.ts';

/** How many events are looked at for an endpoint in one transaction. */
const eventsAtOnce = 500;

/**
 * When this many deliveries of an endpoint are pending, the rest waits in the log, which has it anyway: so what an
 * endpoint that fails leaves behind has a limit, and enabling it again is one small statement.
 */
const maxPending = 10_000;

/**
 * SQL: when the first event happened that the endpoint has not been notified of; null without one. Asked for as a
 * value, because EXISTS would be made a join with the whole log.
 */
const firstUnread = `
  (select e.occurred_at from events e
   where e.ledger_id = item.ledger_id and ${isSettled('e')}
     and (e.epoch, e.xid, e.position) > (item.cursor_epoch, item.cursor_xid, item.cursor_position)
   order by e.epoch, e.xid, e.position limit 1)`;

const isFull = `
  exists (select from webhook_deliveries d
          where d.ledger_id = item.ledger_id and d.endpoint_id = item.id and d.status = 'pending'
          offset ${maxPending - 1})`;

/**
 * Endpoints that have not been notified of everything yet. Each has a cursor in the log of events; what stands behind
 * it and is for the endpoint becomes a delivery, in the transaction that moves the cursor on. Nothing is sent here.
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
  cursor_epoch: number;
  cursor_xid: string;
  cursor_position: number;
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
  const after = { epoch: endpoint.cursor_epoch, xid: endpoint.cursor_xid, position: endpoint.cursor_position };
  const events = await readEvents(transaction, { after, limit: eventsAtOnce });
  const deliveries = events
    .filter((event) => isFor(endpoint, event))
    .map(({ epoch, xid, position, accountId, type }) =>
      newDelivery(
        { id: createId(), endpointId: endpoint.id, place: { epoch, xid, position }, accountId, type },
        endpoint.now,
      ),
    );
  await insertDeliveries(transaction, deliveries);
  const last = events.at(-1);
  if (last === undefined) return;
  await knex('webhook_endpoints')
    .where({ ledger_id: ledgerId, id: endpoint.id })
    .update({ cursor_epoch: last.epoch, cursor_xid: last.xid, cursor_position: last.position });
}

function isFor({ event_types, account_ids }: CursorRow, { type, accountId }: StoredEvent): boolean {
  if (event_types !== null && !event_types.includes(type)) return false;
  return account_ids === null || (accountId !== null && account_ids.includes(accountId));
}
