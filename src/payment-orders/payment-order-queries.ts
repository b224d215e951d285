import type { Scanned } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { type AccountsPage, narrowToStatus, scanAccounts } from '../database/scan-accounts.ts';
import { notFound } from '../errors/no-such.ts';
import { type Authentication, authenticationOf } from '../ledger/authentication.ts';
import { Money } from '../money/money.ts';
import { readBand } from '../ownership/authorise.ts';
import { findMandates, type MandateVersions, mandateOf } from '../ownership/find-mandates.ts';
import { loadOwnership, type Ownership } from '../ownership/load-ownership.ts';
import { bandFor, type Mandate, type MandateBand } from '../ownership/mandate.ts';
import { readSettled, type SignatureReading } from '../ownership/read-signatures.ts';
import { type Authorisation, findAuthorisations, voicesOf } from '../signatures/authorisations.ts';
import {
  type PaymentOrder,
  type PaymentOrderDocument,
  type PaymentOrderStatus,
  presentPaymentOrder,
} from './payment-order.ts';

interface OrderRow {
  id: string;
  account_id: string;
  to_account_id: string | null;
  status: PaymentOrderStatus;
  amount: string;
  currency: string;
  value_date: string | null;
  initiated_by: string;
  channel: Authentication['channel'] | null;
  key_id: string | null;
  description: string | null;
  reference: string | null;
  metadata: Record<string, unknown> | null;
  external_id: string | null;
  mandate_version: number;
  band: number | null;
  hash_version: 1 | 2;
  instruction_hash: Buffer;
  transaction_id: string | null;
  created_at: Date;
  expires_at: Date;
  finished_at: Date | null;
  /** Of the transaction that it was booked as. */
  signed_by: string[] | null;
  /** The database's clock. */
  read_at: Date;
}

function selectOrders({ knex, ledgerId }: LedgerSource) {
  return knex('payment_orders as o')
    .leftJoin('transactions as t', (on) => on.onVal('t.ledger_id', ledgerId).andOn('t.id', 'o.transaction_id'))
    .select<OrderRow[]>('o.*', 't.signed_by', knex.raw('clock_timestamp() as read_at'))
    .where('o.ledger_id', ledgerId);
}

/** The order without its signatures. Which accounts it is about, and how much, never changes. */
export async function getPaymentOrder(source: LedgerSource, orderId: string): Promise<PaymentOrder> {
  const [row] = await selectOrders(source).where('o.id', orderId);
  if (row === undefined) throw notFound('payment_order', orderId);
  return asRead(row);
}

/** Orders as they are stored, for `asOf` the moment at which something is decided. */
export async function findPaymentOrders(
  source: LedgerSource,
  orderIds: readonly string[],
): Promise<Map<string, PaymentOrder>> {
  const rows = await findOrderRows(source, orderIds);
  return new Map([...rows].map(([id, row]) => [id, asOrder(row)]));
}

async function findOrderRows(source: LedgerSource, orderIds: readonly string[]): Promise<Map<string, OrderRow>> {
  const rows = await selectOrders(source).whereRaw('o.id = any(?::uuid[])', [[...new Set(orderIds)]]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Those of these external ids that payment orders have, whatever became of them. */
export async function findOrderedExternalIds(
  { knex, ledgerId }: LedgerSource,
  externalIds: readonly string[],
): Promise<Array<{ readonly id: string; readonly externalId: string }>> {
  return knex('payment_orders')
    .select('id', 'external_id as externalId')
    .where('ledger_id', ledgerId)
    .whereRaw('external_id = any(?::text[])', [[...externalIds]]);
}

/** The orders of these accounts that wait for signatures. */
export async function findWaitingOrders(source: LedgerSource, accountIds: readonly string[]): Promise<PaymentOrder[]> {
  const rows = await selectOrders(source)
    .join('holds as h', (on) => on.onVal('h.ledger_id', source.ledgerId).andOn('h.id', 'o.id'))
    .where('h.status', 'active')
    .whereRaw('h.account_id = any(?::uuid[])', [[...new Set(accountIds)]])
    .orderBy('o.id');
  return rows.map(asOrder);
}

/** A page of payment orders in the order of their ids, which is about that of their making. */
export async function listPaymentOrders(
  source: LedgerSource,
  page: AccountsPage,
  status: PaymentOrderStatus | undefined,
): Promise<Scanned<string, PaymentOrder>> {
  const rows = source.knex('payment_orders as o').select('o.id', 'o.account_id').where('o.ledger_id', source.ledgerId);
  const matches = narrowToStatus(rows, 'o', status);
  const { items, stoppedAt } = await scanAccounts(source.knex, { rows, alias: 'o' }, page, matches);
  const found = await findOrderRows(
    source,
    items.map(({ id }) => id),
  );
  return { items: items.map(({ id }) => asRead(found.get(id)!)), stoppedAt };
}

/** Payment orders as callers see them, with who has signed and who may still; a constant number of queries. */
export async function describePaymentOrders(
  source: LedgerSource,
  orders: readonly PaymentOrder[],
): Promise<PaymentOrderDocument[]> {
  if (orders.length === 0) return [];
  const [authorisations, mandates, ownership] = await Promise.all([
    findAuthorisations(
      source,
      orders.map((order) => order.id),
    ),
    findMandates(source, orders),
    loadOwnership(
      source,
      orders.map((order) => order.accountId),
      [],
    ),
  ]);
  return orders.map((order) => {
    const given = authorisations.get(order.id) ?? [];
    const reading = readOrder(order, given, { mandates, ownership: ownership.get(order.accountId)! });
    return presentPaymentOrder(order, reading, given);
  });
}

/** Reads the signatures of an order under the version of the mandate it was made under and the present holders. */
export function readOrder(
  order: PaymentOrder,
  given: readonly Authorisation[],
  { mandates, ownership }: { mandates: MandateVersions; ownership: Ownership },
): SignatureReading {
  // It was enough then, even if a signatory has left since.
  if (order.signedBy !== null) return readSettled(order.signedBy);
  return readBand(ownership, bandOf(order, mandateOf(mandates, order)), order.type, voicesOf(given));
}

/** The band of its mandate under which an order waits. */
export function bandOf({ band, type, amount }: PaymentOrder, mandate: Mandate): MandateBand {
  return band === null ? bandFor(mandate, type, amount) : mandate.bands[band]!;
}

/**
 * The order as it stands at a moment. One that was not finished in time has expired; its own row does not say so, the
 * hold of its money does, once that was released.
 */
export function asOf(order: PaymentOrder, now: Date): PaymentOrder {
  if (order.status !== 'waiting' || order.expiresAt > now) return order;
  return { ...order, status: 'expired', finishedAt: order.expiresAt };
}

function asRead(row: OrderRow): PaymentOrder {
  return asOf(asOrder(row), row.read_at);
}

/** An order as its row says. */
export function asOrder(row: OrderRow): PaymentOrder {
  return {
    id: row.id,
    status: row.status,
    type: row.to_account_id === null ? 'withdrawal' : 'transfer',
    accountId: row.account_id,
    toAccountId: row.to_account_id,
    amount: Money.fromDatabase(row.amount, row.currency),
    valueDate: row.value_date,
    initiatedBy: row.initiated_by,
    authentication: authenticationOf(row),
    description: row.description,
    reference: row.reference,
    metadata: row.metadata,
    externalId: row.external_id,
    mandateVersion: row.mandate_version,
    band: row.band,
    signedAs: { version: row.hash_version, hash: row.instruction_hash },
    transactionId: row.transaction_id,
    signedBy: row.signed_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    finishedAt: row.finished_at,
  };
}
