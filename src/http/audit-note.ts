import type { ErrorCode } from '../errors/error-catalogue.ts';
import type { Channel } from '../ledger/authentication.ts';

/** What is kept of a request, or of an operator's command, in the audit trail of a ledger. Ids and codes only. */
export interface AuditNote {
  readonly ledgerId: string;
  readonly keyId: string | null;
  /** The party that the key is bound to. */
  readonly partyId: string | null;
  readonly channel: Channel | 'command';
  readonly action: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly status: number | null;
  /** Null: it succeeded. */
  readonly code: ErrorCode | null;
  readonly requestId: string | null;
}

/** Where it is noted. Returns at once and never throws. */
export interface AuditTrail {
  note(note: AuditNote): void;
}
