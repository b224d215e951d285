import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import {
  type AttemptDocument,
  type DeliveryStatus,
  presentDelivery,
  type WebhookDelivery,
  type WebhookDeliveryDocument,
} from './webhook-delivery.ts';

interface DeliveryRow {
  id: string;
  endpoint_id: string;
  log_position: number | null;
  webhook_id: string;
  account_id: string | null;
  type: string;
  status: DeliveryStatus;
  attempts: number;
  answers: AttemptDocument[];
  next_attempt_at: Date | null;
  pending_since: Date;
  created_at: Date;
  finished_at: Date | null;
}

/** The table of deliveries, as the queue that removes them and those who change a row know it. */
export const deliveryRows = { table: 'webhook_deliveries', idColumn: 'id' } as const;

/** Those of a deleted endpoint are gone for everybody, though they are removed piece by piece. */
function selectDeliveries({ knex, ledgerId }: LedgerSource) {
  return knex('webhook_deliveries as d')
    .join('webhook_endpoints as e', (on) => on.on('e.ledger_id', 'd.ledger_id').andOn('e.id', 'd.endpoint_id'))
    .select<DeliveryRow[]>('d.*')
    .where({ 'd.ledger_id': ledgerId, 'e.ledger_id': ledgerId })
    .whereNot('e.status', 'deleted');
}

/** Throws RefusalError `webhook_delivery_not_found`. */
export async function getDelivery(source: LedgerSource, deliveryId: string): Promise<WebhookDeliveryDocument> {
  const [row] = await selectDeliveries(source).where('d.id', deliveryId);
  if (row === undefined) throw notFound('webhook_delivery', deliveryId);
  return presentDelivery(asDelivery(row));
}

export interface DeliveryPage {
  readonly endpointId: string;
  readonly status: DeliveryStatus | undefined;
  readonly limit: number;
  readonly after: string | null;
  readonly order: 'asc' | 'desc';
}

/** A page of what was and will be sent to an endpoint, in the order of the events. */
export async function listDeliveries(source: LedgerSource, page: DeliveryPage): Promise<WebhookDeliveryDocument[]> {
  const query = selectDeliveries(source)
    .where('d.endpoint_id', page.endpointId)
    .orderBy('d.id', page.order)
    .limit(page.limit);
  if (page.status !== undefined) query.where('d.status', page.status);
  if (page.after !== null) query.where('d.id', page.order === 'asc' ? '>' : '<', page.after);
  return (await query).map((row) => presentDelivery(asDelivery(row)));
}

/** These deliveries, by their ids. A caller that goes on to change them must have locked their rows. */
export async function findDeliveries(
  transaction: LedgerTransaction,
  deliveryIds: readonly string[],
): Promise<ReadonlyMap<string, WebhookDelivery>> {
  const rows = await selectDeliveries(transaction).whereRaw('d.id = any(?::uuid[])', [[...deliveryIds]]);
  return new Map(rows.map((row) => [row.id, asDelivery(row)]));
}

/** Writes new deliveries; one of an event that the endpoint has been notified of before is left out. */
export async function insertDeliveries(
  { knex, ledgerId }: LedgerTransaction,
  deliveries: readonly WebhookDelivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  const rows = deliveries.map((delivery) => ({
    ledger_id: ledgerId,
    id: delivery.id,
    endpoint_id: delivery.endpointId,
    log_position: delivery.logPosition,
    webhook_id: delivery.webhookId,
    account_id: delivery.accountId,
    type: delivery.type,
    next_attempt_at: delivery.nextAttemptAt,
    pending_since: delivery.pendingSince,
    created_at: delivery.createdAt,
  }));
  await knex('webhook_deliveries').insert(rows).onConflict().ignore();
}

/** A delivery as it begins: due at once, with all its tries before it, and nobody's lease on it. */
const fromTheStart = (now: Date) => ({
  status: 'pending',
  attempts: 0,
  lease_id: null,
  next_attempt_at: now,
  pending_since: now,
  finished_at: null,
});

/** Makes a delivery begin anew. Its row must be locked. */
export async function restartDelivery(
  { knex, ledgerId }: LedgerTransaction,
  deliveryId: string,
  now: Date,
): Promise<void> {
  await knex('webhook_deliveries').where({ ledger_id: ledgerId, id: deliveryId }).update(fromTheStart(now));
}

/** Makes all of an endpoint begin anew that is pending and that nobody sends at this moment. */
export async function restartPending(
  { knex, ledgerId }: LedgerTransaction,
  endpointId: string,
  now: Date,
): Promise<void> {
  await knex('webhook_deliveries')
    .where({ ledger_id: ledgerId, endpoint_id: endpointId, status: 'pending' })
    .whereRaw('(lease_id is null or next_attempt_at <= ?::timestamptz)', [now.toISOString()])
    .update(fromTheStart(now));
}

function asDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    endpointId: row.endpoint_id,
    logPosition: row.log_position,
    webhookId: row.webhook_id,
    accountId: row.account_id,
    type: row.type,
    status: row.status,
    attempts: row.attempts,
    answers: row.answers,
    nextAttemptAt: row.next_attempt_at,
    pendingSince: row.pending_since,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
