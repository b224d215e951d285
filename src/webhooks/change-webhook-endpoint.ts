import { z } from 'zod';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { noSuch } from '../errors/no-such.ts';
import { refusal } from '../errors/refusal.ts';
import { instantText } from '../ledger/document-fields.ts';
import type { Decision, OperationKind } from '../ledger/operation.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import { findCustomerAccounts, refuseUnknownAccounts } from './create-webhook-endpoint.ts';
import {
  newDelivery,
  presentDelivery,
  type WebhookDelivery,
  type WebhookDeliveryDocument,
} from './webhook-delivery.ts';
import { insertDeliveries, restartPending } from './webhook-delivery-queries.ts';
import { disable, presentEndpoint, type WebhookEndpoint, type WebhookEndpointDocument } from './webhook-endpoint.ts';
import { endpointRows, findEndpoints, updateEndpointRow } from './webhook-endpoint-queries.ts';

interface EndpointCommand {
  readonly endpointId: string;
  readonly accountIds?: readonly string[] | null | undefined;
}

interface Facts {
  readonly endpoints: ReadonlyMap<string, WebhookEndpoint>;
  readonly accounts: ReadonlySet<string>;
}

interface ChangeOfEndpoint<Command, Effect, Result> {
  decide(
    endpoint: WebhookEndpoint,
    command: Command,
    state: Pick<Facts, 'accounts'> & { now: Date },
  ): Decision<Effect, Result>;
  write(transaction: LedgerTransaction, effect: Effect): Promise<void>;
}

/**
 * A kind of operation that changes one endpoint. Its row is locked first, as workers who go on to its deliveries do;
 * it locks no accounts, so it has its transaction to itself.
 */
function endpointChange<Command extends EndpointCommand, Effect, Result>({
  decide,
  write,
}: ChangeOfEndpoint<Command, Effect, Result>): OperationKind<Command, Facts, Effect, Result> {
  const idsOf = (commands: readonly Command[]) => commands.map(({ endpointId }) => endpointId);
  return {
    accountIds: () => [],
    lockClaimable: (transaction, commands, mode) => lockClaimable(transaction, endpointRows, idsOf(commands), mode),
    async load(transaction, commands) {
      const accountIds = commands.flatMap((command) => command.accountIds ?? []);
      return {
        endpoints: await findEndpoints(transaction, idsOf(commands)),
        accounts: await findCustomerAccounts(transaction, accountIds),
      };
    },
    decide(command, { loaded: { endpoints, accounts }, now }) {
      const endpoint = endpoints.get(command.endpointId);
      if (endpoint === undefined) return { refusal: noSuch('webhook_endpoint', command.endpointId) };
      return decide(endpoint, command, { accounts, now });
    },
    async write(transaction, effects) {
      for (const effect of effects) await write(transaction, effect);
    },
  };
}

/** What is undefined stays as it is. */
export interface UpdateWebhookEndpointCommand extends EndpointCommand {
  readonly url: string | undefined;
  readonly description: string | null | undefined;
  readonly eventTypes: readonly string[] | null | undefined;
  readonly isOrdered: boolean | undefined;
  readonly status: 'active' | 'disabled' | undefined;
}

/**
 * Changes what an endpoint is told, and where. Enabled again, it gets what it was not told meanwhile, beginning with
 * what was pending, at once and with as many tries as if it were new.
 */
export const updateWebhookEndpoint = endpointChange<
  UpdateWebhookEndpointCommand,
  { endpoint: WebhookEndpoint; restartAt: Date | null },
  WebhookEndpointDocument
