import { noSuch } from '../errors/no-such.ts';
import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import {
  newDelivery,
  presentDelivery,
  type WebhookDelivery,
  type WebhookDeliveryDocument,
} from './webhook-delivery.ts';
import { deliveryRows, findDeliveries, restartDelivery } from './webhook-delivery-queries.ts';

export interface RedeliverWebhookCommand {
  readonly deliveryId: string;
}

/** Makes a finished delivery pending again, with all its tries before it. */
export const redeliverWebhook: OperationKind<
  RedeliverWebhookCommand,
  ReadonlyMap<string, WebhookDelivery>,
  { id: string; now: Date },
  WebhookDeliveryDocument
> = {
  accountIds: () => [],
  lockClaimable: (transaction, commands, mode) => lockClaimable(transaction, deliveryRows, idsOf(commands), mode),
  load: (transaction, commands) => findDeliveries(transaction, idsOf(commands)),

  decide({ deliveryId: id }, { loaded, now }) {
    const before = loaded.get(id);
    if (before === undefined) return { refusal: noSuch('webhook_delivery', id) };
    if (before.status === 'pending') {
      const detail = `Webhook delivery ${id} is pending: it will be tried again by itself.`;
      return { refusal: refusal('webhook_delivery_pending', detail) };
    }
    const { answers, createdAt } = before;
    const after = { ...newDelivery(before, now), answers, createdAt };
    return { result: presentDelivery(after), effect: { id, now } };
  },

  async write(transaction, effects) {
    for (const { id, now } of effects) await restartDelivery(transaction, id, now);
  },
};

function idsOf(commands: readonly RedeliverWebhookCommand[]): string[] {
  return commands.map(({ deliveryId }) => deliveryId);
}
