import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of parties and what they did. */
export const partyRules: BooksRules = {
  'an initiating party exists': `
    select t.ledger_id, t.id::text as subject
    from transactions t left join parties p on p.ledger_id = t.ledger_id and p.id = t.initiated_by
    where t.initiated_by is not null and p.id is null`,
};
