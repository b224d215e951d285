import { z } from 'zod';
import { mapScanned, type Scanned } from '../database/bounded-scan.ts';
import type { Database } from '../database/create-database.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import type { Caller } from '../http/caller.ts';
import { authenticationOf } from '../ledger/authentication.ts';
import { transactionTypes } from '../ledger/booked-transaction.ts';
import { count, currencyCode, dayText, instantText, signedAmount, uuid } from '../ledger/document-fields.ts';
import { notesOfDocument } from '../ledger/movement-notes.ts';
import { Money } from '../money/money.ts';
import { findReadable } from '../ownership/visible-accounts.ts';
import type { MovementFilters } from './movement-filters.ts';
import { withoutNotes, withoutPayer } from './present-movement.ts';
import { originDocument, originOf } from './present-transaction.ts';
import { type EntryPage, keyOfEntry, type ScannedEntry, scanEntries } from './scan-entries.ts';

const counterpartyDocument = z.strictObject({ accountId: uuid, name: z.string() }).meta({ id: 'Counterparty' });

type CounterpartyDocument = z.output<typeof counterpartyDocument>;

/** A line of an account's history as callers see it. Entries of clearing accounts carry no balance and no version. */
export const entryDocument = z
  .strictObject({
    id: uuid,
    transactionId: uuid,
    accountId: uuid,
    type: z.enum(transactionTypes),
    amount: signedAmount,
    currency: currencyCode,
    balanceAfter: signedAmount.nullable(),
    version: count.nullable(),
    bookedAt: instantText,
    valueDate: dayText,
    ...notesOfDocument,
    externalId: z.string().nullable(),
    /** The parties whose signatures it took. */
    signedBy: z.array(uuid),
    origin: originDocument.nullable(),
    /** The only other account of the transaction; null where that is a clearing account, or where there are several. */
    counterparty: counterpartyDocument.nullable(),
  })
  .meta({ id: 'Entry' });

export type EntryDocument = z.output<typeof entryDocument>;

/** A page of an account's entries that match, as callers see them; a constant number of queries. */
export async function listEntries(
  source: LedgerSource,
  account: { readonly id: string; readonly currency: string; readonly isClearing: boolean },
  page: EntryPage,
  filters: MovementFilters,
): Promise<Scanned<string | number, EntryDocument>> {
  const scanned = await scanEntries(source, account, page, { filters, amount: 'abs(e.amount)' });
  const others = await findCounterparties(source, scanned.items);
  return mapScanned(scanned, keyOfEntry, (row) => presentEntry(row, account.currency, others.get(row.id) ?? null));
}

/**
 * Entries as a party may know them (`withoutHidden`): of what it did not initiate, and where it may not read all the
 * accounts that pay, the notes are not told, and who signed is not where its account is paid. Two queries where there
 * may be such; none for a key of the service.
 */
export async function withoutPayersNotes(
  database: Database,
  caller: Caller,
  entries: readonly EntryDocument[],
): Promise<readonly EntryDocument[]> {
  const { boundParty, ledgerId } = caller;
  const isPaying = ({ amount }: EntryDocument) => amount.startsWith('-');
  // Where there is one other account, or none of a customer, nobody pays as well.
  const mayHide = (entry: EntryDocument) =>
    entry.initiatedBy !== boundParty && entry.type !== 'deposit' && !(isPaying(entry) && entry.counterparty !== null);
  const asked = boundParty === null ? [] : entries.filter(mayHide);
  if (asked.length === 0) return entries;
  const payers: Array<{ transactionId: string; accountId: string }> = await database('entries')
    .where('ledger_id', ledgerId)
    .whereRaw('transaction_id = any(?::uuid[])', [asked.map(({ transactionId }) => transactionId)])
    .where('amount', '<', 0)
    .whereNotNull('version')
    .select('transaction_id as transactionId', 'account_id as accountId');
  const readable = await findReadable(
    database,
    caller,
    payers.map(({ accountId }) => accountId),
  );
  const payersOf = new Map<string, string[]>();
  for (const { transactionId, accountId } of payers)
    payersOf.set(transactionId, [...(payersOf.get(transactionId) ?? []), accountId]);
  const isOfOthers = (entry: EntryDocument) => {
    const seen = readable?.at(new Date(entry.bookedAt));
    return (payersOf.get(entry.transactionId) ?? []).some((accountId) => !seen?.has(accountId));
  };
  return entries.map((entry) => {
    if (!mayHide(entry) || !isOfOthers(entry)) return entry;
    return { ...entry, ...(isPaying(entry) ? withoutNotes : withoutPayer) };
  });
}

/** By the entries, the accounts that their transactions have besides, where that is one of a customer. */
async function findCounterparties(
  { knex, ledgerId }: LedgerSource,
  entries: readonly ScannedEntry[],
): Promise<ReadonlyMap<string, CounterpartyDocument>> {
  if (entries.length === 0) return new Map();
  const bindings = {
    ledgerId,
    ids: entries.map(({ id }) => id),
    transactionIds: entries.map((entry) => entry.transaction_id),
    accountId: entries[0]!.account_id,
  };
  const { rows } = await knex.raw(findOnlyOthers, bindings).options(prepared(knex, 'find-counterparties'));
  return new Map(
    rows.map((row: { id: string; account_id: string; name: string }) => [
      row.id,
      { accountId: row.account_id, name: row.name },
    ]),
  );
}

/** Two are enough to know that there is more than one. */
const findOnlyOthers = `
  select e.id, a.id as account_id, a.name
  from unnest(:ids::uuid[], :transactionIds::uuid[]) as e (id, transaction_id)
  cross join lateral (
    select min(o.account_id::text)::uuid as account_id from (
      select o.account_id from entries o
      where o.ledger_id = :ledgerId and o.transaction_id = e.transaction_id and o.account_id <> :accountId
      limit 2) o
    having count(*) = 1) o
  join accounts a on a.ledger_id = :ledgerId and a.id = o.account_id and a.ownership <> 'clearing'`;

function presentEntry(row: ScannedEntry, currency: string, counterparty: CounterpartyDocument | null): EntryDocument {
  const money = (numeric: string) => Money.fromDatabase(numeric, currency).toString();
  return {
    id: row.id,
    transactionId: row.transaction_id,
    accountId: row.account_id,
    type: row.type,
    amount: money(row.amount),
    currency,
    balanceAfter: row.balance_after === null ? null : money(row.balance_after),
    version: row.version,
    bookedAt: row.booked_at.toISOString(),
    valueDate: row.value_date,
    initiatedBy: row.initiated_by,
    authentication: authenticationOf(row),
    description: row.description,
    reference: row.reference,
    metadata: row.metadata,
    externalId: row.external_id,
    signedBy: row.signed_by ?? [],
    origin: originOf(row),
    counterparty,
  };
}
