import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { NewPaymentOrder } from './payment-order.ts';
import { instructionHash } from './payment-order.ts';

/** Writes new payment orders, the holds that reserve their money, and the signatures of those who initiated them. */
export async function writePaymentOrders(
  { knex, ledgerId }: LedgerTransaction,
  opened: readonly NewPaymentOrder[],
): Promise<void> {
  const holds = opened.map(({ order }) => ({
    ledger_id: ledgerId,
    id: order.id,
    account_id: order.accountId,
    kind: 'payment_order',
    amount: order.amount.toString(),
    remaining: order.amount.toString(),
    initiated_by: order.initiatedBy,
    to_account_id: order.toAccountId,
    description: order.description,
    reference: order.reference,
    created_at: order.createdAt,
    expires_at: order.expiresAt,
  }));
  const orders = opened.map(({ order }) => ({
    ledger_id: ledgerId,
    id: order.id,
    account_id: order.accountId,
    to_account_id: order.toAccountId,
    amount: order.amount.toString(),
    currency: order.amount.currency,
    value_date: order.valueDate,
    initiated_by: order.initiatedBy,
    description: order.description,
    reference: order.reference,
    metadata: order.metadata === null ? null : JSON.stringify(order.metadata),
    external_id: order.externalId,
    mandate_version: order.mandateVersion,
    instruction_hash: instructionHash(order),
    created_at: order.createdAt,
    expires_at: order.expiresAt,
  }));
  const signatures = opened
    .filter(({ signedByInitiator }) => signedByInitiator)
    .map(({ order }) => ({
      ledger_id: ledgerId,
      subject_id: order.id,
      party_id: order.initiatedBy,
      decision: 'approve',
      created_at: order.createdAt,
    }));
  await knex('holds').insert(holds);
  await knex('payment_orders').insert(orders);
  if (signatures.length > 0) await knex('authorisations').insert(signatures);
}
