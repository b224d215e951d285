import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of restrictions. */
export const restrictionRules: BooksRules = {
  'what is stopped on an account is what its restrictions say': `
    select a.ledger_id, a.id::text as subject
    from accounts a
    left join restrictions r on r.ledger_id = a.ledger_id and r.account_id = a.id and r.lifted_at is null
    group by a.ledger_id, a.id
    having a.debits_stopped <> coalesce(bool_or(r.scope in ('debits', 'both')), false)
        or a.credits_stopped <> coalesce(bool_or(r.scope in ('credits', 'both')), false)`,
};
