import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of events. */
export const eventRules: BooksRules = {
  'the events of an account have no gaps and end at its count': `
    select a.ledger_id, a.id::text as subject
    from accounts a left join events e on e.ledger_id = a.ledger_id and e.account_id = a.id
    group by a.ledger_id, a.id
    having count(e.sequence) <> a.event_count or coalesce(max(e.sequence), 0) <> a.event_count`,
  'the events of an account stand in the log in their sequence': `
    select ledger_id, account_id::text as subject
    from (select ledger_id, account_id, sequence,
                 lag(sequence) over (partition by ledger_id, account_id order by epoch, xid, position) as previous
          from events where account_id is not null) e
    where sequence <> coalesce(previous, 0) + 1`,
  'an event of an account belongs to one': `
    select e.ledger_id, e.subject_id::text as subject
    from events e left join accounts a on a.ledger_id = e.ledger_id and a.id = e.account_id
    where e.account_id is not null and (a.id is null or a.ownership = 'clearing')`,
  'a booking is told to an account that it moves': `
    select v.ledger_id, v.subject_id::text as subject
    from events v left join entries e
      on e.ledger_id = v.ledger_id and e.account_id = v.account_id and e.transaction_id = v.subject_id
    where v.type = 'transaction.booked' and e.id is null`,
  'a booking is told to an account once': `
    select ledger_id, subject_id::text as subject from events where type = 'transaction.booked'
    group by ledger_id, account_id, subject_id having count(*) > 1`,
  'a change or a project is told to have expired when it has, once': `
    select c.ledger_id, c.id::text as subject
    from (select ledger_id, id, status, 'account_change.expired' as told from account_changes
          union all
          select ledger_id, id, status, 'project.expired' from projects) c
    left join events e on e.ledger_id = c.ledger_id and e.subject_id = c.id and e.type = c.told
    group by c.ledger_id, c.id, c.status
    having count(e.type) <> case c.status when 'expired' then 1 else 0 end`,
};
