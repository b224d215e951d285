import type { Logger } from 'pino';
import { projectsQueue } from './approvals/projects-queue.ts';
import { auditEntriesQueue } from './audit/audit-entries-queue.ts';
import { accountChangesQueue, invitationsQueue } from './holders/holders-queues.ts';
import { expiriesQueue } from './holds/expiries-queue.ts';
import type { TargetRules } from './http/service-parts.ts';
import type { SecretKeys } from './ledger/sealed-secret.ts';
import { logQueue } from './log/log-queue.ts';
import { standingOrderSignaturesQueue, standingOrdersQueue } from './standing-orders/standing-orders-queues.ts';
import { statementsQueue } from './statements/statements-queue.ts';
import { createWebhookQueues } from './webhooks/webhook-queues.ts';
import { eventTracesQueue } from './workers/event-traces-queue.ts';
import { idempotencyKeysQueue } from './workers/idempotency-keys-queue.ts';
import type { WorkQueue } from './workers/work-queue.ts';

export interface WorkQueuesOptions {
  readonly idempotencyRetentionHours: number;
  readonly auditRetentionDays: number;
  readonly webhookTargets: TargetRules;
  readonly secretKeys: SecretKeys;
  readonly logger: Logger;
  /** Aborted once the process has been told to stop. */
  readonly stopping: AbortSignal;
}

/** All that workers do. */
export function createWorkQueues(options: WorkQueuesOptions): WorkQueue[] {
  return [
    logQueue,
    expiriesQueue,
    invitationsQueue,
    accountChangesQueue,
    projectsQueue,
    idempotencyKeysQueue(options.idempotencyRetentionHours),
    eventTracesQueue,
    auditEntriesQueue(options.auditRetentionDays),
    standingOrdersQueue,
    standingOrderSignaturesQueue,
    statementsQueue,
    ...createWebhookQueues(options),
  ];
}
