import type { Scanned } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { type AccountsPage, narrowToStatus, scanAccounts } from '../database/scan-accounts.ts';
import { notFound } from '../errors/no-such.ts';
import { type AuthenticationColumns, authenticationOf } from '../ledger/authentication.ts';
import { Money } from '../money/money.ts';
import { readBand } from '../ownership/authorise.ts';
import { findMandates, type MandateVersions, mandateOf } from '../ownership/find-mandates.ts';
import { loadOwnership, type Ownership } from '../ownership/load-ownership.ts';
import { bandFor, type Mandate, type MandateBand } from '../ownership/mandate.ts';
import { readSettled, type SignatureReading } from '../ownership/read-signatures.ts';
import { type Authorisation, findAuthorisations, voicesOf } from '../signatures/authorisations.ts';
import { type AmountRule, largestAmount } from './amount-rule.ts';
import type { CatchUpRule } from './catch-up.ts';
import { mostInPeriod } from './most-in-period.ts';
import type { Schedule } from './schedule.ts';
import {
  asOfNow,
  presentSigned,
  type SignedStandingOrderDocument,
  type StandingOrder,
  type StandingOrderStatus,
} from './standing-order.ts';

interface StandingOrderRow extends AuthenticationColumns {
  id: string;
  account_id: string;
  to_account_id: string;
  status: StandingOrderStatus;
  currency: string;
  amount: string | null;
  keep: string | null;
  top_up_to: string | null;
  most: string | null;
  starts_at: string;
  time_zone: string;
  recurrence: string | null;
  weekends: Schedule['weekends'];
  catch_up: CatchUpRule;
  retry_times: number;
  retry_minutes: number;
  initiated_by: string | null;
  description: string | null;
  reference: string | null;
  metadata: Record<string, unknown> | null;
  mandate_version: number;
  hash_version: 1 | 2;
  instruction_hash: Buffer;
  signed_by: string[] | null;
  handled_until: Date | null;
  next_occurrence_at: Date | null;
  next_due_at: Date | null;
  next_attempt_at: Date | null;
  attempts: number;
  created_at: Date;
  expires_at: Date | null;
  finished_at: Date | null;
}

/** The rows that workers claim, for those who lock them otherwise. */
export const standingOrderRows = { table: 'standing_orders', idColumn: 'id' } as const;

/** An account can have this many that are not finished: its holders must be able to look through them. */
export const maxOpenOrders = 500;

/** SQL: whether the time to sign an order is over and that is not recorded yet. */
const isOver = "(status = 'waiting' and expires_at <= clock_timestamp())";

/** Which accounts it is about, and how much, never changes; so these may be looked at without a lock. */
export async function getStandingOrder(source: LedgerSource, orderId: string): Promise<StandingOrder> {
  const order = (await findStandingOrders(source, [orderId])).get(orderId);
  if (order === undefined) throw notFound('standing_order', orderId);
  return order;
}

export async function findStandingOrders(
  { knex, ledgerId }: LedgerSource,
  orderIds: readonly string[],
): Promise<Map<string, StandingOrder>> {
  const rows = await knex<StandingOrderRow>('standing_orders')
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [[...new Set(orderIds)]]);
  return new Map(rows.map((row) => [row.id, asStandingOrder(row)]));
}

/** A page of standing orders in the order of their ids, which is about that of their making. */
export async function listStandingOrders(
  { knex, ledgerId }: LedgerSource,
  page: AccountsPage,
  status: StandingOrderStatus | undefined,
): Promise<Scanned<string, StandingOrder>> {
  const rows = knex('standing_orders as o').select('o.*').where('o.ledger_id', ledgerId);
  const matches = narrowToStatus(rows, 'o', status);
  const { items, stoppedAt } = await scanAccounts<StandingOrderRow>(knex, { rows, alias: 'o' }, page, matches);
  return { items: items.map(asStandingOrder), stoppedAt };
}

