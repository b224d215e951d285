import type { BooksRules } from '../ledger/books-rules.ts';

/** SQL: all that is named, by the log and by what waits for it. */
const named = `
  (select b.ledger_id, r.account_id, r.sequence, r.version, r.event_id, b.first_position + r.place - 1 as position
   from log_blocks b cross join lateral unnest(b.account_ids, b.sequences, b.versions, b.event_ids)
     with ordinality as r (account_id, sequence, version, event_id, place)
   union all
   select i.ledger_id, r.account_id, r.sequence, r.version, r.event_id, null
   from log_inbox i cross join lateral unnest(i.account_ids, i.sequences, i.versions, i.event_ids)
     as r (account_id, sequence, version, event_id))`;

/** The events of accounts in their sequence, each with what stands before it; and accounts without. */
const chains = `
  select coalesce(a.ledger_id, n.ledger_id) as ledger_id, coalesce(a.id, n.account_id) as account_id,
         a.event_count, a.version as account_version, n.sequence, n.version, n.position,
         lag(n.sequence) over w as sequence_before, lag(n.position) over w as position_before,
         max(n.version) over (w rows between unbounded preceding and 1 preceding) as version_before,
         max(n.version) over w as last_version, lead(n.sequence) over w is null as is_last
  from accounts a
  full join (select * from ${named} n where account_id is not null) n
    on n.ledger_id = a.ledger_id and n.account_id = a.id
  window w as (partition by coalesce(a.ledger_id, n.ledger_id), coalesce(a.id, n.account_id) order by n.sequence)`;

const ofChain = { rows: chains, subject: 'account_id' };

/** What must hold of the log. */
export const logRules: BooksRules = {
  'every ledger has a log': `
    select l.id as ledger_id, l.name as subject from ledgers l left join logs g on g.ledger_id = l.id
    where g.ledger_id is null`,
  'the positions of a log have no gaps and begin at 0': `
    select ledger_id, first_position::text as subject
    from (select ledger_id, first_position, last_position, cardinality(account_ids) as size,
                 coalesce(lag(last_position) over (partition by ledger_id order by last_position), -1) as previous
          from log_blocks) b
    where first_position <> previous + 1 or last_position <> first_position + size - 1`,
  'the blocks of a log are chained by their hashes': `
    select ledger_id, first_position::text as subject
    from (select b.*, coalesce(encode(lag(hash) over (partition by ledger_id order by last_position), 'hex'), '')
                        as previous
          from log_blocks b) b
    where hash <> sha256(convert_to(
      concat_ws('|', previous, to_char(appended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                account_ids::text, sequences::text, coalesce(versions::text, ''), coalesce(event_ids::text, '')),
      'UTF8'))`,
  'a number of a log begins with a block of its own': `
    select n.ledger_id, n.number::text as subject
    from log_numbers n left join log_blocks b on b.ledger_id = n.ledger_id and b.first_position = n.first_position
    where b.number is distinct from n.number
       or split_part(n.lineage, '-', 1) <> n.first_position || '.' || left(encode(b.hash, 'hex'), 8)`,
  'the events of an account have no gaps and end at its count': {
    ...ofChain,
    broken: `sequence <> coalesce(sequence_before, 0) + 1
             or is_last and coalesce(sequence, 0) is distinct from coalesce(event_count, 0)`,
  },
  'the events of an account stand in the log in their sequence': {
    ...ofChain,
    broken: 'position <= position_before or position is not null and sequence_before > 0 and position_before is null',
  },
  // That entries have all versions is a rule of the journal's.
  'every booking is an event of the accounts that it moves, once, from the first that is': {
    ...ofChain,
    broken: `version <> version_before + 1
             or is_last and last_version is distinct from account_version and last_version is not null`,
  },
  'every event has its place in the log, once': `
    select coalesce(v.ledger_id, e.ledger_id) as ledger_id, coalesce(v.id, e.event_id)::text as subject
    from events v
    full join (select * from ${named} n where event_id is not null) e
      on e.ledger_id = v.ledger_id and e.event_id = v.id
    group by coalesce(v.ledger_id, e.ledger_id), coalesce(v.id, e.event_id)
    having count(v.id) <> 1 or count(e.event_id) <> 1
        or bool_or(v.account_id is distinct from e.account_id or v.sequence is distinct from e.sequence)`,
};
