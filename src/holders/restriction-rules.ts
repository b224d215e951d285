import type { BooksRules } from '../ledger/books-rules.ts';
import { isAltered, withSignedHashes } from '../signatures/authorisations.ts';
import { instructionOf } from './account-change.ts';
import { asChange } from './management-queries.ts';

/** What must hold of restrictions, and of changes that are signed. */
export const restrictionRules: BooksRules = {
  'a change of an account says what was asked for and signed': {
    each: withSignedHashes('account_changes'),
    isBroken: (row) => isAltered(instructionOf(asChange(row)), row),
  },
  'what is stopped on an account is what its restrictions say': `
    select a.ledger_id, a.id::text as subject
    from accounts a
    left join restrictions r on r.ledger_id = a.ledger_id and r.account_id = a.id and r.lifted_at is null
    group by a.ledger_id, a.id
    having a.debits_stopped <> coalesce(bool_or(r.scope in ('debits', 'both')), false)
        or a.credits_stopped <> coalesce(bool_or(r.scope in ('credits', 'both')), false)`,
};
