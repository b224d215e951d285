import type { Database } from '../../src/database/create-database.ts';
import { clearingAccountId } from '../../src/ledger/clearing-account.ts';
import type { BookSize } from './book-size.ts';

/** So much that no load can ever use it up, one unit at a time. */
const firstDeposit = '100000000';

/**
 * Fills an empty ledger with accounts that have money and a past, such that the books verify: one deposit into every
 * account, then rounds of transfers in a ring, in which every account passes 1.00 on to the next. In round r an account
 * first pays (its version 2r) and then receives (2r + 1), so every balance after a round is that before it. An account
 * is told of each of its entries, so the sequence of its events is that of its versions.
 *
 * Everything follows from numbers, so seven statements fill a book of any size. Ids are shaped like UUIDs of version 7
 * from before any that a service makes, and are inserted in their order, as a service would.
 */
export async function fillBook(database: Database, ledgerId: string, size: BookSize): Promise<void> {
  const { accounts, journal } = fillStatements(ledgerId, size);
  for (const statement of accounts) await database.raw(statement);
  await Promise.all(journal.map((statement) => database.raw(statement)));
  // A fresh book must be measured neither without statistics nor with a vacuum due.
  await database.raw('vacuum analyze');
  await database.raw('checkpoint');
}

const uuidOf = (prefix: string, number: string) => `('${prefix}' || lpad((${number})::text, 12, '0'))::uuid`;
const accountIdOf = (number: string) => uuidOf('00000000-0000-7000-8000-', number);
const transactionIdOf = (number: string) => uuidOf('018cc251-0000-7000-8000-', number);
const entryIdOf = (number: string) => uuidOf('018cc251-0000-7000-9000-', number);
/** A second a round; round 0 is that of the deposits. */
const bookedInRound = (round: string) => `(timestamptz '2024-01-01T00:00:00Z' + ${round} * interval '1 second')`;

/** The statements of the journal depend on no others and may run side by side. */
function fillStatements(ledgerId: string, { accounts, entries }: BookSize) {
  const ledger = `'${ledgerId}'::uuid`;
  const clearing = `'${clearingAccountId(ledgerId, 'USD')}'::uuid`;
  const rounds = Math.max(0, Math.round(entries / (2 * accounts)) - 1);
  const number = `round * ${accounts} + n`;
  const accountStatements = [
    `insert into accounts (ledger_id, id, name, currency, ownership)
     values (${ledger}, ${clearing}, 'Clearing USD', 'USD', 'clearing')`,

    `insert into accounts (ledger_id, id, name, currency, ownership, balance, held, overdraft_limit, version,
                           last_booked_at, event_count)
     select ${ledger}, ${accountIdOf('n')}, 'Account ' || n, 'USD', 'joint', ${firstDeposit}, 0, 0, ${1 + 2 * rounds},
            ${bookedInRound(`${rounds}`)}, ${1 + 2 * rounds}
     from generate_series(1, ${accounts}) as n`,
  ];
  const journalStatements = [
    `insert into transactions (ledger_id, id, type, amount, currency, booked_at, value_date)
     select ${ledger}, ${transactionIdOf(number)}, case round when 0 then 'deposit' else 'transfer' end,
            case round when 0 then ${firstDeposit} else 1 end, 'USD', ${bookedInRound('round')}, '2024-01-01'
     from generate_series(0, ${rounds}) as round, generate_series(1, ${accounts}) as n`,

    `insert into entries (ledger_id, transaction_id, id, account_id, amount, balance_after, version, booked_at)
     select ${ledger}, ${transactionIdOf('n')}, ${entryIdOf('2 * n + side')},
            case side when 0 then ${accountIdOf('n')} else ${clearing} end,
            case side when 0 then ${firstDeposit} else -${firstDeposit} end,
            case side when 0 then ${firstDeposit} end, case side when 0 then 1 end, ${bookedInRound('0')}
     from generate_series(1, ${accounts}) as n, generate_series(0, 1) as side`,

    `insert into entries (ledger_id, transaction_id, id, account_id, amount, balance_after, version, booked_at)
     select ${ledger}, ${transactionIdOf(number)}, ${entryIdOf(`2 * (${number}) + side`)},
            case side when 0 then ${accountIdOf('n')} else ${accountIdOf(`n % ${accounts} + 1`)} end,
            case side when 0 then -1 else 1 end, ${firstDeposit} - 1 + side, 2 * round + side, ${bookedInRound('round')}
     from generate_series(1, ${rounds}) as round, generate_series(1, ${accounts}) as n, generate_series(0, 1) as side`,

    // All that pay in a round stand before all that receive in it: an account does both, in this order.
    `do $$
     declare
       block record;
       previous text := '';
       hash bytea;
     begin
       for block in
         select min(position) as first_position, max(position) as last_position,
                array_agg(account_id order by position) as account_ids, array_agg(version order by position) as versions
         from (
           select n - 1 as position, ${accountIdOf('n')} as account_id, 1 as version
           from generate_series(1, ${accounts}) as n
           union all
           select (2 * round + side - 1) * ${accounts} + n - 1,
                  case side when 0 then ${accountIdOf('n')} else ${accountIdOf(`n % ${accounts} + 1`)} end,
                  2 * round + side
           from generate_series(1, ${rounds}) as round, generate_series(0, 1) as side,
                generate_series(1, ${accounts}) as n) as e
         group by position / 1000 order by 1
       loop
         hash := sha256(convert_to(concat_ws('|', previous, '2024-01-01T00:00:00.000Z', block.account_ids::text,
                                             block.versions::text, block.versions::text, ''), 'UTF8'));
         insert into log_blocks values (${ledger}, block.last_position, block.first_position, 0, '2024-01-01T00:00:00Z',
                                        hash, block.account_ids, block.versions, block.versions, null);
         if previous = '' then
           insert into log_numbers values (${ledger}, 0, 0, '0.' || left(encode(hash, 'hex'), 8));
         end if;
         previous := encode(hash, 'hex');
       end loop;
     end $$`,
  ];
  return { accounts: accountStatements, journal: journalStatements };
}
