import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of reversals. */
export const reversalRules: BooksRules = {
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
};
