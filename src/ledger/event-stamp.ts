import type { LockedAccount } from './locked-account.ts';

/**
 * What the next events of these locked accounts are ordered by until they have a position in the log: microseconds,
 * but always more than the stamps of all events before on the same accounts, whatever the clock says (a hybrid logical
 * clock). No sequence and no transaction id is asked for, so that it works wherever the rows are.
 */
export function firstStamp(now: Date, accounts: Iterable<Pick<LockedAccount, 'lastEventStamp'>>): number {
  let stamp = now.getTime() * 1000;
  for (const { lastEventStamp } of accounts) stamp = Math.max(stamp, lastEventStamp + 1);
  return stamp;
}
