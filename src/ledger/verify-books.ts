import type { Knex } from 'knex';
import { liesAhead } from './correct-times.ts';

/** Something in the books that can't be true if every promise was kept. */
export interface BooksFinding {
  readonly rule: string;
  readonly ledgerId: string;
  /** The transaction, account or currency concerned. */
  readonly subject: string;
}

/**
 * What must hold in every ledger at every moment between transactions. Each query answers the rows that break its rule.
 * Together they prove what the schema can't: that entries sum to zero, that balances are the sums of entries, that no
 * entry was lost or booked twice, that nothing dangles.
 */
const rules: Readonly<Record<string, string>> = {
  'the entries of a transaction sum to zero in each currency': `
    select e.ledger_id, e.transaction_id::text as subject
    from entries e join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    group by e.ledger_id, e.transaction_id, a.currency having sum(e.amount) <> 0`,
  'a transaction has at least two entries': `
    select t.ledger_id, t.id::text as subject
    from transactions t left join entries e on e.ledger_id = t.ledger_id and e.transaction_id = t.id
    group by t.ledger_id, t.id having count(e.id) < 2`,
  'an entry belongs to a transaction and is booked with it': `
    select e.ledger_id, e.id::text as subject
    from entries e left join transactions t on t.ledger_id = e.ledger_id and t.id = e.transaction_id
    where t.id is null or t.booked_at <> e.booked_at`,
  'an entry belongs to an account': `
    select e.ledger_id, e.id::text as subject
    from entries e left join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    where a.id is null`,
  'a transaction in one currency moves money in the currency of its accounts': `
    select t.ledger_id, t.id::text as subject
    from transactions t
    join entries e on e.ledger_id = t.ledger_id and e.transaction_id = t.id
    join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    where a.currency <> t.currency`,
  'an initiating party exists': `
    select t.ledger_id, t.id::text as subject
    from transactions t left join parties p on p.ledger_id = t.ledger_id and p.id = t.initiated_by
    where t.initiated_by is not null and p.id is null`,
  'the balance of an account is the sum of its entries': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join entries e on e.ledger_id = a.ledger_id and e.account_id = a.id
    where a.ownership <> 'clearing'
    group by a.ledger_id, a.id having a.balance <> coalesce(sum(e.amount), 0)`,
  'the versions of an account have no gaps and end at its own': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join entries e on e.ledger_id = a.ledger_id and e.account_id = a.id
    where a.ownership <> 'clearing'
    group by a.ledger_id, a.id
    having count(e.id) <> a.version or coalesce(max(e.version), 0) <> a.version or count(e.version) <> count(e.id)`,
  'each entry carries the balance after it': `
    select ledger_id, id::text as subject
    from (select ledger_id, id, balance_after,
                 sum(amount) over (partition by ledger_id, account_id order by version) as running
          from entries where version is not null) e
    where balance_after <> running`,
  'booking times never go back along the versions of an account': `
    select ledger_id, id::text as subject
    from (select ledger_id, id, booked_at,
                 lag(booked_at) over (partition by ledger_id, account_id order by version) as previous
          from entries where version is not null) e
    where booked_at < previous`,
  'nothing is booked ahead of the clock': `
    select ledger_id, id::text as subject from transactions where ${liesAhead('booked_at')}`,
  'only entries of clearing accounts carry no version': `
    select e.ledger_id, e.id::text as subject
    from entries e join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    where (e.version is null) <> (a.ownership = 'clearing')`,
  'what an account holds is the sum of its active holds': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join holds h on h.ledger_id = a.ledger_id and h.account_id = a.id and h.status = 'active'
    where a.ownership <> 'clearing'
    group by a.ledger_id, a.id having a.held <> coalesce(sum(h.remaining), 0)`,
  'an account knows when the first of its holds runs out': `
    select a.ledger_id, a.id::text as subject
    from accounts a join holds h on h.ledger_id = a.ledger_id and h.account_id = a.id and h.status = 'active'
    group by a.ledger_id, a.id, a.next_expiry
    having a.next_expiry is null or a.next_expiry > min(h.expires_at)`,
  'what a hold has captured is the sum of the transactions it became': `
    select h.ledger_id, h.id::text as subject
    from holds h left join transactions t
      on t.ledger_id = h.ledger_id and t.origin_id = h.id and t.origin in ('hold', 'payment_order')
    group by h.ledger_id, h.id having h.captured <> coalesce(sum(t.amount), 0)`,
  'what was booked out of a hold or a payment order has one': `
    select t.ledger_id, t.id::text as subject
    from transactions t left join holds h on h.ledger_id = t.ledger_id and h.id = t.origin_id
    where t.origin in ('hold', 'payment_order') and h.id is null`,
  'a reversal takes back a transaction that is none itself, in its currency': `
    select r.ledger_id, r.id::text as subject
    from transactions r
    left join transactions t on t.ledger_id = r.ledger_id and t.id = r.origin_id
    where r.origin = 'reversal' and (t.id is null or t.type = 'reversal' or r.currency is distinct from t.currency)`,
  'the reversals of a transaction take back no more than it moved, and what has no amount once': `
    select t.ledger_id, t.id::text as subject
    from transactions t
    join transactions r on r.ledger_id = t.ledger_id and r.origin_id = t.id and r.origin = 'reversal'
    group by t.ledger_id, t.id
    having sum(r.amount) > t.amount or t.amount is null and count(*) > 1`,
  'an assigned project has exactly one accepted proposal, every other none': `
    select p.ledger_id, p.id::text as subject
    from projects p
    left join proposals o on o.ledger_id = p.ledger_id and o.project_id = p.id and o.status = 'accepted'
    group by p.ledger_id, p.id having count(o.id) <> case p.status when 'assigned' then 1 else 0 end`,
  'a finished project has no pending proposal': `
    select o.ledger_id, o.id::text as subject
    from proposals o join projects p on p.ledger_id = o.ledger_id and p.id = o.project_id
    where o.status = 'pending' and p.status <> 'open'`,
  'an accepted proposal is a transaction of its amount out of its account': `
    select o.ledger_id, o.id::text as subject
    from proposals o
    left join transactions t on t.ledger_id = o.ledger_id and t.id = o.transaction_id and t.origin = 'proposal'
                            and t.origin_id = o.id and t.amount = o.amount and t.currency = o.currency
    left join entries e on e.ledger_id = t.ledger_id and e.transaction_id = t.id
                       and e.account_id = o.account_id and e.amount = -o.amount
    where o.status = 'accepted' and e.id is null`,
  'a transaction out of a proposal is the one that paid it': `
    select t.ledger_id, t.id::text as subject
    from transactions t left join proposals o on o.ledger_id = t.ledger_id and o.id = t.origin_id
    where t.origin = 'proposal' and o.transaction_id is distinct from t.id`,
  'a payment order and the hold of its money agree': `
    select o.ledger_id, o.id::text as subject
    from payment_orders o join holds h on h.ledger_id = o.ledger_id and h.id = o.id
    where h.kind <> 'payment_order' or h.account_id <> o.account_id or h.amount <> o.amount
       or h.status <> case o.status when 'waiting' then 'active' when 'booked' then 'captured'
                                    when 'expired' then 'expired' else 'voided' end`,
  'a booked payment order is a transaction of its amount, signed by parties who approved it': `
    select o.ledger_id, o.id::text as subject
    from payment_orders o
    left join transactions t on t.ledger_id = o.ledger_id and t.id = o.transaction_id and t.origin_id = o.id
                            and t.origin = 'payment_order' and t.amount = o.amount and t.currency = o.currency
    where o.status = 'booked'
      and (t.id is null or cardinality(t.signed_by) = 0 or exists (
        select from unnest(t.signed_by) as s (party_id)
        left join authorisations v on v.ledger_id = o.ledger_id and v.subject_id = o.id and v.party_id = s.party_id
        where v.decision is distinct from 'approve'))`,
  'what is stopped on an account is what its restrictions say': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join restrictions r on r.ledger_id = a.ledger_id and r.account_id = a.id and r.lifted_at is null
    group by a.ledger_id, a.id
    having a.debits_stopped <> coalesce(bool_or(r.scope in ('debits', 'both')), false)
        or a.credits_stopped <> coalesce(bool_or(r.scope in ('credits', 'both')), false)`,
  'the events of an account have no gaps and end at its count': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join events e on e.ledger_id = a.ledger_id and e.account_id = a.id
    group by a.ledger_id, a.id
    having count(e.sequence) <> a.event_count or coalesce(max(e.sequence), 0) <> a.event_count`,
  'the events of an account stand in the log in their sequence': `
    select ledger_id, account_id::text as subject
    from (select ledger_id, account_id, sequence,
                 lag(sequence) over (partition by ledger_id, account_id order by epoch, xid, position) as previous
          from events where account_id is not null) e
    where sequence <> coalesce(previous, 0) + 1`,
  'an event of an account belongs to one': `
    select e.ledger_id, e.subject_id::text as subject
    from events e left join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    where e.account_id is not null and (a.id is null or a.ownership = 'clearing')`,
  'a booking is told to an account that it moves': `
    select v.ledger_id, v.subject_id::text as subject
    from events v left join entries e
      on e.ledger_id = v.ledger_id and e.account_id = v.account_id and e.transaction_id = v.subject_id
    where v.type = 'transaction.booked' and e.id is null`,
  'a booking is told to an account once': `
    select ledger_id, subject_id::text as subject from events where type = 'transaction.booked'
    group by ledger_id, account_id, subject_id having count(*) > 1`,
  'a change or a project is told to have expired when it has, once': `
    select c.ledger_id, c.id::text as subject
    from (select ledger_id, id, status, 'account_change.expired' as told from account_changes
          union all
          select ledger_id, id, status, 'project.expired' from projects) c
    left join events e on e.ledger_id = c.ledger_id and e.subject_id = c.id and e.type = c.told
    group by c.ledger_id, c.id, c.status
    having count(e.type) <> case c.status when 'expired' then 1 else 0 end`,
  'a webhook is of an event in the log, which its endpoint has got to': `
    select d.ledger_id, d.id::text as subject
    from webhook_deliveries d
    join webhook_endpoints w on w.ledger_id = d.ledger_id and w.id = d.endpoint_id
    left join events e on e.ledger_id = d.ledger_id and e.epoch = d.event_epoch and e.xid = d.event_xid
                      and e.position = d.event_position and e.type = d.type
                      and e.account_id is not distinct from d.account_id
    where d.event_xid is not null
      and (e.xid is null
           or (e.epoch, e.xid, e.position) > (w.cursor_epoch, w.cursor_xid, w.cursor_position))`,
  'a booked run of a standing order is a transaction of its amount between its accounts': `
    select r.ledger_id, r.id::text as subject
    from standing_order_runs r
    join standing_orders o on o.ledger_id = r.ledger_id and o.id = r.standing_order_id
    left join transactions t on t.ledger_id = r.ledger_id and t.id = r.transaction_id and t.origin = 'standing_order'
                            and t.origin_id = r.id and t.amount = r.amount and t.currency = o.currency
    left join entries paid on paid.ledger_id = t.ledger_id and paid.transaction_id = t.id
                          and paid.account_id = o.account_id and paid.amount = -r.amount
    left join entries got on got.ledger_id = t.ledger_id and got.transaction_id = t.id
                         and got.account_id = o.to_account_id and got.amount = r.amount
    where r.status = 'booked' and (paid.id is null or got.id is null)`,
  'a transaction out of a standing order is the one its run was booked as': `
    select t.ledger_id, t.id::text as subject
    from transactions t
    left join standing_order_runs r on r.ledger_id = t.ledger_id and r.id = t.origin_id and r.transaction_id = t.id
    where t.origin = 'standing_order' and r.id is null`,
  'an active standing order goes on after what it has dealt with': `
    select ledger_id, id::text as subject from standing_orders
    where status = 'active' and (handled_until is null or next_occurrence_at is null or next_due_at is null
                                 or next_occurrence_at <= handled_until or next_attempt_at < next_due_at)`,
  'a run that is being tried again is what its active standing order does next': `
    select r.ledger_id, r.id::text as subject
    from standing_order_runs r join standing_orders o on o.ledger_id = r.ledger_id and o.id = r.standing_order_id
    where (r.status = 'retrying') <> (o.status = 'active' and o.attempts > 0 and r.occurrence_at = o.next_occurrence_at)
       or r.status <> 'retrying' and (o.handled_until is null or r.occurrence_at > o.handled_until)`,
  'a used idempotency key has its outcome': `
    select ledger_id, key as subject from idempotency_keys where outcome is null`,
};

/**
 * Checks the books of all ledgers in one snapshot and returns everything that is wrong; an empty list proves them.
 * Reads whole tables: meant for tests, audits and quiet hours.
 */
export async function verifyBooks(database: Knex): Promise<BooksFinding[]> {
  return database.transaction(
    async (snapshot) => {
      const findings: BooksFinding[] = [];
      for (const [rule, query] of Object.entries(rules)) {
        const { rows } = await snapshot.raw(`${query} limit 100`);
        for (const row of rows) findings.push({ rule, ledgerId: row.ledger_id, subject: row.subject });
      }
      return findings;
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}
