import { z } from 'zod';
import { count, instantText, uuid } from '../ledger/document-fields.ts';
import { answerFields, noAnswerFields } from './sending-outcome.ts';

export const deliveryStatuses = ['pending', 'delivered', 'failed'] as const;

export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** What came of one try: the receiver's answer, or why there is none. */
export const attemptDocument = z.union([
  z.strictObject({ at: instantText, ...answerFields, ms: count }),
  z.strictObject({ at: instantText, ...noAnswerFields, ms: count }),
]);

export type AttemptDocument = z.output<typeof attemptDocument>;

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** The event's position in the log; null for a test call. */
  readonly logPosition: number | null;
  /** The same for every try, and for every endpoint that is notified of the event: its id. A test call has its own. */
  readonly webhookId: string;
  readonly accountId: string | null;
  readonly type: string;
  readonly status: DeliveryStatus;
  /** How often it was tried since it became pending. */
  readonly attempts: number;
  /** What came of the last tries. */
  readonly answers: readonly AttemptDocument[];
  readonly nextAttemptAt: Date | null;
  readonly pendingSince: Date;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** A delivery as callers see it. */
export const webhookDeliveryDocument = z.strictObject({
  id: uuid,
  endpointId: uuid,
  /** What the receiver gets as `webhook-id`. */
  webhookId: z.string(),
  type: z.string(),
  accountId: uuid.nullable(),
  status: z.enum(deliveryStatuses),
  attempts: count,
  answers: z.array(attemptDocument).readonly(),
  nextAttemptAt: instantText.nullable(),
  createdAt: instantText,
  finishedAt: instantText.nullable(),
});

export type WebhookDeliveryDocument = z.output<typeof webhookDeliveryDocument>;

export function newDelivery(
  about: Pick<WebhookDelivery, 'id' | 'endpointId' | 'logPosition' | 'webhookId' | 'accountId' | 'type'>,
  now: Date,
): WebhookDelivery {
  return {
    ...about,
    status: 'pending',
    attempts: 0,
    answers: [],
    nextAttemptAt: now,
    pendingSince: now,
    createdAt: now,
    finishedAt: null,
  };
}

export function presentDelivery(delivery: WebhookDelivery): WebhookDeliveryDocument {
  return {
    id: delivery.id,
    endpointId: delivery.endpointId,
    webhookId: delivery.webhookId,
    type: delivery.type,
    accountId: delivery.accountId,
    status: delivery.status,
    attempts: delivery.attempts,
    answers: delivery.answers,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    createdAt: delivery.createdAt.toISOString(),
    finishedAt: delivery.finishedAt?.toISOString() ?? null,
  };
}
