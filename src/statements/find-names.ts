import type { LedgerSource } from '../database/ledger-transaction.ts';

/**
 * The names of those of these parties that the reader of an account may know: all for the calling service; for a party
 * its own, and those of who holds the account, held it or was invited to it, as the list of holders tells them. One
 * query, none where nobody is asked for.
 *
 * @param viewer The party that reads; null is the calling service.
 */
export async function findNames(
  { knex, ledgerId }: LedgerSource,
  viewer: string | null,
  accountId: string,
  partyIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (partyIds.length === 0) return new Map();
  const query = knex('parties as p')
    .where('p.ledger_id', ledgerId)
    .whereRaw('p.id = any(?::uuid[])', [[...new Set(partyIds)]])
    .select<Array<{ id: string; name: string }>>('p.id', 'p.name');
  if (viewer !== null) {
    query.whereRaw(
      `(p.id = :viewer or exists (
          select from holders h where h.ledger_id = :ledgerId and h.account_id = :accountId and h.party_id = p.id))`,
      { viewer, ledgerId, accountId },
    );
  }
  return new Map((await query).map(({ id, name }) => [id, name]));
}
