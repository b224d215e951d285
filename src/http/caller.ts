import type { Database } from '../database/create-database.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';

/** Who calls, as the API key of the request says. */
export interface Caller {
  /** The key's own id, by which it is listed, revoked, and named in the log. */
  readonly keyId: string;
  readonly ledgerId: string;
  /** The only party that the key acts for; null for a key of the service. */
  readonly boundParty: string | null;
}

/** The caller's ledger, to read in. */
export function sourceOf({ ledgerId }: Caller, database: Database): LedgerSource {
  return { knex: database, ledgerId };
}
