import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { AccountDocument } from './account-queries.ts';

/**
 * Writes the metadata of these accounts, whose rows must be locked or new. It has a table of its own, because every
 * booking writes the account's row anew.
 */
export async function writeAccountMetadata(
  { knex, ledgerId }: LedgerSource,
  accounts: readonly Pick<AccountDocument, 'id' | 'metadata'>[],
): Promise<void> {
  const rows = accounts.flatMap(({ id, metadata }) =>
    metadata === null ? [] : { ledger_id: ledgerId, account_id: id, metadata: JSON.stringify(metadata) },
  );
  if (rows.length > 0) {
    await knex('account_metadata').insert(rows).onConflict(['ledger_id', 'account_id']).merge(['metadata']);
  }
}

/** Takes the metadata of these accounts away, whose rows must be locked. */
export async function removeAccountMetadata(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
): Promise<void> {
  if (accountIds.length === 0) return;
  await knex('account_metadata')
    .where('ledger_id', ledgerId)
    .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
    .delete();
}
