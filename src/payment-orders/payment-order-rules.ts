import type { BooksRules } from '../ledger/books-rules.ts';
import { isAltered, withSignedHashes } from '../signatures/authorisations.ts';
import { instructionOf } from './payment-order.ts';
import { asOrder } from './payment-order-queries.ts';

/** What must hold of payment orders. */
export const paymentOrderRules: BooksRules = {
  'a payment order says what was made and signed': {
    each: withSignedHashes('payment_orders'),
    isBroken: (row) => isAltered(instructionOf(asOrder(row)), row),
  },
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
                            and t.initiated_by = o.initiated_by and t.description is not distinct from o.description
                            and t.reference is not distinct from o.reference
                            and t.metadata is not distinct from o.metadata::jsonb
                            and t.external_id is not distinct from o.external_id
    left join entries paid on paid.ledger_id = t.ledger_id and paid.transaction_id = t.id
                          and paid.account_id = o.account_id and paid.amount = -o.amount
    left join entries got on got.ledger_id = t.ledger_id and got.transaction_id = t.id
                         and got.account_id = o.to_account_id and got.amount = o.amount
    where o.status = 'booked'
      and (t.id is null or paid.id is null or (got.id is null) <> (o.to_account_id is null)
           or cardinality(t.signed_by) = 0 or cardinality(t.signed_by) <> (
        select count(distinct v.party_id) from authorisations v
        where v.ledger_id = o.ledger_id and v.subject_id = o.id and v.decision = 'approve'
          and v.party_id = any(t.signed_by)))`,
};
