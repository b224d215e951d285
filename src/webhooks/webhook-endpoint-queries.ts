import { behind } from '../database/bounded-scan.ts';
import { type LedgerSource, type LedgerTransaction, LostRaceError } from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import type { PageAsked } from '../http/paging.ts';
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

/** Each is looked at whenever something happened in the ledger. There are as many slots. */
export const maxEndpoints = 100;

/** The table of endpoints, as the queues and those who change a row know it. */
export const endpointRows = { table: 'webhook_endpoints', idColumn: 'id' } as const;

function selectEndpoints({ knex, ledgerId }: LedgerSource) {
  return knex<EndpointRow>('webhook_endpoints')
    .select<EndpointRow[]>('*')
    .where('ledger_id', ledgerId)
    .whereNot('status', 'deleted');
}

/** Throws RefusalError `webhook_endpoint_not_found`. */
export async function getEndpoint(source: LedgerSource, endpointId: string): Promise<WebhookEndpointDocument> {
  const [row] = await selectEndpoints(source).where('id', endpointId);
  if (row === undefined) throw notFound('webhook_endpoint', endpointId);
  return presentEndpoint(asEndpoint(row));
}

/** A page of endpoints in the order of their ids, which is that of their registration. */
export async function listEndpoints(
  source: LedgerSource,
  page: PageAsked<string> & { status: EndpointStatus | undefined },
): Promise<WebhookEndpointDocument[]> {
  const query = selectEndpoints(source).orderBy('id', page.order).limit(page.limit);
  if (page.status !== undefined) query.where('status', page.status);
  if (page.after !== null) query.where('id', behind[page.order], page.after);
  return (await query).map((row) => presentEndpoint(asEndpoint(row)));
}

/** These endpoints, by their ids. A caller that goes on to change them must have locked their rows. */
export async function findEndpoints(
  transaction: LedgerTransaction,
  endpointIds: readonly string[],
): Promise<ReadonlyMap<string, WebhookEndpoint>> {
  const rows = await selectEndpoints(transaction).whereRaw('id = any(?::uuid[])', [[...endpointIds]]);
  return new Map(rows.map((row) => [row.id, asEndpoint(row)]));
}

/**
 * A slot for another endpoint, undefined when the ledger has as many endpoints as it can have. Any of the free ones, so
 * that those who register at once seldom choose the same.
 */
export async function findFreeSlot({ knex, ledgerId }: LedgerTransaction): Promise<number | undefined> {
  const { rows } = await knex.raw(
    `with present as (select slot from webhook_endpoints where ledger_id = :ledgerId and status <> 'deleted')
     select s.slot from generate_series(1, :maxEndpoints) as s (slot)
     where not exists (select from present p where p.slot = s.slot)
       and (select count(*) from present) < :maxEndpoints
     order by random() limit 1`,
    { ledgerId, maxEndpoints },
  );
  return rows[0]?.slot;
}

/**
 * Writes a new endpoint, which is notified of the events behind this position of the log. Throws LostRaceError when its
 * slot was taken meanwhile.
 */
export async function insertEndpoint(
  { knex, ledgerId }: LedgerTransaction,
  { endpoint, slot, logPosition }: { endpoint: WebhookEndpoint; slot: number; logPosition: number },
): Promise<void> {
  const inserted = await knex('webhook_endpoints')
    .insert({
      ...changeableColumns(endpoint),
      ledger_id: ledgerId,
      id: endpoint.id,
      slot,
      log_position: logPosition,
      created_at: endpoint.createdAt,
    })
    .onConflict(knex.raw("(ledger_id, slot) where status <> 'deleted'"))
    .ignore()
    .returning('id');
  if (inserted.length === 0) throw new LostRaceError('the slot of a webhook endpoint was taken meanwhile');
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