>({
  decide(before, command, { accounts, now }) {
    const refused = refuseUnknownAccounts(accounts, command.accountIds);
    if (refused !== undefined) return { refusal: refused };
    const { url, description, eventTypes, accountIds, isOrdered, status } = command;
    const told: WebhookEndpoint = {
      ...before,
      url: url ?? before.url,
      description: description === undefined ? before.description : description,
      eventTypes: eventTypes === undefined ? before.eventTypes : eventTypes,
      accountIds: accountIds === undefined ? before.accountIds : accountIds,
      isOrdered: isOrdered ?? before.isOrdered,
    };
    if (status === undefined || status === before.status) {
      return { result: presentEndpoint(told), effect: { endpoint: told, restartAt: null } };
    }
    if (status === 'active') {
      const enabled: WebhookEndpoint = { ...told, status, disabledReason: null, disabledAt: null, failingSince: null };
      return { result: presentEndpoint(enabled), effect: { endpoint: enabled, restartAt: now } };
    }
    const endpoint = disable(told, 'requested', now);
    const result = presentEndpoint(endpoint);
    return { result, effect: { endpoint, restartAt: null }, events: [disabledEvent(endpoint)] };
  },
  async write(transaction, { endpoint, restartAt }) {
    await updateEndpointRow(transaction, endpoint);
    if (restartAt !== null) await restartPending(transaction, endpoint.id, restartAt);
  },
});

/** That an endpoint is notified no more, for readers of the log and other endpoints. */
export function disabledEvent(endpoint: WebhookEndpoint) {
  const data = presentEndpoint(endpoint);
  return { type: 'webhook_endpoint.disabled', accountId: null, subjectId: endpoint.id, data } as const;
}

/** How long the secret before the present one signs along. */
const changeoverMs = 24 * 3_600_000;

export const rotatedSecretDocument = z
  .strictObject({ secret: z.string(), previousSecretUntil: instantText })
  .meta({ id: 'RotatedWebhookSecret' });

export interface RotateWebhookSecretCommand extends EndpointCommand {
  /** As it is stored. */
  readonly secret: string;
}

/**
 * Gives an endpoint a new secret. The one it had signs along for a day; one that did so until now does not any more.
 */
export const rotateWebhookSecret = endpointChange<
  RotateWebhookSecretCommand,
  WebhookEndpoint,
  z.output<typeof rotatedSecretDocument> & { endpointId: string }
>({
  decide(before, { endpointId, secret }, { now }) {
    const previousSecretUntil = new Date(now.getTime() + changeoverMs);
    return {
      // The stored answer says whose secret it has, so that it can be decrypted.
      result: { endpointId, secret, previousSecretUntil: previousSecretUntil.toISOString() },
      effect: { ...before, secret, previousSecret: before.secret, previousSecretUntil },
    };
  },
  write: updateEndpointRow,
});

/** Forgets an endpoint. What is on its way to it at this moment may still arrive. */
export const deleteWebhookEndpoint = endpointChange<EndpointCommand, WebhookEndpoint, null>({
  decide: (before) => ({
    result: null,
    effect: { ...before, status: 'deleted', disabledReason: null, disabledAt: null },
  }),
  write: updateEndpointRow,
});

export interface TestWebhookEndpointCommand extends EndpointCommand {
  readonly deliveryId: string;
}

/** What a test call says it is. No event of the log has this type. */
export const testType = 'webhook_endpoint.test';

/** Sends an endpoint something that did not happen, so that its receiver can be tried out. */
export const testWebhookEndpoint = endpointChange<TestWebhookEndpointCommand, WebhookDelivery, WebhookDeliveryDocument>(
  {
    decide({ id, status }, { deliveryId }, { now }) {
      if (status !== 'active') {
        const detail = `Webhook endpoint ${id} is disabled. Enable it first: {"status": "active"}.`;
        return { refusal: refusal('webhook_endpoint_disabled', detail) };
      }
      const about = { logPosition: null, webhookId: deliveryId, accountId: null, type: testType };
      const delivery = newDelivery({ id: deliveryId, endpointId: id, ...about }, now);
      return { result: presentDelivery(delivery), effect: delivery };
    },
    write: (transaction, delivery) => insertDeliveries(transaction, [delivery]),
  },
);
