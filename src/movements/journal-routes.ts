import { z } from 'zod';
import { accountPath, externalId } from '../accounts/account-schemas.ts';
import { getReadableAccount } from '../accounts/readable-account.ts';
import type { Database } from '../database/create-database.ts';
import { notFound, notFoundByExternalId } from '../errors/no-such.ts';
import { requireServiceKey } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, type Success } from '../http/reply.ts';
import { get } from '../http/route.ts';
import { findReadable, historyOf } from '../ownership/visible-accounts.ts';
import { entryDocument, listEntries, withoutPayersNotes } from './entry-queries.ts';
import { listTransactions, listTransactionsOf, type TransactionKey } from './list-transactions.ts';
import { checkRanges, type MovementFilters, movementFilters } from './movement-filters.ts';
import { withoutHidden } from './present-movement.ts';
import { type TransactionDocument, transactionDocument } from './present-transaction.ts';
import { findTransactionByExternalId, getTransaction } from './transaction-queries.ts';

const listFields = { ...pageQuery('desc'), ...movementFilters };
const entriesQuery = z.strictObject(listFields).superRefine(checkRanges);
const transactionsQuery = z
  .strictObject({ ...listFields, accountId: id.optional().meta({ description: 'With an entry on this account.' }) })
  .superRefine(checkRanges)
  .refine(({ accountId, counterpartyAccountId }) => accountId !== undefined || counterpartyAccountId === undefined, {
    path: ['counterpartyAccountId'],
    error: 'takes accountId as well: the account that it is the counterparty of',
  });
const transactionPath = z.object({ transactionId: id });

/** What was booked: the entries of accounts, and transactions. */
export const journalRoutes = [
  get(
    '/accounts/:accountId/entries',
    {
      id: 'listEntries',
      summary: 'List the entries of an account, all or those that match',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        query: entriesQuery,
        answers: { 200: pageOf(entryDocument) },
      },
      refusals: ['account_not_found'],
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      const { currency, ...account } = await getEntriesOf(database, caller, accountId);
      const filters = await seenBy(database, caller, accountId, query);
      return readPageBy(query, ['entries', accountId], {
        key: keyOfEntries(account),
        find: (page) => listEntries(sourceOf(caller, database), { ...account, currency }, page, filters),
        keyOf: (entry) => entry.version ?? entry.id,
        present: (entries) => withoutPayersNotes(database, caller, entries),
      });
    },
  ),

  get(
    '/transactions',
    {
      id: 'listTransactions',
      summary: 'List transactions, of one account or with a key of the service of all',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        query: transactionsQuery,
        answers: { 200: pageOf(transactionDocument) },
      },
      refusals: ['key_not_allowed', 'account_not_found'],
    },
    async ({ caller, query }, { database }) => {
      const { accountId } = query;
      if (accountId !== undefined) return readTransactionsOf(accountId, query, caller, database);
      requireServiceKey(caller);
      return readPageBy(query, ['transactions'], {
        key: z.tuple([z.iso.datetime(), id]).readonly() as z.ZodType<TransactionKey>,
        find: (page) => listTransactions(sourceOf(caller, database), page, query),
        keyOf: (transaction) => [transaction.bookedAt, transaction.id] as const,
      });
    },
  ),

  get(
    '/transactions/by-external-id/:externalId',
    {
      id: 'getTransactionByExternalId',
      summary: 'Find the transaction with this external id',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: z.object({ externalId }),
        answers: { 200: transactionDocument },
      },
      refusals: ['transaction_not_found'],
    },
    async ({ caller, params }, { database }) => {
      const transaction = await findTransactionByExternalId(sourceOf(caller, database), params.externalId);
      const shown = transaction && (await showTo(caller, transaction, database));
      // To whom its external id is not shown it cannot be found by it.
      if (shown !== undefined && shown.externalId !== null) return ok(shown);
      throw notFoundByExternalId('transaction', params.externalId);
    },
  ),

  get(
    '/transactions/:transactionId',
    {
      id: 'getTransaction',
      summary: 'Read a transaction',
      ...{ keys: 'any', scope: 'accounts:read', params: transactionPath, answers: { 200: transactionDocument } },
      refusals: ['transaction_not_found'],
    },
    async ({ caller, params: { transactionId } }, { database }) => {
      const transaction = await getTransaction(sourceOf(caller, database), transactionId);
      const shown = await showTo(caller, transaction, database);
      if (shown === undefined) throw notFound('transaction', transactionId);
      return ok(shown);
    },
  ),
];

/** Filters that find nothing by what the caller is not shown, and nothing from before it joined. */
async function seenBy(
  database: Database,
  caller: Caller,
  accountId: string,
  filters: MovementFilters,
): Promise<MovementFilters> {
  const { boundParty } = caller;
  if (boundParty === null) return filters;
  const since = await historyOf(database, caller, accountId);
  const from = since !== undefined && (filters.from === undefined || filters.from < since) ? since : filters.from;
  return { ...filters, viewer: boundParty, from };
}

async function getEntriesOf(database: Database, caller: Caller, accountId: string) {
  const { currency, ownership } = await getReadableAccount(database, caller, accountId);
  return { id: accountId, currency, isClearing: ownership === 'clearing' };
}

function keyOfEntries({ isClearing }: { isClearing: boolean }): z.ZodType<string | number> {
  return isClearing ? id : z.int().nonnegative();
}

async function readTransactionsOf(
  accountId: string,
  query: z.output<typeof transactionsQuery> & MovementFilters,
  caller: Caller,
  database: Database,
): Promise<Success> {
  const account = await getEntriesOf(database, caller, accountId);
  const source = sourceOf(caller, database);
  const filters = await seenBy(database, caller, accountId, query);
  return readPageBy(query, ['transactions'], {
    key: keyOfEntries(account),
    find: (page) => listTransactionsOf(source, account, page, filters),
    keyOf: ({ key }) => key,
    async present(found) {
      const documents = found.map(({ document }) => document);
      const accountIds = documents.flatMap(({ entries }) => entries.map((entry) => entry.accountId));
      const readable = await findReadable(database, caller, accountIds);
      return documents.map((document) => withoutHidden(document, readable));
    },
  });
}

/** The transaction with the balances that the caller may read; undefined where it may read none of its accounts. */
async function showTo(
  caller: Caller,
  transaction: TransactionDocument,
  database: Database,
): Promise<TransactionDocument | undefined> {
  const accountIds = transaction.entries.map((entry) => entry.accountId);
  const readable = await findReadable(database, caller, accountIds);
  const isHidden = readable?.at(new Date(transaction.bookedAt)).size === 0;
  return isHidden ? undefined : withoutHidden(transaction, readable);
}
