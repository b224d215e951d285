import type { BooksRules } from '../ledger/books-rules.ts';
import { Money } from '../money/money.ts';
import { statementHash } from './seal-statement.ts';
import { asStatement, type StatementRow } from './statement-queries.ts';

/** Statements with the one before each, and with what the entries of their versions come to. */
const statements = `
  select s.*, n.booked_at as next_booked,
         lag(s.number) over w as number_before, lag(s.to_version) over w as version_before,
         lag(s.closing) over w as closing_before, lag(s.period_to) over w as period_before,
         c.credits, c.credited, c.debits, c.debited, c.last_booked, coalesce(l.balance_after, 0) as last_balance,
         exists (select from booking_time_corrections b
                 join entries e on e.ledger_id = b.ledger_id and e.transaction_id = b.transaction_id
                 where b.ledger_id = s.ledger_id and e.account_id = s.account_id) as is_corrected
  from statements s
  cross join lateral (
    select count(*) filter (where e.amount > 0) as credits,
           coalesce(sum(e.amount) filter (where e.amount > 0), 0) as credited,
           count(*) filter (where e.amount < 0) as debits,
           coalesce(-sum(e.amount) filter (where e.amount < 0), 0) as debited,
           max(e.booked_at) as last_booked
    from entries e
    where e.ledger_id = s.ledger_id and e.account_id = s.account_id
      and e.version between s.from_version and s.to_version) c
  left join entries l on l.ledger_id = s.ledger_id and l.account_id = s.account_id and l.version = s.to_version
  left join entries n on n.ledger_id = s.ledger_id and n.account_id = s.account_id and n.version = s.to_version + 1
  window w as (partition by s.ledger_id, s.account_id order by s.number)`;

const ofStatement = { rows: statements, subject: 'id' };

/** What must hold of statements. */
export const statementRules: BooksRules = {
  'a statement begins where the one before it ends': {
    ...ofStatement,
    broken: `number <> coalesce(number_before, 0) + 1 or from_version <> coalesce(version_before, 0) + 1
             or opening <> coalesce(closing_before, 0) or period_from <> coalesce(period_before, period_from)`,
  },
  'a statement sums the entries of its versions': {
    ...ofStatement,
    broken: `credit_count <> credits or credit_sum <> credited or debit_count <> debits or debit_sum <> debited
             or credits + debits <> to_version - from_version + 1`,
  },
  'a statement closes with the balance after its last entry': { ...ofStatement, broken: 'closing <> last_balance' },
  'what a statement has was booked before its end': { ...ofStatement, broken: 'last_booked >= period_to' },
  // A clock that ran ahead may have ended the period early; what was booked then is dated back when it is set right.
  'what comes after a statement was booked after its end': {
    ...ofStatement,
    broken: 'next_booked < period_to and not is_corrected',
  },
  'a statement says what was issued, and its parts are the whole': {
    each: 'select s.*, s.id::text as subject from statements s',
    isBroken: isAltered,
  },
};

function isAltered(row: StatementRow): boolean {
  const statement = asStatement(row);
  const { hash, credits, debits, by, others, currency } = statement;
  const isWhole = (side: 'credits' | 'debits', whole: typeof credits) => {
    const parts = [...by, others].map((share) => share[side]);
    const count = parts.reduce((sum, part) => sum + part.count, 0);
    const sum = parts.reduce((all, part) => all.plus(Money.fromDatabase(part.sum, currency)), Money.zero(currency));
    return count === whole.count && sum.toString() === whole.sum;
  };
  return statementHash(statement) !== hash || !isWhole('credits', credits) || !isWhole('debits', debits);
}
