import type { Response } from 'express';
import type { Database } from '../database/create-database.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { Scope } from '../ledger/key-scopes.ts';

/** Reads tokens that parties were issued. */
export interface TokenVerifier {
  /** Undefined for what is no token. Rejects with RefusalError `unauthorized` where it is not good. */
  verify(token: string): Promise<Caller> | undefined;
}

/** Who calls, as the API key or the token of the request says. */
export interface Caller {
  /** The key's own id, by which it is listed, revoked, and named in the log; null for a token. */
  readonly keyId: string | null;
  readonly ledgerId: string;
  /** The only party that the key acts for; null for a key of the service. */
  readonly boundParty: string | null;
  /** What the key is for. */
  readonly scopes: readonly Scope[];
  /** When the key ends by itself, if it does. */
  readonly expiresAt: Date | null;
  /** What is kept of it with all that it asks for. */
  readonly authentication: Authentication;
}

/** The caller's ledger, to read in. */
export function sourceOf({ ledgerId }: Caller, database: Database): LedgerSource {
  return { knex: database, ledgerId };
}

/** Who calls; known behind `authenticate`. */
export function callerOf(res: Response): Caller {
  return res.locals.caller;
}
