import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { authenticationColumns } from '../ledger/authentication.ts';
import { type Authorisation, writeAuthorisations } from '../signatures/authorisations.ts';
import { type StandingOrder, standingOrderHash } from './standing-order.ts';
import type { StandingOrderRun } from './standing-order-run.ts';

/** What becomes of a standing order by one operation. */
export interface StandingOrderEffect {
  readonly order: StandingOrder;
  /** The authorisation that came with it; null without a new one. */
  readonly authorisation: Authorisation | null;
  /** What became of its occurrences. */
  readonly runs: readonly StandingOrderRun[];
}

/** Writes new standing orders and the signatures of those who made them. */
export async function insertStandingOrders(
  transaction: LedgerTransaction,
  effects: readonly StandingOrderEffect[],
): Promise<void> {
  const { knex, ledgerId } = transaction;
  const rows = effects.map(({ order }) => ({
    ...stateOf(order),
    ledger_id: ledgerId,
    account_id: order.accountId,
    to_account_id: order.toAccountId,
    currency: order.currency,
    amount: order.rule.type === 'fixed' ? order.rule.amount.toString() : null,
    keep: order.rule.type === 'sweep' ? order.rule.keep.toString() : null,
    top_up_to: order.rule.type === 'topUp' ? order.rule.to.toString() : null,
    most: order.rule.type === 'fixed' ? null : (order.rule.most?.toString() ?? null),
    starts_at: order.schedule.startsAt,
    time_zone: order.schedule.timeZone,
    recurrence: order.schedule.recurrence,
    weekends: order.schedule.weekends,
    catch_up: order.catchUp,
    retry_times: order.retries.times,
    retry_minutes: order.retries.everyMinutes,
    initiated_by: order.initiatedBy,
    ...authenticationColumns(order.authentication),
    description: order.description,
    reference: order.reference,
    metadata: order.metadata === null ? null : JSON.stringify(order.metadata),
    mandate_version: order.mandateVersion,
    hash_version: order.signedAs.version,
    instruction_hash: standingOrderHash(order),
    created_at: order.createdAt,
    expires_at: order.expiresAt,
  }));
  await knex('standing_orders').insert(rows);
  await writeSaid(transaction, effects);
}

/** Writes what can change of standing orders, their authorisations, and their runs. Their rows must be locked. */
export async function updateStandingOrders(
  transaction: LedgerTransaction,
  effects: readonly StandingOrderEffect[],
): Promise<void> {
  const { knex, ledgerId } = transaction;
  await knex.raw(
    `update standing_orders o
     set status = c.status, signed_by = c.signed_by, handled_until = c.handled_until,
         next_occurrence_at = c.next_occurrence_at, next_due_at = c.next_due_at,
         next_attempt_at = c.next_attempt_at, attempts = c.attempts, finished_at = c.finished_at
     from json_to_recordset(?::json) as c (
       id uuid, status text, signed_by uuid[], handled_until timestamptz, next_occurrence_at timestamptz,
       next_due_at timestamptz, next_attempt_at timestamptz, attempts integer, finished_at timestamptz)
     where o.ledger_id = ? and o.id = c.id`,
    [JSON.stringify(effects.map(({ order }) => stateOf(order))), ledgerId],
  );
  await writeSaid(transaction, effects);
  await writeRuns(
    transaction,
    effects.flatMap(({ runs }) => runs),
  );
}

function stateOf(order: StandingOrder) {
  return {
    id: order.id,
    status: order.status,
    signed_by: order.signedBy,
    handled_until: order.handledUntil,
    next_occurrence_at: order.next?.at ?? null,
    next_due_at: order.next?.dueAt ?? null,
    next_attempt_at: order.nextAttemptAt,
    attempts: order.attempts,
    finished_at: order.finishedAt,
  };
}

async function writeSaid(transaction: LedgerTransaction, effects: readonly StandingOrderEffect[]): Promise<void> {
  await writeAuthorisations(
    transaction,
    effects.flatMap(({ authorisation }) => authorisation ?? []),
  );
}

/**
 * Writes new runs, and what has become of those that are being tried again. Throws when one of them was finished
 * before: an occurrence must not be executed twice, whatever else has gone wrong.
 */
async function writeRuns({ knex, ledgerId }: LedgerTransaction, runs: readonly StandingOrderRun[]): Promise<void> {
  if (runs.length === 0) return;
  const rows = runs.map((run) => ({
    ...{ standing_order_id: run.standingOrderId, occurrence_at: run.occurrenceAt, id: run.id, due_at: run.dueAt },
    ...{ status: run.status, attempts: run.attempts, amount: run.amount, transaction_id: run.transactionId },
    ...{ refusal: run.refusal, last_attempt_at: run.lastAttemptAt },
  }));
  const columns = 'standing_order_id, occurrence_at, id, due_at, status, attempts, amount, transaction_id';
  const written = await knex.raw(
    `insert into standing_order_runs as r (ledger_id, ${columns}, refusal, last_attempt_at)
     select ?::uuid, ${columns}, refusal, last_attempt_at
     from json_to_recordset(?::json) as c (
       standing_order_id uuid, occurrence_at timestamptz, id uuid, due_at timestamptz, status text, attempts integer,
       amount numeric, transaction_id uuid, refusal json, last_attempt_at timestamptz)
     on conflict (ledger_id, standing_order_id, occurrence_at) do update
     set status = excluded.status, attempts = excluded.attempts, amount = excluded.amount,
         transaction_id = excluded.transaction_id, refusal = excluded.refusal,
         last_attempt_at = excluded.last_attempt_at
     where r.status = 'retrying'`,
    [ledgerId, JSON.stringify(rows)],
  );
  if (written.rowCount !== runs.length) throw new Error('an occurrence of a standing order was executed before');
}
