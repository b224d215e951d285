import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { Taken } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import { type Holder, type HolderRight, mapLimits } from './holder.ts';
import { anyOneSigns, type Mandate, type MandateTerms } from './mandate.ts';

/** Who an account belongs to and what they agreed, as it stands while the row is locked. */
export interface Ownership {
  /** False for an account that never had a holder: it is the calling service's own, and nobody's rights are asked. */
  readonly isHeld: boolean;
  /** The active holders. */
  readonly holders: readonly Holder[];
  readonly mandate: Mandate;
  /** What becomes of the account when a holder dies: it is the survivors', or stopped for the estate. */
  readonly survivorship: 'survivors' | 'estate';
  /** Whether parties act here with keys and tokens of their own only: the mandate asks for it, or the ledger does. */
  readonly takesOwnSignatures: boolean;
  /** How many payment orders wait for signatures; of more than can be, no more are counted. */
  readonly waitingOrders: number;
  /** What those of the named parties who have a limit took out already. */
  readonly spent: ReadonlyMap<string, Spent>;
  /** What left on parties' orders in the present day and month; read only where the mandate has ceilings for these. */
  readonly outflows: readonly Outflow[];
}

export interface Spent {
  readonly today: Money;
  readonly thisMonth: Money;
}

/** What left an account, or is reserved to leave, on the same signatures in the account's present day and month. */
export interface Outflow extends Pick<Taken, 'kind' | 'signedBy' | 'underBand'> {
  readonly today: Money;
  readonly thisMonth: Money;
}

export type OwnershipByAccount = ReadonlyMap<string, Ownership>;

/** An account's holders must be able to look through what is pending on it. */
export const maxWaitingOrders = 1_000;

interface HolderRow {
  partyId: string;
  rights: HolderRight[];
  status: string;
  joinedAt: string | null;
  perMovement: string | null;
  perDay: string | null;
  perMonth: string | null;
}

interface OwnershipRow {
  id: string;
  currency: string;
  survivorship: Ownership['survivorship'];
  waiting_orders: number;
  holders: HolderRow[];
  mandate_version: number | null;
  terms: MandateTerms | null;
  ledger_signatures: 'any' | 'own';
  spent: Array<{ partyId: string; today: string; thisMonth: string }>;
  outflows: Array<Pick<Outflow, 'kind' | 'signedBy' | 'underBand'> & { today: string; thisMonth: string }> | null;
}

/**
 * Reads who holds these accounts, under which mandate, and what those of the named parties who have a limit took out in
 * the current day and month of the account's time zone: by movements of their own and runs of their standing orders,
 * and by holds and payment orders that they initiated and that reserve or have taken money. One query for all; the
 * account rows must be locked.
 */
export async function loadOwnership(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
  partyIds: readonly string[],
): Promise<OwnershipByAccount> {
  if (accountIds.length === 0) return new Map();
  const bindings = { ledgerId, accountIds: [...new Set(accountIds)], partyIds: [...new Set(partyIds)] };
  const { rows } = await knex.raw(statement, bindings);
  return new Map((rows as OwnershipRow[]).map((row) => [row.id, asOwnership(row)]));
}

/**
 * What left on parties' orders, by the signatures that it took. Holds count from when they were placed; payment orders
 * that wait count under the band in which they do, under the first where the mandate has changed since.
 */
const outflows = `
  select coalesce(json_agg(json_build_object(
           'kind', u.kind, 'signedBy', u.signed_by, 'underBand', u.band,
           'today', u.today::text, 'thisMonth', u.month::text)), '[]')
  from (
    select o.kind, o.signed_by, o.band, sum(o.amount) as month,
           coalesce(sum(o.amount) filter (where o.at >= starts.day), 0) as today
    from holders h
    cross join lateral (
      select case t.type when 'withdrawal' then 'withdrawal' else 'transfer' end as kind,
             coalesce(t.signed_by, array[h.party_id]) as signed_by, null::int as band, -e.amount as amount,
             t.booked_at as at
      from transactions t
      join entries e on e.ledger_id = :ledgerId and e.transaction_id = t.id
      where t.ledger_id = :ledgerId and t.initiated_by = h.party_id and t.booked_at >= starts.month
        and (t.origin is null or t.origin in ('proposal', 'standing_order', 'payment_order'))
        and e.account_id = h.account_id and e.amount < 0
      union all
      select case when r.to_account_id is null then 'withdrawal' else 'transfer' end, array[h.party_id],
             case when p.mandate_version = m.version then p.band when p.id is not null then 0 end,
             r.captured + case when r.expires_at > clock_timestamp() then r.remaining else 0 end, r.created_at
      from holds r
      left join payment_orders p on p.ledger_id = :ledgerId and p.id = r.id
      where r.ledger_id = :ledgerId and r.initiated_by = h.party_id and r.created_at >= starts.month
        and r.account_id = h.account_id and (r.kind = 'hold' or (r.status = 'active' and p.band is not null))) o
    where h.ledger_id = :ledgerId and h.account_id = a.id
    group by o.kind, o.signed_by, o.band) u`;

