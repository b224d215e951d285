import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { EventType } from '../ledger/ledger-event.ts';

/** Where an event stands in its ledger's log. The transaction id is text: it may exceed what a number holds. */
export interface EventPlace {
  readonly epoch: number;
  readonly xid: string;
  readonly position: number;
}

export interface StoredEvent extends EventPlace {
  readonly type: EventType;
  readonly accountId: string | null;
  readonly sequence: number | null;
  readonly subjectId: string;
  readonly occurredAt: Date;
  /** Null for the booking of a transaction, which the journal has. */
  readonly data: object | null;
}

export interface EventFilter {
  readonly types?: readonly string[] | null | undefined;
  readonly accountIds?: readonly string[] | null | undefined;
}

interface EventRow {
  epoch: number;
  xid: string;
  position: number;
  account_id: string | null;
  sequence: number | null;
  type: EventType;
  subject_id: string;
  occurred_at: Date;
  data: object | null;
}

/**
 * SQL: whether every transaction that could still add to the log before this event has ended (PostgreSQL manual,
 * chapter 9.27.10: no transaction below `pg_snapshot_xmin` is running any more). One that commits late has a lower id
 * than it, so a reader who goes on from the last event it got never misses any. Nothing is added to an epoch that is
 * over.
 */
export const isSettled = (event: string) => `(
  ${event}.xid < pg_snapshot_xmin(pg_current_snapshot())
  or ${event}.epoch < (select l.event_epoch from ledgers l where l.id = ${event}.ledger_id))`;

/**
 * The events behind this place, in the order in which they stand in the log for ever. Answers fewer than there are
 * while a transaction is running that began to write before them; they come later.
 */
export async function readEvents(
  { knex, ledgerId }: LedgerSource,
  { after, limit, types, accountIds }: EventFilter & { after: EventPlace | null; limit: number },
): Promise<StoredEvent[]> {
  const query = knex<EventRow>('events as e')
    .select('epoch', 'xid', 'position', 'account_id', 'sequence', 'type', 'subject_id', 'occurred_at', 'data')
    .where('ledger_id', ledgerId)
    .whereRaw(isSettled('e'))
    .orderBy(['epoch', 'xid', 'position'])
    .limit(limit);
  if (after !== null) {
    query.whereRaw('(epoch, xid, position) > (?::int, ?::xid8, ?::bigint)', [after.epoch, after.xid, after.position]);
  }
  if (types) query.whereRaw('type = any(?::text[])', [[...types]]);
  if (accountIds) query.whereRaw('account_id = any(?::uuid[])', [[...accountIds]]);
  return (await query).map(asEvent);
}

/** The events at these places, in no particular order. An event is never removed. */
export async function findEvents(
  { knex, ledgerId }: LedgerSource,
  places: readonly EventPlace[],
): Promise<StoredEvent[]> {
  if (places.length === 0) return [];
  const { rows } = await knex.raw<{ rows: EventRow[] }>(
    `select e.*
     from unnest(?::int[], ?::xid8[], ?::bigint[]) as p (epoch, xid, position)
     join events e on e.ledger_id = ? and e.epoch = p.epoch and e.xid = p.xid and e.position = p.position`,
    [
      places.map((place) => place.epoch),
      places.map((place) => place.xid),
      places.map((place) => place.position),
      ledgerId,
    ],
  );
  return rows.map(asEvent);
}

function asEvent(row: EventRow): StoredEvent {
  return {
    epoch: row.epoch,
    xid: row.xid,
    position: row.position,
    type: row.type,
    accountId: row.account_id,
    sequence: row.sequence,
    subjectId: row.subject_id,
    occurredAt: row.occurred_at,
    data: row.data,
  };
}

/** The place behind everything that is settled at this moment: from here on a reader gets what is new. */
export async function latestPlace({ knex, ledgerId }: LedgerSource): Promise<EventPlace> {
  const [row] = await knex('ledgers')
    .where('id', ledgerId)
    .select('event_epoch', knex.raw('pg_snapshot_xmin(pg_current_snapshot())::text as xid'));
  return { epoch: row.event_epoch, xid: row.xid, position: 0 };
}
