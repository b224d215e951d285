import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Authorisation, writeAuthorisations } from '../signatures/authorisations.ts';
import type { PaymentOrder } from './payment-order.ts';

/** What becomes of a payment order by one operation. */
export interface PaymentOrderEffect {
  readonly order: PaymentOrder;
  /** The authorisation that came with it; null without a new one. */
  readonly authorisation: Authorisation | null;
}

/** Writes authorisations, and of orders that are finished how they ended, together with the holds of their money. */
export async function writePaymentOrderEffects(
  transaction: LedgerTransaction,
  effects: readonly PaymentOrderEffect[],
): Promise<void> {
  await writeAuthorisations(
    transaction,
    effects.flatMap(({ authorisation }) => authorisation ?? []),
  );
  await writeFinishedOrders(
    transaction,
    effects.map(({ order }) => order).filter((order) => order.status !== 'waiting'),
  );
}

export async function writeFinishedOrders(
  { knex, ledgerId }: LedgerTransaction,
  orders: readonly PaymentOrder[],
): Promise<void> {
  if (orders.length === 0) return;
  await knex.raw(
    `with finished as (
       select * from unnest(:ids::uuid[], :statuses::text[], :transactionIds::uuid[], :times::timestamptz[])
         as f (id, status, transaction_id, finished_at)),
     holds_of_them as (
       update holds h
       set status = case when f.status = 'booked' then 'captured' else 'voided' end, remaining = 0,
           captured = case when f.status = 'booked' then h.amount else 0 end, finished_at = f.finished_at
       from finished f where h.ledger_id = :ledgerId and h.id = f.id)
     update payment_orders o
     set status = f.status, transaction_id = f.transaction_id, finished_at = f.finished_at
     from finished f where o.ledger_id = :ledgerId and o.id = f.id`,
    {
      ledgerId,
      ids: orders.map((order) => order.id),
      statuses: orders.map((order) => order.status),
      transactionIds: orders.map((order) => order.transactionId),
      times: orders.map((order) => order.finishedAt?.toISOString()),
    },
  );
}
