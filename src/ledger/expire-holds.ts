import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { Money } from '../money/money.ts';
import type { LockMode } from './lock-accounts.ts';
import type { LockedAccount } from './locked-account.ts';

interface ExpiredRow {
  account_id: string;
  /** What the holds that have run out still reserved. */
  expired: string;
  /** How many they are. */
  count: number;
  next_expiry: Date | null;
}

export interface AfterExpiry {
  readonly accounts: Map<string, LockedAccount>;
  /** Those of them that are different now, and have to be written. */
  readonly changed: Map<string, LockedAccount>;
}

/**
 * Lets go of what holds have reserved whose time is over, before anything is decided: whoever locks an account tidies
 * it up, so that an expired hold never counts, whether or not a worker has come by. Accounts on which nothing runs out
 * (nearly all, nearly always) cost no query. The rows must be locked; `read` changes nothing and answers the same.
 */
export async function expireHolds(
  transaction: LedgerTransaction,
  locked: Map<string, LockedAccount>,
  now: Date,
  mode: LockMode,
): Promise<AfterExpiry> {
  const due = [...locked.values()].filter(({ nextExpiry }) => nextExpiry !== null && nextExpiry <= now);
  const changed = new Map<string, LockedAccount>();
  if (due.length === 0) return { accounts: locked, changed };
  const { knex, ledgerId } = transaction;
  const accountIds = due.map((account) => account.id);
  const { rows } = await knex.raw(mode === 'read' ? findExpired : writeExpired, { ledgerId, accountIds, now });
  for (const { account_id, expired, count, next_expiry } of rows as ExpiredRow[]) {
    const account = locked.get(account_id)!;
    const held = account.held.minus(Money.fromDatabase(expired, account.currency));
    const revision = account.revision + count;
    changed.set(account_id, { ...account, held, revision, nextExpiry: next_expiry });
  }
  return { accounts: new Map([...locked, ...changed]), changed };
}

const summary = `
  select a.id as account_id,
         coalesce((select sum(e.remaining) from expired e where e.account_id = a.id), 0) as expired,
         (select count(*) from expired e where e.account_id = a.id) as count,
         (select min(h.expires_at) from holds h
          where h.ledger_id = :ledgerId and h.account_id = a.id and h.status = 'active' and h.expires_at > :now)
           as next_expiry
  from unnest(:accountIds::uuid[]) as a (id)`;

const findExpired = `
  with expired as (
    select account_id, remaining from holds
    where ledger_id = :ledgerId and account_id = any(:accountIds::uuid[]) and status = 'active' and expires_at <= :now)
  ${summary}`;

/** RETURNING answers the new row, so what was still reserved is the amount without what was captured. */
const writeExpired = `
  with expired as (
    update holds set status = 'expired', remaining = 0, finished_at = expires_at
    where ledger_id = :ledgerId and account_id = any(:accountIds::uuid[]) and status = 'active' and expires_at <= :now
    returning id, account_id, amount - captured as remaining),
  expired_orders as (
    update payment_orders o set status = 'expired', finished_at = o.expires_at
    from expired e where o.ledger_id = :ledgerId and o.id = e.id and o.status = 'waiting')
  ${summary}`;
