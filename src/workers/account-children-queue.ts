import { type Expiry, tidyAccounts } from '../ledger/tidy-accounts.ts';
import { isSetAside } from './claim-work.ts';
import type { WorkQueue } from './work-queue.ts';

/** This limit keeps PostgreSQL from reading all accounts where it expects that much more is due than there is. */
const maxLookedAt = 1_000;

/** What hangs off an account and ends by itself: invitations, changes that wait for signatures, projects. */
export interface Children {
  readonly table: string;
  /** SQL: whether one of them, called `child`, waits for its end. */
  readonly isOpen: string;
  /** SQL: when it expires. */
  readonly endsAt: string;
}

/**
 * What is claimed is the account, because its row is the lock of all that belongs to it. All of this reads as expired
 * from its time on, so that nobody waits for the work: it stores what is true already, and writes the events.
 */
export function accountsWith(name: string, expire: Expiry, { table, isOpen, endsAt }: Children): WorkQueue {
  const isOver = `${isOpen} and ${endsAt} <= now()`;
  const ofLedger = `child.ledger_id = :ledgerId and ${isOver}`;
  const isDue = `${ofLedger} and not ${isSetAside(name, 'child', 'account_id')}`;
  return {
    name,
    table: 'accounts',
    idColumn: 'id',
    isDue: `item.id in (
      select child.account_id from ${table} child where ${isDue} order by ${endsAt} limit ${maxLookedAt})`,
    dueSince: `(select min(${endsAt}) from ${table} child where ${ofLedger} and child.account_id = item.id)`,
    waiting: `
      select child.account_id as id, min(${endsAt}) as due_since from ${table} child
      where ${isDue} group by child.account_id`,
    batchSize: 20,
    lanes: 1,
    isUrgent: false,
    async work(transaction, accountIds) {
      await tidyAccounts(transaction, accountIds, expire);
      return undefined;
    },
  };
}
