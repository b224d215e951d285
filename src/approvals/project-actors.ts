import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { loadOwnership, type OwnershipByAccount } from '../ownership/load-ownership.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';

/** Who asks for something on which account. */
interface Act {
  readonly accountId: string;
  /** Null: the calling service itself. */
  readonly by: string | null;
}

/** What is known of those who ask, and of the accounts. */
export interface Actors {
  readonly partyIds: ReadonlySet<string>;
  readonly ownership: OwnershipByAccount;
}

/** Two queries, sent together. The account rows must be locked. */
export async function loadActors(transaction: LedgerTransaction, acts: readonly Act[]): Promise<Actors> {
  const named = acts.flatMap(({ by }) => by ?? []);
  const accountIds = acts.map(({ accountId }) => accountId);
  const [partyIds, ownership] = await Promise.all([
    findExistingPartyIds(transaction, named),
    loadOwnership(transaction, accountIds, named),
  ]);
  return { partyIds, ownership };
}
