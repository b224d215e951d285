import type { BooksRules } from './books-rules.ts';
import { liesAhead } from './correct-times.ts';

/**
 * What must hold of transactions, entries and accounts: that entries sum to zero, that balances are the sums of
 * entries, that nothing is lost or booked twice, that nothing dangles.
 */
export const journalRules: BooksRules = {
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
  'a used idempotency key has its outcome': `
    select ledger_id, key as subject from idempotency_keys where outcome is null`,
};
