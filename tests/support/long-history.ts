import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../src/database/create-database.ts';
import { clearingAccountId } from '../../src/ledger/clearing-account.ts';
import { metadataTerm } from '../../src/ledger/metadata-term.ts';

/** With two entries each, over the two years from 2025 on: some of it lies ahead of the clock. */
const usual = { transactions: 500_000, secondsApart: 126 };

/**
 * A ledger with a million entries unless it says otherwise, written by a few statements as the service would have written them. All are on the
 * account `busy`: nine deposits of ten, and a transfer to `quiet`, 1.00 to 100.00 in turn. What is called common is in
 * every tenth or so, what is called rare in every 100,000th.
 */
export async function writeLongHistory(database: Database, ledgerId: string, { transactions, secondsApart } = usual) {
  const bookedAt = `(timestamptz '2025-01-01 00:00:00Z' + i * interval '${secondsApart} seconds')`;
  const [busy, quiet, common, rare] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const clearing = clearingAccountId(ledgerId, 'USD');
  const party = (id: string, name: string) => ({ ledger_id: ledgerId, id, name });
  await database('parties').insert([party(common, 'Common'), party(rare, 'Rare')]);
  const account = { ledger_id: ledgerId, currency: 'USD' };
  const own = { ...account, ownership: 'joint', balance: '0', held: '0', overdraft_limit: '0', version: 0 };
  await database('accounts').insert({ ...account, id: clearing, name: 'Clearing USD', ownership: 'clearing' });
  await database('accounts').insert([
    { ...own, id: busy, name: 'Busy' },
    { ...own, id: quiet, name: 'Quiet' },
  ]);
  const terms = {
    common: metadataTerm('kind', 'common'),
    rare: metadataTerm('kind', 'rare'),
  };
  const names = { ledgerId, busy, quiet, clearing, common, rare, commonTerm: terms.common, rareTerm: terms.rare };
  await database.raw(
    `insert into transactions (ledger_id, id, type, amount, currency, booked_at, value_date, initiated_by, reference, metadata)
     select :ledgerId::uuid, ${idOf('1')}, case when ${isTransfer} then 'transfer' else 'deposit' end, ${amount}, 'USD',
            ${bookedAt}, (${bookedAt} at time zone 'UTC')::date,
            case when ${isRare} then :rare::uuid when i % 2 = 0 then :common::uuid end,
            case when ${isRare} then 'rare' when i % 5 = 0 then 'common' end,
            case when ${isRare} then '{"kind": "rare"}'::jsonb when i % 10 = 1 then '{"kind": "common"}'::jsonb end
     from generate_series(1, ${transactions}) i`,
    names,
  );
  await database.raw(
    `insert into transaction_metadata (ledger_id, term, booked_at, transaction_id)
     select :ledgerId::uuid, case when ${isRare} then :rareTerm::uuid else :commonTerm::uuid end, ${bookedAt}, ${idOf('1')}
     from generate_series(1, ${transactions}) i where ${isRare} or i % 10 = 1`,
    names,
  );
  await database.raw(
    `insert into entries (ledger_id, transaction_id, id, account_id, amount, balance_after, version, booked_at)
     select :ledgerId::uuid, ${idOf('1')}, ${idOf('2')}, :busy::uuid, case when ${isTransfer} then -${amount} else ${amount} end,
            sum(case when ${isTransfer} then -${amount} else ${amount} end) over (order by i), i, ${bookedAt}
     from generate_series(1, ${transactions}) i
     union all
     select :ledgerId::uuid, ${idOf('1')}, ${idOf('3')}, :quiet::uuid, ${amount}, sum(${amount}) over (order by i), i / 10, ${bookedAt}
     from generate_series(10, ${transactions}, 10) i
     union all
     select :ledgerId::uuid, ${idOf('1')}, ${idOf('3')}, :clearing::uuid, -${amount}, null::numeric, null::bigint, ${bookedAt}
     from generate_series(1, ${transactions}) i where not ${isTransfer}`,
    names,
  );
  await database.raw(
    `update accounts a set balance = e.balance_after, version = e.version, last_booked_at = e.booked_at
     from (select distinct on (account_id) * from entries
           where ledger_id = :ledgerId and version is not null order by account_id, version desc) e
     where a.ledger_id = :ledgerId and a.id = e.account_id`,
    names,
  );
  await database.raw('analyze');
  return { busy, quiet, clearing, common, rare };
}

const isTransfer = '(i % 10 = 0)';
const isRare = '(i % 100000 = 77777)';
const amount = '(i % 100 + 1)::numeric';
const idOf = (kind: string) => `('01900000-0000-7000-8000-0' || '${kind}' || lpad(to_hex(i), 10, '0'))::uuid`;
