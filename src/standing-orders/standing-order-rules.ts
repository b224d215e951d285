import type { BooksRules } from '../ledger/books-rules.ts';
import { isAltered, withSignedHashes } from '../signatures/authorisations.ts';
import { instructionOf } from './standing-order.ts';
import { asStandingOrder } from './standing-order-queries.ts';

/** What must hold of standing orders and their runs. */
export const standingOrderRules: BooksRules = {
  'a standing order says what was made and signed': {
    each: withSignedHashes('standing_orders'),
    isBroken: (row) => isAltered(instructionOf(asStandingOrder(row)), row),
  },
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
};
