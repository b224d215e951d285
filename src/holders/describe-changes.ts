import type { LedgerSource } from '../database/ledger-transaction.ts';
import { loadOwnership } from '../ownership/load-ownership.ts';
import { readSignatures } from '../ownership/read-signatures.ts';
import { findAuthorisations, voicesOf } from '../signatures/authorisations.ts';
import { type AccountChange, type AccountChangeDocument, changeAsOf, presentChange } from './account-change.ts';

/** Changes as callers see them at this moment, with who has signed and who has not. */
export async function describeChanges(
  source: LedgerSource,
  changes: readonly AccountChange[],
  now: Date,
): Promise<AccountChangeDocument[]> {
  const [authorisations, ownership] = await Promise.all([
    findAuthorisations(
      source,
      changes.map((change) => change.id),
    ),
    loadOwnership(
      source,
      changes.map((change) => change.accountId),
      [],
    ),
  ]);
  return changes.map((change) => {
    const given = authorisations.get(change.id) ?? [];
    const { holders } = ownership.get(change.accountId)!;
    const reading = readSignatures({ rule: 'all' }, holders, voicesOf(given));
    return presentChange(changeAsOf(change, now), reading, given);
  });
}
