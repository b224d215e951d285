import type { LedgerSource } from '../database/ledger-transaction.ts';
import { auditEntry } from './audit-entry.ts';
import { writeAuditEntries } from './write-audit-entries.ts';

/** Notes what an operator did to a ledger on the command line. `action` is the name of the command. */
export async function noteCommand(
  { knex, ledgerId }: LedgerSource,
  { action, subjectId = null }: { action: string; subjectId?: string | null },
): Promise<void> {
  const nobody = { keyId: null, partyId: null, channel: 'command' as const };
  const noRequest = { method: null, path: null, address: null, status: null, code: null, requestId: null };
  await writeAuditEntries({ knex, ledgerId }, [auditEntry({ ledgerId, ...nobody, ...noRequest, action, subjectId })]);
}
