import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { authenticationColumns } from '../ledger/authentication.ts';
import { writeAuthorisations } from '../signatures/authorisations.ts';
import type { NewPaymentOrder } from './payment-order.ts';
import { instructionHash } from './payment-order.ts';

/** Writes new payment orders, the holds that reserve their money, and the signatures of those who initiated them. */
export async function writePaymentOrders(
  transaction: LedgerTransaction,
  opened: readonly NewPaymentOrder[],
): Promise<void> {
  const { knex, ledgerId } = transaction;
  const holds = opened.map(({ order }) => ({
    ledger_id: ledgerId,
    id: order.id,
    account_id: order.accountId,
    kind: 'payment_order',
    amount: order.amount.toString(),
    remaining: order.amount.toString(),
    initiated_by: order.initiatedBy,
    ...authenticationColumns(order.authentication),
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
    ...authenticationColumns(order.authentication),
    description: order.description,
    reference: order.reference,
    metadata: order.metadata === null ? null : JSON.stringify(order.metadata),
    external_id: order.externalId,
    mandate_version: order.mandateVersion,
    band: order.band,
    hash_version: order.signedAs.version,
    instruction_hash: instructionHash(order),
    created_at: order.createdAt,
    expires_at: order.expiresAt,
  }));
  await knex('holds').insert(holds);
  await knex('payment_orders').insert(orders);
  await writeAuthorisations(
    transaction,
    opened.flatMap(({ authorisations }) => authorisations),
  );
}
