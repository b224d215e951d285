import { z } from 'zod';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { latestPlace } from '../log/read-log.ts';
import { presentEndpoint, type WebhookEndpoint, webhookEndpointDocument } from './webhook-endpoint.ts';
import { findFreeSlot, insertEndpoint, maxEndpoints } from './webhook-endpoint-queries.ts';

/** An endpoint to be registered, and the secret that was made for it, as it is stored. */
export type CreateWebhookEndpointCommand = Pick<
  WebhookEndpoint,
  'id' | 'url' | 'description' | 'eventTypes' | 'accountIds' | 'isOrdered' | 'secret'
>;

interface Facts {
  /** Undefined: the ledger has as many endpoints as it can have. */
  readonly slot: number | undefined;
  /** Where the log ends. */
  readonly logPosition: number;
  readonly accounts: ReadonlySet<string>;
}

export const createdEndpointDocument = webhookEndpointDocument
  .extend({ secret: z.string() })
  .meta({ id: 'CreatedWebhookEndpoint' });

/**
 * Registers an endpoint, which is notified of everything that has no position in the log yet. It takes one of the
 * ledger's slots; as it locks no account, it has its transaction to itself.
 */
export const createWebhookEndpoint: OperationKind<
  CreateWebhookEndpointCommand,
  Facts,
  { endpoint: WebhookEndpoint; slot: number; logPosition: number },
  z.output<typeof createdEndpointDocument>
> = {
  accountIds: () => [],

  async load(transaction, commands) {
    const slot = await findFreeSlot(transaction);
    const accounts = await findCustomerAccounts(
      transaction,
      commands.flatMap(({ accountIds }) => accountIds),
    );
    return { slot, logPosition: (await latestPlace(transaction)).position, accounts };
  },

  decide(command, { loaded: { slot, logPosition, accounts }, now }) {
    if (slot === undefined) {
      const detail = `The ledger has ${maxEndpoints} webhook endpoints, as many as it can have. Delete one first.`;
      return { refusal: refusal('too_many_webhook_endpoints', detail) };
    }
    const refused = refuseUnknownAccounts(accounts, command.accountIds);
    if (refused !== undefined) return { refusal: refused };
    const endpoint: WebhookEndpoint = {
      ...command,
      status: 'active',
      previousSecret: null,
      previousSecretUntil: null,
      failingSince: null,
      disabledReason: null,
      disabledAt: null,
      createdAt: now,
    };
    return {
      result: { ...presentEndpoint(endpoint), secret: command.secret },
      effect: { endpoint, slot, logPosition },
    };
  },

  async write(transaction, effects) {
    for (const effect of effects) await insertEndpoint(transaction, effect);
  },
};

/** Which of these are accounts of customers; of clearing accounts nothing is ever told. An account is never deleted. */
export async function findCustomerAccounts(
  { knex, ledgerId }: LedgerTransaction,
  accountIds: ReadonlyArray<string | null>,
): Promise<ReadonlySet<string>> {
  const named = accountIds.filter((accountId) => accountId !== null);
  if (named.length === 0) return new Set();
  const found = await knex('accounts')
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [named])
    .whereNot('ownership', 'clearing')
    .pluck('id');
  return new Set(found);
}

export function refuseUnknownAccounts(
  existing: ReadonlySet<string>,
  accountIds: readonly string[] | null | undefined,
): Refusal | undefined {
  const unknown = accountIds?.find((accountId) => !existing.has(accountId));
  return unknown === undefined ? undefined : noSuch('account', unknown);
}
