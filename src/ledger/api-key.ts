import { hash, randomBytes } from 'node:crypto';

/**
 * A new API key: 32 random bytes, recognisable by its prefix in logs and secret scanners. Shown once, stored hashed.
 */
export function createApiKey(): string {
  return `jl_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 is enough for a key of full entropy: there is no dictionary to try. */
export function hashApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
