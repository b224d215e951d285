import { mapScanned, type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { PageAsked } from '../http/paging.ts';
import { Money } from '../money/money.ts';
import type { StandingOrder } from './standing-order.ts';
import type { StandingOrderRun } from './standing-order-run.ts';

interface RunRow {
  id: string;
  standing_order_id: string;
  occurrence_at: Date;
  due_at: Date;
  status: StandingOrderRun['status'];
  attempts: number;
  amount: string | null;
  transaction_id: string | null;
  refusal: StandingOrderRun['refusal'];
  last_attempt_at: Date;
}

type OrderOfRuns = Pick<StandingOrder, 'id' | 'currency'>;

/**
 * A page of the runs of an order: those behind the one that was due at the instant `after`, and of them those that
 * were not over before `since`.
 */
export async function listRuns(
  { knex, ledgerId }: LedgerSource,
  { id, currency }: OrderOfRuns,
  { limit, after, order, since }: PageAsked<string> & { since: Date | undefined },
): Promise<Scanned<string, StandingOrderRun>> {
  const rows = knex('standing_order_runs as r').select('r.*').where('r.ledger_id', ledgerId);
  rows.where('r.standing_order_id', id);
  const sql = "(r.status = 'retrying' or r.last_attempt_at >= :since)";
  const matches = since === undefined ? [] : [{ sql, bindings: { since } }];
  const scan = { by: ['r.occurrence_at'], order, limit, after: after === null ? null : [after], matches };
  const scanned = await scanRows<RunRow>(knex, rows, scan);
  const keyOf = ({ occurrence_at }: RunRow) => occurrence_at.toISOString();
  return mapScanned(scanned, keyOf, (row) => asRun(row, currency));
}

/** Of those of these orders that are being tried again: the run of their next occurrence, by order. */
export async function findRetriedRuns(
  { knex, ledgerId }: LedgerSource,
  orders: readonly StandingOrder[],
): Promise<ReadonlyMap<string, StandingOrderRun>> {
  const retried = new Map(orders.filter(({ attempts }) => attempts > 0).map((order) => [order.id, order]));
  if (retried.size === 0) return new Map();
  const rows = await knex('standing_order_runs')
    .select<RunRow[]>('*')
    .where({ ledger_id: ledgerId, status: 'retrying' })
    .whereRaw('standing_order_id = any(?::uuid[])', [[...retried.keys()]]);
  return new Map(rows.map((row) => [row.standing_order_id, asRun(row, retried.get(row.standing_order_id)!.currency)]));
}

function asRun(row: RunRow, currency: string): StandingOrderRun {
  return {
    id: row.id,
    standingOrderId: row.standing_order_id,
    occurrenceAt: row.occurrence_at,
    dueAt: row.due_at,
    status: row.status,
    attempts: row.attempts,
    amount: row.amount === null ? null : Money.fromDatabase(row.amount, currency),
    transactionId: row.transaction_id,
    refusal: row.refusal,
    lastAttemptAt: row.last_attempt_at,
  };
}
