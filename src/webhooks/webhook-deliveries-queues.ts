import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import type { TargetRules } from '../http/service-parts.ts';
import { tracing } from '../tracing/tracer.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import { canBeSentTo, firstAttemptAt, isWaitedFor, type LeasedDelivery, leaseDeliveries } from './lease-deliveries.ts';
import { noteAttempt } from './note-attempt.ts';
import { sendWebhook } from './send-webhook.ts';
import { isDelivered } from './sending-outcome.ts';
import { endpointRows } from './webhook-endpoint-queries.ts';

export interface DeliveringOptions {
  readonly targets: TargetRules;
  readonly logger: Logger;
  /** Ends what is on its way, so that the process can. */
  readonly stopping: AbortSignal;
  /** How long a receiver may take; 15 seconds by default. */
  readonly timeoutMs?: number;
  /** How host names are resolved, if not by the operating system. */
  readonly lookup?: LookupFunction;
}

const contentType = 'application/cloudevents+json';

const makesUsWait = `(item.failing_since is not null or ${isWaitedFor})`;

/**
 * The endpoints that have something to be sent. What is sent is leased in a short transaction, and nothing is locked
 * and no transaction is open while a receiver is spoken to (docs/adr/0017). Those that failed the last time, and what
 * comes up while we wait for an endpoint's answer, have a queue and lanes of their own: so an endpoint that makes us
 * wait, even if it is well in the end, takes one lane from the others and not all.
 */
export function webhookDeliveriesQueues(options: DeliveringOptions): WorkQueue[] {
  // Everything that is on its way listens for the end.
  setMaxListeners(0, options.stopping);
  const queue: Omit<WorkQueue, 'name' | 'isDue' | 'lanes'> = {
    ...endpointRows,
    dueSince: firstAttemptAt,
    batchSize: 5,
    isUrgent: true,
    async work(transaction, endpointIds) {
      const leased = await leaseDeliveries(transaction, endpointIds);
      return async (database) => {
        await Promise.all(leased.map((delivery) => deliver(database, delivery, options)));
      };
    },
  };
  return [
    { ...queue, name: 'webhook-deliveries', isDue: `not ${makesUsWait} and ${canBeSentTo}`, lanes: 4 },
    { ...queue, name: 'webhook-retries', isDue: `${makesUsWait} and ${canBeSentTo}`, lanes: 2 },
  ];
}

async function deliver(database: Database, delivery: LeasedDelivery, options: DeliveringOptions): Promise<void> {
  const { targets: rules, logger, stopping: stop, timeoutMs = 15_000, lookup } = options;
  const { url, webhookId: id, body, secrets } = delivery;
  const sentAt = new Date();
  const span = tracing.tracer?.start('webhook delivery', {
    kind: 'client',
    parent: delivery.traceparent ?? null,
    attributes: { 'http.request.method': 'POST', 'joint_ledger.webhook.attempt': delivery.attempts },
  });
  try {
    const options = { rules, timeoutMs, stop, ...(lookup === undefined ? {} : { lookup }) };
    const traceparent = span?.traceparent;
    const outcome = await sendWebhook({ url, id, body, contentType, secrets, sentAt, traceparent }, options);
    if ('status' in outcome) span?.end({ 'http.response.status_code': outcome.status }, !isDelivered(outcome));
    else span?.end({ 'error.type': outcome.failure }, true);
    await noteAttempt(database, delivery, { at: sentAt.toISOString(), ...outcome });
  } catch (error) {
    // The lease expires, and it is sent again.
    const { ledgerId, id: deliveryId } = delivery;
    logger.warn({ err: error, ledgerId, deliveryId }, 'what became of a webhook could not be noted');
  }
}
