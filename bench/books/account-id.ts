/** The id of a bench account by its number. SQL makes the same text, so that `pgbench` can pick accounts by number. */
export function accountId(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}
