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
  const lease = await readLease(database, delivery);
  if (lease === undefined) return;
  const { now } = lease;
  if (isDelivered(attempt)) {
    const delivered = { status: 'delivered', next_attempt_at: null, finished_at: now };
    if (!(await note(database, delivery, { ...delivered, ...withAnswer(lease, attempt) }))) return;
    workMetrics.webhookAttempts.inc({ outcome: 'delivered' });
    await setFailingSince(database, delivery, null);
    return;
  }
  // Nothing that the receiver did.
  const isOurs = 'failure' in attempt && attempt.failure === 'stopped';
  const isGone = 'status' in attempt && attempt.status === 410;
  if (isGone || now.getTime() - lease.pendingSince.getTime() >= patienceMs) {
    if (await giveUp(database, delivery, attempt)) workMetrics.webhookAttempts.inc({ outcome: 'given_up' });
    return;
  }
  const pauseMs = isOurs ? 0 : Math.max(backoffMs(delivery.attempts, pauses), wishedPauseMs(attempt));
  const later = { next_attempt_at: new Date(now.getTime() + pauseMs), ...withAnswer(lease, attempt) };
  if (!(await note(database, delivery, later)) || isOurs) return;
  workMetrics.webhookAttempts.inc({ outcome: 'failed' });
  await setFailingSince(database, delivery, now);
}

/** The pause that the receiver asks for. It never makes one shorter: a receiver that is down may ask for none. */
function wishedPauseMs(attempt: AttemptDocument): number {
  return 'status' in attempt ? (attempt.retryAfterSeconds ?? 0) * 1_000 : 0;
}

/** The delivery, as long as this worker's lease on it holds. */
function leased(knex: Knex, { ledgerId, id, leaseId }: LeasedDelivery) {
  return knex('webhook_deliveries').where({ ledger_id: ledgerId, id, lease_id: leaseId });
}

/** A delivery on which this worker's lease holds. */
interface Lease {
  readonly answers: readonly AttemptDocument[];
  readonly pendingSince: Date;
  readonly now: Date;
}

async function readLease(knex: Knex, delivery: LeasedDelivery): Promise<Lease | undefined> {
  const row = await leased(knex, delivery).first('answers', 'pending_since', knex.raw('clock_timestamp() as now'));
  return row && { answers: row.answers, pendingSince: row.pending_since, now: row.now };
}

/** Ends the lease and keeps the last answers. */
function withAnswer({ answers }: Lease, attempt: AttemptDocument) {
  const kept = [...answers, attempt].slice(-keptAnswers);
  return { lease_id: null, answers: kept.map((answer) => JSON.stringify(answer)) };
}

/** Answers false when it was no longer this worker's. */
async function note(knex: Knex, delivery: LeasedDelivery, changes: object): Promise<boolean> {
  return (await leased(knex, delivery).update(changes)) > 0;
}

/** Since when an endpoint has been failing: only the first failure says so, and any success ends it. */
async function setFailingSince(
  knex: Knex,
  { ledgerId, endpointId }: LeasedDelivery,
  since: Date | null,
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
    const lease = await readLease(knex, delivery);
    if (lease === undefined) return false;
    const failed = { status: 'failed', next_attempt_at: null, finished_at: now };
    if (!(await note(knex, delivery, { ...failed, ...withAnswer(lease, attempt) }))) return false;
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
