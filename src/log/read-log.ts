import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { EventType } from '../ledger/ledger-event.ts';
import { beforeAllEvents, hashDigits, type LogPlace } from './log-place.ts';

/** An event as the log names it and the books have it. */
export interface LoggedEvent {
  readonly place: LogPlace;
  readonly type: EventType;
  readonly accountId: string | null;
  readonly sequence: number | null;
  /** The transaction, hold, holder, ... that it is about. */
  readonly subjectId: string;
  readonly occurredAt: Date;
  /** Null for the booking of a transaction, which the journal has. */
  readonly data: object | null;
}

export interface LogFilter {
  readonly types?: readonly string[] | null | undefined;
  readonly accountIds?: readonly string[] | null | undefined;
}

export interface LogPage {
  readonly events: readonly LoggedEvent[];
  /** Up to where the log was looked through: there the next page begins. Null when there was nothing to look at. */
  readonly lookedTo: LogPlace | null;
}

interface PlaceRow {
  position: number;
  number: number;
  hash: string;
  lineage: string;
}

interface EventRow extends PlaceRow {
  type: EventType;
  account_id: string | null;
  sequence: number | null;
  subject_id: string;
  occurred_at: Date;
  data: object | null;
}

/** How many positions a block has at most; one more is begun for what belongs together. */
export const blockSize = 1_000;
/** How many positions are looked at for a reader that wants few of them, in one statement and for one page. */
const lookedAtOnce = 5_000;
const maxLookedAt = 50_000;

/** SQL: what a place is made of, from a block `b` and its number `n`. */
const placeColumns = `b.number, left(encode(b.hash, 'hex'), ${hashDigits}) as hash, n.lineage`;

/**
 * SQL: the events that the log names there. A booking is looked up in the journal by the version that it made of its
 * account, everything else by its row.
 */
const eventsNamed = (named: string) => `
  with named as materialized (${named})
  select named.number, named.hash, named.lineage, named.position, named.account_id, named.sequence, e.data,
         coalesce(e.type, 'transaction.booked') as type,
         coalesce(e.subject_id, j.transaction_id) as subject_id,
         coalesce(e.occurred_at, j.booked_at) as occurred_at
  from named
  left join lateral (select type, subject_id, occurred_at, data from events
                     where ledger_id = :ledgerId and id = named.event_id limit 1) e on true
  left join lateral (select transaction_id, booked_at from entries
                     where ledger_id = :ledgerId and account_id = named.account_id and version = named.version
                     limit 1) j on true
  where :types::text[] is null or coalesce(e.type, 'transaction.booked') = any(:types::text[])
  order by named.position limit :limit`;

/**
 * SQL: what stands between two positions, the first one excluded. That the log was continued concerns the readers of
 * all accounts.
 */
const eventsBetween = eventsNamed(`
    select ${placeColumns}, b.first_position + r.place - 1 as position,
           r.account_id, r.sequence, r.version, r.event_id
    from log_blocks b
    join log_numbers n on n.ledger_id = :ledgerId and n.number = b.number
    cross join lateral unnest(b.account_ids, b.sequences, b.versions, b.event_ids)
      with ordinality as r (account_id, sequence, version, event_id, place)
    where b.ledger_id = :ledgerId
      and b.last_position > :after and b.last_position < :to + ${blockSize} and b.first_position <= :to
      and b.first_position + r.place - 1 > :after and b.first_position + r.place - 1 <= :to
      and (:accountIds::uuid[] is null or r.account_id = any(:accountIds::uuid[])
           or (r.account_id is null and exists (
             select 1 from events c
             where c.ledger_id = :ledgerId and c.id = r.event_id and c.type = 'log.continued')))`);

/** SQL: what stands at these positions, each found in the first block that ends at it or behind it. */
const eventsAt = eventsNamed(`
    select ${placeColumns}, p.position,
           b.account_ids[p.place] as account_id, b.sequences[p.place] as sequence,
           b.versions[p.place] as version, b.event_ids[p.place] as event_id
    from unnest(:positions::bigint[]) as asked (position)
    cross join lateral (
      select * from log_blocks
      where ledger_id = :ledgerId and last_position >= asked.position order by last_position limit 1) b
    cross join lateral (select asked.position, asked.position - b.first_position + 1 as place) p
    join log_numbers n on n.ledger_id = :ledgerId and n.number = b.number
    where p.place > 0`);

