import type { FilledBook } from '../books/filled-book.ts';
import type { LoadName } from '../load-driver/load-order.ts';

/** The lines that pick two different accounts by number: `:from` pays, `:to` receives. */
const picks: Partial<Record<LoadName, string>> = {
  uniform: `
\\set from random(1, :accounts)
\\set to 1 + (:from - 1 + random(1, :accounts - 1)) % :accounts`,
  hot: `
\\set other random(2, :accounts)
\\set out random(0, 1)
\\set from :out + (1 - :out) * :other
\\set to 1 + :other - :from`,
};

/** The lines of a script that pick the two accounts of a load, `:from` and `:to`; undefined for other loads. */
export function pickAccountsOf(load: LoadName): string | undefined {
  return picks[load];
}

/**
 * The transaction of baseline A as a script for pgbench: the same statements in the same order and no service at all,
 * so a ceiling for whatever handles one movement in one transaction over a network connection.
 *
 * Whether money is available is checked where it is taken, by the table's own CHECK; whether an account is active and
 * kept in the right currency, by asking for rows that are. A row that is not found fails the script at `\gset`.
 *
 * `newId` is the server's function for ids that grow with time, as all subjects use, where it has one.
 */
export function pgbenchScript(
  load: LoadName,
  book: FilledBook,
  newId: 'uuidv7()' | 'gen_random_uuid()',
): string | undefined {
  if (picks[load] === undefined) return;
  const ledger = `'${book.ledgerId}'::uuid`;
  const idOf = (variable: string) => `('00000000-0000-7000-8000-' || lpad((:${variable})::text, 12, '0'))::uuid`;
  return `\\set accounts ${book.size.accounts}${picks[load]}
begin;
insert into idempotency_keys (ledger_id, key, request_hash)
values (${ledger}, gen_random_uuid()::text, sha256('a request of pgbench'))
on conflict do nothing returning key \\gset
with locked as materialized (
  select id, balance, held, overdraft_limit, version, last_booked_at, event_count, last_event_stamp from accounts
  where ledger_id = ${ledger} and id in (${idOf('from')}, ${idOf('to')}) and status = 'active' and currency = 'USD'
  order by id for update)
select payer.version + 1 as from_version, payer.balance - 1 as from_balance,
       payee.version + 1 as to_version, payee.balance + 1 as to_balance,
       payer.event_count + 1 as from_sequence, payee.event_count + 1 as to_sequence,
       greatest((extract(epoch from clock_timestamp()) * 1e6)::bigint,
                payer.last_event_stamp + 1, payee.last_event_stamp + 1) as event_stamp,
       greatest(clock_timestamp(), payer.last_booked_at, payee.last_booked_at)::timestamptz(3) as booked_at
from locked payer, locked payee where payer.id = ${idOf('from')} and payee.id = ${idOf('to')} \\gset
insert into transactions (ledger_id, id, type, amount, currency, booked_at, value_date)
values (${ledger}, ${newId}, 'transfer', 1, 'USD', (:booked_at)::timestamptz, (:booked_at)::timestamptz::date)
returning id \\gset
insert into entries (ledger_id, transaction_id, id, account_id, amount, balance_after, version, booked_at)
values (${ledger}, (:id)::uuid, ${newId}, ${idOf('from')}, -1, (:from_balance)::numeric, (:from_version)::bigint,
        (:booked_at)::timestamptz),
       (${ledger}, (:id)::uuid, ${newId}, ${idOf('to')}, 1, (:to_balance)::numeric, (:to_version)::bigint,
        (:booked_at)::timestamptz);
insert into log_inbox (ledger_id, stamp, salt, account_ids, sequences, versions)
values (${ledger}, (:event_stamp)::bigint, (random() * 2147483647)::integer, array[${idOf('from')}, ${idOf('to')}],
        array[(:from_sequence)::bigint, (:to_sequence)::bigint], array[(:from_version)::bigint, (:to_version)::bigint]);
update accounts set balance = (:from_balance)::numeric, version = (:from_version)::bigint,
                    last_booked_at = (:booked_at)::timestamptz, event_count = (:from_sequence)::bigint,
                    last_event_stamp = (:event_stamp)::bigint
where ledger_id = ${ledger} and id = ${idOf('from')};
update accounts set balance = (:to_balance)::numeric, version = (:to_version)::bigint,
                    last_booked_at = (:booked_at)::timestamptz, event_count = (:to_sequence)::bigint,
                    last_event_stamp = (:event_stamp)::bigint
where ledger_id = ${ledger} and id = ${idOf('to')};
update idempotency_keys
set outcome = json_build_object('result', json_build_object(
  'id', (:id)::uuid, 'type', 'transfer', 'status', 'booked', 'amount', '1.00', 'currency', 'USD',
  'bookedAt', (:booked_at)::timestamptz, 'valueDate', (:booked_at)::timestamptz::date,
  'initiatedBy', null, 'description', null, 'reference', null, 'metadata', null, 'entries', json_build_array(
    json_build_object('accountId', ${idOf('from')}, 'amount', '-1.00', 'balanceAfter', (:from_balance)::numeric,
                      'version', (:from_version)::bigint),
    json_build_object('accountId', ${idOf('to')}, 'amount', '1.00', 'balanceAfter', (:to_balance)::numeric,
                      'version', (:to_version)::bigint))))
where ledger_id = ${ledger} and key = (:key)::text;
commit;
`;
}
