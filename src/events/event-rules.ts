import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of events. */
export const eventRules: BooksRules = {
  'an event of an account belongs to one': `
    select e.ledger_id, e.subject_id::text as subject
    from events e left join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    where e.account_id is not null and (a.id is null or a.ownership = 'clearing')`,
  'a change or a project is told to have expired when it has, once': `
    select c.ledger_id, c.id::text as subject
    from (select ledger_id, id, status, 'account_change.expired' as told from account_changes
          union all
          select ledger_id, id, status, 'project.expired' from projects) c
    left join events e on e.ledger_id = c.ledger_id and e.subject_id = c.id and e.type = c.told
    group by c.ledger_id, c.id, c.status
    having count(e.type) <> case c.status when 'expired' then 1 else 0 end`,
};