/** How many orders of these accounts are not finished; of more than there can be, no more are counted. */
export async function countOpenOrders(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await knex.raw(
    `select a.id, (select count(*) from (
       select from standing_orders o
       where o.ledger_id = ? and o.account_id = a.id and o.finished_at is null
         and not ${isOver}
       limit ${maxOpenOrders}) o) as open
     from unnest(?::uuid[]) as a (id)`,
    [ledgerId, [...new Set(accountIds)]],
  );
  return new Map(rows.map(({ id, open }: { id: string; open: number }) => [id, open]));
}

/** Standing orders as callers see them, with who has signed and who may still; a constant number of queries. */
export async function describeStandingOrders(
  source: LedgerSource,
  orders: readonly StandingOrder[],
): Promise<SignedStandingOrderDocument[]> {
  if (orders.length === 0) return [];
  const orderIds = orders.map((order) => order.id);
  const accountIds = orders.map((order) => order.accountId);
  const [authorisations, mandates, ownership] = await Promise.all([
    findAuthorisations(source, orderIds),
    findMandates(source, orders),
    loadOwnership(source, accountIds, []),
  ]);
  return orders.map((order) => {
    const given = authorisations.get(order.id) ?? [];
    const reading = readStandingOrder(order, given, { mandates, ownership: ownership.get(order.accountId)! });
    return presentSigned(asOfNow(order, new Date()), reading, given);
  });
}

/** Reads the signatures of an order under the version of the mandate it was made under and the present holders. */
export function readStandingOrder(
  order: StandingOrder,
  given: readonly Authorisation[],
  { mandates, ownership }: { mandates: MandateVersions; ownership: Ownership },
): SignatureReading {
  // It was enough then, even if a signatory has left since; and the calling service's own act takes none.
  if (order.signedBy !== null) return readSettled(order.signedBy);
  return readSigners(order, ownership, mandateOf(mandates, order), given);
}

/** Reads authorisations under a mandate: for the most that the order can move, or for any amount. */
export function readSigners(
  order: StandingOrderTerms,
  ownership: Ownership,
  mandate: Mandate,
  given: readonly Authorisation[],
): SignatureReading {
  return readBand(ownership, bandOfStandingOrder(order, mandate), 'transfer', voicesOf(given));
}

type StandingOrderTerms = Pick<StandingOrder, 'rule' | 'schedule'>;

/** The band that decides about an order: for one run, or where its limit is for a day or a month, for all in that. */
export function bandOfStandingOrder({ rule, schedule }: StandingOrderTerms, mandate: Mandate): MandateBand {
  const amount = largestAmount(rule);
  return bandFor(mandate, 'transfer', amount, ({ per }) => {
    if (amount === null || (per !== 'day' && per !== 'month')) return null;
    return amount.times(mostInPeriod(schedule, per) - 1);
  });
}

/** An order as its row says. */
export function asStandingOrder(row: StandingOrderRow): StandingOrder {
  const { next_occurrence_at: at, next_due_at: dueAt } = row;
  return {
    id: row.id,
    status: row.status,
    accountId: row.account_id,
    toAccountId: row.to_account_id,
    currency: row.currency,
    rule: asRule(row),
    schedule: {
      startsAt: row.starts_at,
      timeZone: row.time_zone,
      recurrence: row.recurrence,
      weekends: row.weekends,
    },
    catchUp: row.catch_up,
    retries: { times: row.retry_times, everyMinutes: row.retry_minutes },
    initiatedBy: row.initiated_by,
    authentication: authenticationOf(row),
    description: row.description,
    reference: row.reference,
    metadata: row.metadata,
    mandateVersion: row.mandate_version,
    signedAs: { version: row.hash_version, hash: row.instruction_hash },
    signedBy: row.signed_by,
    handledUntil: row.handled_until,
    next: at === null || dueAt === null ? null : { at, dueAt },
    nextAttemptAt: row.next_attempt_at,
    attempts: row.attempts,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    finishedAt: row.finished_at,
  };
}

function asRule({ currency, amount, keep, top_up_to: to, most }: StandingOrderRow): AmountRule {
  const money = (numeric: string) => Money.fromDatabase(numeric, currency);
  const limit = most === null ? null : money(most);
  if (amount !== null) return { type: 'fixed', amount: money(amount) };
  if (keep !== null) return { type: 'sweep', keep: money(keep), most: limit };
  return { type: 'topUp', to: money(to!), most: limit };
}
