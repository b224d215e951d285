import type { WorkQueue } from '../workers/work-queue.ts';
import { type DeliveringOptions, webhookDeliveriesQueues } from './webhook-deliveries-queues.ts';
import { webhookEventsQueue } from './webhook-events-queue.ts';
import { webhookHistoryQueue, webhookRemovalsQueue } from './webhook-history-queues.ts';

/** All that workers do about webhooks: from the log into deliveries, from there to the receivers, and tidying up. */
export function createWebhookQueues(options: DeliveringOptions): WorkQueue[] {
  return [webhookEventsQueue, ...webhookDeliveriesQueues(options), webhookHistoryQueue, webhookRemovalsQueue];
}