const statement = `
  select a.id, a.currency, a.survivorship,
    (select count(*) from (
       select from holds w where w.ledger_id = :ledgerId and w.account_id = a.id and w.status = 'active'
                            and w.kind = 'payment_order' limit ${maxWaitingOrders}) w) as waiting_orders,
    m.version as mandate_version, m.terms, l.signatures as ledger_signatures,
    (select coalesce(json_agg(json_build_object(
              'partyId', h.party_id, 'rights', h.rights, 'status', h.status, 'joinedAt', h.joined_at,
              'perMovement', h.limit_per_movement::text, 'perDay', h.limit_per_day::text,
              'perMonth', h.limit_per_month::text) order by h.party_id), '[]')
     from holders h where h.ledger_id = :ledgerId and h.account_id = a.id) as holders,
    (select coalesce(json_agg(json_build_object(
              'partyId', h.party_id, 'today', (b.today + r.today)::text, 'thisMonth', (b.month + r.month)::text)), '[]')
     from holders h
     cross join lateral (
       select coalesce(sum(-e.amount), 0) as month,
              coalesce(sum(-e.amount) filter (where t.booked_at >= starts.day), 0) as today
       from transactions t
       join entries e on e.ledger_id = :ledgerId and e.transaction_id = t.id
       where t.ledger_id = :ledgerId and t.initiated_by = h.party_id and t.booked_at >= starts.month
         and (t.origin is null or t.origin in ('proposal', 'standing_order')) and e.account_id = h.account_id
         and e.amount < 0) b
     cross join lateral (
       select coalesce(sum(taken.amount), 0) as month,
              coalesce(sum(taken.amount) filter (where o.created_at >= starts.day), 0) as today
       from holds o
       cross join lateral (
         select o.captured + case when o.expires_at > clock_timestamp() then o.remaining else 0 end as amount) taken
       where o.ledger_id = :ledgerId and o.initiated_by = h.party_id and o.created_at >= starts.month
         and o.account_id = h.account_id) r
     where h.ledger_id = :ledgerId and h.account_id = a.id and h.party_id = any(:partyIds::uuid[])
       and (h.limit_per_day is not null or h.limit_per_month is not null)) as spent,
    case when exists (select from json_array_elements(m.terms -> 'bands') b where b ->> 'per' in ('day', 'month'))
    then (${outflows}) end as outflows
  from accounts a
  join ledgers l on l.id = :ledgerId
  cross join lateral (
    select date_trunc('day', clock_timestamp() at time zone a.time_zone) at time zone a.time_zone as day,
           date_trunc('month', clock_timestamp() at time zone a.time_zone) at time zone a.time_zone as month) starts
  left join lateral (
    select version, terms from mandates m
    where m.ledger_id = :ledgerId and m.account_id = a.id order by version desc limit 1) m on true
  where a.ledger_id = :ledgerId and a.id = any(:accountIds::uuid[])`;

function asOwnership(row: OwnershipRow): Ownership {
  const money = (numeric: string) => Money.fromDatabase(numeric, row.currency);
  const active = row.holders.filter((holder) => holder.status === 'active');
  return {
    isHeld: row.holders.some((holder) => holder.joinedAt !== null),
    holders: active.map((holder) => ({
      partyId: holder.partyId,
      rights: holder.rights,
      limits: mapLimits(holder, money),
      // Every active holder has joined.
      joinedAt: new Date(holder.joinedAt!),
    })),
    survivorship: row.survivorship,
    waitingOrders: row.waiting_orders,
    mandate: row.terms === null ? anyOneSigns : { version: row.mandate_version ?? 0, ...row.terms },
    takesOwnSignatures: row.ledger_signatures === 'own' || row.terms?.signatures === 'own',
    outflows: (row.outflows ?? []).map(({ today, thisMonth, ...about }) => ({
      ...about,
      today: money(today),
      thisMonth: money(thisMonth),
    })),
    spent: new Map(
      row.spent.map(({ partyId, today, thisMonth }) => [partyId, { today: money(today), thisMonth: money(thisMonth) }]),
    ),
  };
}
