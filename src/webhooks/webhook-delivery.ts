import { eventId } from '../events/event-id.ts';
import type { EventPlace } from '../events/read-events.ts';
import type { Answer, NoAnswer } from './sending-outcome.ts';

export const deliveryStatuses = ['pending', 'delivered', 'failed'] as const;

export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** What came of one try. */
export type AttemptDocument = { at: string } & (Answer | NoAnswer) & { ms: number };

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** Null for a test call. */
  readonly place: EventPlace | null;
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
export interface WebhookDeliveryDocument {
  id: string;
  endpointId: string;
  /** What the receiver gets as `webhook-id`. */
  webhookId: string;
  type: string;
  accountId: string | null;
  status: DeliveryStatus;
  attempts: number;
  answers: readonly AttemptDocument[];
  nextAttemptAt: string | null;
  createdAt: string;
  finishedAt: string | null;
}

export function newDelivery(
  about: Pick<WebhookDelivery, 'id' | 'endpointId' | 'place' | 'accountId' | 'type'>,
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

/** The same for every try, and for every endpoint that is told of the event. */
export function webhookIdOf({ id, place }: Pick<WebhookDelivery, 'id' | 'place'>): string {
  return place === null ? id : eventId(place);
}

export function presentDelivery(delivery: WebhookDelivery): WebhookDeliveryDocument {
  return {
    id: delivery.id,
    endpointId: delivery.endpointId,
    webhookId: webhookIdOf(delivery),
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
