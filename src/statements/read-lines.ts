import type { Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import { hasKeyEnded } from '../http/authenticate.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { type EntryDocument, listEntries, withoutPayersNotes } from '../movements/entry-queries.ts';
import { hideFromStrangers } from '../ownership/visible-accounts.ts';
import { findNames } from './find-names.ts';
import type { Statement, StatementLine } from './statement.ts';

/** So many entries are read together. */
const pageSize = 500;

/**
 * The entries of a statement as the caller may know them, in the order of their versions. They are read page by page,
 * each by statements of its own, as they are asked for: who reads slowly keeps no connection, and because entries never
 * change no snapshot is needed. Throws RefusalError `account_not_found` or `unauthorized` once the caller may not look
 * any more.
 */
export async function* readLines(
  database: Database,
  caller: Caller,
  { accountId, currency, fromVersion, toVersion }: Statement,
): AsyncGenerator<StatementLine, void> {
  const source = sourceOf(caller, database);
  const account = { id: accountId, currency, isClearing: false };
  for (let after = fromVersion - 1; after < toVersion; ) {
    const limit = Math.min(pageSize, toVersion - after);
    const { items } = await listEntries(source, account, { order: 'asc', after, limit }, {});
    await hideFromStrangers(database, caller, accountId, { may: ['view'] });
    if (await hasKeyEnded(database, caller)) throw new RefusalError('unauthorized', 'The key has ended meanwhile.');
    const entries = await withoutPayersNotes(database, caller, items);
    const partyIds = entries.flatMap(({ initiatedBy, signedBy }) => [initiatedBy ?? [], ...signedBy].flat());
    const names = await findNames(source, caller.boundParty, accountId, partyIds);
    for (const entry of entries) yield lineOf(entry, names);
    after += limit;
  }
}

function lineOf(entry: EntryDocument, names: ReadonlyMap<string, string>): StatementLine {
  const named = (id: string) => ({ id, name: names.get(id) ?? null });
  return {
    transactionId: entry.transactionId,
    // Entries of customers' accounts have both.
    version: entry.version!,
    type: entry.type,
    amount: entry.amount,
    balanceAfter: entry.balanceAfter!,
    bookedAt: entry.bookedAt,
    valueDate: entry.valueDate,
    description: entry.description,
    reference: entry.reference,
    externalId: entry.externalId,
    initiatedBy: entry.initiatedBy === null ? null : named(entry.initiatedBy),
    signedBy: entry.signedBy.map(named),
    counterparty: entry.counterparty,
    metadata: entry.metadata,
  };
}
