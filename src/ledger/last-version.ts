/**
 * SQL: the version of the last entry that was booked before an instant (`<`), or up to it (`<=`), on the account `a`,
 * a row of `accounts` that the query around it names; zero without one, and null for a clearing account. `instant` is
 * SQL, and the ledger is the binding `ledgerId`.
 *
 * Versions have no gaps and booking times never go back along them, so the entry is found by halving the range of
 * versions: a handful of index look-ups even for millions of entries, and no index on the time to keep while posting.
 */
export function lastVersion(comparison: '<' | '<=', instant: string): string {
  const isBefore = `middle.booked_at ${comparison} ${instant}`;
  return `
    (with recursive search (low, high) as (
       select 0::bigint, a.version
       union all
       select case when ${isBefore} then middle.version else low end,
              case when ${isBefore} then high else middle.version - 1 end
       from search
       join entries middle on middle.ledger_id = :ledgerId and middle.account_id = a.id
                          and middle.version = (low + high + 1) / 2
       where low < high)
     select low from search where low = high)`;
}
