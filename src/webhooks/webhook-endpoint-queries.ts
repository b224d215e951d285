import type { Knex } from 'knex';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, RefusalError, refusal } from '../errors/refusal.ts';
import type { EventPlace } from '../events/read-events.ts';
import {
  type DisabledReason,
  type EndpointStatus,
  presentEndpoint,
  type WebhookEndpoint,
  type WebhookEndpointDocument,
} from './webhook-endpoint.ts';

interface EndpointRow {
  id: string;
  url: string;
  description: string | null;
  event_types: string[] | null;
  account_ids: string[] | null;
  is_ordered: boolean;
  status: WebhookEndpoint['status'];
  secret: string;
  previous_secret: string | null;
  previous_secret_until: Date | null;
  failing_since: Date | null;
  disabled_reason: DisabledReason | null;
  disabled_at: Date | null;
  created_at: Date;
}

/** The table of endpoints, as the queues and those who change a row know it. */
export const endpointRows = { table: 'webhook_endpoints', idColumn: 'id' } as const;

function selectEndpoints(database: Knex, ledgerId: string) {
  return database<EndpointRow>('webhook_endpoints')
    .select<EndpointRow[]>('*')
    .where('ledger_id', ledgerId)
    .whereNot('status', 'deleted');
}

/** Throws RefusalError `webhook_endpoint_not_found`. */
export async function getEndpoint(
  database: Knex,
  ledgerId: string,
  endpointId: string,
): Promise<WebhookEndpointDocument> {
  const [row] = await selectEndpoints(database, ledgerId).where('id', endpointId);
  const missing = noSuchEndpoint(endpointId);
  if (row === undefined) throw new RefusalError(missing.code, missing.detail);
  return presentEndpoint(asEndpoint(row));
}

export function noSuchEndpoint(endpointId: string): Refusal {
  return refusal('webhook_endpoint_not_found', `There is no webhook endpoint ${endpointId} in this ledger.`);
}

/** A page of endpoints in the order of their ids, which is that of their registration. */
export async function listEndpoints(
  database: Knex,
  ledgerId: string,
  page: { limit: number; afterId: string | null; status: EndpointStatus | undefined },
): Promise<WebhookEndpointDocument[]> {
  const query = selectEndpoints(database, ledgerId).orderBy('id').limit(page.limit);
  if (page.status !== undefined) query.where('status', page.status);
  if (page.afterId !== null) query.where('id', '>', page.afterId);
  return (await query).map((row) => presentEndpoint(asEndpoint(row)));
}

/** These endpoints, by their ids. Their rows must be locked by whoever goes on to change them. */
export async function findEndpoints(
  { knex, ledgerId }: LedgerTransaction,
  endpointIds: readonly string[],
): Promise<ReadonlyMap<string, WebhookEndpoint>> {
  const rows = await selectEndpoints(knex, ledgerId).whereRaw('id = any(?::uuid[])', [[...endpointIds]]);
  return new Map(rows.map((row) => [row.id, asEndpoint(row)]));
}

/** How many endpoints the ledger has. Nobody registers another before this transaction has ended. */
export async function countEndpoints({ knex, ledgerId }: LedgerTransaction): Promise<number> {
  // There is no row to lock whose change would be the next registration.
  await knex.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`webhook endpoints of ${ledgerId}`]);
  const [row] = await knex('webhook_endpoints')
    .where('ledger_id', ledgerId)
    .whereNot('status', 'deleted')
    .count<Array<{ count: number }>>();
  return row!.count;
}

/** Writes a new endpoint, which is told of what happens behind this place. */
export async function insertEndpoint(
  { knex, ledgerId }: LedgerTransaction,
  endpoint: WebhookEndpoint,
  cursor: EventPlace,
): Promise<void> {
  await knex('webhook_endpoints').insert({
    ...changeableColumns(endpoint),
    ledger_id: ledgerId,
    id: endpoint.id,
    cursor_epoch: cursor.epoch,
    cursor_xid: cursor.xid,
    cursor_position: cursor.position,
    created_at: endpoint.createdAt,
  });
}

/** Writes what can change of an endpoint. Its row must be locked. */
export async function updateEndpointRow(
  { knex, ledgerId }: LedgerTransaction,
  endpoint: WebhookEndpoint,
): Promise<void> {
  await knex('webhook_endpoints').where({ ledger_id: ledgerId, id: endpoint.id }).update(changeableColumns(endpoint));
}

function changeableColumns(endpoint: WebhookEndpoint) {
  return {
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes,
    account_ids: endpoint.accountIds,
    is_ordered: endpoint.isOrdered,
    status: endpoint.status,
    secret: endpoint.secret,
    previous_secret: endpoint.previousSecret,
    previous_secret_until: endpoint.previousSecretUntil,
    failing_since: endpoint.failingSince,
    disabled_reason: endpoint.disabledReason,
    disabled_at: endpoint.disabledAt,
  };
}

function asEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types,
    accountIds: row.account_ids,
    isOrdered: row.is_ordered,
    status: row.status,
    secret: row.secret,
    previousSecret: row.previous_secret,
    previousSecretUntil: row.previous_secret_until,
    failingSince: row.failing_since,
    disabledReason: row.disabled_reason,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
