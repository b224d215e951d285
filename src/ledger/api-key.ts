import { hash, randomBytes } from 'node:crypto';

const form = /^jl_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[\w-]{43}$/;

/**
 * A new API key: the ledger that it lets into, so that it is looked up there and nowhere else, and 32 random bytes.
 * Recognisable by its prefix in logs and secret scanners. Shown once, stored hashed.
 */
export function createApiKey(ledgerId: string): string {
  return `jl_${ledgerId.replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;
}

/** The ledger that a key names; undefined for one of before, or one that an operator has made up. */
export function ledgerOfApiKey(key: string): string | undefined {
  return form.exec(key)?.slice(1).join('-');
}

/** SHA-256 is enough for a key of full entropy: there is no dictionary to try. */
export function hashApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
