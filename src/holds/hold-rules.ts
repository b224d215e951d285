import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of holds, and of what they became. */
export const holdRules: BooksRules = {
  'what an account holds is the sum of its active holds': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join holds h on h.ledger_id = a.ledger_id and h.account_id = a.id and h.status = 'active'
    where a.ownership <> 'clearing'
    group by a.ledger_id, a.id having a.held <> coalesce(sum(h.remaining), 0)`,
  'an account knows when the first of its holds expires': `
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
};
