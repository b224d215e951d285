import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { refuseRight } from '../ownership/authorise.ts';
import type { HolderRight } from '../ownership/holder.ts';
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

/** Refuses a party that does not exist. */
export function refuseUnknownParty(partyId: string | null, { partyIds }: Actors, field: string): Refusal | undefined {
  if (partyId === null || partyIds.has(partyId)) return undefined;
  return refusal('party_not_found', `There is no party ${partyId} in this ledger (${field}).`);
}

/**
 * Refuses a party that lacks the right on the account. The calling service needs none; neither does anybody where
 * nobody ever held the account.
 */
export function refuseActor({ accountId, by }: Act, { ownership }: Actors, right: HolderRight): Refusal | undefined {
  const found = ownership.get(accountId)!;
  return by === null || !found.isHeld ? undefined : refuseRight(accountId, found, by, right);
}
