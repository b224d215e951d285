import { randomUUID } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { eventId } from '../events/event-id.ts';
import { describeEvents } from '../events/present-event.ts';
import { findEvents } from '../events/read-events.ts';
import { webhookIdOf } from './webhook-delivery.ts';

/**
 * For how long nobody else sends what was leased: longer than sending and noting what came of it takes. When it is over
 * and nothing was noted, the sender is dead, and the next one sends it again.
 */
const leaseMs = 60_000;

/** How many deliveries of one endpoint are on their way at once, from all workers together. */
const mostInFlight = 10;

/** SQL: what of an endpoint, the row `item`, can be sent now: the rows `d`. */
const dueDeliveries = `
  webhook_deliveries d
  where d.ledger_id = item.ledger_id and d.endpoint_id = item.id and d.status = 'pending' and d.next_attempt_at <= now()
    and not (item.is_ordered and exists (
      select from webhook_deliveries b
      where b.ledger_id = d.ledger_id and b.endpoint_id = d.endpoint_id and b.account_id = d.account_id
        and b.status = 'pending'
        and (b.event_epoch, b.event_xid, b.event_position) < (d.event_epoch, d.event_xid, d.event_position)))`;

const inFlight = `
  (select count(*) from webhook_deliveries f
   where f.ledger_id = item.ledger_id and f.endpoint_id = item.id and f.lease_id is not null
     and f.next_attempt_at > now())`;

/** SQL: whether something can be sent to an endpoint. */
export const canBeSentTo = `
  item.status = 'active' and exists (select from ${dueDeliveries}) and ${inFlight} < ${mostInFlight}`;

/** SQL: since when. What an ordered endpoint keeps back counts as well. */
export const pendingSince = `
  (select min(d.next_attempt_at) from webhook_deliveries d
   where d.ledger_id = item.ledger_id and d.endpoint_id = item.id and d.status = 'pending')`;

/** A delivery that is this worker's to send. */
export interface LeasedDelivery {
  readonly ledgerId: string;
  readonly id: string;
  readonly endpointId: string;
  /** Whatever is noted about the delivery names it, so that whoever comes back too late notes nothing. */
  readonly leaseId: string;
  /** How often it was tried, this time included. */
  readonly attempts: number;
  readonly url: string;
  readonly secrets: readonly string[];
  readonly webhookId: string;
  readonly body: string;
}

interface LeasedRow {
  id: string;
  endpoint_id: string;
  attempts: number;
  event_epoch: number | null;
  event_xid: string | null;
  event_position: number | null;
  type: string;
  created_at: Date;
  url: string;
  secret: string;
  /** Null as well when its time is over. */
  previous_secret: string | null;
}

/**
 * Takes what is due of these endpoints, each one's soonest first, and reads what is to be sent. The rows of the
 * endpoints must be locked: so two workers never count the deliveries on their way at the same time.
 */
export async function leaseDeliveries(
  transaction: LedgerTransaction,
  endpointIds: readonly string[],
): Promise<LeasedDelivery[]> {
  const { knex, ledgerId } = transaction;
  const leaseId = randomUUID();
  const { rows } = await knex.raw<{ rows: LeasedRow[] }>(
    `update webhook_deliveries l
     set lease_id = ?, attempts = l.attempts + 1, next_attempt_at = clock_timestamp() + ? * interval '1 ms'
     from webhook_endpoints item cross join lateral (
       select d.id from ${dueDeliveries} order by d.next_attempt_at, d.id limit greatest(0, ${mostInFlight} - ${inFlight})
     ) as due
     where item.ledger_id = ? and item.id = any(?::uuid[]) and item.status = 'active'
       and l.ledger_id = item.ledger_id and l.id = due.id
     returning l.id, l.endpoint_id, l.attempts, l.event_epoch, l.event_xid, l.event_position, l.type, l.created_at,
               item.url, item.secret,
               case when item.previous_secret_until > now() then item.previous_secret end as previous_secret`,
    [leaseId, leaseMs, ledgerId, [...endpointIds]],
  );
  const bodies = await readBodies(transaction, rows);
  return rows.map((row) => ({
    ledgerId,
    id: row.id,
    endpointId: row.endpoint_id,
    leaseId,
    attempts: row.attempts,
    url: row.url,
    secrets: row.previous_secret === null ? [row.secret] : [row.secret, row.previous_secret],
    webhookId: webhookIdOf({ id: row.id, place: placeOf(row) }),
    body: bodies.get(row.id)!,
  }));
}

/** What each of these says, as a CloudEvent in JSON. The same whenever it is read: an event never changes. */
async function readBodies(source: LedgerTransaction, rows: readonly LeasedRow[]): Promise<ReadonlyMap<string, string>> {
  const events = await findEvents(
    source,
    rows.map(placeOf).filter((place) => place !== null),
  );
  const documents = await describeEvents(source, events);
  const byEvent = new Map(documents.map((document) => [document.id, document]));
  return new Map(
    rows.map((row) => {
      const place = placeOf(row);
      const document = place === null ? describeTest(source.ledgerId, row) : byEvent.get(eventId(place));
      return [row.id, JSON.stringify(document)];
    }),
  );
}

function placeOf({ event_epoch, event_xid, event_position }: LeasedRow) {
  if (event_epoch === null || event_xid === null || event_position === null) return null;
  return { epoch: event_epoch, xid: event_xid, position: event_position };
}

/** What a test call says: something that did not happen, in the form of what does. */
function describeTest(ledgerId: string, { id, endpoint_id, type, created_at }: LeasedRow) {
  return {
    specversion: '1.0',
    id,
    source: `/ledgers/${ledgerId}`,
    type,
    subject: endpoint_id,
    time: created_at.toISOString(),
    datacontenttype: 'application/json',
    data: { webhookEndpointId: endpoint_id },
  };
}
