import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import type { TargetRules } from '../http/service-parts.ts';
import { openSecret, type SecretKeys, SecretUnreadableError } from '../ledger/sealed-secret.ts';
import { tracing } from '../tracing/tracer.ts';
import type { WorkQueue } from '../workers/work-queue.ts';
import { canBeSentTo, firstAttemptAt, isWaitedFor, type LeasedDelivery, leaseDeliveries } from './lease-deliveries.ts';
import { noteAttempt } from './note-attempt.ts';
import { sendWebhook } from './send-webhook.ts';
import { isDelivered, type SendingOutcome } from './sending-outcome.ts';
import { endpointRows } from './webhook-endpoint-queries.ts';

export interface DeliveringOptions {
  readonly webhookTargets: TargetRules;
  readonly secretKeys: SecretKeys;
  readonly logger: Logger;
  /** Ends what is on its way, so that the process can. */
  readonly stopping: AbortSignal;
  /** How long a receiver may take; 15 seconds by default. */
  readonly timeoutMs?: number;
  /** How host names are resolved, if not by the operating system. */
  readonly lookup?: LookupFunction;
}

const contentType = 'application/cloudevents+json';

/** For the endpoint's owner; which key is missing is for the operator's log. */
const secretUnreadable =
  "The endpoint's secret can't be decrypted, so the call could not be signed. The service lacks its key.";

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
  const sentAt = new Date();
  const span = tracing.tracer?.start('webhook delivery', {
    kind: 'client',
    parent: delivery.traceparent ?? null,
    attributes: { 'http.request.method': 'POST', 'joint_ledger.webhook.attempt': delivery.attempts },
  });
  try {
    const outcome = await send(delivery, options, { sentAt, traceparent: span?.traceparent });
    if ('status' in outcome) span?.end({ 'http.response.status_code': outcome.status }, !isDelivered(outcome));
    else span?.end({ 'error.type': outcome.failure }, true);
    await noteAttempt(database, delivery, { at: sentAt.toISOString(), ...outcome });
  } catch (error) {
    // The lease expires, and it is sent again.
    const { ledgerId, id: deliveryId } = delivery;
    options.logger.warn({ err: error, ledgerId, deliveryId }, 'what became of a webhook could not be noted');
  }
}

/** Sends it, unless its secrets can't be read here, which is a failed try like others: the key may be set by then. */
async function send(
  delivery: LeasedDelivery,
  { webhookTargets: rules, secretKeys, logger, stopping: stop, timeoutMs = 15_000, lookup }: DeliveringOptions,
  attempt: { sentAt: Date; traceparent: string | undefined },
): Promise<SendingOutcome> {
  const { ledgerId, endpointId, url, webhookId: id, body } = delivery;
  let secrets: string[];
  try {
    secrets = delivery.secrets.map((stored) => openSecret(secretKeys, stored, { ledgerId, endpointId }));
  } catch (error) {
    if (!(error instanceof SecretUnreadableError)) throw error;
    logger.error({ err: error, ledgerId, endpointId }, "a webhook was not sent: its endpoint's secret can't be read");
    return { failure: 'secret_unreadable', detail: secretUnreadable, ms: 0 };
  }
  const sending = { rules, timeoutMs, stop, ...(lookup === undefined ? {} : { lookup }) };
  return sendWebhook({ url, id, body, contentType, secrets, ...attempt }, sending);
}