/**
 * The events behind a position, in the order of the log, at most `limit`. Looks through so many positions at most that
 * it is soon over, so a page may have fewer events than there are; `lookedTo` leads on.
 */
export async function readLog(
  source: LedgerSource,
  { after, limit, types, accountIds }: LogFilter & { after: number; limit: number },
): Promise<LogPage> {
  const latest = await latestPlace(source);
  const end = Math.min(latest.position, after + maxLookedAt);
  const step = types || accountIds ? lookedAtOnce : limit;
  const events: LoggedEvent[] = [];
  let lookedTo = after;
  while (lookedTo < end && events.length < limit) {
    const to = Math.min(end, lookedTo + step);
    const wanted = { after: lookedTo, to, limit: limit - events.length, types, accountIds };
    events.push(...(await readBetween(source, wanted)));
    lookedTo = to;
  }
  const last = events.at(-1)?.place;
  if (events.length === limit && last !== undefined) return { events, lookedTo: last };
  if (lookedTo <= after) return { events, lookedTo: null };
  return { events, lookedTo: lookedTo === latest.position ? latest : ((await findPlace(source, lookedTo)) ?? null) };
}

interface Between extends LogFilter {
  readonly after: number;
  readonly to: number;
  readonly limit: number;
}

async function readBetween(
  { knex, ledgerId }: LedgerSource,
  { after, to, limit, types, accountIds }: Between,
): Promise<LoggedEvent[]> {
  const { rows } = await knex.raw<{ rows: EventRow[] }>(eventsBetween, {
    ...{ ledgerId, after, to, limit },
    types: types ? [...types] : null,
    accountIds: accountIds ? [...accountIds] : null,
  });
  return rows.map(asEvent);
}

/** The events at these positions, by position. What is not in the log is absent. */
export async function findLogged(
  { knex, ledgerId }: LedgerSource,
  positions: readonly number[],
): Promise<ReadonlyMap<number, LoggedEvent>> {
  if (positions.length === 0) return new Map();
  const asked = { ledgerId, positions: [...new Set(positions)], types: null, limit: positions.length };
  const { rows } = await knex.raw<{ rows: EventRow[] }>(eventsAt, asked);
  return new Map(rows.map((row) => [row.position, asEvent(row)]));
}

/** The place behind which everything is new; before all events where the log has none. */
export async function latestPlace({ knex, ledgerId }: LedgerSource): Promise<LogPlace> {
  const { rows } = await knex.raw<{ rows: PlaceRow[] }>(
    `select ${placeColumns}, b.last_position as position
     from log_blocks b join log_numbers n on n.ledger_id = :ledgerId and n.number = b.number
     where b.ledger_id = :ledgerId order by b.last_position desc limit 1`,
    { ledgerId },
  );
  return rows[0] === undefined ? beforeAllEvents : asPlace(rows[0]);
}

/** The place at a position; undefined where the log has not come so far. */
export async function findPlace({ knex, ledgerId }: LedgerSource, position: number): Promise<LogPlace | undefined> {
  if (position < 0) return beforeAllEvents;
  const { rows } = await knex.raw<{ rows: PlaceRow[] }>(
    `select ${placeColumns}, :position::bigint as position
     from log_blocks b join log_numbers n on n.ledger_id = :ledgerId and n.number = b.number
     where b.ledger_id = :ledgerId and b.last_position >= :position order by b.last_position limit 1`,
    { ledgerId, position },
  );
  return rows[0] === undefined ? undefined : asPlace(rows[0]);
}

function asPlace({ position, number, hash, lineage }: PlaceRow): LogPlace {
  return { position, number, hash, lineage };
}

function asEvent(row: EventRow): LoggedEvent {
  return {
    place: asPlace(row),
    type: row.type,
    accountId: row.account_id,
    sequence: row.sequence,
    subjectId: row.subject_id,
    occurredAt: row.occurred_at,
    data: row.data,
  };
}
