import { type Condition, mapScanned, type Order, type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { firstIdAt } from '../ledger/create-id.ts';
import type { AuditEntryDocument } from './audit-entry.ts';

export interface AuditFilters {
  readonly keyId?: string | undefined;
  readonly partyId?: string | undefined;
  readonly action?: string | undefined;
  readonly outcome?: 'succeeded' | 'refused' | undefined;
  /** From this time on. */
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly to?: Date | undefined;
}

interface AuditRow {
  id: string;
  at: Date;
  key_id: string | null;
  party_id: string | null;
  channel: string;
  action: string | null;
  method: string | null;
  path: string | null;
  subject_id: string | null;
  address: string | null;
  status: number | null;
  code: string | null;
  request_id: string | null;
  count: number;
}

/** A page of a ledger's audit trail, in the order of the entries' ids, which is that of their times. */
export async function listAuditEntries(
  { knex, ledgerId }: LedgerSource,
  { order, limit, after }: { order: Order; limit: number; after: string | null },
  { from, to, ...filters }: AuditFilters,
): Promise<Scanned<string, AuditEntryDocument>> {
  const rows = knex('audit_entries as a').select('a.*').where('a.ledger_id', ledgerId);
  if (from !== undefined) rows.where('a.id', '>=', firstIdAt(from));
  if (to !== undefined) rows.where('a.id', '<', firstIdAt(to));
  const scan = { by: ['a.id'], order, limit, after: after === null ? null : [after], matches: conditionsOf(filters) };
  return mapScanned(await scanRows<AuditRow>(knex, rows, scan), ({ id }) => id, present);
}

function conditionsOf({ keyId, partyId, action, outcome }: AuditFilters): Condition[] {
  const matches: Condition[] = [];
  if (keyId !== undefined) matches.push({ sql: 'a.key_id = :keyId', bindings: { keyId } });
  if (partyId !== undefined) matches.push({ sql: 'a.party_id = :partyId', bindings: { partyId } });
  if (action !== undefined) matches.push({ sql: 'a.action = :action', bindings: { action } });
  if (outcome !== undefined) matches.push({ sql: `a.code is ${outcome === 'refused' ? 'not ' : ''}null` });
  return matches;
}

function present(row: AuditRow): AuditEntryDocument {
  return {
    id: row.id,
    at: row.at.toISOString(),
    keyId: row.key_id,
    partyId: row.party_id,
    channel: row.channel,
    action: row.action,
    method: row.method,
    path: row.path,
    subjectId: row.subject_id,
    address: row.address,
    outcome: row.code === null ? 'succeeded' : 'refused',
    status: row.status,
    code: row.code,
    requestId: row.request_id,
    count: row.count,
  };
}
