import type { Knex } from 'knex';
import type { Database } from '../database/create-database.ts';
import { openLedger, runLedgerTransaction } from '../database/ledger-transaction.ts';
import { JournalWriter } from '../ledger/write-journal.ts';
import { workMetrics } from '../metrics/work-metrics.ts';
import { backoffMs } from '../workers/backoff.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import { disabledEvent } from './change-webhook-endpoint.ts';
import type { LeasedDelivery } from './lease-deliveries.ts';
import { isDelivered, maxPauseMs } from './sending-outcome.ts';
import type { AttemptDocument } from './webhook-delivery.ts';
import { type DisabledReason, disable, type WebhookEndpoint } from './webhook-endpoint.ts';
import { endpointRows, findEndpoints, updateEndpointRow } from './webhook-endpoint-queries.ts';

/** With these pauses a delivery is tried about sixteen times in its day. */
const pauses = { firstMs: 5_000, maxMs: maxPauseMs };
/** For how long a delivery is tried, and for how long an endpoint may fail. */
const patienceMs = 24 * 3_600_000;
const keptAnswers = 20;

const limits = { lockTimeoutMs: 5_000, statementTimeoutMs: 15_000, idleTimeoutMs: 30_000 };

/**
 * Notes what came of a try: delivered, to be tried again, or given up. Does nothing for a lease that another worker has
 * taken over meanwhile. Waits for row locks, and holds none while it does unless it gives up.
 */
export async function noteAttempt(
  database: Database,
  delivery: LeasedDelivery,
  attempt: AttemptDocument,
): Promise<void> {
  if (isDelivered(attempt)) {
    if (!(await noteDelivered(database, delivery, attempt))) return;
    workMetrics.webhookAttempts.inc({ outcome: 'delivered' });
    await setFailingSince(database, delivery, null);
    return;
  }
  // Nothing that the receiver did.
  const isOurs = 'failure' in attempt && attempt.failure === 'stopped';
  const isGone = 'status' in attempt && attempt.status === 410;
  const pauseMs = isOurs ? 0 : Math.max(backoffMs(delivery.attempts, pauses), wishedPauseMs(attempt));
  if (!isGone && (await noteForLater(database, delivery, attempt, pauseMs))) {
    if (isOurs) return;
    workMetrics.webhookAttempts.inc({ outcome: 'failed' });
    await setFailingSince(database, delivery, database.raw('clock_timestamp()'));
    return;
  }
  if (await giveUp(database, delivery, attempt)) workMetrics.webhookAttempts.inc({ outcome: 'given_up' });
}

/** The pause that the receiver asks for. It never makes one shorter: a receiver that is down may ask for none. */
function wishedPauseMs(attempt: AttemptDocument): number {
  return 'status' in attempt ? (attempt.retryAfterSeconds ?? 0) * 1_000 : 0;
}

/** The delivery, as long as this worker's lease on it holds. */
function leased(knex: Knex, { ledgerId, id, leaseId }: LeasedDelivery) {
  return knex('webhook_deliveries').where({ ledger_id: ledgerId, id, lease_id: leaseId });
}

function withAnswer(knex: Knex, attempt: AttemptDocument) {
  const all = `array_append(answers, ?::json)`;
  const kept = `(${all})[cardinality(answers) + 2 - ${keptAnswers} :]`;
  return { lease_id: null, answers: knex.raw(kept, [JSON.stringify(attempt)]) };
}

async function noteDelivered(knex: Knex, delivery: LeasedDelivery, attempt: AttemptDocument): Promise<boolean> {
  const finished = { status: 'delivered', next_attempt_at: null, finished_at: knex.raw('clock_timestamp()') };
  return (await leased(knex, delivery).update({ ...finished, ...withAnswer(knex, attempt) })) > 0;
}

/** Answers false when the delivery has been tried for long enough. */
async function noteForLater(
  knex: Knex,
  delivery: LeasedDelivery,
  attempt: AttemptDocument,
  pauseMs: number,
): Promise<boolean> {
  const next_attempt_at = knex.raw("clock_timestamp() + ? * interval '1 ms'", [pauseMs]);
  const changed = await leased(knex, delivery)
    .whereRaw("pending_since > clock_timestamp() - ? * interval '1 ms'", [patienceMs])
    .update({ next_attempt_at, ...withAnswer(knex, attempt) });
  return changed > 0;
}

/** Since when an endpoint has been failing: only the first failure says so, and any success ends it. */
async function setFailingSince(
  knex: Knex,
  { ledgerId, endpointId }: LeasedDelivery,
  since: Knex.Raw | null,
): Promise<void> {
  const endpoint = knex('webhook_endpoints').where({ ledger_id: ledgerId, id: endpointId });
  if (since === null) await endpoint.whereNotNull('failing_since').update({ failing_since: null });
  else await endpoint.whereNull('failing_since').update({ failing_since: since });
}

/**
 * Gives a delivery up, and with it the endpoint where there is no hope: the endpoint's row first, as everybody does.
 * Answers false when it was no longer this worker's.
 */
async function giveUp(database: Database, delivery: LeasedDelivery, attempt: AttemptDocument): Promise<boolean> {
  return runLedgerTransaction(database, delivery.ledgerId, limits, async (transaction) => {
    const { knex } = transaction;
    const now = await openLedger(transaction);
    await lockClaimable(transaction, endpointRows, [delivery.endpointId]);
    const failed = { status: 'failed', next_attempt_at: null, finished_at: now, ...withAnswer(knex, attempt) };
    if ((await leased(knex, delivery).update(failed)) === 0) return false;
    const endpoint = (await findEndpoints(transaction, [delivery.endpointId])).get(delivery.endpointId);
    if (endpoint === undefined) return true;
    const reason = reasonToDisable(endpoint, attempt, now);
    const after = reason === undefined ? endpoint : disable(endpoint, reason, now);
    await updateEndpointRow(transaction, { ...after, failingSince: endpoint.failingSince ?? now });
    if (reason === undefined) return true;
    const journal = new JournalWriter(transaction, new Map(), now);
    journal.add({ events: [disabledEvent(after)] });
    journal.finish();
    return true;
  });
}

function reasonToDisable(
  { status, failingSince }: WebhookEndpoint,
  attempt: AttemptDocument,
  now: Date,
): DisabledReason | undefined {
  if (status !== 'active') return undefined;
  if ('status' in attempt && attempt.status === 410) return 'gone';
  return failingSince !== null && now.getTime() - failingSince.getTime() >= patienceMs ? 'failing' : undefined;
}
