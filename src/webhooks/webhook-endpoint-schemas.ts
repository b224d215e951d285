import { z } from 'zod';
import { id, text } from '../http/read-input.ts';
import type { TargetRules } from '../http/service-parts.ts';
import { eventTypes } from '../ledger/ledger-event.ts';
import { endpointStatuses } from './webhook-endpoint.ts';
import { problemOfTarget } from './webhook-target.ts';

const maxAccounts = 100;

function listOf<Item extends z.ZodType>(item: Item, most: number) {
  return z
    .array(item)
    .min(1)
    .max(most)
    .refine((list) => new Set(list).size === list.length, { error: 'must not name anything twice' });
}

const eventType = z.enum(eventTypes, { error: `must be one of ${eventTypes.join(', ')}` });

const filters = {
  description: text(500).nullish(),
  /** Null for all. */
  eventTypes: listOf(eventType, eventTypes.length).nullish(),
  accountIds: listOf(id, maxAccounts).nullish(),
};

/** The bodies of `POST /v1/webhook-endpoints` and of its PATCH; what a URL may be is the operator's to say. */
export function endpointBodies(rules: TargetRules) {
  const url = z
    .string()
    .superRefine((value, context) => {
      const message = problemOfTarget(value, rules);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .meta({ format: 'uri', description: 'An address by https; the operator may allow others.' });
  return {
    created: z.strictObject({ url, ...filters, ordered: z.boolean().default(false) }),
    changed: z.strictObject({
      ...filters,
      url: url.optional(),
      ordered: z.boolean().optional(),
      status: z.enum(endpointStatuses).optional(),
    }),
  };
}
