import type { LedgerSource } from '../database/ledger-transaction.ts';
import { arraysOf, type Columns, namesOf, of, ofText, unnest } from '../ledger/column-arrays.ts';
import type { AuditEntry } from './audit-entry.ts';

const columns: Columns<AuditEntry> = {
  id: of('uuid', ({ id }) => id),
  at: of('timestamptz', ({ at }) => at.toISOString()),
  key_id: of('uuid', ({ keyId }) => keyId),
  party_id: of('uuid', ({ partyId }) => partyId),
  channel: ofText(({ channel }) => channel),
  action: ofText(({ action }) => action),
  method: ofText(({ method }) => method),
  path: ofText(({ path }) => path),
  subject_id: of('uuid', ({ subjectId }) => subjectId),
  address: ofText(({ address }) => address),
  status: of('smallint', ({ status }) => status),
  code: ofText(({ code }) => code),
  request_id: ofText(({ requestId }) => requestId),
  count: of('int', ({ count }) => count),
};

/** Writes entries of one ledger. What was written already, by a try whose answer was lost, stays as it is. */
export async function writeAuditEntries({ knex, ledgerId }: LedgerSource, entries: readonly AuditEntry[]) {
  const names = namesOf(columns).join();
  await knex.raw(
    `insert into audit_entries (ledger_id, ${names})
     select ?::uuid, e.* from ${unnest(columns)} as e (${names})
     on conflict (ledger_id, id) do nothing`,
    [ledgerId, ...arraysOf(columns, entries)],
  );
}
