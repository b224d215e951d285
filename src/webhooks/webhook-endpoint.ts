import { z } from 'zod';
import { instantText, uuid } from '../ledger/document-fields.ts';

export const endpointStatuses = ['active', 'disabled'] as const;

export type EndpointStatus = (typeof endpointStatuses)[number];

/** Why an endpoint is disabled: a request disabled it, it answered that it is gone, or it failed for a whole day. */
export const disabledReasons = ['requested', 'gone', 'failing'] as const;

export type DisabledReason = (typeof disabledReasons)[number];

/** A customer's address that is notified of what happens in a ledger. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  /** Null for all. */
  readonly eventTypes: readonly string[] | null;
  /** Null for all events; otherwise those of these accounts. */
  readonly accountIds: readonly string[] | null;
  /** Whether an event waits until all earlier ones of its account are finished. */
  readonly isOrdered: boolean;
  /** What is left of a deleted one is removed piece by piece, and nobody sees it any more. */
  readonly status: EndpointStatus | 'deleted';
  /** As it is stored (`sealed-secret.ts`), like the previous one. */
  readonly secret: string;
  /** Signs along while receivers change over to its successor. */
  readonly previousSecret: string | null;
  readonly previousSecretUntil: Date | null;
  /** Since when nothing was delivered and something failed. */
  readonly failingSince: Date | null;
  readonly disabledReason: DisabledReason | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}

/** An endpoint as callers see it. The secret is told when it is made, and never again. */
export const webhookEndpointDocument = z
  .strictObject({
    id: uuid,
    url: z.string(),
    description: z.string().nullable(),
    eventTypes: z.array(z.string()).readonly().nullable(),
    accountIds: z.array(uuid).readonly().nullable(),
    ordered: z.boolean(),
    status: z.enum(endpointStatuses),
    disabledReason: z.enum(disabledReasons).nullable(),
    disabledAt: instantText.nullable(),
    failingSince: instantText.nullable(),
    previousSecretUntil: instantText.nullable(),
    createdAt: instantText,
  })
  .meta({ id: 'WebhookEndpoint' });

export type WebhookEndpointDocument = z.output<typeof webhookEndpointDocument>;

export function presentEndpoint(endpoint: WebhookEndpoint): WebhookEndpointDocument {
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    eventTypes: endpoint.eventTypes,
    accountIds: endpoint.accountIds,
    ordered: endpoint.isOrdered,
    // Of a deleted one no document is ever made.
    status: endpoint.status as EndpointStatus,
    disabledReason: endpoint.disabledReason,
    disabledAt: endpoint.disabledAt?.toISOString() ?? null,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretUntil: endpoint.previousSecretUntil?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
  };
}

/** Stops telling an endpoint. What is pending stays so, for the day it is enabled again. */
export function disable(endpoint: WebhookEndpoint, reason: DisabledReason, now: Date): WebhookEndpoint {
  return { ...endpoint, status: 'disabled', disabledReason: reason, disabledAt: now };
}
