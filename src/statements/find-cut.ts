import type { StatementInterval } from '../accounts/statement-schedule.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { lastVersion } from '../ledger/last-version.ts';
import { Money } from '../money/money.ts';

/** Where the next statement of an account begins. */
export interface Beginning {
  readonly accountId: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly interval: StatementInterval;
  /** One more than the last one's. */
  readonly number: number;
  readonly fromVersion: number;
  readonly opening: Money;
  readonly periodFrom: Date;
}

/** Where the account stands at the end of a period: all that was booked before it. */
export interface End {
  readonly toVersion: number;
  readonly closing: Money;
}

interface BeginningRow {
  id: string;
  currency: string;
  time_zone: string;
  statements: StatementInterval;
  number: number;
  to_version: number;
  closing: string;
  period_to: Date;
}

/**
 * Where the next statements of these accounts begin: where the last one ends, and the first one with the opening of the
 * account, or its first entry where that is dated earlier. Clearing accounts, and what does not exist, are absent.
 */
export async function findBeginnings(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, Beginning>> {
  const { rows } = await knex.raw(beginnings, { ledgerId, accountIds: [...accountIds] });
  return new Map(
    (rows as BeginningRow[]).map((row) => [
      row.id,
      {
        accountId: row.id,
        currency: row.currency,
        timeZone: row.time_zone,
        interval: row.statements,
        number: row.number + 1,
        fromVersion: row.to_version + 1,
        opening: Money.fromDatabase(row.closing, row.currency),
        periodFrom: row.period_to,
      },
    ]),
  );
}

/** Where accounts stand at instants, by account. What is booked meanwhile may count or not, unless that is excluded. */
export async function findEnds(
  { knex, ledgerId }: LedgerSource,
  asked: ReadonlyArray<Pick<Beginning, 'accountId' | 'currency'> & { readonly before: Date }>,
): Promise<ReadonlyMap<string, End>> {
  if (asked.length === 0) return new Map();
  const { rows } = await knex.raw(ends, {
    ledgerId,
    accountIds: asked.map(({ accountId }) => accountId),
    instants: asked.map(({ before }) => before.toISOString()),
  });
  const currencies = new Map(asked.map(({ accountId, currency }) => [accountId, currency]));
  return new Map(
    (rows as Array<{ id: string; to_version: number; closing: string }>).map(({ id, to_version, closing }) => [
      id,
      { toVersion: to_version, closing: Money.fromDatabase(closing, currencies.get(id)!) },
    ]),
  );
}

const beginnings = `
  select a.id, a.currency, a.time_zone, a.statements, coalesce(s.number, 0) as number,
         coalesce(s.to_version, 0) as to_version, coalesce(s.closing, 0) as closing,
         coalesce(s.period_to, least(a.created_at, (
           select e.booked_at from entries e
           where e.ledger_id = :ledgerId and e.account_id = a.id and e.version = 1))) as period_to
  from accounts a
  left join lateral (
    select * from statements s
    where s.ledger_id = :ledgerId and s.account_id = a.id order by s.number desc limit 1) s on true
  where a.ledger_id = :ledgerId and a.id = any(:accountIds::uuid[]) and a.ownership <> 'clearing'`;

const ends = `
  select v.id, v.to_version,
         coalesce((select e.balance_after from entries e
                   where e.ledger_id = :ledgerId and e.account_id = v.id and e.version = v.to_version), 0) as closing
  from (
    select a.id, ${lastVersion('<', 'p.instant')} as to_version
    from unnest(:accountIds::uuid[], :instants::timestamptz[]) as p (account_id, instant)
    join accounts a on a.ledger_id = :ledgerId and a.id = p.account_id) v`;
