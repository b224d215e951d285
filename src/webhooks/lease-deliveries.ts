import { randomUUID } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { describeEvents } from '../events/present-event.ts';
import { findEventTraces, traceKey } from '../ledger/event-traces.ts';
import { findLogged, type LoggedEvent } from '../log/read-log.ts';
import { tracing } from '../tracing/tracer.ts';

/**
 * For how long nobody else sends what was leased: longer than sending and noting what came of it takes. When it is over
 * and nothing was noted, the sender is dead, and the next one sends it again.
 */
const leaseMs = 60_000;

/** How many deliveries of one endpoint are on their way at once, from all workers together. */
const maxInFlight = 10;

/** SQL: the pending deliveries `d` of an endpoint, the row `item`. */
const pending = `
  webhook_deliveries d where d.ledger_id = :ledgerId and d.endpoint_id = item.id and d.status = 'pending'`;

/**
 * SQL: the first pending delivery of each account, found by a step through the index for each account. What is kept
 * back behind them, which may be thousands, is not looked at.
 */
const firstOfEachAccount = `
  (with recursive first as (
     (select d.id, d.account_id, d.next_attempt_at from ${pending} and d.account_id is not null
      order by d.account_id, d.log_position limit 1)
     union all
     select next.* from first cross join lateral (
       select d.id, d.account_id, d.next_attempt_at from ${pending} and d.account_id > first.account_id
       order by d.account_id, d.log_position limit 1) as next
   ) select id, next_attempt_at from first)`;

/** SQL: so many of an endpoint's deliveries as can be sent now, soonest first. Events of no account have no order. */
const sendable = (limit: string | number) => `
  (select d.id, d.next_attempt_at from ${pending} and d.next_attempt_at <= now() and not item.is_ordered
   order by d.next_attempt_at limit ${limit})
  union all
  (select d.id, d.next_attempt_at from ${pending} and d.next_attempt_at <= now() and item.is_ordered
     and d.account_id is null limit ${limit})
  union all
  (select d.id, d.next_attempt_at from ${firstOfEachAccount} as d where item.is_ordered and d.next_attempt_at <= now()
   order by d.next_attempt_at limit ${limit})`;

/** SQL: an endpoint's deliveries `f` that are on their way. */
const sending = `
  webhook_deliveries f where f.ledger_id = :ledgerId and f.endpoint_id = item.id and f.lease_id is not null
    and f.next_attempt_at > now()`;

const inFlight = `(select count(*) from ${sending})`;

/** SQL: whether we wait for an endpoint's answer already. */
export const isWaitedFor = `exists (select from ${sending})`;

/** SQL: when the first of an endpoint's deliveries is tried, as far as that matters: null when none is pending. */
export const firstAttemptAt = `(select min(d.next_attempt_at) from ${pending})`;

/** SQL: whether something can be sent to an endpoint; what is asked last costs most. */
export const canBeSentTo = `
  item.status = 'active' and ${firstAttemptAt} <= now() and ${inFlight} < ${maxInFlight}
  and (select d.id from (${sendable(1)}) as d limit 1) is not null`;

/** A delivery that is this worker's to send. */
export interface LeasedDelivery {
  readonly ledgerId: string;
  readonly id: string;
  readonly endpointId: string;
  /** Whatever is noted about the delivery names it, so that a worker that comes back too late notes nothing. */
  readonly leaseId: string;
  /** How often it was tried, this time included. */
  readonly attempts: number;
  readonly url: string;
  /** As they are stored. */
  readonly secrets: readonly string[];
  readonly webhookId: string;
  readonly body: string;
  /** Of the request that made the event, where that was traced and this process traces too. */
  readonly traceparent: string | undefined;
}

interface LeasedRow {
  id: string;
  endpoint_id: string;
  attempts: number;
  log_position: number | null;
  webhook_id: string;
  type: string;
  created_at: Date;
}

/** What can be sent now, and how. */
interface DueRow {
  id: string;
  url: string;
  secret: string;
  /** Null as well when it has expired. */
  previous_secret: string | null;
  now: Date;
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
  const { rows: due } = await knex.raw<{ rows: DueRow[] }>(
    `select due.id, item.url, item.secret, clock_timestamp() as now,
            case when item.previous_secret_until > now() then item.previous_secret end as previous_secret
     from webhook_endpoints item cross join lateral (
       select d.id from (${sendable(maxInFlight)}) as d
       order by d.next_attempt_at limit greatest(0, ${maxInFlight} - ${inFlight})) as due
     where item.ledger_id = :ledgerId and item.id = any(:endpointIds::uuid[]) and item.status = 'active'`,
    { ledgerId, endpointIds: [...endpointIds] },
  );
  if (due.length === 0) return [];
  const dueById = new Map(due.map((row) => [row.id, row]));
  // What was finished meanwhile, by a worker whose lease had run out, stays so.
  const rows: LeasedRow[] = await knex('webhook_deliveries')
    .where({ ledger_id: ledgerId, status: 'pending' })
    .whereRaw('id = any(?::uuid[])', [[...dueById.keys()]])
    .update({
      lease_id: leaseId,
      attempts: knex.raw('attempts + 1'),
      next_attempt_at: new Date(due[0]!.now.getTime() + leaseMs),
    })
    .returning(['id', 'endpoint_id', 'attempts', 'log_position', 'webhook_id', 'type', 'created_at']);
  const contents = await readContents(transaction, rows);
  return rows.map((row) => {
    const { url, secret, previous_secret: previous } = dueById.get(row.id)!;
    return {
      ...{ ledgerId, id: row.id, endpointId: row.endpoint_id, leaseId, attempts: row.attempts, url },
      secrets: previous === null ? [secret] : [secret, previous],
      webhookId: row.webhook_id,
      ...contents.get(row.id)!,
    };
  });
}

type Content = Pick<LeasedDelivery, 'body' | 'traceparent'>;

/** What each of these says, as a CloudEvent in JSON. The same whenever it is read: an event never changes. */
async function readContents(
  source: LedgerTransaction,
  rows: readonly LeasedRow[],
): Promise<ReadonlyMap<string, Content>> {
  const positions = rows.map((row) => row.log_position).filter((position) => position !== null);
  const logged = [...(await findLogged(source, positions)).entries()];
  const documents = await describeEvents(
    source,
    logged.map(([, event]) => event),
  );
  const byPosition = new Map(logged.map(([position], index) => [position, documents[index]]));
  const traces = await tracesOf(source, logged);
  return new Map(
    rows.map((row) => {
      const { id, log_position: position } = row;
      if (position === null) {
        return [id, { body: JSON.stringify(describeTest(source.ledgerId, row)), traceparent: undefined }];
      }
      // One that an earlier version began to deliver keeps the id that its receiver knows.
      const body = JSON.stringify({ ...byPosition.get(position), id: row.webhook_id });
      return [id, { body, traceparent: traces.get(position) }];
    }),
  );
}

/** In which traces the events were made, by position in the log. Not asked for where nothing is traced. */
async function tracesOf(
  source: LedgerTransaction,
  logged: ReadonlyArray<readonly [number, LoggedEvent]>,
): Promise<ReadonlyMap<number, string | undefined>> {
  if (tracing.tracer === undefined) return new Map();
  const events = logged.flatMap(([position, { accountId, sequence }]) =>
    accountId === null || sequence === null ? [] : [{ position, accountId, sequence }],
  );
  const found = await findEventTraces(source, events);
  return new Map(events.map((event) => [event.position, found.get(traceKey(event.accountId, event.sequence))]));
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
