/**
 * SQL: the version of the last entry of an account that was booked before an instant (`<`), or up to it (`<=`); zero
 * without one. Names the account by the bindings `ledgerId` and `accountId`, the instant by `instant`. Null where there
 * is no such account, and for a clearing account.
 *
 * Versions have no gaps and booking times never go back along them, so the entry is found by halving the range of
 * versions: a handful of index look-ups even for millions of entries, and no index on the time to keep while posting.
 */
export function lastVersion(comparison: '<' | '<=', instant: string): string {
  const isBefore = `middle.booked_at ${comparison} :${instant}`;
  return `
    (with recursive search (low, high) as (
       select 0::bigint, a.version from accounts a where a.ledger_id = :ledgerId and a.id = :accountId
       union all
       select case when ${isBefore} then middle.version else low end,
              case when ${isBefore} then high else middle.version - 1 end
       from search
       join entries middle on middle.ledger_id = :ledgerId and middle.account_id = :accountId
                          and middle.version = (low + high + 1) / 2
       where low < high)
     select low from search where low = high)`;
}
