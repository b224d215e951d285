import type { Rate } from './token-buckets.ts';

/** How much whom is let in; null: as much as it sends. */
export interface RateLimits {
  /** Of each party, by all its keys. */
  readonly party: Rate | null;
  /** Of each key of the service. */
  readonly service: Rate | null;
  /** Of each address, of requests whose key is unknown. */
  readonly address: Rate | null;
  /** Proxies that are believed which address a request comes from (`X-Forwarded-For`). */
  readonly trustedProxies: readonly string[];
}

export const noRateLimits: RateLimits = { party: null, service: null, address: null, trustedProxies: [] };
