import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { Money } from '../money/money.ts';
import type { LedgerEvent } from './ledger-event.ts';
import type { LockMode } from './lock-accounts.ts';
import type { LockedAccount } from './locked-account.ts';
import type { BookChanges } from './operation.ts';

interface ExpiredRow {
  account_id: string;
  /** The holds that have expired, with what they still reserved. */
  expired: Array<{ id: string; kind: 'hold' | 'payment_order'; remaining: string }>;
  next_expiry: Date | null;
}

export interface AfterExpiry {
  readonly accounts: Map<string, LockedAccount>;
  /** What has to be written for them to be so. */
  readonly changes: BookChanges;
}

/**
 * Releases what expired holds have reserved, before anything is decided: every operation that locks an account tidies
 * it up, so that an expired hold never counts, whether or not a worker has come by. Accounts on which nothing expires
 * (nearly all, nearly always) cost no query. The rows must be locked; `read` changes nothing and answers the same.
 */
export async function expireHolds(
  transaction: LedgerTransaction,
  locked: Map<string, LockedAccount>,
  now: Date,
  mode: LockMode,
): Promise<AfterExpiry> {
  const due = [...locked.values()].filter(({ nextExpiry }) => nextExpiry !== null && nextExpiry <= now);
  if (due.length === 0) return { accounts: locked, changes: {} };
  const { knex, ledgerId } = transaction;
  const accountIds = due.map((account) => account.id);
  const { rows } = await knex.raw(mode === 'read' ? findExpired : writeExpired, { ledgerId, accountIds, now });
  const accounts = new Map(locked);
  const changedAccounts: LockedAccount[] = [];
  const events: LedgerEvent[] = [];
  for (const { account_id: accountId, expired, next_expiry } of rows as ExpiredRow[]) {
    const account = locked.get(accountId)!;
    const { currency } = account;
    let { held } = account;
    for (const { id, kind, remaining } of expired) {
      const released = Money.fromDatabase(remaining, currency);
      held = held.minus(released);
      const data = { id, accountId, status: 'expired', released: released.toString(), currency };
      events.push({ type: `${kind}.expired`, accountId, subjectId: id, data });
    }
    const revision = account.revision + expired.length;
    const changed = { ...account, held, revision, nextExpiry: next_expiry };
    accounts.set(accountId, changed);
    changedAccounts.push(changed);
  }
  return { accounts, changes: { changedAccounts, events } };
}

const summary = `
  select a.id as account_id,
         (select coalesce(json_agg(json_build_object('id', e.id, 'kind', e.kind, 'remaining', e.remaining::text)
                                   order by e.id), '[]')
          from expired e where e.account_id = a.id) as expired,
         (select min(h.expires_at) from holds h
          where h.ledger_id = :ledgerId and h.account_id = a.id and h.status = 'active' and h.expires_at > :now)
           as next_expiry
  from unnest(:accountIds::uuid[]) as a (id)`;

const findExpired = `
  with expired as (
    select id, account_id, kind, remaining from holds
    where ledger_id = :ledgerId and account_id = any(:accountIds::uuid[]) and status = 'active' and expires_at <= :now)
  ${summary}`;

/** RETURNING answers the new row, so what was still reserved is the amount without what was captured. */
const writeExpired = `
  with expired as (
    update holds set status = 'expired', remaining = 0, finished_at = expires_at
    where ledger_id = :ledgerId and account_id = any(:accountIds::uuid[]) and status = 'active' and expires_at <= :now
    returning id, account_id, kind, amount - captured as remaining)
  ${summary}`;
