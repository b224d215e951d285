import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of payment orders. */
export const paymentOrderRules: BooksRules = {
  'a payment order and the hold of its money agree': `
    select o.ledger_id, o.id::text as subject
    from payment_orders o join holds h on h.ledger_id = o.ledger_id and h.id = o.id
    where h.kind <> 'payment_order' or h.account_id <> o.account_id or h.amount <> o.amount
       or (o.status, h.status) not in (
            ('waiting', 'active'), ('booked', 'captured'), ('rejected', 'voided'), ('cancelled', 'voided'),
            ('expired', 'expired'), ('waiting', 'expired'))
       or h.status = 'expired' and o.expires_at > now()`,
  'a booked payment order is a transaction of its amount, signed by parties who approved it': `
    select o.ledger_id, o.id::text as subject
    from payment_orders o
    left join transactions t on t.ledger_id = o.ledger_id and t.id = o.transaction_id and t.origin_id = o.id
                            and t.origin = 'payment_order' and t.amount = o.amount and t.currency = o.currency
    where o.status = 'booked'
      and (t.id is null or cardinality(t.signed_by) = 0 or cardinality(t.signed_by) <> (
        select count(*) from authorisations v
        where v.ledger_id = o.ledger_id and v.subject_id = o.id and v.decision = 'approve'
          and v.party_id = any(t.signed_by)))`,
};
