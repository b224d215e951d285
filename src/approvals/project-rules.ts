import type { BooksRules } from '../ledger/books-rules.ts';
import { isAltered, withSignedHashes } from '../signatures/authorisations.ts';
import { instructionOf } from './proposal.ts';
import { asProposal } from './proposal-queries.ts';

/** What must hold of projects and their proposals. */
export const projectRules: BooksRules = {
  'a proposal says what was accepted': {
    each: withSignedHashes('proposals'),
    isBroken: (row) => isAltered(instructionOf(asProposal(row, [])), row),
  },
  'an assigned project has exactly one accepted proposal, every other none': `
    select p.ledger_id, p.id::text as subject
    from projects p
    left join proposals o on o.ledger_id = p.ledger_id and o.project_id = p.id and o.status = 'accepted'
    group by p.ledger_id, p.id having count(o.id) <> case p.status when 'assigned' then 1 else 0 end`,
  'a finished project has no pending proposal': `
    select o.ledger_id, o.id::text as subject
    from proposals o join projects p on p.ledger_id = o.ledger_id and p.id = o.project_id
    where o.status = 'pending' and p.status <> 'open'`,
  'an accepted proposal is a transaction of its amount out of its account': `
    select o.ledger_id, o.id::text as subject
    from proposals o
    left join transactions t on t.ledger_id = o.ledger_id and t.id = o.transaction_id and t.origin = 'proposal'
                            and t.origin_id = o.id and t.amount = o.amount and t.currency = o.currency
    left join entries e on e.ledger_id = t.ledger_id and e.transaction_id = t.id
                       and e.account_id = o.account_id and e.amount = -o.amount
    where o.status = 'accepted' and e.id is null`,
  'a transaction out of a proposal is the one that paid it': `
    select t.ledger_id, t.id::text as subject
    from transactions t left join proposals o on o.ledger_id = t.ledger_id and o.id = t.origin_id
    where t.origin = 'proposal' and o.transaction_id is distinct from t.id`,
};
