import type { BooksRules } from './books-rules.ts';
import { liesAhead } from './correct-times.ts';

/** Transactions with what their entries come to. */
const transactions = `
  select coalesce(t.ledger_id, e.in_ledger) as ledger_id, coalesce(t.id, e.of_transaction) as transaction_id,
         t.id is null as is_missing, t.currency, t.booked_at, e.*
  from transactions t
  full join (
    select ledger_id as in_ledger, transaction_id as of_transaction, sum(size) as size, bool_or(total <> 0) as is_off,
           bool_or(currency is null) as lacks_account, min(currency) as first_currency, max(currency) as last_currency,
           min(first_booked) as first_booked, max(last_booked) as last_booked, bool_or(is_misnumbered) as is_misnumbered
    from (select e.ledger_id, e.transaction_id, a.currency, count(*) as size, sum(e.amount) as total,
                 min(e.booked_at) as first_booked, max(e.booked_at) as last_booked,
                 bool_or((e.version is null) <> (a.ownership = 'clearing')) as is_misnumbered
          from entries e left join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
          group by e.ledger_id, e.transaction_id, a.currency) c
    group by ledger_id, transaction_id) e on e.in_ledger = t.ledger_id and e.of_transaction = t.id`;

/** The entries of customers' accounts along their versions, each with what stands before it; and accounts without. */
const chains = `
  select a.ledger_id, a.id as account_id, a.version as account_version, e.id as entry_id, e.version, e.amount,
         e.balance_after, e.booked_at, lag(e.version) over w as version_before,
         lag(e.balance_after) over w as balance_before, lag(e.booked_at) over w as booked_before,
         lead(e.id) over w is null as is_last
  from accounts a left join entries e on e.ledger_id = a.ledger_id and e.account_id = a.id
  where a.ownership <> 'clearing'
  window w as (partition by a.ledger_id, a.id order by e.version)`;

const ofTransaction = { rows: transactions, subject: 'transaction_id' };
const ofChain = { rows: chains, subject: 'entry_id' };

/**
 * What must hold of transactions, entries and accounts: that entries sum to zero, that balances are the sums of
 * entries, that nothing is lost or booked twice, that nothing dangles.
 */
export const journalRules: BooksRules = {
  'the entries of a transaction sum to zero in each currency': { ...ofTransaction, broken: 'is_off' },
  'a transaction has at least two entries': { ...ofTransaction, broken: 'coalesce(size, 0) < 2' },
  'an entry belongs to a transaction and is booked with it': {
    ...ofTransaction,
    broken: 'is_missing or first_booked <> booked_at or last_booked <> booked_at',
  },
  'an entry belongs to an account': { ...ofTransaction, broken: 'lacks_account' },
  'a transaction in one currency moves money in the currency of its accounts': {
    ...ofTransaction,
    broken: 'first_currency <> currency or last_currency <> currency',
  },
  'only entries of clearing accounts carry no version': { ...ofTransaction, broken: 'is_misnumbered' },
  'the balance of an account is the sum of its entries': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join entries e on e.ledger_id = a.ledger_id and e.account_id = a.id
    where a.ownership <> 'clearing'
    group by a.ledger_id, a.id having a.balance <> coalesce(sum(e.amount), 0)`,
  'the versions of an account have no gaps and end at its own': {
    ...ofChain,
    broken: `entry_id is not null and version is distinct from coalesce(version_before, 0) + 1
             or is_last and coalesce(version, 0) <> account_version`,
    subject: 'account_id',
  },
  'each entry carries the balance after it': {
    ...ofChain,
    broken: 'entry_id is not null and balance_after is distinct from coalesce(balance_before, 0) + amount',
  },
  'booking times never go back along the versions of an account': { ...ofChain, broken: 'booked_at < booked_before' },
  'nothing is booked ahead of the clock': `
    select ledger_id, id::text as subject from transactions where ${liesAhead('booked_at')}`,
  'a used idempotency key has its outcome, or a transaction that says it': `
    select k.ledger_id, k.key as subject from idempotency_keys k
    left join transactions t on t.ledger_id = k.ledger_id and t.id = k.transaction_id
    where k.outcome is null and t.id is null`,
};
